"""The endpoint as it is: which release it serves, with how many instances and which share of the traffic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.release.record import Release, instant

#: SageMaker refuses an update in these states, and which release will serve is not decided (API reference,
#: DescribeEndpoint, EndpointStatus).
IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_ID = re.compile(r"[0-9a-f]{10}")


@dataclass(frozen=True, kw_only=True)
class Live:
    """What DescribeEndpoint says. `release` is the id in the name of the configuration, None for another's.

    `counts` are the instances that each variant has or is being scaled to, `weights` its percent of the requests.
    `serverless` endpoints take no deployment configuration: no alarm turns an update of theirs back (SageMaker
    developer guide, "Deployment guardrails").
    """

    endpoint: str
    status: str
    config: str
    release: str | None
    counts: Mapping[str, int]
    weights: Mapping[str, float]
    changed: datetime
    failure: str
    serverless: bool = False

    @property
    def in_progress(self) -> bool:
        """Whether it is on its way to somewhere."""
        return self.status in IN_PROGRESS


def observe(sagemaker: Any, endpoint: str) -> Live | None:
    """The endpoint now; None when there is none."""
    try:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
    except sagemaker.exceptions.ClientError as error:
        if "Could not find endpoint" in error.response["Error"]["Message"]:
            return None
        raise
    variants = found.get("ProductionVariants", [])
    config = found["EndpointConfigName"]
    return Live(
        endpoint=endpoint,
        status=found["EndpointStatus"],
        config=config,
        release=release_of(endpoint, config),
        counts=_counts([*variants, *found.get("ShadowProductionVariants", [])]),
        weights=_weights(variants),
        changed=found["LastModifiedTime"],
        failure=found.get("FailureReason", ""),
        serverless=any("CurrentServerlessConfig" in variant for variant in variants),
    )


def configuration(sagemaker: Any, endpoint: str, release: str) -> str | None:
    """Name of the newest endpoint configuration of a release; None when `pulumi up` has not declared it."""
    found = sagemaker.list_endpoint_configs(
        NameContains=f"{endpoint}-{release}", SortBy="CreationTime", SortOrder="Descending", MaxResults=1
    )["EndpointConfigs"]
    return found[0]["EndpointConfigName"] if found else None


def was_deployed(sagemaker: Any, live: Live, wanted: Release) -> bool:
    """Whether `pulumi up` took this release to the endpoint since it was promoted."""
    return configuration(sagemaker, live.endpoint, wanted.id) is not None and live.changed > instant(wanted.when)


def release_of(endpoint: str, config: str) -> str | None:
    """Id of the release of a configuration: these are called `<endpoint>-<release id>-<hash of the content>`."""
    found = config.removeprefix(f"{endpoint}-").partition("-")[0]
    return found if config.startswith(f"{endpoint}-") and _ID.fullmatch(found) else None


def _counts(variants: list[dict[str, Any]]) -> dict[str, int]:
    counts = {v["VariantName"]: v.get("DesiredInstanceCount", v.get("CurrentInstanceCount")) for v in variants}
    return {name: count for name, count in counts.items() if count is not None}


def _weights(variants: list[dict[str, Any]]) -> dict[str, float]:
    weights = {v["VariantName"]: v.get("DesiredWeight", v.get("CurrentWeight", 0.0)) for v in variants}
    total = sum(weights.values())
    return {name: round(100 * weight / total, 2) for name, weight in weights.items()} if total else {}
