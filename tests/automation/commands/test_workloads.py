"""A new workload: from a file to a contract and a place in the stack's file, whose other lines stay as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation.commands import main, target
from automation.exits import Exit
from automation.operations import workload
from automation.operations.errors import RefusedError
from contracts import loader

PROJECT = Path(__file__).parents[3]
STACK = """\
# the team's own words
config:
  aws:region: eu-west-1
  ml-platform:stack: staging   # whose it is
  ml-platform:workloads:
    churn:
      contract: contracts/churn.yaml
      endpoints:
        live:
          rollout: {kind: canary, bake_minutes: 5}   # a comment

  # protect comes last
  ml-platform:protect: false
"""
ADDED = """\
    visits:
      contract: contracts/visits.yaml
      endpoints:
        live:
          kind: realtime
"""
CHURN = {"churn": {"contract": "contracts/churn.yaml", "endpoints": {"live": {"kind": "realtime"}}}}


def added(directory: Path, text: str) -> str:
    path = directory / "Pulumi.staging.yaml"
    path.write_text(text)
    workload.add(path, "visits", "contracts/visits.yaml", default=CHURN)
    return path.read_text()


def test_a_workload_stands_after_the_others_and_all_else_stays(tmp_path: Path) -> None:
    before, after = STACK.split("\n\n")
    assert added(tmp_path, STACK) == f"{before}\n{ADDED}\n{after}"


def test_a_stack_that_names_none_names_those_it_had_by_default_too(tmp_path: Path) -> None:
    found = added(tmp_path, "config:\n    aws:region: eu-west-1\n")
    assert found.startswith("config:\n    aws:region: eu-west-1\n    ml-platform:workloads:\n      churn:\n")
    assert list(yaml.safe_load(found)["config"]["ml-platform:workloads"]) == ["churn", "visits"]


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
def test_the_end_of_the_file_is_a_place_too(tmp_path: Path, end: str) -> None:
    text = STACK.partition("\n\n")[0]
    assert added(tmp_path, text + end) == f"{text}\n{ADDED}{end.removeprefix(chr(10))}"


@pytest.mark.parametrize(
    "text",
    [
        "config: {ml-platform:workloads: {churn: {contract: c.yaml}}}\n",
        "config:\n  ml-platform:workloads: {churn: {contract: c.yaml}}\n",
        "config:\n  ml-platform:workloads: {}\n",
        'config:\n  ml-platform:workloads: \'{"churn": {"contract": "c.yaml"}}\'\n',
        "encryptionsalt: x\n",
    ],
)
def test_a_file_that_is_not_written_line_by_line_is_left_alone_and_the_lines_are_said(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "Pulumi.staging.yaml"
    with pytest.raises(RefusedError) as caught:
        added(tmp_path, text)
    assert "is not written line by line there; add to ml-platform:workloads:\n" in str(caught.value)
    assert "visits:\n  contract: contracts/visits.yaml\n" in str(caught.value)
    assert path.read_text() == text


def test_a_workload_that_is_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="workload 'visits' is there already; give another --name"):
        added(tmp_path, STACK.replace("churn:", "visits:"))


Given = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own: one stack, and the contracts beside the data."""
    (tmp_path / "Pulumi.yaml").write_text((PROJECT / "Pulumi.yaml").read_text())
    (tmp_path / "Pulumi.staging.yaml").write_text(STACK)
    monkeypatch.setattr(target, "PROJECT", tmp_path)
    original = target.read
    monkeypatch.setattr(target, "read", lambda stack: original(stack, tmp_path))
    return tmp_path


def data(directory: Path, rows: int = 400) -> Path:
    path = directory / "visits.csv"
    lines = [f"K{row},{row % 3 == 0},{row % 17},a{row}@example.org" for row in range(rows)]
    path.write_text("\n".join(["key,left,visits,contact", *lines, ""]))
    return path


def run(project: Path, file: Path, *more: str) -> int:
    return main(["new-workload", str(file), "--stack", "staging", "--label", "left", "--entity", "key", *more])


@pytest.fixture
def contract(request: pytest.FixtureRequest) -> Any:
    """Where the command writes, taken away at the end: contracts are found beside the code."""
    path = PROJECT / "contracts" / f"new-{os.getpid()}.yaml"
    assert not path.exists()
    request.addfinalizer(lambda: path.unlink(missing_ok=True))
    return path


def test_from_a_file_to_a_contract_in_the_stack(
    project: Path, contract: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(project, data(project), "--name", contract.stem, "--json") == Exit.DONE
    out, err = capfd.readouterr()
    facts = json.loads(out)
    assert facts["columns"] == {"key": "string", "left": "boolean", "visits": "integer", "contact": "string"}
    assert facts["pii"] == {"contact": "suspected of persons: its values look like e-mail addresses"}
    assert "contact: suspected of persons: its values look like e-mail addresses" in err
    assert "whether a column without gaps here may have some later (nullable: true)" in err
    assert "first delivery: 280 rows: accepted, 280 good, 0 quarantined" in err
    assert loader.load(contract).label == "left"
    config = yaml.safe_load((project / "Pulumi.staging.yaml").read_text())["config"]
    named = config["ml-platform:workloads"][contract.stem]
    assert (project / named["contract"]).resolve() == contract
    assert named["endpoints"] == {"live": {"kind": "realtime"}}


def test_a_role_that_is_open_is_refused_and_nothing_is_written(
    project: Path, contract: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["new-workload", str(data(project)), "--stack", "staging", "--name", contract.stem]
    assert main(arguments) == Exit.REFUSED
    assert capfd.readouterr().err.endswith("--label: none is given; columns that can be it: 'left', 'visits'\n")
    assert not contract.exists()
    assert (project / "Pulumi.staging.yaml").read_text() == STACK


def test_data_on_which_nothing_can_be_trained_leaves_no_contract_behind(
    project: Path, contract: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(project, data(project, rows=6), "--name", contract.stem) == Exit.REFUSED
    assert "no model can be trained on it" in capfd.readouterr().err
    assert (project / "Pulumi.staging.yaml").read_text() == STACK
    assert not contract.exists()


def test_a_workload_that_the_stack_has_leaves_no_contract_behind(
    project: Path, contract: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = project / "Pulumi.staging.yaml"
    file.write_text(STACK.replace("churn:", f"{contract.stem}:"))
    assert run(project, data(project), "--name", contract.stem) == Exit.REFUSED
    assert f"workload '{contract.stem}' is there already; give another --name\n" in capfd.readouterr().err
    assert not contract.exists()


def test_a_file_without_a_place_for_lines_keeps_the_contract_and_says_them(
    project: Path, contract: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = project / "Pulumi.staging.yaml"
    file.write_text("config:\n  ml-platform:workloads: {churn: {contract: c.yaml}}\n  aws:region: eu-west-1\n")
    assert run(project, data(project), "--name", contract.stem) == Exit.REFUSED
    told = capfd.readouterr().err
    assert f"error: {contract} is written, but {file} is not written line by line there; add to " in told
    assert f"{contract.stem}:\n  contract: " in told
    assert contract.exists()


def test_a_name_that_no_workload_can_have_and_a_directory_are_told_as_what_they_are(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(project, data(project), "--name", "Bad Name") == Exit.REFUSED
    assert capfd.readouterr().err == (
        "error: --name: found 'Bad Name'; allowed: up to 30 lower-case letters, digits and single inner -, "
        "a letter first\n"
    )
    assert run(project, project) == Exit.REFUSED
    assert capfd.readouterr().err == f"error: {project} is a directory; give a CSV or Parquet file\n"


def answered(file: Path, answers: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """`propose` with a person at a terminal who types these lines."""
    output = file.with_suffix(".yaml")
    terminal, its_end = os.openpty()
    os.write(terminal, answers.encode())
    done = subprocess.run(
        [sys.executable, "-m", "contracts", "propose", str(file), "--output", str(output)],
        cwd=PROJECT,
        stdin=its_end,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    os.close(terminal)
    os.close(its_end)
    return done, output


def test_a_person_at_a_terminal_is_asked(tmp_path: Path) -> None:
    done, output = answered(data(tmp_path), "\nkey\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  left\n  visits\nLabel, which is predicted [left]:" in done.stderr
    assert "Entity, which a row is about" in done.stderr
    assert loader.load(output).entity == "key"


def test_each_answer_is_judged_as_it_is_given_and_asked_for_again(tmp_path: Path) -> None:
    done, output = answered(data(tmp_path), "nothing\nvisits\nranking\n\nvisits\nkey\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "Error: --label: found 'nothing', which is no column; columns that can be it: 'left', 'visits'\n" in done.stderr
    )
    assert "  multiclass_classification\n  regression\nTask [multiclass_classification]:" in done.stderr
    assert "Error: --task: found 'ranking'; allowed for label 'visits': multiclass_classification, regression\n" in (
        done.stderr
    )
    assert "Error: --entity: found 'visits', which is the label\n" in done.stderr
    assert loader.load(output).classes == tuple(range(17))


def test_of_two_values_of_which_none_is_usual_the_one_to_be_found_is_asked_for(tmp_path: Path) -> None:
    file = data(tmp_path)
    file.write_text(file.read_text().replace("True", "cat").replace("False", "dog"))
    done, output = answered(file, "\nbird\ndog\nkey\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Value that is to be found [cat]:Error: --positive: found 'bird'; allowed: 'dog', 'cat'\n" in done.stderr
    assert dict(loader.load(output).column("left").values) == {"dog": 1, "cat": 0}
