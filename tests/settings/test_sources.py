"""Sources that are pulled: what a stack says of them, and what it has to have for them."""

from __future__ import annotations

from typing import Any

import pytest

from settings import HttpSource
from tests.settings.written import churn, faults, load

CRM = {"url": "https://crm.example.com/customers", "changed": "updated_at", "since": "updated_since"}
OUT = {"create": {"nat": "single"}}
URL = "allowed: text like https://crm.example.com/v1/customers; choose such a value"
ALLOWED = (
    "allowed: nothing, or a source with network.create.nat or network.existing.security_group_id; give the network "
)
EXISTING = {"vpc_id": "vpc-0123456789abcdef0", "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}


def crm(**changes: Any) -> dict[str, Any]:
    return churn(sources={"crm": CRM | changes})


def test_a_source_needs_three_lines_and_has_the_stacks_clock() -> None:
    found = load(network=OUT, timezone="Europe/Berlin", workloads=crm()).workloads["churn"].sources["crm"]
    assert found == HttpSource.model_validate({**CRM, "timezone": "Europe/Berlin"})
    assert (found.header, found.schedule, found.first) == ("Authorization", "cron(0 3 * * ? *)", "1970-01-01T00:00:00Z")
    own = load(network=OUT, timezone="Europe/Berlin", workloads=crm(timezone="UTC")).workloads["churn"].sources["crm"]
    assert own.timezone == "UTC"


@pytest.mark.parametrize(
    "network",
    [{}, {"create": {"workload_subnets": "public"}}, {"existing": EXISTING}],
    ids=["none", "public", "theirs"],
)
def test_a_network_without_a_way_out_has_no_sources(network: dict[str, Any]) -> None:
    assert faults(network=network, workloads=crm()) == [
        f'ml-platform:workloads.churn.sources.crm: found "a source"; {ALLOWED}'
        "a way out, or have the source deliver to S3"
    ]
    assert load(network=network, workloads=churn(sources={})).workloads["churn"].sources == {}


@pytest.mark.parametrize("network", [OUT, {"existing": EXISTING | {"security_group_id": "sg-0123456789abcdef0"}}])
def test_a_network_with_a_way_out_may_have_them(network: dict[str, Any]) -> None:
    assert list(load(network=network, workloads=crm()).workloads["churn"].sources) == ["crm"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://crm.example.com"}, f'url: found "http://crm.example.com"; {URL}'),
        ({"url": "https://me:word@crm.example.com"}, f'url: found "https://me:word@crm.example.com"; {URL}'),
        ({"first": "2026-01-01T00:00:00"}, 'first: found "2026-01-01T00:00:00"; allowed: ISO 8601 with a zone, such as '
         "2026-01-01T00:00:00Z; correct it"),
        ({"cursor": "page"}, 'cursor: found "page"; allowed: nothing without next; say with `next` where its value is'),
        ({"schedule": "cron(0 3 * * * *)"}, 'schedule: found "cron(0 3 * * * *)"; allowed: `?` for the day of the '
         "month or for the day of the week, and for one of them; write it as in cron(0 3 * * ? *)"),
        ({"rows": "data..items"}, 'rows: found "data..items"; allowed: text like data.customers; choose such a value'),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_source_is_said(changes: dict[str, Any], said: str) -> None:
    assert faults(network=OUT, workloads=crm(**changes)) == [f"ml-platform:workloads.churn.sources.crm.{said}"]


def test_a_source_is_called_so_that_the_names_of_its_jobs_fit() -> None:
    allowed = "allowed: up to 10 of a-z and 0-9, from a letter; name it anew"
    for name in ("crm-eu", "customersof", "1crm"):
        assert faults(network=OUT, workloads=churn(sources={name: CRM})) == [
            f'ml-platform:workloads.churn.sources.{name}: found "{name}"; {allowed}'
        ]
    long = {"contract": "contracts/churn.yaml", "sources": {"crm": CRM}}
    assert load(network=OUT, workloads={"w" * 31: long}).workloads["w" * 31].sources["crm"].url == CRM["url"]
    name = f"{'w' * 32}-stack-pull-crm-0123456789abcdef"
    assert faults(network=OUT, workloads={"w" * 32: long}) == [
        f'ml-platform:workloads.{"w" * 32}.sources.crm: found "{name}"; allowed: 63 characters; shorten the source\'s '
        "name, the workload's or the stack's"
    ]
