"""The two contracts everything shares: the data contract (schema, loader) and the release record (release).

Importing this package costs nothing: `schema` and `release` need the standard library only, because they run in
containers and Lambdas; only `loader` needs pydantic and PyYAML.
"""
