"""What a live contract may become, change by change: each is one of churn's, or of a contract with more kinds."""

from __future__ import annotations

import pytest

from contracts import growth, loader
from contracts.schema import Contract

LIVE = """
name: churn
task: multiclass_classification
entity: customer
event_time: at
label: plan
columns:
  customer: {type: string, pii: hash}
  at:       {type: timestamp}
  email:    {type: string, pii: drop}
  tickets:  {type: integer, nullable: true, minimum: 0, maximum: 10}
  volume:   {type: number, source: Umsatz}
  active:   {type: boolean}
  plan:     {type: string, allowed: [bronze, silver, gold]}
features:
  tickets: tickets
"""
ANOTHER = (
    "add a column of another name, nullable, which files bring beside it, and leave this one nullable, so that they "
    "may bring it empty; or begin a workload of another name"
)
REMOVED = "SageMaker removes no feature from a group, and the live model is asked with it"
YOUNGER = (
    "found false; live: not there, so rows and records from before have no value of it; make it nullable, and run "
    "`python -m automation evolve` before `up`"
)
TICKETS, VOLUME, ACTIVE = (
    "tickets:  {type: integer, nullable: true, minimum: 0, maximum: 10}",
    "volume:   {type: number, source: Umsatz}",
    "active:   {type: boolean}",
)


def contract(*changes: tuple[str, str]) -> Contract:
    text = LIVE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return loader.loads(text)


def faults(*changes: tuple[str, str]) -> list[str]:
    return growth.faults(contract(), contract(*changes))


@pytest.mark.parametrize(
    "change",
    [
        ("name: churn", "name: churn"),
        (ACTIVE, f"{ACTIVE}\n  logins: {{type: integer, nullable: true}}"),
        (ACTIVE, "active: {type: boolean, nullable: true}"),
        (", minimum: 0, maximum: 10", ", minimum: -5, maximum: 20"),
        (", minimum: 0, maximum: 10", ", minimum: 3, maximum: 4, missing: [x], description: Open ones"),
        ("source: Umsatz", "source: Erloes, decimal: ','"),
        ("[bronze, silver, gold]", "[bronze, silver, gold, platinum]"),
        ("[bronze, silver, gold]", "[gold, silver, bronze]"),
        ("  tickets: tickets", "  more: tickets + 1\nsegments:\n  active: active"),
        ("event_time: at", "event_time: at\nencoding: cp1252\ndecimal: ','"),
        ("  email:    {type: string, pii: drop}\n", ""),
        (ACTIVE, f"{ACTIVE}\n  phone: {{type: string, pii: drop}}"),
    ],
)
def test_what_grows_is_taken(change: tuple[str, str]) -> None:
    assert faults(change) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            (TICKETS, "tickets: {type: number, nullable: true}"),
            "columns.tickets.type: found number (wider, but no room can widen); live: integer: accepted files have "
            "bigint there, which runs and tables read as nothing else; the feature group has it as Integral, which "
            f"SageMaker never changes; the live model judges requests by integer; leave it, or {ANOTHER}",
        ),
        (
            (VOLUME, "volume: {type: string, source: Umsatz}"),
            "columns.volume.type: found string; live: number: accepted files have double there, which runs and tables "
            "read as nothing else; the feature group has it as Fractional, which SageMaker never changes; the live "
            f"model judges requests by number; leave it, or {ANOTHER}",
        ),
        (  # both are Integral in the feature group: nothing but files, tables and the model tells them apart
            (ACTIVE, "active: {type: integer}"),
            "columns.active.type: found integer; live: boolean: accepted files have boolean there, which runs and "
            f"tables read as nothing else; the live model judges requests by boolean; leave it, or {ANOTHER}",
        ),
        (
            ("customer: {type: string, pii: hash}", "customer: {type: integer, pii: hash}"),
            "columns.customer.type: found integer; live: string: accepted files have hashes of its texts as that; the "
            "feature group has it as String, which SageMaker never changes; the live model judges requests by string; "
            f"leave it, or {ANOTHER}",
        ),
        (
            (TICKETS, "tickets: {type: integer}"),
            "columns.tickets.nullable: found false; live: true, so rows and records that are there may lack it, and a "
            "model that may not miss it refuses their entities; leave it true (`fill(column, 0)` gives a feature a "
            "value)",
        ),
        (
            (f"  {VOLUME}\n", ""),
            f"columns.volume: found nothing; live: number; {REMOVED}; leave it in the contract (nullable, so that "
            "files may bring it empty; no feature has to use it)",
        ),
        (
            (VOLUME, "revenue: {type: number, source: Umsatz}"),
            f"columns.revenue: found in the place of volume; live: number; {REMOVED}; keep the name volume, and let "
            "columns.volume.source say how files call it",
        ),
        (
            (VOLUME, "revenue: {type: number}"),
            f"columns.revenue: found in the place of volume; live: number; {REMOVED}; keep the name volume, and let "
            "columns.volume.source say how files call it",
        ),
        ((ACTIVE, f"{ACTIVE}\n  logins: {{type: integer}}"), f"columns.logins.nullable: {YOUNGER}"),
        (("email:    {type: string, pii: drop}", "email: {type: string}"), f"columns.email.nullable: {YOUNGER}"),
        (("string, pii: drop}", "string, pii: hash}"), f"columns.email.nullable: {YOUNGER}"),
        (
            (VOLUME, "volume: {type: number, pii: hash}"),
            "columns.volume.pii: found hash; live: none, and accepted files, records and captured requests have it as "
            f"it came; {ANOTHER}",
        ),
        (
            (VOLUME, "volume: {type: number, pii: drop}"),
            "columns.volume.pii: found drop; live: none, and accepted files, records and captured requests have it as "
            f"it came; {ANOTHER}",
        ),
        (
            ("customer: {type: string, pii: hash}", "customer: {type: string}"),
            f"columns.customer.pii: found none; live: hash, and accepted files have hashes of it; {ANOTHER}",
        ),
        (
            ("customer", "account"),
            "entity: found account; live: customer, by which the feature group keeps its records: another group would "
            "begin empty, and this one would be deleted with all it holds; leave it customer (columns.customer.source "
            "says how files call it), or begin a workload of another name",
        ),
        (
            ("[bronze, silver, gold]", "[bronze, silver, lead]"),
            "columns.plan.allowed: found without gold; live: with, and accepted rows of that class would have no "
            "label; leave it, or begin a workload of another name",
        ),
    ],
)  # fmt: skip
def test_what_cannot_change_is_refused_with_what_would_break_and_the_way(change: tuple[str, str], fault: str) -> None:
    assert faults(change) == [fault]


def test_an_event_time_of_another_name_is_refused() -> None:
    (fault,) = faults(("event_time: at", "event_time: seen"), ("  at: ", "  seen: "))
    assert fault.startswith("event_time: found seen; live: at, by which the feature group keeps its records: ")


def test_a_label_keeps_its_type_and_has_no_way_beside_it() -> None:
    regression, classes = ("multiclass_classification", "regression"), "{type: string, allowed: [bronze, silver, gold]}"
    was, now = (contract(regression, (classes, f"{{type: {kind}}}")) for kind in ("integer", "number"))
    assert growth.faults(was, now) == [
        "columns.plan.type: found number (wider, but no room can widen); live: integer: accepted files have bigint "
        "there, which runs and tables read as nothing else; leave it, or begin a workload of another name"
    ]


def test_a_feature_that_becomes_the_label_is_gone_from_what_is_asked() -> None:
    other = (
        ("label: plan", "label: active"),
        ("task: multiclass_classification", "task: binary_classification"),
        ("{type: string, allowed: [bronze, silver, gold]}", "{type: string, nullable: true}"),
    )
    assert faults(*other) == [f"label: found active; live: plan, and active is a feature; {ANOTHER}"]
    strict = (*other[:2], (other[2][0], "{type: string}"))
    assert faults(*strict)[1:] == [f"columns.plan.nullable: {YOUNGER}"]


def test_all_reasons_are_told_at_once_under_the_name_of_what_is_live() -> None:
    other = contract((TICKETS, "tickets: {type: string}"), (f"  {ACTIVE}\n", ""))
    text = growth.refusal(contract(), other, called="what is deployed")
    first, *lines = text.splitlines()
    assert first == "contract churn: what is deployed cannot take it"
    assert [line.partition(": ")[0].strip() for line in lines] == [
        "columns.active",
        "columns.tickets.type",
        "columns.tickets.nullable",
    ]
    assert growth.refusal(contract(), contract(), called="what is deployed") == ""
