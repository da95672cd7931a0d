"""What a person can get wrong on the command line: one line says what, and nothing is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.__main__ import main
from local.emulator import client
from local.loop import deliveries
from local.loop.platform import LoopError

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an emulator was started for a command that cannot work")

    monkeypatch.setattr(client, "start", refuse)


@pytest.mark.parametrize("task", ["multiclass_classification", "regression"])
def test_a_task_that_is_not_supported_is_refused_by_name(
    task: str, tmp_path: Path, tumours: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = tumours[0].read_text().replace("task: binary_classification", f"task: {task}")
    (tmp_path / "other.yaml").write_text(text)
    command = ["up", "--home", str(tmp_path / "home"), "--contract", str(tmp_path / "other.yaml")]
    assert main([*command, "--data", str(tumours[1])]) == 1
    assert f"the task '{task}' is not supported; supported is binary_classification" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "x.csv"], "--data needs --contract"),
        (["--contract", str(HERE / "tumours.yaml")], "--contract needs --data"),
        (["--contract", "none.yaml", "--data", "x.csv"], "none.yaml cannot be read (No such file or directory)"),
    ],
)
def test_half_a_command_says_what_is_missing(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", "--home", str(tmp_path / "home"), *arguments]) == 1
    assert message in capsys.readouterr().err


def test_down_without_anything_running(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--home", str(tmp_path / "home")]) == 0
    assert "no emulator of staging is running" in capsys.readouterr().out


def test_deliveries_pass_values_on_as_they_stand(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text('a,b\n1,"x, y"\n 2,\n3,z\n', encoding="utf-8")
    first, later = deliveries.split(tmp_path / "d.csv", tmp_path / "parts")
    assert first.read_text() == 'a,b\n1,"x, y"\n 2,\n'
    assert later.read_text() == "a,b\n3,z\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not found; give a CSV or Parquet file"),
        (b"", "has no rows"),
        (b"a,b\n", "has no rows"),
        (b"\xff\xfe\x00", "cannot be read as CSV in UTF-8 or as Parquet"),
        (b"PAR1broken", "cannot be read as CSV in UTF-8 or as Parquet"),
    ],
)
def test_data_that_cannot_be_split_says_why(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "d").write_bytes(content)
    with pytest.raises(LoopError, match=message):
        deliveries.split(tmp_path / "d", tmp_path / "parts")
