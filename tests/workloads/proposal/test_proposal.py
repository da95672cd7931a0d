"""Roles by choice, a contract that loads whatever the file holds, and nothing that is overwritten."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st
from sklearn import datasets

from contracts import loader
from contracts.schema import EventTime, Task
from tests.workloads.proposal.tables import BASE, NOW, ROWS, proposed, run, text_of, write
from tests.workloads.validation import shapes
from workloads.proposal.command import ProposalError
from workloads.proposal.errors import ChoiceError
from workloads.rehearsal.rehearse import rehearse

LABEL = "a label has two values, numbers, or texts of up to 100 classes with several rows each"


def refusal(path: Path, **choices: Any) -> str:
    with pytest.raises(ChoiceError) as caught:
        proposed(path, **choices)
    return str(caught.value)


def test_the_whole_contract_of_a_small_file(tmp_path: Path) -> None:
    cells = {
        "Größe": [row / 2 for row in range(ROWS)],
        "e_mail": ["a@b.de"] * ROWS,
        "": [""] * ROWS,
        "gone": [""] * ROWS,
        "two\nlines": [1] * ROWS,
    }
    path = write(tmp_path / "visits.csv", {**BASE, **cells}, delimiter=";")
    assert (
        text_of(path)
        == """\
# Proposed from visits.csv (200 rows); every key: docs/contract.md.
# Read it before you use it. What the file cannot tell:
# - whether every column is known when a prediction is asked for: one filled in later gives the label away
# - whether more is legal than was seen: ranges are 50% of their width wider at each end, lists of texts are not
# - whether a column without gaps here may have some later (nullable: true)
# - what a false alarm and a missed case cost: threshold 0.5, and `quality` as docs/contract.md has it
# - whether e_mail identify persons; and names in free text are not found
name: visits
task: binary_classification
entity: key
event_time: {from: delivery}    # the data has no time of its own: one row an entity and delivery
label: left
threshold: 0.5             # a score at or above it is a decision to act

columns:
  key: {type: string}    # 200 different ones in 200 rows
  left: {type: integer, allowed: [0, 1]}    # 25.0% of 200 rows are positive
  visits: {type: integer, minimum: 0, maximum: 24}    # 0 to 16 seen
  Grosse: {type: number, minimum: 0, maximum: 150, source: Größe}    # 0 to 99.5 seen
  e_mail: {type: string, pii: drop}    # suspected of persons: its name says e-mail addresses
  # left out: (no name): it has no name
  # left out: gone: no row has a value
  # left out: two lines: its name has a line end, which no contract can say

features:
  visits: visits
  Grosse: Grosse

quality: {calibration_error: {max: 0.2}}    # of 200 rows some 30 are tested on, too few for 0.1

drift: {max_score: 0.5}    # few rows differ more from each other by chance
"""
    )
    assert loader.loads(text_of(path)).event_time_from is EventTime.DELIVERY


@pytest.mark.parametrize(
    ("values", "choice", "line", "asked"),
    [
        ((1, 0), None, {"type": "integer", "allowed": [0, 1]}, False),
        ((0, 1), "0", {"type": "integer", "allowed": [0, 1], "values": {"0": 1, "1": 0}}, False),
        (("true", "false"), None, {"type": "boolean"}, False),
        (("Yes", "No"), None, {"type": "integer", "allowed": [0, 1], "values": {"Yes": 1, "No": 0}}, False),
        (("b", "a"), None, {"type": "integer", "allowed": [0, 1], "values": {"b": 1, "a": 0}}, True),
        (("b", "a"), "a", {"type": "integer", "allowed": [0, 1], "values": {"a": 1, "b": 0}}, False),
        ((2.5, 7.5), None, {"type": "integer", "allowed": [0, 1], "values": {"2.5": 1, "7.5": 0}}, True),
    ],
)
def test_a_label_of_two_values(
    tmp_path: Path, values: tuple[Any, Any], choice: str | None, line: dict[str, Any], *, asked: bool
) -> None:
    """The first of `values` is the rarer one."""
    path = write(tmp_path / "visits.csv", {**BASE, "left": [values[row % 4 > 0] for row in range(ROWS)]})
    found = proposed(path, positive=choice)
    assert found.columns[1].body == line
    assert any("--positive" in question for question in found.open_questions) == asked
    contract = loader.loads(text_of(path, positive=choice))
    assert rehearse(path, contract, now=NOW).first.quarantined == 0


def test_an_entity_of_many_rows_is_among_what_can_be_one(tmp_path: Path) -> None:
    columns = {"machine": [f"m{row % 9}" for row in range(ROWS)], "load": [row / 7 for row in range(ROWS)]}
    path = write(tmp_path / "runs.csv", {**columns, "left": [row % 2 for row in range(ROWS)]})
    assert refusal(path, entity=None) == "--entity: none is given; columns that can be it: 'machine'"


@pytest.mark.parametrize(("value", "has"), [("", "no value"), ("no", "one value in all rows")])
def test_a_label_of_less_than_two_values_says_what_is_lacking(tmp_path: Path, value: str, has: str) -> None:
    path = write(tmp_path / "visits.csv", {**BASE, "kind": [value] * ROWS})
    assert refusal(path, label="kind") == (
        f"--label: found 'kind', which has {has}; {LABEL}; columns that can be it: 'left', 'visits'"
    )


def test_what_is_no_label_entity_or_event_time_is_refused_with_what_could_be(tmp_path: Path) -> None:
    day = [f"2026-11-{1 + row % 20:02}" for row in range(ROWS)]
    path = write(tmp_path / "visits.csv", {**BASE, "kind": [row % 3 for row in range(ROWS)], "day": day, "due": day})
    able = "columns that can be it: 'left', 'visits', 'kind'"
    assert refusal(path, label=None) == f"--label: none is given; {able}"
    assert refusal(path, label="key") == f"--label: found 'key', which has 200 different texts; {LABEL}; {able}"
    assert refusal(path, label="day") == f"--label: found 'day', which has 20 different timestamps; {LABEL}; {able}"
    assert (
        refusal(path, entity="nobody") == "--entity: found 'nobody', which is no column; columns that can be it: 'key'"
    )
    assert refusal(path) == "--event-time: none is given; columns that can be it: 'day', 'due'; or delivery"
    assert refusal(path, event_time="visits") == (
        "--event-time: found 'visits', which is no column of ISO 8601 timestamps; columns that can be it: 'day', 'due'"
        "; or delivery"
    )
    assert refusal(path, entity="left", event_time="day") == (
        "label, entity and event time are three columns; one is chosen twice"
    )
    assert refusal(path, positive="2", event_time="day") == "--positive: found '2'; allowed: '0', '1'"
    assert proposed(path, event_time="delivery").event_time is None
    assert proposed(path, event_time="due").event_time == "due"


def test_a_file_with_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "visits.csv", {**BASE, "visits": [1] * ROWS})
    assert refusal(path) == (
        "no column is left that a model could learn from: give the file columns of numbers or of few texts"
    )


def test_old_events_lengthen_what_may_come_late(tmp_path: Path) -> None:
    for days, expected in ((100, None), (1063, {"max_lateness_days": 1200})):
        first = datetime(2026, 11, 29, tzinfo=UTC) - timedelta(days=days)
        path = write(tmp_path / "visits.csv", {**BASE, "day": [first.isoformat()] * ROWS})
        assert proposed(path).sections.get("ingestion", (None,))[0] == expected
        assert rehearse(path, loader.loads(text_of(path)), now=NOW).first.quarantined == 0


def test_an_entity_that_is_a_person_is_hashed_and_one_that_repeats_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "visits.csv", {**BASE, "key": [f"p{row % 50}@example.org" for row in range(ROWS)]})
    line = proposed(path).columns[0]
    assert line.body == {"type": "string", "pii": "hash"}
    assert line.why == (
        "50 different ones in 200 rows; without an event time a second row of one is quarantined; its values look like "
        "e-mail addresses: hashed, so that the same one stays the same"
    )


def test_a_parquet_file_has_its_own_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "key": pa.array(range(ROWS), pa.int32()),
            "left": pa.array([row % 2 == 0 for row in range(ROWS)]),
            "amount": pa.array([None if row % 10 == 0 else row / 4 for row in range(ROWS)]),
            "at": pa.array([datetime(2026, 11, 1, tzinfo=UTC)] * ROWS, pa.timestamp("ns", "UTC")),
            "plan": pa.array([["a", "b"][row % 2] for row in range(ROWS)]).dictionary_encode(),
            "tags": pa.array([["x"]] * ROWS),
        }
    )
    path = tmp_path / "visits.parquet"
    pq.write_table(table, path)
    found = proposed(path)
    assert [line.body for line in found.columns] == [
        {"type": "integer"},
        {"type": "boolean"},
        {"type": "number", "nullable": True, "minimum": 0, "maximum": 75},
        {"type": "timestamp"},
        {"type": "string", "allowed": ["a", "b"]},
    ]
    assert [(line.name, line.why) for line in found.left_out] == [
        ("tags", "its values are of a type that no contract has (lists, times of day ...)")
    ]
    assert rehearse(path, loader.loads(text_of(path)), now=NOW).first.quarantined == 0


SETS: dict[str, tuple[Any, Task]] = {
    "breast cancer": (datasets.load_breast_cancer, Task.BINARY_CLASSIFICATION),
    "iris": (datasets.load_iris, Task.MULTICLASS_CLASSIFICATION),
    "wine": (datasets.load_wine, Task.MULTICLASS_CLASSIFICATION),
    "digits": (datasets.load_digits, Task.MULTICLASS_CLASSIFICATION),
    "diabetes": (datasets.load_diabetes, Task.REGRESSION),
    "one iris": (datasets.load_iris, Task.BINARY_CLASSIFICATION),
    "named irises": (datasets.load_iris, Task.MULTICLASS_CLASSIFICATION),
    "much diabetes": (datasets.load_diabetes, Task.BINARY_CLASSIFICATION),
}
WRITTEN: dict[str, Any] = {
    "one iris": lambda y: "setosa" if y == 0 else "another",
    "named irises": lambda y: ("setosa", "versicolor", "virginica")[y],
    "much diabetes": lambda y: "Y" if y > 140 else "N",
}


@pytest.mark.parametrize("name", SETS)
def test_data_sets_that_a_dependency_ships(tmp_path: Path, name: str) -> None:
    load, task = SETS[name]
    found: Any = load()
    columns = {str(c): found.data[:, i].tolist() for i, c in enumerate(found.feature_names)}
    target = list(map(WRITTEN.get(name, int), found.target))
    rows = list(zip([f"r{i}" for i in range(len(target))], *columns.values(), target, strict=True))
    rows = [rows[index * 101 % len(rows)] for index in range(len(rows))]  # some are sorted by their label
    cells = dict(zip(["row", *columns, "target"], zip(*rows, strict=True), strict=True))
    path = write(tmp_path / "set.csv", cells)
    contract = loader.loads(text_of(path, label="target", entity="row"))
    assert contract.task is task
    rehearsal = rehearse(path, contract, now=NOW)
    assert (rehearsal.faults, rehearsal.first.quarantined, rehearsal.second.quarantined) == ((), 0, 0)


@pytest.mark.parametrize(
    ("group", "kind"), [(group, kind) for group, all_ in shapes.CONTENTS.items() for kind, _ in all_]
)
def test_every_shape_of_file_gives_a_contract_that_loads_or_a_refusal(tmp_path: Path, group: str, kind: str) -> None:
    path = tmp_path / "delivered"
    path.write_bytes(dict(shapes.CONTENTS[group])[kind])
    roles = {"label": "churn_label", "entity": "customer_id", "event_time": "event_time"}
    output = tmp_path / "contract.yaml"
    try:
        run(path, output, **roles)
    except ProposalError as error:
        assert str(error).startswith(f"{path}: ")
        assert not output.exists()
    else:
        assert loader.load(output).label == "churn_label"


CELL = st.one_of(
    st.sampled_from(["", "NA", "1", "0", "-1.5", "1e400", "yes", "no", "2026-01-01", "a,b", 'x"y']), st.text(max_size=6)
)


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(
    names=st.lists(st.text(max_size=8), min_size=1, max_size=4), cells=st.lists(CELL, min_size=40, max_size=40)
)
def test_any_names_and_cells_give_a_contract_that_loads_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], cells: list[str]
) -> None:
    directory = tmp_path_factory.mktemp("any")
    base = {"key": [f"K{row}" for row in range(10)], "left": [row % 2 for row in range(10)], "n": list(range(10))}
    others = {name: cells[10 * index : 10 * index + 10] for index, name in enumerate(names)}
    path = write(directory / "any.csv", {**base, **others})
    output = directory / "any.yaml"
    try:
        run(path, output, label="left", entity="key", event_time="delivery")
    except ProposalError:
        assert not output.exists()
    else:
        assert loader.load(output).name == "any"


def test_nothing_is_overwritten_and_what_is_no_file_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "My Visits 2026.csv", BASE)
    output = tmp_path / "contract.yaml"
    found = run(path, output, label="left", entity="key")
    assert found.facts["name"] == "my-visits-2026"
    before = output.read_bytes()
    with pytest.raises(ProposalError, match=re.escape(f"{output} is there already and is not overwritten")):
        run(path, output, label="left", entity="key")
    assert output.read_bytes() == before
    with pytest.raises(ProposalError, match=r"absent\.csv not found; give a CSV or Parquet file"):
        run(tmp_path / "absent.csv", output)


def test_a_first_line_of_numbers_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text("1,2.5,3\n4,5,6\n")
    with pytest.raises(
        ProposalError, match=re.escape("the first line holds numbers (1, 2.5, 3), no names; put a line")
    ):
        run(path, tmp_path / "c.yaml", label="left", entity="key")
