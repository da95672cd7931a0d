from __future__ import annotations

import pytest

from components.serving.watch import host_alarms, request_alarms, watch_fleet
from components.watch import Alarm, Channel, Series
from settings import Asynchronous, Realtime, RequestAlarms
from tests.components.engine import LIVE


def test_alarms_of_a_variant() -> None:
    settings = Realtime(
        instance_type="ml.m5.xlarge", alarms=RequestAlarms(server_errors=7, server_error_percent=2, latency_p99_ms=250)
    )
    dimensions = {"EndpointName": "churn-staging-live", "VariantName": "champion"}
    both = (Channel.ALERTS, Channel.ROLLBACK)
    assert [
        *request_alarms(LIVE, "champion", settings.alarms),
        *host_alarms(LIVE, "champion", settings),
    ] == [
        Alarm(
            name="churn-staging-live-champion-server-errors",
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
        Alarm(
            name="churn-staging-live-champion-latency",
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
        Alarm(
            name="churn-staging-live-champion-server-error-rate",
            description="champion: more than 2 % of the answers with a 5xx status in 5 minutes, twice",
            namespace="AWS/SageMaker",
            metric="Invocation5XXErrors",
            share_of="Invocations",
            dimensions=dimensions,
            statistic="Sum",
            threshold=2,
            periods=2,
            period_seconds=300,
            channels=both,
            guards="server_errors",
        ),
        Alarm(
            name="churn-staging-live-champion-cpu",
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
        Alarm(
            name="churn-staging-live-champion-memory",
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
    ]


@pytest.mark.parametrize(("variants", "alarms"), [([], 0), (["champion"], 6), (["champion", "challenger"], 11)])
def test_every_variant_is_watched_and_told_to_people(variants: list[str], alarms: int) -> None:
    found = watch_fleet(LIVE, Realtime(), variants).alarms
    assert len(found) == alarms
    assert all(Channel.ALERTS in alarm.channels for alarm in found)


def test_a_share_of_errors_needs_the_count_of_requests_which_a_queue_does_not_have() -> None:
    found = request_alarms(LIVE, "champion", Asynchronous(kind="asynchronous").alarms)
    assert [alarm.share_of for alarm in found] == [None, None]


def test_a_person_can_halt_a_rollout() -> None:
    *_, found = watch_fleet(LIVE, Realtime(), ["champion", "challenger"]).alarms
    assert found == Alarm(
        name="churn-staging-live-halt",
        description="A person asked for the rollout under way to be turned back (python -m automation halt)",
        namespace="MLPipeline/Rollout",
        metric="Halt",
        dimensions={"EndpointName": "churn-staging-live"},
        statistic="Maximum",
        threshold=0,
        period_seconds=60,
        guards="halt",
    )


def test_a_live_endpoint_is_shown_by_variant() -> None:
    found = {widget.title: widget for widget in watch_fleet(LIVE, Realtime(), ["champion", "challenger"]).widgets}
    assert list(found) == [
        "live: invocations",
        "live: errors",
        "live: model latency (microseconds)",
        "live: CPU (percent, summed over cores) and memory (percent)",
        "live: invocations per instance",
    ]
    assert found["live: invocations"].series == [
        Series(
            namespace="AWS/SageMaker",
            metric="Invocations",
            dimensions={"EndpointName": "churn-staging-live", "VariantName": variant},
            statistic="Sum",
        )
        for variant in ("champion", "challenger")
    ]


def test_before_the_first_release_only_the_endpoints_own_trouble_is_told() -> None:
    found = watch_fleet(LIVE, Realtime(), [])
    assert (found.alarms, found.widgets) == ((), ())
    (event,) = found.events
    assert event.name == "churn-staging-live-endpoint-failed"
    assert event.pattern["detail"]["EndpointName"] == ["churn-staging-live"]


def test_a_shadow_is_told_of_and_turns_nothing_back() -> None:
    shadowed = watch_fleet(LIVE, Realtime(), ["champion"], ["shadow"])
    alone = watch_fleet(LIVE, Realtime(), ["champion"])
    added = [alarm for alarm in shadowed.alarms if alarm not in alone.alarms]
    assert [alarm.name.removeprefix("churn-staging-live-shadow-") for alarm in added] == [
        alarm.name.removeprefix("churn-staging-live-champion-") for alarm in alone.alarms[:-1]
    ]
    assert {(alarm.channels, alarm.guards) for alarm in added} == {((Channel.ALERTS,), None)}
    assert [alarm for alarm in shadowed.alarms if alarm not in added] == list(alone.alarms)


def test_the_dashboard_shows_champion_and_shadow_side_by_side() -> None:
    shadowed = watch_fleet(LIVE, Realtime(), ["champion"], ["shadow"])
    for widget in shadowed.widgets:
        lines = [(series.metric, series.statistic, series.dimensions["VariantName"]) for series in widget.series]
        assert lines[::2] == [(metric, statistic, "champion") for metric, statistic, _ in lines[::2]]
        assert lines[1::2] == [(metric, statistic, "shadow") for metric, statistic, _ in lines[::2]]
