"""What a person can get wrong on the command line: one line says what, and nothing is started."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.commands import main
from local.emulator import client
from local.loop import LoopError, chapters, home, kept
from local.runtime import Stack
from tests.local.processes import eventually, gone

HERE = Path(__file__).parent
OF_EXAMPLE = ["--stack", "training", "--config-file", str(HERE.parents[2] / "examples/training/Pulumi.training.yaml")]


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an emulator was started for a command that cannot work")

    monkeypatch.setattr(client, "start", refuse)


@pytest.mark.parametrize("task", ["ranking", "clustering"])
def test_a_task_that_is_not_supported_is_refused_by_name(
    task: str, tmp_path: Path, tumours: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = tumours[0].read_text().replace("task: binary_classification", f"task: {task}")
    (tmp_path / "other.yaml").write_text(text)
    command = ["up", "--home", str(tmp_path / "home"), "--contract", str(tmp_path / "other.yaml")]
    assert main([*command, "--data", str(tumours[1])]) == 1
    assert f"task: '{task}' is found; allowed are binary_classification" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "x.csv"], "--data: x.csv"),
        (
            ["--contract", str(HERE / "tumours.yaml")],
            "tumours.yaml needs --data: the embedded data set is that of contracts/churn.yaml only",
        ),
        (["--contract", "none.yaml", "--data", "x.csv"], "none.yaml cannot be read (No such file or directory)"),
    ],
)
def test_half_a_command_says_what_is_missing(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", "--home", str(tmp_path / "home"), *arguments]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "tuning"),
    [
        ([], None),
        (["--tune"], {"max_jobs": 4}),
        (["--tune", *OF_EXAMPLE], {"budget_usd": 2, "max_jobs": 2, "max_parallel_jobs": 2}),
    ],
)
def test_a_search_is_by_the_workloads_own_tuning_or_by_a_few_trials(
    arguments: list[str], tuning: dict[str, int] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(stack: Stack, _: object) -> None:
        raise LoopError(json.dumps(stack.workloads["churn"].get("tuning")))

    monkeypatch.setattr(chapters, "chapters", stop)
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        assert main(["up", "--home", str(tmp_path / "home"), *arguments]) == 1
    assert json.loads(errors.getvalue().removeprefix("error: ")) == tuning


def test_a_directory_of_somebody_else_is_no_home_and_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    for name in ("thesis.txt", "run/notes.txt"):
        (tmp_path / name).write_text("mine")
    assert main(["up", "--home", str(tmp_path)]) == 1
    assert f"--home: {tmp_path} holds thesis.txt, which no local run made" in capsys.readouterr().err
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("command", ["up", "down"])
def test_two_commands_do_not_work_in_one_home_at_once(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with home.occupied(tmp_path):
        assert main([command, "--home", str(tmp_path)]) == 1
    assert f"--home: {tmp_path} is in use by process {os.getpid()}; wait for its end" in capsys.readouterr().err


def test_clearing_removes_what_runs_made_but_their_report_and_nothing_else(tmp_path: Path) -> None:
    with home.occupied(tmp_path):
        for name in ("run/x/y", "emulator/z", "notes.txt", "synth.json", "state.json", "report.html"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        home.clear(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "notes.txt", "report.html", "synth.json"]


def test_data_that_the_run_would_clear_away_is_refused(
    tumours: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "run" / "deliveries" / "1.csv"
    data.parent.mkdir(parents=True)
    data.write_text("a\n1\n")
    assert main(["up", "--home", str(tmp_path), "--contract", str(tumours[0]), "--data", str(data)]) == 1
    assert f"--data: {data} is in {tmp_path}, which a run clears first" in capsys.readouterr().err
    assert data.is_file()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["up", "--home", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'file'}: File exists\n"


def test_a_config_value_that_is_no_yaml_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["preview", "--config", "x=[1"])
    assert "found 'x=[1', whose value is not YAML; put it in quotes" in capsys.readouterr().err


def test_settings_of_the_host_reach_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A real account's keys, a profile, another endpoint and a proxy, before any command begins its work."""
    hostile = {"AWS_PROFILE": "corp", "AWS_SESSION_TOKEN": "x", "AWS_ENDPOINT_URL_S3": "https://x", "HTTPS_PROXY": "x"}
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    assert main(["down", "--home", str(tmp_path / "home")]) == 0
    assert not set(hostile) & set(os.environ)
    assert os.environ["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


@pytest.mark.parametrize("record", ['{"url": "http://127.0.0.1:1", "pid": 1}', '{"url": "http', "[]", '{"pid": 1}'])
def test_a_record_of_what_is_gone_or_cut_off_is_nothing_running(
    record: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with home.occupied(tmp_path):
        (tmp_path / home.RECORD).write_text(record)
    assert main(["down", "--home", str(tmp_path)]) == 0
    assert "no emulator of staging is running" in capsys.readouterr().out
    assert not (tmp_path / home.RECORD).exists()


def test_another_emulator_under_the_port_of_one_that_is_gone_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = client.Emulator(url="http://127.0.0.1:1", pid=os.getpid(), account="123456789012", region="eu-west-1")
    monkeypatch.setattr(kept, "attach", lambda _: other)
    with home.occupied(tmp_path):
        (tmp_path / home.RECORD).write_text('{"url": "http://127.0.0.1:1", "pid": 1}')
    assert main(["down", "--home", str(tmp_path)]) == 0
    assert "no emulator of staging is running" in capsys.readouterr().out


def test_down_without_anything_running(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--home", str(tmp_path / "home")]) == 0
    assert "no emulator of staging is running" in capsys.readouterr().out


def test_data_that_no_model_can_be_trained_on_is_refused_before_anything_is_made_or_cleared(
    tmp_path: Path, tumours: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "home" / home.REPORT
    with home.occupied(tmp_path / "home"):
        report.write_text("of a run before")
    header, *rows = tumours[1].read_text().splitlines()
    data = tmp_path / "d.csv"
    data.write_text("\n".join([header, *(row[:-1] + "1" for row in rows)]))
    command = ["up", "--home", str(tmp_path / "home"), "--contract", str(tumours[0]), "--data", str(data)]
    assert main(command) == 1
    told = capsys.readouterr().err
    assert told.startswith(
        f"error: --data: no model can be trained on {data}\n  no data set can be made of this input\n"
    )
    assert "train has rows with benign = 0 of 0 entities" in told
    assert report.read_text() == "of a run before"


def test_a_file_that_does_not_fit_the_contract_is_told_as_validation_tells_it(
    tmp_path: Path, tumours: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "d.csv"
    data.write_text(tumours[1].read_text().replace("benign", "class", 1))
    assert main(["up", "--home", str(tmp_path / "home"), "--contract", str(tumours[0]), "--data", str(data)]) == 1
    assert "column 'benign' is missing; the file has 'patient_id'" in capsys.readouterr().err
    assert main(["up", "--home", str(tmp_path / "home"), "--contract", str(tumours[0]), "--data", "none.csv"]) == 1
    assert "--data: none.csv not found; give a CSV or Parquet file" in capsys.readouterr().err


def test_a_run_that_is_terminated_leaves_its_report_and_nothing_running(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local", "up", "--home", str(tmp_path)]
    with subprocess.Popen(
        command, cwd=HERE.parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        said = iter(run.stdout or ())
        assert any("Deploy the platform into an empty account" in line for line in said)
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        run.send_signal(signal.SIGTERM)
        rest = "".join(said)
        errors = (run.stderr or pytest.fail("no output")).read()
    assert (run.returncode, errors.splitlines()[-1]) == (143, "interrupted")
    assert f"report: {tmp_path / home.REPORT}" in rest
    page = (tmp_path / home.REPORT).read_text()
    assert "<strong>Interrupted.</strong>" in page
    assert "Deploy the platform into an empty account" in page
    assert len(children) >= 3  # two of the policy pack, and the emulator
    eventually(lambda: all(gone(int(child)) for child in children))
