from __future__ import annotations

from typing import Any

from contracts.instances import with_volumes
from local.emulator.parameters import bind

DECLARED = [
    {"Name": "Uri", "Type": "String", "DefaultValue": "s3://b/"},
    {"Name": "Version", "Type": "String"},
    {"Name": "Rounds", "Type": "Integer", "DefaultValue": 150},
    {"Name": "Eta", "Type": "Float", "DefaultValue": 0.05},
    {"Name": "Fast", "Type": "Boolean", "DefaultValue": False},
    {"Name": "Status", "Type": "String", "DefaultValue": "Pending", "EnumValues": ["Pending", "Approved"]},
]


def bound(given: dict[str, str]) -> dict[str, Any]:
    values, faults = bind(DECLARED, given)
    assert faults == []
    return values


def test_defaults_and_given_texts_of_each_type() -> None:
    assert bound({"Version": "1"}) == {
        "Uri": "s3://b/",
        "Version": "1",
        "Rounds": 150,
        "Eta": 0.05,
        "Fast": False,
        "Status": "Pending",
    }
    given = {"Version": "2", "Rounds": "9", "Eta": "1e-3", "Fast": "True", "Status": "Approved", "Uri": ""}
    assert bound(given) == {
        "Uri": "",
        "Version": "2",
        "Rounds": 9,
        "Eta": 0.001,
        "Fast": True,
        "Status": "Approved",
    }


def test_every_fault_is_reported_at_once() -> None:
    _, faults = bind(DECLARED, {"Rounds": "9.5", "Eta": "fast", "Fast": "yes", "Status": "Maybe", "Speed": "1"})
    assert faults == [
        "Speed: no such parameter; there are Uri, Version, Rounds, Eta, Fast, Status",
        "Version: no value given, and the definition has no default",
        "Rounds: found '9.5', which is no Integer",
        "Eta: found 'fast', which is no Float",
        "Fast: found 'yes', which is no Boolean",
        "Status: found 'Maybe'; allowed: Pending, Approved",
    ]


def test_of_many_allowed_values_the_nearest_are_shown() -> None:
    types = with_volumes("training")
    declared = [{"Name": "Type", "Type": "String", "DefaultValue": "ml.m5.large", "EnumValues": types}]
    assert bind(declared, {"Type": "ml.m5.xlarge"}) == ({"Type": "ml.m5.xlarge"}, [])
    _, faults = bind(declared, {"Type": "ml.g5.xlarge"})
    assert faults == [
        f"Type: found 'ml.g5.xlarge'; allowed: {len(types)} values, such as ml.r5.xlarge, ml.m5.xlarge, ml.c5.xlarge"
    ]
