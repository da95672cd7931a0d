"""The compiled predictor: an XGBoost model as a plain file of trees (`convert`), and C code that walks it (`library`).

The service opens such a file where the package says that it was proved equal (`workloads.inference.packaging`).
"""
