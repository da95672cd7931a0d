"""Every stack of the project has a price: both stacks, the examples, and what settings add; and the figures hold."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from automation.commands import screenshots
from automation.cost import Document, Estimate, Traffic, estimate
from automation.cost.cases import ADVISED, CASES, DOCUMENTS, NAIVE, STOPPED, advised, workloads
from automation.cost.page import page
from automation.cost.rules import FREE, RULES
from automation.operations import stack_files
from local.runtime import Stack
from tests.synth.conftest import STACKS, written_types

PROJECT = Path(__file__).parents[2]
NO_HOUR = Traffic(endpoint_hours=0)
#: Settings that add types of resources, over those of staging.
VARIANTS: dict[str, dict[str, Any]] = {
    "NAT and mails": {
        "network": {"create": {"cidr": "10.20.0.0/16", "zones": 2, "endpoint_zones": 1, "nat": "per_az"}},
        "notifications": {"notify": ["on-call@example.com"]},
    },
    "SageMaker's monitor": {"monitoring": {"engine": "sagemaker"}},
    "what the account has": {
        "network": {"existing": {"vpc_id": "vpc-0a1b2c3d", "subnet_ids": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]}},
        "keys": {"existing": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
        "lake": {"access_log_bucket": "central-access-logs"},
    },
    "one key": {"keys": {"one": True}},
}


def of(stack: str, region: str = "us-east-1", *, file: str | None = None, **config: Any) -> Document:
    overrides = {"aws:region": region, **config}
    made = Stack(stack, config_overrides=overrides, config_file=PROJECT / file if file else None)
    return Document.of(made.synth(bootstrap=False))


@cache
def default(name: str) -> Document:
    stack = DOCUMENTS[name]
    if name == stack:
        return of(stack)
    config = stack_files.read(PROJECT / f"Pulumi.{stack}.yaml")["config"]
    return of(stack, workloads=workloads(name, config))


@cache
def variant_of_staging(name: str) -> Document:
    return of("staging", **VARIANTS[name])


def lines(found: Estimate) -> dict[str, float]:
    return {f"{each.workload} {each.component}".strip(): round(each.usd, 2) for each in found.components}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_both_stacks_have_a_price_in_both_regions(stack: str, region: str) -> None:
    assert estimate(default(stack) if region == "us-east-1" else of(stack, region)).total.usd > 0


def test_two_workloads_cost_a_ground_and_twice_a_workload() -> None:
    found = estimate(of("two-workloads", file="examples/two-workloads/Pulumi.two-workloads.yaml"))
    assert {each.workload for each in found.components} == {"", "churn", "biopsy"}
    costs = lines(found)
    assert costs["churn churn-live"] == costs["biopsy biopsy-live"] > 100


def test_the_network_that_others_made_has_a_price_too() -> None:
    there_before = Stack("staging", PROJECT / "examples" / "existing-network").synth()
    endpoints = [line for line in estimate(Document.of(there_before)).lines if line.item == "interface endpoint"]
    assert {line.quantity for line in endpoints} == {730}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_settings_add_has_a_price(variant: str) -> None:
    assert estimate(variant_of_staging(variant)).total.usd > 0


def test_nat_adds_a_gateway_and_an_address_for_each_zone_and_one_key_saves_five() -> None:
    usual = lines(estimate(default("staging")))
    nat = lines(estimate(variant_of_staging("NAT and mails")))
    assert nat["network"] - usual["network"] == pytest.approx(2 * (730 * 0.045 + 0.045 + 730 * 0.005), abs=0.01)
    one = lines(estimate(variant_of_staging("one key")))
    assert (usual["keys"], one["keys"]) == (6.18, 1.03)
    existing = lines(estimate(variant_of_staging("what the account has")))
    assert "keys" not in existing
    assert "network" not in existing


def test_every_type_that_a_component_makes_is_in_the_table() -> None:
    types = written_types()
    assert "aws:sagemaker/endpoint:Endpoint" in types
    assert types - FREE - set(RULES) == set()


def test_no_type_is_both_free_and_priced() -> None:
    assert FREE & set(RULES) == set()


def test_the_picture_of_the_documentation_is_of_prod_as_it_is() -> None:
    stored = (screenshots.IMAGES / "cost.svg").read_text(encoding="utf-8")
    assert stored == screenshots.cost(default("prod")), "stale: python -m automation.commands.screenshots"


# What the platform promises, for 1 M requests a month in us-east-1 (README.md; docs/cost.md shows it line by line).
def test_prod_costs_at_most_290_usd_a_month() -> None:
    found = estimate(default("prod"))
    quantities = {(line.component, line.item): line.quantity for line in found.lines}
    assert quantities["churn-live", "instance ml.m5.large"] == pytest.approx((16 * 2 + 8 * 1) / 24 * 730)
    assert quantities["network", "interface endpoint"] == 2 * 730
    assert found.total.usd < 290


def test_prod_costs_at_most_240_usd_a_month_with_the_instances_that_are_advised_for_it() -> None:
    """For what prod asks of its endpoint, and the requests of a month that come in its busiest hours."""
    first = advised()
    assert (first.target, first.instance_type) == ("realtime", "ml.c6g.large")
    found = estimate(default(ADVISED))
    assert {line.item for line in found.lines if line.component == "churn-live"} >= {"instance ml.c6g.large"}
    assert found.total.usd < min(240, estimate(default("prod")).total.usd)


def test_prod_costs_less_than_the_endpoint_alone_of_the_naive_set_up() -> None:
    naive = CASES[NAIVE].estimate({NAIVE: default(NAIVE)})
    quantities = {line.item: line.quantity for line in naive.lines}
    assert quantities.keys() == {"instance ml.m5.xlarge", "endpoint and training storage", "endpoint data in and out"}
    assert quantities["instance ml.m5.xlarge"] == 2 * 730
    assert estimate(default("prod")).total.usd < naive.total.usd


def test_staging_costs_at_most_70_usd_stopped_and_95_in_business_hours() -> None:
    assert estimate(default(STOPPED)).total.usd < 70
    assert estimate(default("staging"), Traffic(endpoint_hours=220)).total.usd < 95


def test_a_stopped_endpoint_costs_what_one_costs_that_runs_no_hour_without_the_alarms_of_its_scaling() -> None:
    declared, assumed = (lines(estimate(default(stack), NO_HOUR)) for stack in (STOPPED, "staging"))
    assert set(assumed.items()) - set(declared.items()) - {(name, 0.0) for name in assumed} == {
        ("churn churn-live", 0.2)
    }
    assert declared.keys() <= assumed.keys()


def test_the_page_says_what_the_stacks_cost_today() -> None:
    text = (PROJECT / "docs" / "cost.md").read_text()
    stale = "docs/cost.md is stale: run `python -m automation.cost`"
    assert page(text, {name: default(name) for name in DOCUMENTS}) == text, stale
