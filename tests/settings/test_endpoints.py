"""Endpoints: each kind of rollout, and every fault with what to do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from contracts import kinds
from settings import (
    AllAtOnce,
    Canary,
    Fargate,
    Fleet,
    Linear,
    Realtime,
    RequestAlarms,
    Rolling,
    Section,
)
from tests.settings.test_legal_combinations import REQUIRED
from tests.settings.written import LIVE, faults, live, load

UNWATCHED = (
    "an alarm goes off after two bad periods of 5 minutes, when this rollout is over: bake longer, or say "
    "rollback_alarms: [] if nothing shall turn it back"
)
#: What a stack may name today, as a message says it.
KINDS = ", ".join(kinds.KINDS)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"kind": "all_at_once"}, AllAtOnce(bake_minutes=10)),
        ({"kind": "canary", "canary_percent": 50}, Canary(canary_percent=50)),
        ({"kind": "linear", "step_percent": 25, "bake_minutes": 3}, Linear(step_percent=25, bake_minutes=3)),
        ({"kind": "linear"}, Linear(step_percent=10, bake_minutes=4)),
        ({"kind": "rolling", "batch_percent": 25}, Rolling(batch_percent=25)),
    ],
)
def test_each_kind_of_rollout(written: dict[str, Any], expected: Section) -> None:
    found = load(workloads=live(rollout=written)).workloads["churn"].endpoints["live"]
    assert isinstance(found, Fleet)
    assert found.rollout == expected


@pytest.mark.parametrize(
    ("kind", "rollout", "least"),
    [
        ("realtime", {"kind": "all_at_once"}, 10),
        ("asynchronous", {"kind": "canary"}, 5),
        ("multi_model", {"kind": "linear"}, 1),
        ("inference_pipeline", {"kind": "rolling", "batch_percent": 50}, 5),
        ("inference_component", {"kind": "rolling", "batch_percent": 50}, 5),
        ("fargate", {"kind": "all_at_once"}, 10),
        ("fargate", {"kind": "canary"}, 5),
    ],
)
def test_a_rollout_bakes_as_long_as_its_alarms_take_or_has_none(kind: str, rollout: dict[str, Any], least: int) -> None:
    def written(minutes: int, **more: Any) -> dict[str, Any]:
        return live(kind=kind, **REQUIRED.get(kind, {}), rollout={**rollout, "bake_minutes": minutes}, **more)

    load(workloads=written(least))
    load(workloads=written(0, rollback_alarms=[]))
    (line,) = faults(workloads=written(least - 1))
    assert line.startswith(f"ml-platform:{LIVE}.rollout.bake_minutes: found {least - 1}; allowed: at least {least} ")
    assert line.endswith(UNWATCHED)


def test_alarms_of_an_endpoint() -> None:
    found = load(workloads=live(alarms={"server_errors": 3})).workloads["churn"].endpoints["live"]
    assert found.alarms == RequestAlarms(server_errors=3, server_error_percent=5, latency_p99_ms=500)


def test_all_that_is_wrong_with_a_schedule_is_said_at_once() -> None:
    schedule = {"once": "2027-13-01T08:00", "weekdays": ["monday"], "day_of_month": 1, "minimum": 3, "maximum": 2}
    found = faults(workloads=live(autoscaling={"schedules": [schedule]}))
    assert [line.partition(":")[2].partition(": found")[0].rpartition("schedules[0].")[2] for line in found] == [
        "once",
        "day_of_month",
        "once",
        "minimum",
    ]


def test_schedules_read_the_clock_of_the_stacks_zone_or_of_their_own() -> None:
    def zones(**scaling: Any) -> list[str | None]:
        found = load(timezone="Asia/Tokyo", workloads=live(autoscaling=scaling)).workloads["churn"].endpoints["live"]
        assert isinstance(found, Realtime)
        return [schedule.timezone for schedule in found.autoscaling.schedules]

    own = {"at": "22:00", "minimum": 1, "maximum": 3, "timezone": "Europe/Berlin"}
    assert zones() == ["Asia/Tokyo", "Asia/Tokyo"]
    assert zones(timezone="UTC") == ["UTC", "UTC"]
    assert zones(schedules=[own, own | {"timezone": None}]) == ["Europe/Berlin", "Asia/Tokyo"]


def test_schedules_meet_in_the_stacks_zone_too() -> None:
    """One reads the stack's clock, the other one spells its zone out."""
    spelt = {"at": "22:00", "minimum": 1, "maximum": 3, "timezone": "Europe/Berlin"}
    at_night, other = spelt | {"timezone": None}, {"maximum": 4}
    for schedules, found in (
        ([at_night, spelt], "autoscaling.schedules"),
        ([at_night, spelt | {"weekdays": ["monday"]} | other], "autoscaling.schedules[1]"),
    ):
        workloads = live(autoscaling={"schedules": schedules})
        assert [line.partition(": ")[0] for line in faults(timezone="Europe/Berlin", workloads=workloads)] == [
            f"ml-platform:{LIVE}.{found}"
        ]
        assert load(timezone="Asia/Tokyo", workloads=workloads)


def test_a_broken_value_names_the_key_the_value_the_range_and_the_way_out() -> None:
    assert faults(workloads=live(rollout={"kind": "canary", "canary_percent": 150})) == [
        "ml-platform:workloads.churn.endpoints.live.rollout.canary_percent: found 150; allowed: 1 to 50; "
        "choose such a value, or remove the key for the default 10 (SageMaker API reference, "
        "TrafficRoutingConfig, read 2026-11-30)"
    ]


@pytest.mark.parametrize(
    ("endpoint", "line"),
    [
        (
            {"rollout": {"kind": "slow"}},
            'rollout.kind: found "slow"; allowed: all_at_once, canary, linear, rolling; name one of these',
        ),
        (
            {"rollout": {"canary_percent": 10}},
            "rollout.kind: found nothing; allowed: all_at_once, canary, linear, rolling; name one of these",
        ),
        (
            {"rollout": {"kind": "linear", "canary_percent": 10}},
            "rollout.canary_percent: found 10; allowed: kind, step_percent, bake_minutes; "
            "kind canary has this key: choose such a kind or remove it",
        ),
        (
            {"instance_type": "m5.large"},
            'instance_type: found "m5.large"; allowed: text like ml.m5.large; '
            'choose such a value, or remove the key for the default "ml.m5.large"',
        ),
        (
            {"instance_count": 2},
            "instance_count: found 2; allowed: 3 or more with rollout canary; "
            "a smaller fleet cannot be shifted in parts: add instances or roll out all_at_once "
            "(SageMaker developer guide, use canary traffic shifting, read 2026-11-29)",
        ),
        (
            {"instance_count": 12},
            "instance_count: found 12; allowed: at most the highest maximum of autoscaling (10); "
            "lower the count or raise that",
        ),
        (
            {"rollout": {"kind": "canary", "bake_minutes": 16}},
            "rollout.bake_minutes: found 16; allowed: at most 15 with rollout canary, which waits 3 times; "
            "all fits into rollout_timeout_minutes (55): bake less or shift more",
        ),
        (
            {"rollout": {"kind": "all_at_once", "bake_minutes": 16}, "rollout_timeout_minutes": 40},
            "rollout.bake_minutes: found 16; allowed: at most 15 with rollout all_at_once, which waits 2 times; "
            "all fits into rollout_timeout_minutes (40): bake less or shift more",
        ),
        (
            {"rollout": {"kind": "linear", "step_percent": 30, "bake_minutes": 10}},
            "rollout.bake_minutes: found 10; allowed: at most 9 with rollout linear, which waits 5 times; "
            "all fits into rollout_timeout_minutes (55): bake less or shift more",
        ),
        (
            {"rollout": {"kind": "rolling", "batch_percent": 5}},
            "rollout.bake_minutes: found 5; allowed: at most 2 with rollout rolling, which waits 20 times; "
            "all fits into rollout_timeout_minutes (55): bake less or shift more",
        ),
        *(
            (
                {"rollout": {"kind": kind, **shares, "bake_minutes": found}},
                f"rollout.bake_minutes: found {found}; allowed: at least {least} with rollout {kind}{times}; "
                f"{UNWATCHED}",
            )
            for kind, shares, found, least, times in (
                ("all_at_once", {}, 9, 10, ""),
                ("canary", {}, 0, 5, ", which watches 2 times"),
                ("canary", {}, 4, 5, ", which watches 2 times"),
                ("linear", {"step_percent": 30}, 2, 3, ", which watches 4 times"),
                ("rolling", {"batch_percent": 50}, 4, 5, ", which watches 2 times"),
            )
        ),
        (
            {"rollback_alarms": ["latency", "latency"]},
            'rollback_alarms: found ["latency"]; allowed: each once; remove the repetition',
        ),
        (
            {"rollback_alarms": ["cpu"]},
            'rollback_alarms[0]: found "cpu"; allowed: server_errors, latency, drift; choose such a value',
        ),
        (
            {"autoscaling": {"minimum": 5, "maximum": 4}},
            "autoscaling.minimum: found 5; allowed: at most the maximum (4); exchange them",
        ),
        (
            {"autoscaling": {"schedules": [{"at": "24:00", "minimum": 1, "maximum": 2}]}},
            'autoscaling.schedules[0].at: found "24:00"; allowed: text like 22:00; choose such a value',
        ),
        (
            {"autoscaling": {"schedules": [{"at": "22:00", "minimum": 1}]}},
            "autoscaling.schedules[0].maximum: found nothing; allowed: 1 to 100; set it",
        ),
        (
            {"autoscaling": {"schedules": [{"at": "22:00", "minimum": 3, "maximum": 2}]}},
            "autoscaling.schedules[0].minimum: found 3; allowed: at most the maximum (2); exchange them",
        ),
        (
            {"autoscaling": {"schedules": [{"at": "22:00", "minimum": 1, "maximum": 2}] * 2}},
            'autoscaling.schedules: found ["22:00"]; allowed: each once; remove the repetition',
        ),
        (
            {"autoscaling": {"schedules": [{"minimum": 1, "maximum": 2}]}},
            "autoscaling.schedules[0].at: found nothing; allowed: one of at, once and cron; "
            "say once when the limits change",
        ),
        (
            {"autoscaling": {"schedules": [{"at": "22:00", "cron": "0 8 ? * 2#1 *", "minimum": 1, "maximum": 2}]}},
            'autoscaling.schedules[0].at: found ["at", "cron"]; allowed: one of at, once and cron; '
            "say once when the limits change",
        ),
        (
            {"autoscaling": {"schedules": [{"cron": "0 22 * * *", "minimum": 1, "maximum": 2}]}},
            'autoscaling.schedules[0].cron: found "0 22 * * *"; allowed: text like 0 8 ? * 2#1 *; choose such a value',
        ),
        (
            {"autoscaling": {"schedules": [{"cron": "0 8,25 ? * 2#1 *", "minimum": 1, "maximum": 2}]}},
            'autoscaling.schedules[0].cron: found "25"; allowed: hours from 0 to 23, ranges and steps; correct it',
        ),
        (
            {"autoscaling": {"schedules": [{"cron": "0 8 30 2 ? *", "minimum": 1, "maximum": 2}]}},
            'autoscaling.schedules[0].cron: found "0 8 30 2 ? *"; allowed: a day that its months have; '
            "correct it: as it is, it never comes",
        ),
        (
            {"autoscaling": {"schedules": [{"once": "2027-02-30T08:00", "minimum": 1, "maximum": 2}]}},
            'autoscaling.schedules[0].once: found "2027-02-30T08:00"; allowed: a day and time of the calendar; '
            "correct it",
        ),
        (
            {"autoscaling": {"timezone": "CEST"}},
            'autoscaling.timezone: found "CEST"; allowed: a name of the IANA database, like Europe/Berlin; '
            "name the zone, not its offset",
        ),
        (
            {"autoscaling": {"invocations_per_instance": None}},
            "autoscaling.invocations_per_instance: found null; allowed: one of invocations_per_instance, "
            "concurrent_requests, latency_ms, cpu_percent or steps; say what scales, or enabled: false",
        ),
        (
            {
                "autoscaling": {
                    "steps": {
                        "metric": "cpu_percent",
                        "scale_out": [{"above": 50, "add": 1}],
                        "scale_in": [{"below": 50, "remove": 1}],
                    }
                }
            },
            "autoscaling.steps.scale_in[0].below: found 50; allowed: less than scale_out[0].above (50); "
            "leave room between them, or instances come and go by turns",
        ),
        (
            {
                "autoscaling": {
                    "steps": {"metric": "latency_ms", "scale_out": [{"above": 9, "add": 1}, {"above": 8, "add": 2}]}
                }
            },
            "autoscaling.steps.scale_out: found [9, 8]; allowed: the lowest bound first, each once; put them in order",
        ),
        (
            {"autoscaling": {"schedules": [{"at": 1320, "minimum": 1, "maximum": 2}]}},
            'autoscaling.schedules[0].at: found 1320; allowed: text like 22:00; write it in quotes, as in "22:00"',
        ),
        (
            {"instance_type": "ml.m5.huge"},
            'instance_type: found "ml.m5.huge"; allowed: what SageMaker takes for endpoints, such as '
            "ml.m5.large, ml.m5d.large, ml.m5.xlarge; name one of its instance types",
        ),
        (
            {"instance_count": "4"},
            'instance_count: found "4"; allowed: 1 to 100; write it without quotes',
        ),
        (
            {"alarms": {"latency_p99_ms": 0}},
            "alarms.latency_p99_ms: found 0; allowed: 1 to 60000; "
            "choose such a value, or remove the key for the default 500",
        ),
    ],
)
def test_each_fault_says_what_to_do(endpoint: dict[str, Any], line: str) -> None:
    assert faults(workloads=live(**endpoint)) == [f"ml-platform:{LIVE}.{line}"]


@pytest.mark.parametrize(
    ("cpu", "legal", "illegal", "allowed"),
    [
        (256, (512, 1024, 2048), (1536, 3072), "512, 1024, 2048"),
        (512, (1024, 4096), (512, 1536, 5120), "1024 to 4096 in steps of 1024"),
        (2048, (4096, 16384), (3072, 17408), "4096 to 16384 in steps of 1024"),
        (8192, (16384, 61440), (18432, 65536), "16384 to 61440 in steps of 4096"),
        (16384, (32768, 122880), (36864,), "32768 to 122880 in steps of 8192"),
    ],
)
def test_a_task_has_a_size_that_fargate_has(
    cpu: int, legal: tuple[int, ...], illegal: tuple[int, ...], allowed: str
) -> None:
    """Of a quarter of a processor there is no size between 1 and 2 GB."""
    for memory in legal:
        found = load(workloads=live(kind="fargate", cpu=cpu, memory_mb=memory, **REQUIRED["fargate"]))
        served = found.workloads["churn"].endpoints["live"]
        assert isinstance(served, Fargate)
        assert (served.cpu, served.memory_mb) == (cpu, memory)
    for memory in illegal:
        assert faults(workloads=live(kind="fargate", cpu=cpu, memory_mb=memory, **REQUIRED["fargate"])) == [
            f"ml-platform:{LIVE}.memory_mb: found {memory}; allowed: {allowed} with cpu {cpu}; "
            "take a size that Fargate has (Amazon ECS developer guide, task definition parameters for Fargate, read "
            "2026-11-29)"
        ]


def test_a_service_starts_with_no_more_tasks_than_scaling_ever_gives_it() -> None:
    def written(count: int, **scaling: Any) -> dict[str, Any]:
        return live(kind="fargate", task_count=count, autoscaling=scaling, **REQUIRED["fargate"])

    def refused(count: int, most: int) -> list[str]:
        allowed = f"at most the highest maximum of autoscaling ({most}); lower the count or raise that"
        return [f"ml-platform:{LIVE}.task_count: found {count}; allowed: {allowed}"]

    by_day = [{"at": "07:00", "minimum": 4, "maximum": 20}]
    assert faults(workloads=written(11)) == refused(11, 10)
    assert faults(workloads=written(21, schedules=by_day)) == refused(21, 20)
    assert load(workloads=written(20, schedules=by_day))
    assert load(workloads=written(21, enabled=False, schedules=by_day))  # people alone decide it


def test_schedules_of_tasks_leave_one_in_each_of_two_zones_and_read_the_stacks_clock() -> None:
    def written(*least: int) -> dict[str, Any]:
        schedules = [{"at": "22:00", "minimum": each, "maximum": 3} for each in least]
        return live(kind="fargate", autoscaling={"schedules": schedules}, **REQUIRED["fargate"])

    where = f"ml-platform:{LIVE}.autoscaling.schedules"
    assert faults(workloads=written(1)) == [f"{where}[0].minimum: found 1; allowed: 2 to 100; choose such a value"]
    assert faults(workloads=written(4)) == [
        f"{where}[0].minimum: found 4; allowed: at most the maximum (3); exchange them"
    ]
    assert faults(workloads=written(2, 3)) == [
        f'{where}: found ["22:00"]; allowed: each once; remove the repetition'
    ]  # fmt: skip
    served = load(timezone="Europe/Berlin", workloads=written(2)).workloads["churn"].endpoints["live"]
    assert isinstance(served, Fargate)
    assert [each.timezone for each in served.autoscaling.schedules] == ["Europe/Berlin"]


@pytest.mark.parametrize("kind", kinds.PLANNED)
def test_a_kind_that_is_to_come_is_refused_by_name_and_nothing_else_of_it_is_judged(kind: str) -> None:
    assert faults(workloads=live(kind=kind, memory_mb=2048)) == [
        f'ml-platform:{LIVE}.kind: found "{kind}"; allowed: {KINDS}; it comes with a later version: take one of these'
    ]


def test_a_kind_that_nobody_knows() -> None:
    assert faults(workloads=live(kind="real-time", instance_count=0)) == [
        f'ml-platform:{LIVE}.kind: found "real-time"; allowed: {KINDS}; name one of these'
    ]


def test_an_endpoint_without_a_kind() -> None:
    endpoint = {"endpoints": {"live": {"instance_count": 4}}}
    assert faults(workloads={"churn": {"contract": "contracts/churn.yaml"} | endpoint}) == [
        f"ml-platform:{LIVE}.kind: found nothing; allowed: {KINDS}; name one of these"
    ]


def test_an_endpoint_that_is_only_a_kind_in_text() -> None:
    assert faults(workloads={"churn": {"contract": "contracts/churn.yaml", "endpoints": {"live": "realtime"}}}) == [
        f'ml-platform:{LIVE}: found "realtime"; allowed: a mapping; choose such a value'
    ]
    assert faults(workloads=live(rollout="canary")) == [
        f'ml-platform:{LIVE}.rollout: found "canary"; allowed: a mapping; choose such a value'
    ]


def test_an_endpoint_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Realtime().__setattr__("capture_percent", 0)
