"""How a stack stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from automation.operations import releases, status
from automation.operations.releases import By
from tests.automation.conftest import Platform


def alarm(platform: Platform, name: str, state: str, *, actions: Sequence[str] = ()) -> None:
    cloudwatch = platform.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="Invocation5XXErrors",
        Namespace="AWS/SageMaker",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        AlarmActions=actions,
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason=f"{state} by a test")


def read(platform: Platform) -> status.Status:
    return status.read(
        [platform.names.of_its_workload],
        {platform.names: False},
        platform.clients,
        platform.client,
        lambda _: platform.clients.sagemaker,
    )


def test_an_alarm_that_tells_a_scaling_policy_alone_is_no_trouble(platform: Platform) -> None:
    policy = "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:x:resource/sagemaker/e:policyName/p"
    names = platform.names.of_its_workload
    rings, scales = f"{platform.names.prefix}-rings", f"{platform.names.prefix}-step-in"
    alarm(platform, rings, "ALARM")
    alarm(platform, scales, "ALARM", actions=[policy])
    ringing, quiet = status.alarms([names], platform.client("cloudwatch"))
    assert ([each.name for each in ringing], quiet) == ([rings], 0)


def test_a_workload_without_anything_is_shown_as_that(platform: Platform) -> None:
    found = read(platform)
    assert (found.stack, found.account, found.region) == ("staging", "123456789012", "eu-west-1")
    assert (found.alarms, found.quiet, found.runs, found.waiting) == ([], 0, [], [])
    assert (found.endpoints[0].verdict.status, found.endpoints[0].release) == ("is not there", None)


def test_what_serves_rings_and_waits_is_shown(platform: Platform) -> None:
    platform.register()
    waiting = platform.register(approved=False)
    record = releases.promote(platform.names, "1", by=By(who="user/ana", why="first"), clients=platform.clients)
    platform.up(record)
    alarm(platform, f"{platform.names.prefix}-server-errors", "ALARM")
    alarm(platform, f"{platform.names.prefix}-latency", "OK")
    alarm(platform, f"{platform.names.of_its_workload.prefix}x-latency", "ALARM")
    found = read(platform)
    (endpoint,) = found.endpoints
    assert (endpoint.verdict.differences, endpoint.instances) == ((), {"champion": 3})
    assert endpoint.weights == {"champion": 100}
    assert endpoint.release is not None
    assert endpoint.release.who == "user/ana"
    assert [(each.name, each.reason) for each in found.alarms] == [
        (f"{platform.names.prefix}-server-errors", "ALARM by a test")
    ]
    # beside the latency alarm the one with which a person halts a rollout
    assert (found.quiet, found.waiting) == (2, [waiting])


def test_the_newest_measure_of_drift_is_shown(platform: Platform) -> None:
    cloudwatch, now = platform.client("cloudwatch"), datetime.now(UTC).replace(microsecond=0)
    assert status.drift(platform.names, cloudwatch) is None
    dimensions = [{"Name": "Endpoint", "Value": platform.names.prefix}]
    of_a_feature = [*dimensions, {"Name": "Feature", "Value": "tenure"}]
    for hours, score, of in (
        (30, 0.3, dimensions),
        (5, 0.06, dimensions),
        (2, 0.9, of_a_feature),
        (100, 0.8, dimensions),
    ):
        data = {"MetricName": "DriftScore", "Dimensions": of, "Timestamp": now - timedelta(hours=hours), "Value": score}
        cloudwatch.put_metric_data(Namespace="MLPipeline/ModelQuality", MetricData=[data])
    found = status.drift(platform.names, cloudwatch)
    assert found is not None
    assert found.score == 0.06
    assert timedelta(hours=4) <= now - datetime.fromisoformat(found.when) <= timedelta(hours=6)
    assert read(platform).endpoints[0].drift == found


class Pipelines:
    """A pipeline that ran by name and without, and a search between the two."""

    def list_pipeline_executions(self, **asked: object) -> dict[str, object]:
        assert asked["MaxResults"] == status.RUNS
        started = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
        run = {"PipelineExecutionStatus": "Succeeded", "StartTime": started, "PipelineExecutionArn": "arn:x/run/e1"}
        if str(asked["PipelineName"]).endswith("-tuning"):
            between = {"StartTime": started - timedelta(hours=1), "PipelineExecutionDisplayName": "search"}
            return {"PipelineExecutionSummaries": [run | between]}
        before = {"StartTime": started - timedelta(hours=2)}
        return {"PipelineExecutionSummaries": [run | {"PipelineExecutionDisplayName": "by-hand"}, run | before]}


def test_runs_have_their_name_or_their_id_and_searches_are_among_them(platform: Platform) -> None:
    names = platform.names.of_its_workload
    found = status.runs(names, Pipelines())
    assert [(run.name, run.started) for run in found] == [
        ("by-hand", "2026-11-28T10:00:00+00:00"),
        ("search", "2026-11-28T09:00:00+00:00"),
        ("e1", "2026-11-28T08:00:00+00:00"),
    ]
    assert {(run.workload, run.status) for run in found} == {(names.workload, "Succeeded")}
