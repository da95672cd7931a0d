"""What a column can be the label of, and the line that the contract has of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts import loader
from contracts.schema import Loss, Task
from tests.workloads.proposal.tables import BASE, NOW, ROWS, proposed, run, text_of, write
from workloads.proposal import label
from workloads.proposal.command import ProposalError
from workloads.proposal.errors import ChoiceError
from workloads.proposal.profile import profiles
from workloads.rehearsal.rehearse import rehearse

TWO, CLASSES, NUMBER = Task.BINARY_CLASSIFICATION, Task.MULTICLASS_CLASSIFICATION, Task.REGRESSION


def labelled(directory: Path, cells: Sequence[object]) -> Path:
    return write(directory / "visits.csv", {**BASE, "left": cells})


@pytest.mark.parametrize(
    ("cells", "able"),
    [
        ([row % 2 for row in range(ROWS)], [TWO]),
        ([row % 3 for row in range(ROWS)], [CLASSES, NUMBER]),
        ([row % 20 for row in range(ROWS)], [CLASSES, NUMBER]),
        ([row % 21 for row in range(ROWS)], [NUMBER, CLASSES]),
        ([row % 100 for row in range(ROWS)], [NUMBER]),
        ([f"{row % 5}.0" for row in range(ROWS)], [CLASSES, NUMBER]),
        ([row % 40 / 4 for row in range(ROWS)], [NUMBER]),
        ([row / 4 for row in range(ROWS)], [NUMBER]),
        (list(range(ROWS)), []),
        ([f"0{row % 4}" for row in range(ROWS)], [CLASSES]),
        (["abc"[row % 3] for row in range(ROWS)], [CLASSES]),
        (["abc"[row % 3] for row in range(ROWS - 2)] + ["d", "d"], []),
        ([f"t{row % 50}" for row in range(ROWS)], [CLASSES]),
        ([f"t{row % 101}" for row in range(ROWS)], []),
        ([f"2026-11-{1 + row % 9:02}" for row in range(ROWS)], []),
        (["only"] * ROWS, []),
    ],
)
def test_the_tasks_of_a_column_the_likeliest_first(tmp_path: Path, cells: Sequence[object], able: list[Task]) -> None:
    assert label.tasks(profiles(labelled(tmp_path, cells))[1]) == able


@pytest.mark.parametrize(
    ("cells", "task", "line", "why"),
    [
        (
            ["abc"[min(row % 4, 2)] for row in range(ROWS)],
            None,
            {"type": "string", "allowed": ["a", "b", "c"]},
            "3 classes, from 'c', the most frequent, to 'b' of 50 rows",
        ),
        (
            ["" if row == 0 else f"{row % 3 + 8}.0" for row in range(ROWS)],
            None,
            {"type": "integer", "allowed": [8, 9, 10]},
            "3 classes, from '9.0', the most frequent, to '8.0' of 66 rows; "
            "without one, and quarantined: 1 of 200 rows",
        ),
        (
            [row / 4 for row in range(ROWS)],
            None,
            {"type": "number", "minimum": 0, "maximum": 75},
            "0 to 49.75 seen",
        ),
        (
            [row % 7 - 3 for row in range(ROWS)],
            "regression",
            {"type": "integer", "minimum": -6, "maximum": 6},
            "-3 to 3 seen",
        ),
        (
            [-999 if row % 50 == 0 else 5 + row % 30 for row in range(ROWS)],
            None,
            {"type": "integer", "missing": [-999], "minimum": 0, "maximum": 49},
            "-999 to 34 seen; -999 stands apart and is taken for no value: those rows are quarantined",
        ),
    ],
)
def test_the_label_of_classes_and_of_a_number(
    tmp_path: Path, cells: Sequence[object], task: str | None, line: dict[str, Any], why: str
) -> None:
    path = labelled(tmp_path, cells)
    found = proposed(path, task=task).columns[1]
    assert (found.body, found.why) == (line, why)
    rehearsal = rehearse(path, loader.loads(text_of(path, task=task)), now=NOW)
    lacking = sum(cell in ("", -999) for cell in cells)
    assert rehearsal.first.quarantined + rehearsal.second.quarantined == lacking


def test_a_contract_of_classes_has_no_threshold_and_one_of_a_number_its_loss(tmp_path: Path) -> None:
    classes = loader.loads(text_of(labelled(tmp_path, ["abc"[row % 3] for row in range(ROWS)])))
    assert (classes.task, classes.classes, classes.objective) == (CLASSES, ("a", "b", "c"), None)
    assert classes.bounds("calibration_error").max == 0.2
    text = text_of(labelled(tmp_path, [1 + row / 4 for row in range(ROWS)]))
    assert "task: regression\nobjective: squared         # predicts the mean\nentity: key\n" in text
    assert "threshold" not in text
    number = loader.loads(text)
    assert number.objective is not None
    assert (number.task, number.objective.loss) == (NUMBER, Loss.SQUARED)


@pytest.mark.parametrize(
    ("cells", "losses"),
    [
        ([row / 4 for row in range(ROWS)], "; of counts poisson, of amounts that are often 0 tweedie"),
        ([1 + row / 4 for row in range(ROWS)], "; of counts poisson, of amounts gamma"),
        ([row / 4 - 9 for row in range(ROWS)], "a share lies ({quantile: 0.9})"),
    ],
)
def test_the_losses_that_the_label_allows_are_named(tmp_path: Path, cells: Sequence[object], losses: str) -> None:
    assert proposed(labelled(tmp_path, cells)).open_questions[0].endswith(losses)


def test_a_few_whole_numbers_may_be_classes_or_a_count_and_a_person_says_which(tmp_path: Path) -> None:
    path = labelled(tmp_path, [row % 5 for row in range(ROWS)])
    question = "whether left with its 5 values is the label of a multiclass_classification, or of a regression (--task)"
    assert proposed(path).task is CLASSES
    assert question in proposed(path).open_questions
    assert proposed(path, task="regression").task is NUMBER
    assert not any("--task" in asked for asked in proposed(path, task="regression").open_questions)
    for given in ("binary_classification", Task.BINARY_CLASSIFICATION):  # as the API and as the command line give it
        with pytest.raises(ChoiceError) as caught:
            proposed(path, task=given)
        assert str(caught.value) == (
            "--task: found 'binary_classification'; allowed for label 'left': multiclass_classification, regression"
        )
    with pytest.raises(ChoiceError, match="--positive: found '1' with a label of a multiclass_classification; leave"):
        proposed(path, positive="1")


def test_what_was_written_says_the_task_and_no_positive_share_where_there_is_none(tmp_path: Path) -> None:
    found = run(labelled(tmp_path, [row / 4 for row in range(ROWS)]), tmp_path / "c.yaml", label="left", entity="key")
    assert (found.facts["task"], found.facts["positive_share"]) == ("regression", None)
    assert "\n  one row per key and delivery; regression of left\n" in found.text
    with pytest.raises(ProposalError, match=r"--name: found 'Bad Name'; allowed: up to 30 lower-case letters"):
        run(labelled(tmp_path, BASE["left"]), tmp_path / "d.yaml", name="Bad Name", label="left", entity="key")
