"""The command line of contracts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts import loader, reference, schema
from contracts.__main__ import app

ROOT = Path(__file__).parents[2]
CHURN = ROOT / "contracts" / "churn.yaml"
SUMMARY = (
    f"{CHURN}: valid\n"
    "  workload churn, binary_classification; label churn_label, threshold 0.75\n"
    "  one row per customer_id and event_time; 6 columns\n"
    "  6 features: tenure_months, log_volume, volume_missing, tickets, tickets_per_year, volume_per_tenure\n"
    "  split 70/15/15\n"
)


def test_a_valid_contract_is_summed_up_and_compiled(tmp_path: Path) -> None:
    out = tmp_path / "contract.json"
    run = CliRunner().invoke(app, ["check", str(CHURN), "--json", str(out)])
    assert (run.exit_code, run.stdout) == (0, f"{SUMMARY}  compiled to {out}\n")
    assert schema.from_json(out.read_text()) == loader.load(CHURN)


def test_a_contract_is_held_against_the_one_that_is_live(tmp_path: Path) -> None:
    other, compiled = tmp_path / "other.yaml", tmp_path / "live.json"
    text = CHURN.read_text().replace("transaction_volume: {type: number", "transaction_volume: {type: string")
    lines = text.replace(", minimum: 0, maximum: 1000000", "").splitlines(keepends=True)
    other.write_text("".join(line for line in lines if "log1p" not in line and "volume_per" not in line))
    compiled.write_text(schema.to_json(loader.load(CHURN)))
    taken = CliRunner().invoke(app, ["check", str(CHURN), "--against", str(compiled)])
    assert (taken.exit_code, taken.stdout) == (0, f"{SUMMARY}  {compiled} can become it\n")
    for live in (CHURN, compiled):
        refused = CliRunner().invoke(app, ["check", str(other), "--against", str(live)])
        assert refused.exit_code == 1
        first, fault = refused.stderr.splitlines()
        assert first == f"contract churn: {live} cannot take it"
        assert fault.startswith("  columns.transaction_volume.type: found string; live: number: ")
    compiled.write_text("[]")
    broken = CliRunner().invoke(app, ["check", str(CHURN), "--against", str(compiled)])
    assert broken.exit_code == 1
    assert broken.stderr.startswith(f"{compiled}: found no compiled contract (")


def test_faults_are_told_on_stderr(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(CHURN.read_text().replace("task: binary_classification", "task: ranking"))
    run = CliRunner().invoke(app, ["check", str(path)])
    assert (run.exit_code, run.stdout) == (1, "")
    assert run.stderr.startswith(f"{path}: 1 fault\n  line 5, task: 'ranking' is found; allowed are binary")
    absent = CliRunner().invoke(app, ["check", str(tmp_path / "absent.yaml")])
    assert (absent.exit_code, absent.stderr) == (1, f"{tmp_path / 'absent.yaml'}: No such file or directory\n")


def test_the_reference_is_written_as_it_stands_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    standing = [path.read_bytes() for path in (reference.PAGE, reference.SCHEMA)]
    page, schema_file = tmp_path / "contract.md", tmp_path / "contract.schema.json"
    monkeypatch.setattr(reference, "PAGE", page)
    monkeypatch.setattr(reference, "SCHEMA", schema_file)
    run = CliRunner().invoke(app, ["reference"])
    assert (run.exit_code, run.stdout) == (0, f"{page}\n{schema_file}\n")
    assert [page.read_bytes(), schema_file.read_bytes()] == standing


@pytest.mark.parametrize("arguments", [["propose", "data.csv"], ["check", str(CHURN), "--data", "data.csv"]])
def test_an_environment_that_cannot_read_data_says_what_to_do(arguments: list[str]) -> None:
    code = (
        f"import sys; sys.modules['duckdb'] = None; sys.argv[1:] = {arguments!r}; import runpy; "
        "runpy.run_module('contracts', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "duckdb is not installed here, which reads data; run `make setup`\n")
