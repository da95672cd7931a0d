from __future__ import annotations

import contextlib
import dataclasses
import re
import time
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from automation.operations import releases, rollouts
from automation.operations.errors import RefusedError
from automation.operations.rollouts import Watchers
from contracts.release import Status, emergency
from contracts.release.sagemaker import SageMaker
from tests.automation.conftest import Platform
from tests.automation.operations.test_releases import deployed, follow, promote


class See(Protocol):
    """See `see`."""

    def __call__(self, config: str, read: bool = True) -> str: ...


def guarded(platform: Platform, minutes: int = 60) -> dict[str, Any]:
    """A rollout that bakes and is turned back by the halt alarm."""
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": minutes * 60}
    alarms = [{"AlarmName": emergency.halt_alarm(platform.names.prefix)}]
    return {
        "DeploymentConfig": {
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
            "AutoRollbackConfiguration": {"Alarms": alarms},
        }
    }


def halt(platform: Platform) -> None:
    rollouts.halt(platform.names, host=platform.clients.host(platform.names), cloudwatch=platform.client("cloudwatch"))


def why(platform: Platform, followed: releases.Followed) -> list[str]:
    watchers = Watchers(cloudwatch=platform.client("cloudwatch"), logs=platform.client("logs"))
    return rollouts.why(platform.names, followed, platform.clients, watchers).splitlines()


def test_a_person_halts_a_rollout_and_is_told_why_it_was_turned_back(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    record = promote(platform, second)
    platform.up(record, wait=False, **guarded(platform))
    halt(platform)
    platform.settled()
    followed = follow(platform)
    assert followed.failed is not None
    assert (followed.failed.id, followed.record.wanted.champion) == (record.wanted.id, first)
    failed, *alarms, now = why(platform, followed)
    assert failed.startswith(f"release {record.wanted.id} ({second}) failed: The deployment of ")
    assert all(line.startswith(f"alarm {platform.names.prefix}-halt: ") for line in alarms)
    assert now == (
        f"endpoint {platform.names.prefix} serves {first} (100 %), and the release record says so: the next "
        "`pulumi up` leaves it there; promote a package that is mended"
    )


def test_without_a_rollout_there_is_nothing_to_halt(platform: Platform) -> None:
    with pytest.raises(RefusedError, match=r"is not there: there is no rollout to halt$"):
        halt(platform)
    deployed(platform, platform.register())
    with pytest.raises(RefusedError, match="is InService: there is no rollout to halt; `rollback` moves it back"):
        halt(platform)


def test_no_update_of_a_serverless_endpoint_can_be_halted(platform: Platform) -> None:
    class Updating:
        """SageMaker, while a serverless endpoint is updated."""

        def describe_endpoint(self, **_: Any) -> dict[str, Any]:
            variant = {"VariantName": "champion", "CurrentServerlessConfig": {"MemorySizeInMB": 1024}}
            return {
                "EndpointName": platform.names.prefix,
                "EndpointConfigName": "c",
                "EndpointStatus": "Updating",
                "LastModifiedTime": None,
                "ProductionVariants": [variant],
            }

    with pytest.raises(
        RefusedError, match="is serverless: SageMaker turns no update of it back; wait until it is done"
    ):
        rollouts.halt(platform.names, host=SageMaker(platform.names.prefix, Updating()), cloudwatch=None)


def test_the_last_errors_of_the_model_servers_are_told(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    before = deployed(platform, first)
    platform.up(promote(platform, second))
    logs, group = platform.client("logs"), f"/aws/sagemaker/Endpoints/{platform.names.prefix}"
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):  # a model server may have spoken
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="champion/i-1")
    lines = ["INFO started", *(f"ERROR no such column {number}" for number in range(7))]
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=group,
        logStreamName="champion/i-1",
        logEvents=[{"timestamp": now, "message": line} for line in lines],
    )
    platform.up(before)  # as the rollout's alarm does
    told = why(platform, follow(platform))
    assert [line for line in told if line.startswith("log: ")] == [
        f"log: ERROR no such column {number}" for number in range(2, 7)
    ]


def test_alarms_that_did_not_go_off_are_no_reason(platform: Platform) -> None:
    class CloudWatch:
        """Heeds names, or a state: an alarm is asked for by both."""

        def describe_alarms(self, **_: Any) -> dict[str, Any]:
            said = {
                "errors": ("ALARM", "12 > 10"),
                "latency": ("OK", "no datapoints"),
                "halt": ("INSUFFICIENT_DATA", ""),
            }
            return {
                "MetricAlarms": [
                    {"AlarmName": name, "StateValue": state, "StateReason": reason}
                    for name, (state, reason) in said.items()
                ]
            }

    first, second = platform.register(), platform.register()
    before = deployed(platform, first)
    platform.up(promote(platform, second), **guarded(platform, minutes=0))
    platform.up(before, **guarded(platform, minutes=0))  # as the rollout's alarm does
    watchers = Watchers(cloudwatch=CloudWatch(), logs=platform.client("logs"))
    told = rollouts.why(platform.names, follow(platform), platform.clients, watchers).splitlines()
    assert [line for line in told if line.startswith("alarm ")] == ["alarm errors: 12 > 10"]


def test_a_release_that_serves_has_no_reason_to_have_failed(platform: Platform) -> None:
    deployed(platform, platform.register())
    with pytest.raises(ValueError, match="has not failed"):
        why(platform, follow(platform))


@pytest.fixture
def see(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> See:
    """What the program calls with the configuration that it wanted and the one that serves, or without that one where
    the provider failed; in the environment's account."""
    for name, value in platform.emulator.environment().items():
        monkeypatch.setenv(name, value)
    seen = rollouts.seen_through(region=platform.emulator.region, profile=None, roles=[])
    return lambda config, read=True: seen(
        platform.names, config, platform.settled()["EndpointConfigName"] if read else None
    )


@pytest.fixture
def begin(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What the program calls before it moves the endpoint to a configuration."""
    for name, value in platform.emulator.environment().items():
        monkeypatch.setenv(name, value)
    begun = rollouts.begun(region=platform.emulator.region, profile=None, roles=[])
    return lambda config: begun(platform.names, config)


def test_the_record_says_that_a_rollout_begins_and_no_more_where_the_provider_could_not_begin_it(
    platform: Platform, see: See, begin: Callable[[str], None]
) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    record = promote(platform, second)
    begin(platform.config(record.wanted.id))
    begun = releases.read(platform.names, platform.clients)
    assert begun is not None
    assert begun.wanted.began
    assert see(platform.config(record.wanted.id), False) == ""  # UpdateEndpoint was refused, which the provider says
    after = releases.read(platform.names, platform.clients)
    assert after is not None
    assert [each.instances for each in after.releases] == [{"champion": 3}] * 2  # what both configurations begin with
    assert [dataclasses.replace(each, instances={}) for each in after.releases] == [
        dataclasses.replace(each, instances={}) for each in record.releases
    ]


def test_what_was_withdrawn_meanwhile_is_not_rolled_out(platform: Platform, begin: Callable[[str], None]) -> None:
    first, second = platform.register(), platform.register()
    deployed(platform, first)
    withdrawn = platform.config(promote(platform, second).wanted.id)
    promote(platform, first)
    with pytest.raises(RefusedError) as caught:
        begin(withdrawn)
    assert str(caught.value).startswith(
        f"endpoint {platform.names.prefix} was not moved to {withdrawn}, for the release record does not say that its "
        f"rollout begins (release {withdrawn.split('-')[-2]} is not wanted any more, but "
    )
    assert str(caught.value).endswith("; run `pulumi up` again")


def test_where_nobody_can_be_asked_the_endpoint_stays_as_it_is(platform: Platform) -> None:
    with pytest.raises(RefusedError, match=r"was not moved to .*The config profile .nobody. could not be found"):
        rollouts.begun(region="eu-west-1", profile="nobody", roles=[])(platform.names, platform.config("0123456789"))


STATE = "the state of the stack names {} until a `refresh`, for the provider reads nothing again once it has failed"


@pytest.mark.parametrize("read", [True, False])
def test_the_program_sees_a_rollout_through(platform: Platform, see: See, read: bool) -> None:
    first, second = platform.register(), platform.register()
    before = promote(platform, first)
    platform.up(before)
    assert see(platform.config(before.wanted.id), read) == ""
    record = promote(platform, second)
    platform.up(record, wait=False, **guarded(platform))
    halt(platform)
    wanted = platform.config(record.wanted.id)
    told = see(wanted, read).splitlines()
    assert told[0].startswith(f"release {record.wanted.id} ({second}) failed: The deployment of ")
    assert (told[-1] == STATE.format(wanted)) is not read
    assert see(platform.config(before.wanted.id), True) == ""  # the record is true by now
    stored = releases.read(platform.names, platform.clients)
    assert stored is not None
    assert (stored.wanted.id, stored.releases[1].status) == (before.wanted.id, Status.FAILED)


def test_an_update_that_came_through_asks_nobody(platform: Platform) -> None:
    """Neither AWS nor its credentials: the provider has read what serves."""
    assert rollouts.seen_through(region="nowhere", profile="nobody", roles=[])(platform.names, "a", "a") == ""


def test_an_update_that_was_turned_back_fails_also_where_the_record_is_out_of_reach(platform: Platform) -> None:
    see = rollouts.seen_through(region="eu-west-1", profile="nobody", roles=[])
    message = (
        r"endpoint {} {}: the rollout was turned back, and the release record does not say so yet \(.*nobody.*\); "
        r"`python -m automation follow` writes it"
    )
    name = platform.names.prefix
    assert re.fullmatch(message.format(name, "serves old and not new"), see(platform.names, "new", "old"))
    assert re.fullmatch(message.format(name, "may serve something else than new"), see(platform.names, "new", None))


def test_an_update_fails_too_where_the_rollback_function_was_faster_to_write_the_record(
    platform: Platform, see: See
) -> None:
    deployed(platform, platform.register())
    record = promote(platform, platform.register())
    platform.up(record, wait=False, **guarded(platform))
    halt(platform)
    platform.settled()
    by = releases.By(who="alarm", why="5xx")
    releases.roll_back(platform.names, by=by, clients=platform.clients, tell=lambda _, __: None, patience_seconds=60.0)
    assert re.match(rf"release {record.wanted.id} .* failed: 5xx\n", see(platform.config(record.wanted.id)))


def test_a_configuration_that_was_turned_back_fails_though_its_release_serves(platform: Platform, see: See) -> None:
    live = platform.config(deployed(platform, platform.register()).wanted.id)
    wanted = live.replace("0123abcd", "4567cdef")
    assert re.match(rf"endpoint \S+ serves {live} and not {wanted}: the rollout was turned back", see(wanted))
    assert see(live) == ""


def test_of_an_update_in_which_no_rollout_began_the_provider_has_said_all(platform: Platform, see: See) -> None:
    assert see("any", False) == ""  # there is no endpoint
    first = deployed(platform, platform.register())
    assert see("any", False) == ""  # it was refused
    stored = releases.read(platform.names, platform.clients)
    assert stored is not None
    assert (stored.wanted.id, stored.wanted.status) == (first.wanted.id, Status.LIVE)


def test_a_rollout_that_takes_longer_than_the_provider_waits_is_seen_to_its_end(
    platform: Platform, see: See, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = platform.config(deployed(platform, platform.register()).wanted.id)
    observed, follow = SageMaker.observe, releases.follow
    moving = [True]

    def observe(host: SageMaker) -> Any:
        live = observed(host)
        return dataclasses.replace(live, status="Updating") if live and moving else live

    def followed(*args: Any, **named: Any) -> releases.Followed:
        moving.clear()
        return follow(*args, **named)

    monkeypatch.setattr(SageMaker, "observe", observe)
    monkeypatch.setattr(releases, "follow", followed)
    assert see(wanted, False) == (
        f"endpoint {platform.names.prefix} serves {wanted} by now, later than the provider waits: `pulumi up` goes on"
    )


def test_a_first_release_that_never_serves_has_failed_and_is_not_called_live(platform: Platform, see: See) -> None:
    record = promote(platform, platform.register(exit=3))
    platform.up(record)
    told = see(platform.config(record.wanted.id), False).splitlines()
    assert told[0].startswith(f"endpoint {platform.names.prefix} is Failed: ")
    assert told[-1] == (f"release {record.wanted.id} has nothing live beside it to go back to: promote another package")
    stored = releases.read(platform.names, platform.clients)
    assert stored is not None
    assert stored.wanted.status is Status.CANDIDATE
