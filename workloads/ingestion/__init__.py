"""Ingestion (D3): what is done with an object once validation has accepted it, each step a job of the state machine.

    data_sets.py   a data set of all accepted objects, published whole or not at all, by
    one_machine.py the embedded engine, or
    on_spark.py    Spark, by a job of AWS Glue whose script is glue_job.py
    features.py    the object's rows into the feature store

Every step may be done twice, at the same time or after it was broken off: the second time changes nothing.
"""
