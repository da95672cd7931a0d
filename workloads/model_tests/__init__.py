"""Tests of a model that its metrics do not show, for the gate of an evaluation and as a suite on an archive.

`battery` lists them, each defined once; `suite` is pytest's view of the list, which `python -m workloads.model_tests`
runs. Nothing but `__main__` and `suite` needs pytest, so the training image has none.
"""
