"""ETL (D5, D6): accepted rows become a data set with features, split by entity, with a manifest.

`embedded.run` does it on one machine, `spark.run` on a Spark cluster (Glue); both go through `transform`.
"""
