"""The table of prices: whole, dated, sourced, and what is taken where it has no line."""

from __future__ import annotations

import fnmatch
from datetime import date

import pytest
from pydantic import ValidationError

from contracts import instances, prices
from contracts.prices import PriceError, price, told
from policies.guardrails.themes.cost import SAGEMAKER_INSTANCES

#: Sources that nobody looked into.
UNSEEN = (
    "; not opened here",
    " times its cores, as AWS prices the sizes of a family",
)


def test_the_table_has_every_item_of_another_region_in_us_east_1_and_in_the_same_unit() -> None:
    for service, item, region in prices.table():
        assert prices.table()[service, item, "us-east-1"].unit == prices.table()[service, item, region].unit


def test_every_line_has_a_day_and_a_source_and_none_from_memory_counts_as_seen() -> None:
    for line in prices.table().values():
        assert date(2026, 11, 28) <= line.read
        assert line.seen is not line.source.endswith(UNSEEN), line


def test_every_instance_of_the_table_is_one_of_sagemaker() -> None:
    named = {item.removeprefix("instance ") for _, item, _ in prices.table() if item.startswith("instance ")}
    assert named <= set(instances.table())


def test_every_instance_that_the_policy_pack_allows_by_default_has_a_price() -> None:
    allowed = {
        row.type
        for row in instances.table().values()
        if row.used_for and any(fnmatch.fnmatchcase(row.type, pattern) for pattern in SAGEMAKER_INSTANCES)
    }
    assert {"ml.m5.large", "ml.c7i.48xlarge"} < allowed
    assert {name for name in allowed if ("sagemaker", f"instance {name}", "us-east-1") not in prices.table()} == set()


@pytest.mark.parametrize(
    ("service", "item", "region", "usd", "seen"),
    [
        ("sagemaker", "instance ml.m5.large", "us-east-1", 0.115, True),
        ("sagemaker", "instance ml.m5.large", "eu-west-1", 0.128, True),  # its own line
        ("sagemaker", "instance ml.m5.2xlarge", "eu-west-1", 0.461 * 1.115, False),  # computes
        ("lambda", "duration arm", "eu-west-1", 0.0000133334 * 1.115, False),
        ("kms", "customer key", "eu-west-1", 1.10, False),  # does not
        ("kms", "customer key", "us-east-1", 1, False),
    ],
)
def test_a_region_has_its_line_or_that_of_us_east_1_with_its_factor(
    service: str, item: str, region: str, usd: float, seen: bool
) -> None:
    found = price(service, item, region)
    assert (found.usd, found.seen, found.region) == (pytest.approx(usd), seen, region)


def test_no_price_is_an_error_and_never_zero() -> None:
    with pytest.raises(PriceError) as refused:
        price("sagemaker", "instance ml.p6e-gb200.36xlarge")
    assert str(refused.value) == (
        "price: found none of 'instance ml.p6e-gb200.36xlarge' of sagemaker; add a line to contracts/prices.csv"
    )
    with pytest.raises(PriceError) as refused:
        price("kms", "customer key", "sa-east-1")
    assert str(refused.value) == (
        "region: found sa-east-1, without a price of 'customer key' of kms; allowed: us-east-1, eu-west-1; "
        "add its lines to contracts/prices.csv, or a factor to contracts/prices.py"
    )


def test_a_price_is_told_with_a_mark_where_it_was_not_seen() -> None:
    assert told("ec2", "interface endpoint") == "0.01 USD"
    assert told("ec2", "interface endpoint", "month") == "7.3 USD"
    assert told("kms", "customer key") == "~1 USD"
    assert told("s3", "standard-IA storage") == "~0.0125 USD"


@pytest.mark.parametrize(
    "wrong",
    [{"usd": 0}, {"usd": -1}, {"region": "Ireland"}, {"read": "yesterday"}, {"source": ""}, {"seen": "perhaps"}],
)
def test_a_line_that_says_nothing_is_refused(wrong: dict[str, object]) -> None:
    line = price("kms", "customer key").model_dump()
    with pytest.raises(ValidationError):
        prices.Price.model_validate({**line, **wrong})
