from __future__ import annotations

import pytest

from components.ground.notifications import Channel
from components.operations import alarms
from components.operations.alarms import Alarm
from settings import EndpointAlarms, Realtime
from tests.components.engine import NAMES


def by_role(planned: list[Alarm]) -> dict[str, Alarm]:
    return {alarm.role: alarm for alarm in planned}


def test_alarms_of_a_variant() -> None:
    settings = EndpointAlarms(server_errors=7, latency_p99_ms=250)
    found = by_role(alarms.variant_alarms(NAMES, "champion", "ml.m5.xlarge", settings))
    dimensions = {"EndpointName": "churn-staging", "VariantName": "champion"}
    both = (Channel.ALERTS, Channel.ROLLBACK)
    assert found == {
        "champion-server-errors": Alarm(
            role="champion-server-errors",
            description="champion: more than 7 answers with a 5xx status in 5 minutes, twice",
            namespace="AWS/SageMaker",
            metric="Invocation5XXErrors",
            dimensions=dimensions,
            statistic="Sum",
            threshold=7,
            periods=2,
            period_seconds=300,
            channels=both,
            guards="server_errors",
        ),
        "champion-latency": Alarm(
            role="champion-latency",
            description="champion: p99 of the model's latency above 250 ms in 5 minutes, twice",
            namespace="AWS/SageMaker",
            metric="ModelLatency",
            dimensions=dimensions,
            statistic="p99",
            threshold=250_000,  # the metric is in microseconds
            periods=2,
            period_seconds=300,
            channels=both,
            guards="latency",
        ),
        "champion-cpu": Alarm(
            role="champion-cpu",
            description="champion: more than 90 % of the CPU in use for 15 minutes",
            namespace="/aws/sagemaker/Endpoints",
            metric="CPUUtilization",
            dimensions=dimensions,
            statistic="Average",
            threshold=360,  # the metric sums the percentages of 4 cores
            periods=3,
            period_seconds=300,
            channels=(Channel.ALERTS,),
        ),
        "champion-memory": Alarm(
            role="champion-memory",
            description="champion: more than 90 % of the memory in use for 15 minutes",
            namespace="/aws/sagemaker/Endpoints",
            metric="MemoryUtilization",
            dimensions=dimensions,
            statistic="Average",
            threshold=90,
            periods=3,
            period_seconds=300,
            channels=(Channel.ALERTS,),
        ),
    }


def test_drift_asks_for_retraining_and_may_guard_a_rollout() -> None:
    assert alarms.drift_alarm(NAMES, 0.15) == Alarm(
        role="drift",
        description="DriftScore above 0.15: live data is unlike the training data",
        namespace="MLPipeline/ModelQuality",
        metric="DriftScore",
        dimensions={"Endpoint": "churn-staging"},
        statistic="Maximum",
        threshold=0.15,
        period_seconds=3600,
        channels=(Channel.ALERTS, Channel.RETRAINING),
        guards="drift",
    )


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ([], ["dead-letters", "rollback-errors"]),
        (
            ["champion"],
            [
                "champion-cpu",
                "champion-latency",
                "champion-memory",
                "champion-server-errors",
                "dead-letters",
                "drift",
                "rollback-errors",
            ],
        ),
        (
            ["champion", "challenger"],
            [
                *(f"challenger-{role}" for role in ("cpu", "latency", "memory", "server-errors")),
                *(f"champion-{role}" for role in ("cpu", "latency", "memory", "server-errors")),
                "dead-letters",
                "drift",
                "rollback-errors",
            ],
        ),
    ],
)
def test_alarms_of_a_stack(variants: list[str], expected: list[str]) -> None:
    planned = alarms.plan(
        NAMES, Realtime(), variants=variants, max_drift=0.15, functions=["rollback"], dead_letters="q"
    )
    assert sorted(by_role(planned)) == expected
    assert all(Channel.ALERTS in alarm.channels for alarm in planned)
