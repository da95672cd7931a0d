"""Rollbacks of emulated endpoints, in whatever state they are found."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts import release
from contracts.release import Record, ReleaseError, Status, emergency
from contracts.release.live import BEGINS_WITHIN
from contracts.release.lock import BusyError
from contracts.release.rollback import Outcome
from contracts.release.sagemaker import SageMaker
from tests.contracts.release.conftest import Endpoint, together
from tests.contracts.release.records import statuses
from tests.contracts.release.rolled import baking, promote, rollback, serves, split
from tests.local.processes import eventually

NOW = datetime.now(UTC)
CANDIDATE, LIVE, GOOD, FAILED = Status.CANDIDATE, Status.LIVE, Status.GOOD, Status.FAILED


def test_the_endpoint_is_moved_and_only_then_it_is_said(endpoint: Endpoint, second: Record) -> None:
    told: list[str] = []
    first = second.releases[1]
    outcome = rollback(endpoint, told).run()
    assert outcome == Outcome(action="rolled-back", reason="12 > 10", failed=second.wanted.id, live=first.id)
    assert endpoint.sagemaker.describe_endpoint(EndpointName=endpoint.name)["EndpointStatus"] == "InService"
    assert serves(endpoint) == endpoint.config(first.id)
    assert statuses(endpoint.read()) == [("1", LIVE), ("2", FAILED)]
    assert told == [f"{endpoint.name} rolled back"]


def test_the_move_leaves_an_alarm_so_that_a_refresh_never_replaces_the_endpoint(
    endpoint: Endpoint, second: Record
) -> None:
    alarm = {"AlarmName": f"{endpoint.name}-rollout"}
    endpoint.emulator.client("cloudwatch").put_metric_alarm(
        **alarm, Namespace="n", MetricName="m", Period=60, EvaluationPeriods=1, Threshold=0, Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    guarded = {"AutoRollbackConfiguration": {"Alarms": [alarm]}}
    endpoint.up(promote(endpoint, 3), DeploymentConfig=guarded)
    rollback(endpoint, []).run()
    assert endpoint.settled()["LastDeploymentConfig"] == emergency.deployment_config(endpoint.name)
    assert serves(endpoint) == endpoint.config(second.wanted.id)


def test_a_serverless_endpoint_moves_without_an_alarm_because_it_takes_none(endpoint: Endpoint) -> None:
    serverless = dataclasses.replace(endpoint, serverless=True)
    first = promote(serverless, 1, hours_ago=3)
    serverless.up(first)
    second = promote(serverless, 2)
    serverless.up(second)
    told: list[str] = []
    outcome = rollback(serverless, told).run()
    assert outcome == Outcome(action="rolled-back", reason="12 > 10", failed=second.wanted.id, live=first.wanted.id)
    assert serves(serverless) == serverless.config(first.wanted.id)
    assert "LastDeploymentConfig" not in serverless.settled()
    assert told == [f"{endpoint.name} rolled back"]


def test_an_endpoint_without_its_halt_alarm_moves_all_the_same_and_people_are_told(
    endpoint: Endpoint, second: Record
) -> None:
    endpoint.emulator.client("cloudwatch").delete_alarms(AlarmNames=[emergency.halt_alarm(endpoint.name)])
    told: list[str] = []
    assert rollback(endpoint, told).run().action == "rolled-back"
    assert told == [f"{endpoint.name} moved without its halt alarm", f"{endpoint.name} rolled back"]
    assert serves(endpoint) == endpoint.config(second.releases[1].id)


def test_the_counts_that_autoscaling_reached_are_kept_and_written(endpoint: Endpoint, second: Record) -> None:
    endpoint.scale(champion=8)
    rollback(endpoint, []).run()
    (variant,) = endpoint.settled()["ProductionVariants"]
    assert variant["DesiredInstanceCount"] == 8
    record = endpoint.read()
    assert record.counts == {"champion": 8}
    assert record.wanted.instances == second.releases[1].instances  # so its configuration stays the same


def test_a_challenger_that_scales_is_let_go_and_the_champion_scales_on(endpoint: Endpoint, second: Record) -> None:
    test = split(endpoint, 3, 50)
    endpoint.up(test)
    endpoint.scale(champion=8, challenger=4)
    scaling = endpoint.emulator.client("application-autoscaling")
    of_variants = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    targets = {each: f"endpoint/{endpoint.name}/variant/{each}" for each in ("champion", "challenger")}
    for target in targets.values():
        scaling.register_scalable_target(**of_variants, ResourceId=target, MinCapacity=2, MaxCapacity=10)
    refused = dataclasses.replace(endpoint.ledger(), host=SageMaker(endpoint.name, endpoint.sagemaker))
    with pytest.raises(
        endpoint.sagemaker.exceptions.ClientError, match=r'Variant "challenger" .* is a scalable target'
    ):
        dataclasses.replace(rollback(endpoint, []), ledger=refused).run()
    assert rollback(endpoint, []).run().live == second.wanted.id
    assert serves(endpoint) == endpoint.config(second.wanted.id)
    assert endpoint.read().counts == {"champion": 8}
    left = scaling.describe_scalable_targets(**of_variants, ResourceIds=[*targets.values()])["ScalableTargets"]
    assert [each["ResourceId"] for each in left] == [targets["champion"]]


def test_a_rollout_under_way_is_waited_for_before_anything_is_claimed(endpoint: Endpoint, second: Record) -> None:
    third = promote(endpoint, 3, hours_ago=1)
    endpoint.up(third, wait=False, **baking(900))
    told: list[str] = []
    outcome = rollback(endpoint, told).run()
    assert (outcome.failed, outcome.live) == (third.wanted.id, second.wanted.id)
    assert serves(endpoint) == endpoint.config(second.wanted.id)
    assert statuses(endpoint.read()) == [("2", LIVE), ("3", FAILED), ("1", GOOD)]
    assert told == [f"Rollback of {endpoint.name} waits", f"{endpoint.name} rolled back"]


def test_an_endpoint_that_does_not_come_to_rest_is_told_and_left_as_it_is(endpoint: Endpoint, second: Record) -> None:
    endpoint.up(promote(endpoint, 3, hours_ago=1), wait=False, **baking(1800))
    told: list[str] = []
    with pytest.raises(BusyError) as caught:
        rollback(endpoint, told, patience_seconds=0).run()
    assert str(caught.value) == (
        f"endpoint {endpoint.name} is still Updating after 0 s, so it is not rolled back yet; try again"
    )
    assert told == [f"Rollback of {endpoint.name} waits"]
    assert statuses(endpoint.read())[0] == ("3", CANDIDATE)
    endpoint.settled()


@pytest.mark.parametrize("status", ["Updating", "RollingBack", "SystemUpdating", "Creating"])
def test_no_status_in_progress_is_taken_for_success(endpoint: Endpoint, second: Record, status: str) -> None:
    class Moving:
        """The endpoint is on its way from version 1, whose configuration DescribeEndpoint still names."""

        exceptions = endpoint.sagemaker.exceptions

        def describe_endpoint(self, **request: Any) -> dict[str, Any]:
            found = endpoint.sagemaker.describe_endpoint(**request)
            return found | {"EndpointStatus": status, "EndpointConfigName": endpoint.config(second.releases[1].id)}

    moving = rollback(endpoint, [], patience_seconds=0)
    object.__setattr__(moving.ledger, "host", SageMaker(endpoint.name, Moving()))
    with pytest.raises(BusyError, match=f"is still {status} after 0 s, so it is not rolled back yet"):
        moving.run()
    assert endpoint.read() == second


def test_a_rollout_that_begins_between_the_look_and_the_lock_is_not_taken_for_one_that_was_turned_back(
    endpoint: Endpoint, second: Record
) -> None:
    told: list[str] = []
    third = promote(endpoint, 3, hours_ago=1)
    endpoint.begin(third)

    class Begun:
        """At rest at the first look; at the next one it has begun to move, and still names what served."""

        exceptions = endpoint.sagemaker.exceptions
        looks = 0

        def describe_endpoint(self, **request: Any) -> dict[str, Any]:
            found = endpoint.sagemaker.describe_endpoint(**request)
            self.looks += 1
            begun = {"EndpointStatus": "Updating", "LastModifiedTime": datetime.now(UTC)}
            return found if self.looks == 1 else found | begun

    moving = rollback(endpoint, told, patience_seconds=0)
    object.__setattr__(moving.ledger, "host", SageMaker(endpoint.name, Begun()))
    with pytest.raises(BusyError, match="is not seen to be rolled back after 0 s"):
        moving.run()
    assert told == []
    assert statuses(endpoint.read())[0] == ("3", CANDIDATE)


def test_what_sagemaker_turned_back_itself_is_failed_in_the_record(endpoint: Endpoint, second: Record) -> None:
    third = promote(endpoint, 3, hours_ago=1)
    endpoint.up(third)
    endpoint.up(second)  # as the rollout's own alarm does
    outcome = rollback(endpoint, []).run()
    assert (outcome.failed, outcome.live) == (third.wanted.id, second.wanted.id)
    assert statuses(endpoint.read())[:2] == [("2", LIVE), ("3", FAILED)]


def test_a_candidate_that_was_never_deployed_is_withdrawn(endpoint: Endpoint, second: Record) -> None:
    promote(endpoint, 3, hours_ago=1)
    outcome = rollback(endpoint, []).run()
    assert (outcome.failed, outcome.live) == (second.wanted.id, second.releases[1].id)
    assert serves(endpoint) == endpoint.config(second.releases[1].id)
    assert statuses(endpoint.read()) == [("1", LIVE), ("2", FAILED), ("3", FAILED)]


def test_a_candidate_that_is_declared_and_was_not_rolled_out_is_no_excuse_for_what_serves_and_scales(
    endpoint: Endpoint, second: Record
) -> None:
    endpoint.declare(promote(endpoint, 3, hours_ago=1))
    endpoint.scale(champion=5)
    told: list[str] = []
    outcome = rollback(endpoint, told).run()
    assert (outcome.failed, outcome.live) == (second.wanted.id, second.releases[1].id)
    assert serves(endpoint) == endpoint.config(second.releases[1].id)
    assert statuses(endpoint.read()) == [("1", LIVE), ("2", FAILED), ("3", FAILED)]
    assert told == [f"{endpoint.name} rolled back"]


@pytest.mark.parametrize("scales", [True, False])
def test_a_good_release_that_was_promoted_again_and_not_rolled_out_is_moved_to(
    endpoint: Endpoint, second: Record, scales: bool
) -> None:
    promote(endpoint, 1, hours_ago=1)
    if scales:
        endpoint.scale(champion=5)
    outcome = rollback(endpoint, []).run()
    assert (outcome.failed, outcome.live) == (second.wanted.id, second.releases[1].id)
    assert serves(endpoint) == endpoint.config(second.releases[1].id)
    assert statuses(endpoint.read()) == [("1", LIVE), ("2", FAILED)]


def test_a_rollout_that_was_turned_back_is_so_too_where_the_endpoint_scaled_since(
    endpoint: Endpoint, second: Record
) -> None:
    third = promote(endpoint, 3, hours_ago=1)
    endpoint.up(third)
    endpoint.up(second)  # as the rollout's own alarm does
    endpoint.scale(champion=5)
    assert rollback(endpoint, []).run().failed == third.wanted.id
    assert serves(endpoint) == endpoint.config(second.wanted.id)


def test_an_update_that_is_about_to_move_the_endpoint_is_waited_for(endpoint: Endpoint, second: Record) -> None:
    third = promote(endpoint, 3, hours_ago=1)
    endpoint.begin(third)
    before = endpoint.read()
    with pytest.raises(BusyError, match="is not seen to be rolled back after 0 s; try again"):
        rollback(endpoint, [], patience_seconds=0).run()
    assert endpoint.read() == before
    asks = iter([True])

    def move_meanwhile(_: float) -> None:
        if next(asks, False):
            endpoint.up(third)
            endpoint.up(second)

    assert rollback(endpoint, [], sleep=move_meanwhile).run().failed == third.wanted.id
    assert serves(endpoint) == endpoint.config(second.wanted.id)
    assert statuses(endpoint.read()) == [("2", LIVE), ("3", FAILED), ("1", GOOD)]


def test_an_update_that_died_before_it_moved_the_endpoint_is_not_waited_for_for_ever(
    endpoint: Endpoint, second: Record
) -> None:
    endpoint.begin(promote(endpoint, 3, hours_ago=1))
    later = datetime.now(UTC) + BEGINS_WITHIN
    outcome = rollback(endpoint, [], now=lambda: later).run()
    assert (outcome.failed, outcome.live) == (second.wanted.id, second.releases[1].id)
    assert serves(endpoint) == endpoint.config(second.releases[1].id)


def test_an_alarm_about_an_earlier_release_moves_nothing_and_people_are_told(
    endpoint: Endpoint, second: Record
) -> None:
    told: list[str] = []
    about = NOW - timedelta(hours=2, minutes=30)
    outcome = rollback(endpoint, told, about=about).run()
    assert outcome == Outcome(
        action="ignored",
        reason=f"release {second.wanted.id} was promoted after {about.isoformat()}",
        live=second.wanted.id,
    )
    assert told == [f"No rollback of {endpoint.name}"]
    assert serves(endpoint) == endpoint.config(second.wanted.id)


def test_two_alarms_at_once_roll_back_once(endpoint: Endpoint, second: Record) -> None:
    told: list[str] = []
    alarms = [rollback(endpoint, told, who=f"alarm {name}").run for name in ("5xx", "latency")]
    outcomes = together(*alarms)
    assert {outcome.live for outcome in outcomes} == {second.releases[1].id}
    assert statuses(endpoint.read()) == [("1", LIVE), ("2", FAILED)]
    assert f"{endpoint.name} rolled back" in told


def test_a_promotion_and_a_rollback_at_once_lose_neither(endpoint: Endpoint, second: Record) -> None:
    outcome, promoted = together(rollback(endpoint, []).run, lambda: promote(endpoint, 3, hours_ago=1))
    assert isinstance(outcome, Outcome), outcome
    assert isinstance(promoted, Record), promoted
    found = dict(statuses(endpoint.read()))
    assert found.keys() == {"1", "2", "3"}
    assert serves(endpoint) == endpoint.config(second.releases[1].id)


def test_a_promotion_right_after_the_move_does_not_hide_that_it_is_done(endpoint: Endpoint, second: Record) -> None:
    told: list[str] = []
    quick = rollback(endpoint, told)
    steps = iter([True])

    def promote_meanwhile(_: float) -> None:
        if next(steps, False):
            endpoint.settled()
            promote(endpoint, 3, hours_ago=0)

    object.__setattr__(quick, "sleep", promote_meanwhile)
    assert quick.run().live == second.releases[1].id
    assert statuses(endpoint.read()) == [("3", CANDIDATE), ("1", LIVE), ("2", FAILED)]
    assert told == [f"{endpoint.name} rolled back"]


def stop(endpoint: Endpoint) -> None:
    endpoint.sagemaker.delete_endpoint(EndpointName=endpoint.name)
    eventually(lambda: endpoint.ledger().host.observe() is None)


def test_a_stopped_endpoint_will_serve_the_release_before_and_its_record_says_so(
    endpoint: Endpoint, second: Record
) -> None:
    with endpoint.ledger().open(who="ana", doing="stop") as book:
        book.write(release.settle(second, second.wanted.id))
    stop(endpoint)
    told: list[str] = []
    first, about = second.releases[1], datetime.now(UTC)
    outcome = rollback(endpoint, told, about=about, stopped=True).run()
    assert outcome == Outcome(action="recorded", reason="12 > 10", failed=second.wanted.id, live=first.id)
    assert statuses(endpoint.read()) == [("1", CANDIDATE), ("2", FAILED)]
    assert endpoint.read().counts == {"champion": 2}
    assert told == [f"{endpoint.name} rolled back"]
    assert rollback(endpoint, told, about=about, stopped=True).run() == outcome  # as Lambda tries again
    with pytest.raises(ReleaseError, match="rolling back again would flip-flop"):
        rollback(endpoint, [], who="ben", about=None, stopped=True).run()
    endpoint.up(endpoint.read())
    assert serves(endpoint) == endpoint.config(first.id)


def test_what_was_promoted_for_a_stopped_endpoint_is_withdrawn_and_later_news_move_nothing(
    endpoint: Endpoint, second: Record
) -> None:
    with endpoint.ledger().open(who="ana", doing="stop") as book:
        book.write(release.settle(second, second.wanted.id))
    stop(endpoint)
    third = promote(endpoint, 3).wanted
    assert third.instances == {"champion": 2}  # those that were live
    early = rollback(endpoint, [], about=NOW - timedelta(hours=3), stopped=True).run()
    assert (early.action, early.live) == ("ignored", third.id)
    assert rollback(endpoint, [], stopped=True).run().live == second.wanted.id
    assert statuses(endpoint.read())[:2] == [("2", LIVE), ("3", FAILED)]


def test_an_endpoint_that_is_gone_and_not_stopped_is_left_to_a_person(endpoint: Endpoint, second: Record) -> None:
    stop(endpoint)
    with pytest.raises(ReleaseError, match="has no release yet, or is not there: nothing to do"):
        rollback(endpoint, []).run()
    assert endpoint.read() == second


def test_before_anything_is_deployed_there_is_nothing_to_roll_back(endpoint: Endpoint) -> None:
    with pytest.raises(ReleaseError, match="has no release yet, or is not there: nothing to do"):
        rollback(endpoint, []).run()
    promote(endpoint, 1)
    with pytest.raises(ReleaseError, match="has no release yet, or is not there: nothing to do"):
        rollback(endpoint, []).run()
