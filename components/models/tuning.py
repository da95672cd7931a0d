"""What a search of hyper-parameters is told at deployment: how long, how many, between what."""

from __future__ import annotations

from typing import Final

import pulumi

from components import access
from components.access import Statement
from contracts.names import WorkloadNames
from contracts.prices import PriceError, price
from contracts.schema import Training
from settings import Tuning

#: API reference, ResourceLimits, MaxRuntimeInSeconds.
MIN_SECONDS: Final = 120
MAX_SECONDS: Final = 15_768_000
#: Pipelines names a tuning job `<execution>-<step>-<random>`, at most 32 characters; SageMaker has written names in
#: ARNs of jobs in small letters and as they are.
JOB_NAMES: Final = "*-?une-*"


def values(settings: Tuning, training: Training, region: str, hosts: int) -> dict[str, str | int]:
    """The values of the tokens of the definition `tune` that `train` has not.

    The search is around the contract's values: half to twice its rounds, a quarter to four times its rate, and trees
    three levels flatter to three levels deeper, within what the training job takes.
    """
    between: dict[str, tuple[float, float]] = {
        "num_round": (max(1, training.num_round // 2), min(100_000, training.num_round * 2)),
        "eta": (max(1e-6, training.eta / 4), min(1.0, training.eta * 4)),
        "max_depth": (max(1, training.max_depth - 3), min(30, training.max_depth + 3)),
    }
    ends = {
        f"tuning_{name}_{end}": f"{value:.6g}"
        for name, pair in between.items()
        for end, value in zip(("min", "max"), pair, strict=True)
    }
    return {
        "tuning_instance_type": settings.instance_type,
        "tuning_strategy": settings.strategy,
        "tuning_jobs": settings.max_jobs,
        "tuning_parallel_jobs": settings.max_parallel_jobs,
        "tuning_seconds": seconds(settings, region, hosts),
        **ends,
    }


def seconds(settings: Tuning, region: str, hosts: int) -> int:
    """When a search with all its trials at once, each of so many hosts, has taken its budget at list price.

    RunError for a budget that ends before SageMaker lets a search end, and in a region without prices.
    """
    instances = settings.max_parallel_jobs * hosts
    try:
        usd_an_hour = price("sagemaker", f"instance {settings.instance_type}", region).usd * instances
    except PriceError as error:
        raise pulumi.RunError(f"tuning.budget_usd: {error}, or leave tuning out") from error
    found = int(settings.budget_usd / usd_an_hour * 3600)
    if found < MIN_SECONDS:
        least = usd_an_hour * MIN_SECONDS / 3600
        raise pulumi.RunError(
            f"tuning.budget_usd: found {settings.budget_usd:g}, which {instances} {settings.instance_type} for "
            f"{settings.max_parallel_jobs} trials take in {found} s; allowed: at least {least:.2f}, "
            f"{MIN_SECONDS} s of them; raise it"
        )
    return min(found, MAX_SECONDS)


def statements(names: WorkloadNames) -> list[Statement]:
    """What the pipeline's role may do beside, to run a search and no other workload's."""
    mine, asked = (
        {"StringEquals": {f"aws:{origin}Tag/Workload": names.workload}} for origin in ("Resource", "Request")
    )
    searches = [names.arn("sagemaker", f"hyper-parameter-tuning-job/{JOB_NAMES}")]
    return [
        access.allow("StartSearches", ["sagemaker:CreateHyperParameterTuningJob"], searches, conditions=asked),
        access.allow(
            "FollowSearches",
            [
                "sagemaker:DescribeHyperParameterTuningJob",
                "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
                "sagemaker:StopHyperParameterTuningJob",
            ],
            searches,
            conditions=mine,
        ),
        access.allow(
            "TagSearches",
            ["sagemaker:AddTags"],
            searches,
            conditions={**asked, "Null": {"aws:ResourceTag/Workload": "true"}},
        ),
    ]
