"""What the loop will do with a contract and a file, found out in a second, without an account or an emulator.

`split` makes the two deliveries of a run of one file, `rehearse` validates both and makes the first one's data set: the
steps of the loop that say whether data and contract fit, by the same code. `imported` judges a model that others made
before a run of the pipeline is paid for.
"""
