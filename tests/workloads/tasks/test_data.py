"""From delivered rows to a data set, of each task: what is stored of the label, which parts will do, what is a jump."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from contracts.schema import Contract
from tests.workloads.tasks import problems
from workloads import tasks
from workloads.etl import embedded
from workloads.job import UserError
from workloads.rehearsal.rehearse import _labels
from workloads.validation import Verdict, validate
from workloads.validation.verdict import Status
from workloads.validation.verdict import from_dict as verdict_of

NOW = datetime(2026, 11, 29, tzinfo=UTC)
COLORS = ("red", "dark, blue", "green")


def accepted(directory: Path, contract: Contract, labels: list[Any], **options: Any) -> Verdict:
    directory.mkdir()
    with (directory / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "a", "b", "y"])
        writer.writerows([index, index / 10, -index, label] for index, label in enumerate(labels))
    return validate(directory / "rows.csv", contract, output=directory / "accepted", now=NOW, delivered=NOW, **options)


def test_classes_are_stored_as_their_positions_and_counted_by_name(tmp_path: Path) -> None:
    contract = problems.contract("multiclass")
    assert accepted(tmp_path / "in", contract, [COLORS[index % 3] for index in range(300)]).accepted == 300
    manifest = embedded.run(tmp_path / "in" / "accepted", contract, tmp_path / "out")
    assert manifest["schema"]["y"] == "TINYINT"
    counted = dict.fromkeys(COLORS, 0)
    for part, told in manifest["splits"].items():
        table = pq.read_table(tmp_path / "out" / part)
        rows = zip(table["id"].to_pylist(), table["y"].to_pylist(), strict=True)
        assert all(position == entity % 3 for entity, position in rows)
        assert sum(told["classes"].values()) == told["rows"]
        counted = {name: counted[name] + told["classes"][name] for name in COLORS}
    assert counted == dict.fromkeys(COLORS, 100)
    assert _labels({"rows": 3, "classes": {"red": 1, "green": 2}}) == ", 1 of red, 2 of green"


def test_a_number_is_stored_as_float64(tmp_path: Path) -> None:
    contract = problems.contract("poisson")
    verdict = accepted(tmp_path / "in", contract, [index % 7 for index in range(200)])
    assert verdict.summary is not None
    assert verdict.summary.label_quantiles == tuple(sorted(float(index % 7) for index in range(200)))
    assert verdict_of(verdict.to_dict()) == verdict
    manifest = embedded.run(tmp_path / "in" / "accepted", contract, tmp_path / "out")
    assert manifest["schema"]["y"] == "DOUBLE"
    train = manifest["splits"]["train"]
    table = pq.read_table(tmp_path / "out" / "train")
    assert train == {"rows": len(table), "label_quantiles": sorted(table["y"].to_pylist())}
    assert table["y"].to_pylist() == [float(entity % 7) for entity in table["id"].to_pylist()]


def test_a_part_of_which_no_model_can_be_made_is_told(tmp_path: Path) -> None:
    several, number = problems.contract("multiclass"), problems.contract("squared")
    accepted(tmp_path / "one", several, [COLORS[index % 2] for index in range(300)])
    with pytest.raises(
        UserError, match=r"train has rows with y = red of \d+ and dark, blue of \d+ and green of 0; at le"
    ):
        embedded.run(tmp_path / "one" / "accepted", several, tmp_path / "out")
    accepted(tmp_path / "two", number, [5] * 300)
    with pytest.raises(
        UserError, match=r"test has 1 different y of \d+ entities; at least 2, of 2 entities, are needed"
    ):
        embedded.run(tmp_path / "two" / "accepted", number, tmp_path / "out")


def test_what_cannot_be_learned_is_told_in_the_words_of_the_contract() -> None:
    several, numbered, two = (tasks.of(problems.contract(name)) for name in ("multiclass", "numbered", "binary"))
    assert several.unlearnable({0.0, 1.0}) == (
        "has no row of 'green'; needed: rows of all 3 classes that the contract allows; deliver some, or take what "
        "never comes out of `allowed`"
    )
    assert str(numbered.unlearnable({2.0})).startswith("has no row of 10, 20, 7; needed: rows of all 4 classes")
    assert two.unlearnable({1.0}) == "has the values [1.0]; needed: both 0 and 1"
    assert [strategy.unlearnable(set(map(float, strategy.classes))) for strategy in (several, numbered, two)] == [
        None,
        None,
        None,
    ]


def test_a_class_whose_share_jumps_and_a_number_whose_mean_does_hold_the_file(tmp_path: Path) -> None:
    several, number = problems.contract("multiclass"), problems.contract("squared")
    before = accepted(tmp_path / "a", several, [COLORS[index % 3] for index in range(600)]).summary
    assert before is not None
    assert (before.label_rate, before.label_shares) == (None, dict.fromkeys(COLORS, pytest.approx(1 / 3)))
    held = accepted(tmp_path / "b", several, ["red"] * 600, previous=before)
    assert held.status is Status.HELD
    assert [finding.text.partition(" is ")[0] for finding in held.findings] == [
        f"the share of label {name}" for name in COLORS
    ]
    like = accepted(tmp_path / "c", several, [COLORS[(index + 1) % 3] for index in range(300)], previous=before)
    assert like.status is Status.ACCEPTED
    amounts = accepted(tmp_path / "d", number, [index % 10 for index in range(600)]).summary
    moved = accepted(tmp_path / "e", number, [index % 10 + 9 for index in range(600)], previous=amounts)
    assert [finding.text.partition(" is ")[0] for finding in moved.findings] == ["the mean of y"]
