from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from contracts import partitions


def test_the_partitions_are_those_of_botocore() -> None:
    found: list[dict[str, Any]] = botocore.session.Session().get_data("partitions")["partitions"]
    ours = [(each.name, each.dns_suffix, each.region) for each in partitions.PARTITIONS]
    assert ours == [(each["id"], each["outputs"]["dnsSuffix"], each["regionRegex"]) for each in found]


def test_every_region_that_botocore_knows_is_of_its_partition() -> None:
    session = botocore.session.Session()
    for name in session.get_available_partitions():
        for region in session.get_available_regions("sts", partition_name=name):
            assert partitions.of(region).name == name


@pytest.mark.parametrize(
    ("region", "name", "reverse_dns"),
    [
        ("eu-west-1", "aws", "com.amazonaws"),
        ("cn-northwest-1", "aws-cn", "cn.com.amazonaws"),
        ("us-gov-east-1", "aws-us-gov", "com.amazonaws"),
        ("eusc-de-east-1", "aws-eusc", "eu.amazonaws"),
        ("us-isob-east-1", "aws-iso-b", "gov.sgov.sc2s"),
        ("eu-south-9", "aws", "com.amazonaws"),  # newer than the data
    ],
)
def test_a_region_is_told_by_its_pattern(region: str, name: str, reverse_dns: str) -> None:
    found = partitions.of(region)
    assert (found.name, found.reverse_dns) == (name, reverse_dns)


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("eu-west-1", "console.aws.amazon.com"),
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
        ("eusc-de-east-1", "console.amazonaws-eusc.eu"),
        ("us-iso-east-1", None),
    ],
)
def test_each_partition_has_its_own_console(region: str, console: str | None) -> None:
    assert partitions.of(region).console == console


@pytest.mark.parametrize("region", ["", "eu-west", "europe-west-1", "eu-west-1a", "eu-west-1\n"])
def test_what_is_no_region_is_refused(region: str) -> None:
    with pytest.raises(partitions.RegionError) as caught:
        partitions.of(region)
    assert str(caught.value) == (
        f"region: found {region!r}; allowed: a region of AWS, such as eu-west-1; correct its name"
    )
