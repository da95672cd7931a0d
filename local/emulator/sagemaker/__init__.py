"""SageMaker: registry, feature store, pipelines that run and endpoints that serve."""
