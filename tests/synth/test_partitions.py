"""One region of each partition of AWS: the same program, with nothing of another partition in what it declares."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contracts import partitions
from local.runtime import Stack, synth

REGIONS = (
    "eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1",
    "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1",
)  # fmt: skip


@pytest.fixture(scope="module", params=REGIONS)
def region(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def document(region: str) -> dict[str, Any]:
    return Stack("staging", config_overrides={"aws:region": region}).synth()


def test_no_partition_is_left_out() -> None:
    assert {partitions.of(region) for region in REGIONS} == set(partitions.PARTITIONS)


def test_every_arn_is_of_the_regions_partition(region: str, document: dict[str, Any]) -> None:
    found = set(re.findall(r"\barn:([a-z-]+):", synth.text(document)))
    assert found == {partitions.of(region).name}


def test_every_host_is_of_the_regions_partition(region: str, document: dict[str, Any]) -> None:
    partition = partitions.of(region)
    # Not the names of endpoint services, such as com.amazonaws.eu-west-1.ssm: they are no hosts.
    text = (
        synth.text(document).replace(f"{partition.reverse_dns}.{region}.", "").replace(f"com.amazonaws.{region}.", "")
    )
    after_region = set(re.findall(rf"\.{region}\.([a-z0-9.-]+)", text))
    suffix = re.escape(partition.dns_suffix)
    assert after_region
    assert [host for host in after_region if not re.fullmatch(suffix, host)] == []
