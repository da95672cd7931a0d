"""What runs behind an endpoint."""

from __future__ import annotations

from ..facts import kind
from ..reading import Prop
from ..resource import Resource

CONFIGURATION = "sagemaker/endpointConfiguration"
MODEL = "sagemaker/model"
_PRODUCTION = "productionVariants[]"


def able(config: Resource, fact: str) -> bool:
    """Whether the kind of any variant has a fact, such as `captures`; raises Undecided while the kind is not known."""
    return any(bool(kind(each)[fact]) for each in _kinds(config))


def unable(endpoint: Resource, fact: str) -> bool:
    """Whether an endpoint has variants and the kind of none has a fact; raises Undecided like `able`."""
    configs = endpoint.targets("endpointConfigName", CONFIGURATION)
    return any(_kinds(config) for config in configs) and not any(able(config, fact) for config in configs)


def must_be_isolated(model: Resource) -> bool:
    """Whether a model can stand in a network: any but one that only variants of kinds serve which have none.

    A model that nothing serves yet counts as one that can. Raises Undecided like `able`.
    """
    serving = _serving(model)
    return not serving or any(bool(kind(each)["in_network"]) for each in serving)


def captures_itself(model: Resource) -> bool:
    """Whether a model's container writes captured traffic (CAPTURE_URI) that SageMaker does not capture for it.

    Raises Undecided like `able`.
    """
    if model.prop("primaryContainer.environment.CAPTURE_URI").value is None:
        return False
    return serves_several(model) or not any(bool(kind(each)["captures"]) for each in _serving(model))


def captured_by_sagemaker(config: Resource) -> bool:
    """Whether SageMaker captures what any variant is asked; raises Undecided like `able`."""
    models = config.targets(f"{_PRODUCTION}.modelName", MODEL)
    return able(config, "captures") and not any(map(serves_several, models))


def serves_several(model: Resource) -> bool:
    """Whether a request names which of several archives it is for; raises Undecided while that is not known."""
    return model.prop("primaryContainer.mode").value == "MultiModel"


def _serving(model: Resource) -> list[str]:
    """The kind of each variant that serves a model."""
    return [
        each
        for group in (_PRODUCTION, "shadowProductionVariants[]")
        for config in model.attached(f"{group}.modelName", CONFIGURATION)
        for each in _kinds(config, group)
    ]


def _kinds(config: Resource, group: str = _PRODUCTION) -> list[str]:
    """The kind of each variant of a group."""
    queued = config.prop("asyncInferenceConfig")
    return [_kind_of(variant, queued) for variant in config.props(group)]


def _kind_of(variant: Prop, queued: Prop) -> str:
    if variant.prop("serverlessConfig").value is not None:
        return "serverless"
    return "realtime" if queued.value is None else "asynchronous"
