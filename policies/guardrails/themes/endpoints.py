"""What runs behind an endpoint."""

from __future__ import annotations

from collections.abc import Iterable

from ..facts import kind
from ..reading import Prop
from ..resource import Resource

CONFIGURATION = "sagemaker/endpointConfiguration"


def able(variants: Iterable[Prop], fact: str) -> bool:
    """Whether the kind of any variant has a fact, such as `captures`; raises Undecided while the kind is not known."""
    return any(bool(kind(_kind_of(variant))[fact]) for variant in variants)


def unable(endpoint: Resource, fact: str) -> bool:
    """Whether an endpoint has variants and the kind of none has a fact; raises Undecided like `able`."""
    configs = endpoint.targets("endpointConfigName", CONFIGURATION)
    variants = [variant for config in configs for variant in config.props("productionVariants[]")]
    return bool(variants) and not able(variants, fact)


def must_be_isolated(model: Resource) -> bool:
    """Whether a model can stand in a network: any but one that only variants of kinds serve which have none.

    A model that nothing serves yet counts as one that can. Raises Undecided like `able`.
    """
    serving = [
        variant
        for group in ("productionVariants[]", "shadowProductionVariants[]")
        for config in model.attached(f"{group}.modelName", CONFIGURATION)
        for variant in config.props(group)
    ]
    return not serving or able(serving, "in_network")


def _kind_of(variant: Prop) -> str:
    return "realtime" if variant.prop("serverlessConfig").value is None else "serverless"
