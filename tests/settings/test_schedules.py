"""Schedules of one endpoint beside each other, and expressions of EventBridge Scheduler."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest

from settings.schedules import EXPRESSION, Schedule
from tests.settings.written import LIVE, faults, live, load

DAILY = {"at": "08:00"}
MONDAYS = {"at": "08:00", "weekdays": ["monday"]}
SOURCE = (
    "https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-policy-overview.html, "
    "read 2026-11-30"
)
#: What makes an endpoint of each kind whose scaling has schedules.
KINDS: dict[str, dict[str, Any]] = {
    "realtime": {},
    "multi_model": {},
    "inference_component": {},
    "fargate": {
        "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
        "client_security_groups": ["sg-0123456789abcdef0"],
    },
    "lambda": {"provisioned_concurrency": 2, "max_concurrency": 20},
}


def written(*moments: dict[str, Any], kind: str = "realtime", same: bool = False, **scaling: Any) -> dict[str, Any]:
    schedules = [{"minimum": 2, "maximum": 4 if same else 4 + number, **each} for number, each in enumerate(moments)]
    if kind == "lambda":
        scaling["maximum"] = 10
    return live(kind=kind, autoscaling={"schedules": schedules, **scaling}, **KINDS[kind])


def schedule(**when: Any) -> Schedule:
    when["weekdays"] = tuple(when.get("weekdays", ()))
    return Schedule(minimum=1, maximum=2, **when)


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_with_other_limits_in_one_minute_the_fault_names_both_and_what_to_do(kind: str) -> None:
    assert faults(workloads=written(DAILY, MONDAYS, kind=kind)) == [
        f'ml-platform:{LIVE}.autoscaling.schedules[1]: found "08:00 monday"; allowed: no minute of schedules[0] '
        "(08:00), which has other limits; AWS does not say which of the two it takes last: put the one that is to hold "
        f"a minute later, or take its days out of the other ({SOURCE})"
    ]
    assert load(workloads=written(DAILY, MONDAYS | {"at": "08:01"}, kind=kind))
    assert load(workloads=written(DAILY, MONDAYS, kind=kind, same=True))


def test_each_pair_that_meets_is_told() -> None:
    found = faults(workloads=written(DAILY, MONDAYS, {"cron": "0 8 1 * ? *"}))
    told = [line.partition("schedules[")[2].partition(", which")[0] for line in found]
    assert told == [
        '1]: found "08:00 monday"; allowed: no minute of schedules[0] (08:00)',
        '2]: found "0 8 1 * ? *"; allowed: no minute of schedules[0] (08:00)',
        '2]: found "0 8 1 * ? *"; allowed: no minute of schedules[1] (08:00 monday)',
    ]


def test_clocks_of_two_zones_never_show_one_minute_that_is_judged() -> None:
    berlin, tokyo = ({"timezone": zone} for zone in ("Europe/Berlin", "Asia/Tokyo"))
    assert load(workloads=written(DAILY | berlin, MONDAYS | tokyo))
    assert load(workloads=written(DAILY | berlin, DAILY | tokyo))
    assert len(faults(workloads=written(DAILY | berlin, MONDAYS | berlin))) == 1
    # one says the zone that the other has by the scaling
    assert len(faults(workloads=written(DAILY | berlin, MONDAYS, timezone="Europe/Berlin"))) == 1
    assert faults(workloads=written(DAILY | berlin, DAILY, same=True, timezone="Europe/Berlin")) == [
        f'ml-platform:{LIVE}.autoscaling.schedules: found ["08:00"]; allowed: each once; remove the repetition'
    ]


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        (DAILY, DAILY, True),
        (DAILY, {"at": "08:30"}, False),
        (DAILY, {"at": "20:00"}, False),
        (MONDAYS, {"at": "08:00", "weekdays": ["tuesday", "friday"]}, False),
        (MONDAYS, {"at": "08:00", "weekdays": ["sunday", "monday"]}, True),
        (MONDAYS, {"at": "08:00", "day_of_month": 31}, True),  # of some month
        ({"at": "08:00", "day_of_month": 1}, {"at": "08:00", "day_of_month": 2}, False),
        (MONDAYS, {"cron": "0 8 ? * 2#1 *"}, True),
        (MONDAYS, {"cron": "0 8 ? * 3#1 *"}, False),
        (MONDAYS, {"cron": "0/15 6-9 ? * MON-FRI *"}, True),
        (MONDAYS, {"cron": "10/15 6-9 ? * MON-FRI *"}, False),
        ({"cron": "0 8 ? 1 2 *"}, {"cron": "0 8 ? 2-12 2 *"}, False),
        ({"cron": "0 8 ? * 2 2027"}, {"cron": "0 8 ? * 2 2028"}, False),
        ({"cron": "0 8 29 2 ? *"}, {"cron": "0 8 ? * 2 *"}, True),  # 2044
        ({"cron": "0 8 29 2 ? *"}, {"cron": "0 8 LW 1 ? *"}, False),
        (MONDAYS, {"once": "2027-11-29T08:00"}, True),
        (MONDAYS, {"once": "2027-11-30T08:00"}, False),
        (DAILY, {"once": "2027-11-30T08:01"}, False),
        ({"once": "2027-11-29T08:00"}, {"once": "2027-11-29T08:00"}, True),
        ({"once": "2027-11-29T08:00"}, {"once": "2028-11-29T08:00"}, False),
    ],
)
def test_which_two_ever_come_in_one_minute(one: dict[str, Any], other: dict[str, Any], *, meets: bool) -> None:
    assert (schedule(**one).meets(schedule(**other)), schedule(**other).meets(schedule(**one))) == (meets, meets)


def test_the_schedules_of_a_week_may_each_have_limits_of_their_own() -> None:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    week = [{"at": "08:00", "weekdays": [day]} for day in days]
    assert load(workloads=written(*week))
    assert not any(schedule(**one).meets(schedule(**other)) for one, other in combinations(week, 2))


@pytest.mark.parametrize("rate", ["1 day", "1 days", "5 day", "5 days", "1 hours", "15 minutes", "90 minutes"])
def test_a_rate_names_its_unit_in_either_form_as_eventbridge_scheduler_takes_both(rate: str) -> None:
    assert re.fullmatch(EXPRESSION, f"rate({rate})")


@pytest.mark.parametrize("rate", ["0 days", "1.5 hours", "05 days", "-1 days", "1  day", "2 weeks", "day", "1 dayss"])
def test_a_rate_without_a_positive_whole_number_and_one_of_three_units_is_none(rate: str) -> None:
    assert not re.fullmatch(EXPRESSION, f"rate({rate})")
