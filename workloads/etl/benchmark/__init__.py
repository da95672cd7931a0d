"""ETL and validation against naive pandas, SQL by hand and Spark: `make bench-etl`, `make bench-validate`."""
