"""What people read of the tables of a guarded stack, simulated on its rendered grants and policies."""

from __future__ import annotations

import copy
from itertools import chain

import pytest

from settings import Persona
from tests import iam
from tests.synth.lake_formation import NAMES, columns, guarded, selected, values

PERSONAL = {
    "accepted": {"person", "phone"},
    "quarantine": {
        "quarantine_row",
        "quarantine_codes",
        "quarantine_reason",
        "person",
        "seen",
        "phone",
        "spent",
        "left",
    },
    "data_sets": {"person"},
    "captures": {"capturedata"},
}


def test_data_scientists_query_every_column_but_those_of_persons_and_read_no_file() -> None:
    found = columns(Persona.DATA_SCIENTIST)
    assert {how for table in found.values() for how in table.values()} == {"queries", ""}
    closed = {table: {name for name, how in each.items() if not how} for table, each in found.items()}
    assert closed == PERSONAL
    assert [name for name, how in found["accepted"].items() if how] == ["seen", "spent", "left", "delivered_"]


def test_data_engineers_read_files_as_ever() -> None:
    found = columns(Persona.DATA_ENGINEER)
    assert {table: set(each.values()) for table, each in found.items()} == {
        "accepted": {"files"},
        "quarantine": {"files"},
        "data_sets": {""},
        "captures": {""},
    }


@pytest.mark.parametrize("persona", [Persona.MLOPS, Persona.ON_CALL, Persona.AUDITOR])
def test_who_works_with_no_data_reads_none(persona: Persona) -> None:
    assert {how for table in columns(persona).values() for how in table.values()} == {""}


def test_data_scientists_may_all_that_a_query_needs_within_their_boundary() -> None:
    role = iam.roles(guarded())[NAMES.resource(Persona.DATA_SCIENTIST.job)]
    assert role.boundary is not None
    allowed = [each for each in role.statements if each["Effect"] == "Allow"]
    asked = list(chain.from_iterable(map(iam.asked, allowed)))
    actions = {action for action, *_ in asked}
    assert {"athena:StartQueryExecution", "glue:GetTable", "lakeformation:GetDataAccess", "s3:PutObject"} < actions
    outside = [f"{action} on {on}" for action, on, facts in asked if not role.may(action, on, facts)]
    assert outside == []


def test_a_column_that_nobody_has_tagged_yet_is_closed() -> None:
    document = copy.deepcopy(guarded())
    (table,) = (
        each["inputs"]
        for each in document["resources"]
        if each["type"] == "aws:glue/catalogTable:CatalogTable" and each["inputs"]["name"] == "accepted"
    )
    table["storageDescriptor"]["columns"].append({"name": "new", "type": "string"})
    assert (values(document)["accepted", "new"], values(document)["accepted", "spent"]) == ("personal", "open")


def test_a_stack_has_no_grant_to_whoever_iam_lets_in() -> None:
    grants = [each for each in guarded()["resources"] if each["type"] == "aws:lakeformation/permissions:Permissions"]
    assert len(grants) == 2
    assert selected(guarded(), "IAM_ALLOWED_PRINCIPALS") == set()
