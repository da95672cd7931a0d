"""docs/cost.md is prose of people with blocks that are written."""

from __future__ import annotations

import pytest

from automation.cost import Document
from automation.cost.cases import DOCUMENTS as NAMES
from automation.cost.cases import STOPPED
from automation.cost.page import page
from tests.automation.cost.written import endpoint, resource, synth

VPC_ENDPOINT = resource("ec2/vpcEndpoint:VpcEndpoint", "sns", vpcEndpointType="Interface", subnetIds=["a", "b"])
DOCUMENTS = {name: Document.of(synth(VPC_ENDPOINT, *(() if name == STOPPED else endpoint()))) for name in NAMES}


def block(name: str) -> list[str]:
    """The lines of a block, of a page that has it alone between a person's words."""
    written = page(f"Before.\n\n<!-- {name} -->\nold\n<!-- /{name} -->\n\nAfter.\n", DOCUMENTS)
    start, end = f"Before.\n\n<!-- {name} -->\n", f"<!-- /{name} -->\n\nAfter.\n"
    assert written.startswith(start)
    assert written.endswith(end)
    return written.removeprefix(start).removesuffix(end).splitlines()


def test_the_short_block_has_a_row_a_case() -> None:
    assert block("short") == [
        "|  | USD a month | of it ~ |",
        "| --- | ---: | ---: |",
        "| prod | 279.08 | 12.62 |",
        "| prod, advised | 279.08 | 12.62 |",
        "| naive | 264.47 | 12.62 |",
        "| staging | 279.08 | 12.62 |",
        "| staging, 220 hours | 94.32 | 3.82 |",
        "| staging, stopped | 14.60 | 0.00 |",
    ]


def test_the_endpoints_of_prod_as_it_is_as_advised_and_naive_are_laid_side_by_side() -> None:
    rows = [row.strip("| ").split(" | ") for row in block("endpoints")[2:]]
    assert [cells[0] for cells in rows] == [name for name in ("prod", "prod, advised", "naive") for _ in range(4)]
    assert rows[0] == ["prod", "instance ml.m5.large", "2,190", "hour", "0.115", "251.85"]
    assert rows[3] == ["prod", "**together**", "", "", "", "264.47"]


def test_a_case_is_told_by_component_and_line_by_line() -> None:
    assert block("staging, stopped") == [
        "|  | component | fixed | traffic | USD a month | of it ~ |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        "| ground | sns | 14.60 | 0.00 | 14.60 | 0.00 |",
        "|  | **together** | 14.60 | 0.00 | 14.60 | 0.00 |",
        "",
        "| component | resource | item | quantity | unit | price | USD |",
        "| --- | --- | --- | ---: | --- | ---: | ---: |",
        "| sns | sns | interface endpoint | 1,460 | zone-hour | 0.01 | 14.60 |",
        "|  | lines below half a cent |  |  |  |  | ~0.00 |",
    ]


def test_what_costs_nothing_is_not_on_the_page() -> None:
    free = resource("glue/securityConfiguration:SecurityConfiguration", "jobs")
    with_it = {stack: Document.of(synth(VPC_ENDPOINT, free, *endpoint())) for stack in DOCUMENTS}
    text = "<!-- staging -->\n<!-- /staging -->\n"
    assert page(text, with_it) == page(text, DOCUMENTS)


def test_assumptions_and_prices_are_listed() -> None:
    assert "| `requests` | 1,000,000 | Requests to each endpoint. |" in block("assumed")
    assert [row.split(" | ")[1] for row in block("prices")[2:]] == [
        "interface endpoint",
        "interface endpoint data",
        "endpoint and training storage",
        "endpoint data in and out",
        "instance ml.m5.large",
    ]


def test_a_block_that_nobody_writes_is_an_error() -> None:
    with pytest.raises(KeyError, match="summary"):
        block("summary")
