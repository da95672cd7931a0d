"""A change that SageMaker refuses for a variant that scales: another instance type, or its end.

SageMaker developer guide, "Update endpoints that use auto scaling" (read 2026-11-29): UpdateEndpoint fails where it
would change the instance type of a scalable target, which has to be deregistered first and registered anew when the
update is over. The provider's scalable target depends on the endpoint, so it can only come after it: what has to come
before is done here, and the program replaces target, policies and schedules once the endpoint has moved.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from automation.operations.session import session
from contracts.names import EndpointNames

_LOG: Final = logging.getLogger(__name__)
_SCALED: Final = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


def make_way(names: EndpointNames, serves: str, wanted: str, *, sagemaker: Any, scaling: Any) -> list[str]:
    """Deregister the variants that do not keep their instance type when the endpoint moves from one configuration to
    another; their names. The number of their instances stays as it is. Errors of AWS propagate."""
    before, after = (_types(sagemaker, config) for config in (serves, wanted))
    changed = [each for each in before if before[each] != after.get(each)]
    if not changed:
        return []
    found = scalable(names, changed, scaling)
    for target in found.values():
        scaling.deregister_scalable_target(**_SCALED, ResourceId=target["ResourceId"])
    return [*found]


def scalable(names: EndpointNames, variants: Iterable[str], scaling: Any) -> dict[str, Mapping[str, Any]]:
    """The scalable targets of some variants, by variant; one that does not scale has none."""
    resources = {f"endpoint/{names.prefix}/variant/{each}": each for each in variants}
    found = scaling.describe_scalable_targets(**_SCALED, ResourceIds=list(resources))["ScalableTargets"]
    return {resources[target["ResourceId"]]: target for target in found}


def _types(sagemaker: Any, config: str) -> Mapping[str, str | None]:
    described = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    variants = [*described["ProductionVariants"], *described.get("ShadowProductionVariants", [])]
    return {variant["VariantName"]: variant.get("InstanceType") for variant in variants}


def way_made(**aws: Any) -> Callable[[EndpointNames, str, str], None]:
    """What the program hangs on an endpoint, to be called before a change of it with the configuration that it serves
    and the one that it is to serve; `aws` goes to `session`.

    Where nobody can be asked it is told, and SageMaker judges the update itself: it refuses what would not do.
    """

    def make(names: EndpointNames, serves: str, wanted: str) -> None:
        if serves == wanted:
            return
        from botocore.exceptions import BotoCoreError, ClientError  # as in `session`

        try:
            found = session(**aws)
            clients = {"sagemaker": found.client("sagemaker"), "scaling": found.client("application-autoscaling")}
            make_way(names, serves, wanted, **clients)
        except (BotoCoreError, ClientError) as error:
            _LOG.warning(
                "endpoint %s: it is not known whether its instance types change and whether it scales (%s); "
                "SageMaker refuses another type of a variant that does",
                names.prefix,
                error,
            )

    return make
