"""What a run would make of a contract and a file, told before anything runs."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.__main__ import app
from contracts.schema import Column, ColumnType, Feature, Pii
from tests.workloads.validation.delivered import CHURN, HEADER, NOW, Row, good_row, good_rows, write_csv
from workloads.rehearsal.rehearse import rehearse
from workloads.rehearsal.split import SplitError
from workloads.validation import Status


def even_rows(count: int) -> list[Row]:
    """Good rows of which the later ones are like the earlier ones."""
    return [good_row(index, transaction_volume=10.5 + index % 7) for index in range(count)]


def test_both_deliveries_are_judged_and_the_first_makes_a_data_set(tmp_path: Path) -> None:
    rows = even_rows(400)
    rows[10]["support_tickets"], rows[350]["churn_label"] = -1, 3
    rehearsal = rehearse(write_csv(tmp_path / "d.csv", rows), CHURN, now=NOW)
    assert rehearsal.faults == ()
    assert list(rehearsal.lines()) == [
        "first delivery: 280 rows: accepted, 279 good, 1 quarantined",
        "  column support_tickets, below_minimum: 1 row; the first is row 11: support_tickets is -1; the minimum is 0",
        "  train: 199 rows, 69 of them positive",
        "  validation: 41 rows, 9 of them positive",
        "  test: 39 rows, 16 of them positive",
        "second delivery, held out until the first model is live: 120 rows: accepted, 119 good, 1 quarantined",
        "  column churn_label, not_allowed: 1 row; the first is row 351: churn_label is 3; allowed are 0, 1",
    ]
    assert sum(part["rows"] for part in rehearsal.parts.values()) == 279


def test_a_second_delivery_that_will_be_held_stops_nothing_and_is_told(tmp_path: Path) -> None:
    rows = even_rows(400)
    for row in rows[280:]:
        row["churn_label"] = 1
    rehearsal = rehearse(write_csv(tmp_path / "d.csv", rows), CHURN, now=NOW)
    assert (rehearsal.first.status, rehearsal.second.status) == (Status.ACCEPTED, Status.HELD)
    assert rehearsal.faults == ()
    assert any(line.startswith("  label_rate_jump: the label rate is 1,") for line in rehearsal.lines())


def test_a_first_delivery_without_both_classes_is_a_fault(tmp_path: Path) -> None:
    """All that is negative stands in the last rows of the file, which the first model never sees."""
    rows = [row | {"churn_label": int(index < 280)} for index, row in enumerate(even_rows(400))]
    rehearsal = rehearse(write_csv(tmp_path / "d.csv", rows), CHURN, now=NOW)
    assert rehearsal.first.status is Status.ACCEPTED
    (fault,) = rehearsal.faults
    assert "train has rows with churn_label = 0 of 0 entities and with 1 of 199" in fault


def test_more_texts_than_a_category_may_have_are_told_before_a_training_job_tells_them(tmp_path: Path) -> None:
    rows = [row | {"plan": f"plan {index}"} for index, row in enumerate(even_rows(2200))]
    plan = Column(name="plan", type=ColumnType.STRING)
    contract = dataclasses.replace(
        CHURN, columns=(*CHURN.columns, plan), features=(*CHURN.features, Feature(name="plan", expression="plan"))
    )
    path = write_csv(tmp_path / "d.csv", rows, header=(*HEADER, "plan"))
    (fault,) = rehearse(path, contract, now=NOW).faults
    assert re.fullmatch(
        r"train: feature plan has 1\d{3} different texts; at most 1000 are allowed of a category; group them before "
        r"they are delivered, or take it out of the contract's features",
        fault,
    )


def test_a_file_that_is_refused_is_a_fault_in_the_words_of_validation(tmp_path: Path) -> None:
    rows = [row | {"support_tickets": -1} for row in good_rows(100)]
    rehearsal = rehearse(write_csv(tmp_path / "d.csv", rows), CHURN, now=NOW)
    assert (rehearsal.first.status, rehearsal.parts) == (Status.REFUSED, {})
    assert rehearsal.faults == tuple(finding.text for finding in rehearsal.first.findings)


def test_a_file_that_cannot_be_read_is_told_in_the_words_of_validation(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "d.csv", good_rows(100))
    path.write_bytes(path.read_bytes().replace(b"C0042", b"C\xff042"))
    with pytest.raises(SplitError) as caught:
        rehearse(path, CHURN, now=NOW)
    assert str(caught.value) == (
        f"{path}: line 44 is not UTF-8 text; if all of it is in another encoding, such as cp1252, say so in the "
        "contract (encoding: cp1252); else repair or deliver the whole file again"
    )


def test_columns_of_persons_need_no_salt_and_leave_nothing(tmp_path: Path) -> None:
    columns = tuple(dataclasses.replace(c, pii=Pii.HASH) if c.name == "customer_id" else c for c in CHURN.columns)
    rehearsal = rehearse(
        write_csv(tmp_path / "d.csv", even_rows(400)), dataclasses.replace(CHURN, columns=columns), now=NOW
    )
    assert rehearsal.faults == ()
    assert not any("C0" in line for line in rehearsal.lines())
    assert [path.name for path in tmp_path.iterdir()] == ["d.csv"]


def recent(count: int, **changes: int) -> list[Row]:
    moment = f"{datetime.now(UTC):%Y-%m-%d}"
    return [good_row(index, event_time=moment, **changes) for index in range(count)]


def test_the_command_tells_contract_and_file(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "d.csv", recent(400))
    run = CliRunner().invoke(app, ["check", "contracts/churn.yaml", "--data", str(path)])
    assert (run.exit_code, run.stderr) == (0, "")
    assert run.stdout.startswith("contracts/churn.yaml: valid\n  workload churn,")
    assert f"\n{path}:\n  first delivery: 280 rows: accepted, 280 good, 0 quarantined\n    train: " in run.stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not found; give a CSV or Parquet file"),
        ("a,b\n1,2\n3,4\n", "no model can be trained on it\n  column 'customer_id' is missing"),
    ],
)
def test_the_command_fails_with_the_reason(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "d.csv"
    if content:
        path.write_text(content)
    run = CliRunner().invoke(app, ["check", "contracts/churn.yaml", "--data", str(path)])
    assert run.exit_code == 1
    assert message in run.stderr


def test_the_command_deploys_nothing() -> None:
    """It is over in a second because it loads neither the emulator nor the program."""
    code = "import contracts.__main__, workloads.rehearsal.rehearse, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pulumi", "boto3", "moto", "local", "xgboost", "sklearn"} & set(loaded)
