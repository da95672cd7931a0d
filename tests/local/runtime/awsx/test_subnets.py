"""Address ranges of subnets, against the layouts that awsx documents."""

from __future__ import annotations

from typing import Any

import pytest

from local.runtime import ComponentInputError
from local.runtime.awsx.subnets import plan

ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]


def ranges(zones: list[str] = ZONES, **args: Any) -> list[str]:
    return [f"{subnet.resource_name} {subnet.cidr}" for subnet in plan("net", {"subnetStrategy": "Auto"} | args, zones)]


def faults(zones: list[str] = ZONES, **args: Any) -> list[str]:
    with pytest.raises(ComponentInputError) as refused:
        plan("net", {"subnetStrategy": "Auto"} | args, zones)
    return list(refused.value.faults)


def spec(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def test_without_specs_each_zone_has_a_private_and_a_smaller_public_subnet() -> None:
    assert ranges() == [
        "net-private-1 10.0.0.0/19",
        "net-public-1 10.0.32.0/20",
        "net-private-2 10.0.64.0/19",
        "net-public-2 10.0.96.0/20",
        "net-private-3 10.0.128.0/19",
        "net-public-3 10.0.160.0/20",
    ]


def test_specs_without_a_size_share_their_zone_evenly_in_their_order() -> None:
    found = ranges(ZONES[:2], cidrBlock="10.20.0.0/16", subnetSpecs=[spec("Public"), spec("Isolated"), spec("Private")])
    assert found[:3] == ["net-public-1 10.20.0.0/19", "net-isolated-1 10.20.32.0/19", "net-private-1 10.20.64.0/19"]
    assert found[3] == "net-public-2 10.20.128.0/19"


def test_one_spec_takes_its_zone() -> None:
    assert ranges(cidrBlock="10.40.0.0/16", subnetSpecs=[spec("Isolated")]) == [
        "net-isolated-1 10.40.0.0/18",
        "net-isolated-2 10.40.64.0/18",
        "net-isolated-3 10.40.128.0/18",
    ]


def test_a_wider_range_starts_at_its_own_boundary() -> None:
    specs = [spec("Public", cidrMask=24.0), spec("Private", size=4096.0)]
    assert ranges(["eu-west-1a"], subnetSpecs=specs) == ["net-public-1 10.0.0.0/24", "net-private-1 10.0.16.0/20"]


def test_auto_merge_changes_the_default_of_its_type_and_adds_the_others() -> None:
    specs = [
        spec("Public", cidrMask=24, tags={"a": "b"}),
        spec("Isolated", cidrMask=24),
        spec("Private", name="db", cidrMask=24),
    ]
    assert ranges(["eu-west-1a"], subnetStrategy="AutoMerge", subnetSpecs=specs) == [
        "net-private-1 10.0.0.0/17",
        "net-public-1 10.0.128.0/24",
        "net-isolated-1 10.0.129.0/24",
        "net-db-1 10.0.130.0/24",
    ]
    planned = plan("net", {"subnetStrategy": "AutoMerge", "subnetSpecs": specs}, ["eu-west-1a"])
    assert [subnet.tags for subnet in planned] == [{}, {"a": "b"}, {}, {}]


def test_explicit_ranges_are_taken_as_they_are() -> None:
    specs = [
        spec("Private", cidrBlocks=["10.0.0.0/20", "10.0.16.0/20"]),
        spec("Public", cidrBlocks=["10.0.32.0/24", "10.0.33.0/24"]),
    ]
    assert ranges(ZONES[:2], subnetSpecs=specs) == [
        "net-private-1 10.0.0.0/20",
        "net-public-1 10.0.32.0/24",
        "net-private-2 10.0.16.0/20",
        "net-public-2 10.0.33.0/24",
    ]


def test_name_tags_may_carry_the_zone_while_resource_names_stay() -> None:
    planned = plan("net", {"subnetStrategy": "Auto", "subnetNameTagStrategy": "AvailabilityZone"}, ["us-gov-west-1a"])
    assert [(subnet.resource_name, subnet.name_tag) for subnet in planned] == [
        ("net-private-1", "net-private-1a"),
        ("net-public-1", "net-public-1a"),
    ]


def test_the_zones_may_be_narrower_than_an_even_share() -> None:
    found = ranges(ZONES[:2], availabilityZoneCidrMask=20, subnetSpecs=[spec("Private")])
    assert found == ["net-private-1 10.0.0.0/20", "net-private-2 10.0.16.0/20"]


def test_exact_wants_every_address_named() -> None:
    half = [spec("Private", cidrMask=17), spec("Unused", cidrMask=17)]
    assert ranges(["eu-west-1a"], subnetStrategy="Exact", subnetSpecs=half) == [
        "net-private-1 10.0.0.0/17",
        "net-unused-1 10.0.128.0/17",
    ]
    assert faults(["eu-west-1a"], subnetStrategy="Exact", subnetSpecs=half[:1]) == [
        "subnetSpecs: leave a part of 10.0.0.0/16 free; name it as a spec of type 'Unused'"
    ]


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        ({"subnetStrategy": None}, "subnetStrategy: found 'Legacy'; the local run lays out Auto, AutoMerge, Exact"),
        (
            {"subnetSpecs": [spec("Private"), spec("Private")]},
            "subnetSpecs: found two of type 'private' and name None; give every one of a type its own name",
        ),
        (
            {"subnetSpecs": [spec("Private", size=1000)]},
            "subnetSpecs[0].size: found 1000; allowed: a power of two that agrees with cidrMask",
        ),
        (
            {"subnetSpecs": [spec("Private", size=4096, cidrMask=24)]},
            "subnetSpecs[0].size: found 4096; allowed: a power of two that agrees with cidrMask",
        ),
        (
            {"subnetSpecs": [spec("Private", cidrBlocks=["10.0.0.0/24"])]},
            "subnetSpecs[0].cidrBlocks: found 1; allowed: one for each of the 3 zones",
        ),
        (
            {"subnetSpecs": [spec("Private", cidrMask=17)]},
            "subnetSpecs: need 32768 addresses in each zone, which has 16384",
        ),
        ({"cidrBlock": "10.0.0.0/26"}, "cidrBlock: leaves a /28 for each zone; the default subnets need a /26"),
    ],
)
def test_a_layout_that_awsx_refuses_is_refused(args: dict[str, Any], fault: str) -> None:
    assert faults(**args) == [fault]


def test_all_faults_of_the_specs_are_named_at_once() -> None:
    specs = [spec("Private", cidrBlocks=["10.0.0.0/24"] * 3), spec("Public", size=100.0)]
    assert faults(subnetSpecs=specs) == [
        "subnetSpecs[1].size: found 100.0; allowed: a power of two that agrees with cidrMask",
        "subnetSpecs[1].cidrBlocks: give explicit ranges to all subnetSpecs or to none",
    ]


def test_overlapping_explicit_ranges_are_refused() -> None:
    specs = [spec("Private", cidrBlocks=["10.0.0.0/20"]), spec("Public", cidrBlocks=["10.0.8.0/24"])]
    assert faults(["eu-west-1a"], subnetSpecs=specs) == [
        "subnets net-private-1 (10.0.0.0/20) and net-public-1 (10.0.8.0/24) overlap; "
        "widen cidrBlock or use smaller subnets"
    ]
