"""The features of a contract, from one definition (D6): on data frames (`frame`), on rows (`row`), and the `split`.

Nothing is imported here, so that the inference service pays for `row` alone: `frame` needs narwhals and an engine.
"""
