"""The training job: Parquet features in, an XGBoost model with its contract and provenance out (T3)."""
