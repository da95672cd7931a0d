"""Drift of live data against the training data (M2).

`baseline` states what the training data looked like; `capture` reads what an endpoint was asked and answered;
`detection` compares the two by the distances of `distance`; `report` shows it and `publishing` tells CloudWatch.
`monitor_files` states the baseline once more in the layout of SageMaker's own data-quality monitor.
"""
