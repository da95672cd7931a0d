"""What runs behind an endpoint."""

from __future__ import annotations

from ..resource import Resource

CONFIGURATION = "sagemaker/endpointConfiguration"


def is_serverless(endpoint: Resource) -> bool:
    """Whether all variants of an endpoint are serverless; raises Undecided while its configuration is not known."""
    configs = endpoint.targets("endpointConfigName", CONFIGURATION)
    variants = [prop for config in configs for prop in config.props("productionVariants[].serverlessConfig")]
    return bool(variants) and all(prop.value is not None for prop in variants)
