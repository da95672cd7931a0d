"""What SageMaker refuses of a variant that Application Auto Scaling scales: another instance type, and its end.

SageMaker developer guide, "Update endpoints that use auto scaling" (read 2026-11-30): UpdateEndpoint fails where it
would change the instance type of a scalable target, or remove it; it has to be deregistered first. Policies and
schedules go with it, and the number of its instances stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_SCALED: Final = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


def make_way(endpoint: str, serves: str, wanted: str, *, sagemaker: Any, scaling: Any) -> list[str]:
    """Deregister the variants that do not keep their instance type when the endpoint moves from one configuration to
    another; their names. Nobody asks `scaling` where all keep theirs. Errors of AWS propagate.
    """
    before, after = (_types(sagemaker, config) for config in (serves, wanted))
    changed = [each for each in before if before[each] != after.get(each)]
    if not changed:
        return []
    found = scalable(endpoint, changed, scaling)
    for target in found.values():
        scaling.deregister_scalable_target(**_SCALED, ResourceId=target["ResourceId"])
    return [*found]


def scalable(endpoint: str, variants: Iterable[str], scaling: Any) -> dict[str, Mapping[str, Any]]:
    """The scalable targets of some variants, by variant; one that does not scale has none."""
    resources = {f"endpoint/{endpoint}/variant/{each}": each for each in variants}
    found = scaling.describe_scalable_targets(**_SCALED, ResourceIds=list(resources))["ScalableTargets"]
    return {resources[target["ResourceId"]]: target for target in found}


def _types(sagemaker: Any, config: str) -> Mapping[str, str | None]:
    described = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    variants = [*described["ProductionVariants"], *described.get("ShadowProductionVariants", [])]
    return {variant["VariantName"]: variant.get("InstanceType") for variant in variants}
