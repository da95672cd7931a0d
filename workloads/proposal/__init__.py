"""A contract proposed for a file of data: what the file shows, said as a contract, and what it cannot show said too.

`profile` reads the file as validation does and says what stands in each column, `personal` which columns may identify
persons, `columns` what contract follows from that, `written` writes it as YAML with the reasons. Nothing is guessed in
silence: every line that rests on what was seen says so.
"""
