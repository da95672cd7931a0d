"""A full disk is named, whatever it made fail."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from local import commands, disk
from local.runtime import LocalRunError, Stack


def full(monkeypatch: pytest.MonkeyPatch, *places: Path, free: int = 448 * 1024) -> None:
    def usage(path: Path) -> Any:
        found = any(path == place for place in places)
        return shutil._ntuple_diskusage(10**9, 10**9, free if found else 10**9)  # pyright: ignore[reportAttributeAccessIssue]

    monkeypatch.setattr(disk.shutil, "disk_usage", usage)


def test_a_place_with_room_is_not_mentioned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    full(monkeypatch)
    assert disk.told([tmp_path]) == ""
    full(monkeypatch, tmp_path, free=disk.LEAST_FREE_BYTES)
    assert disk.told([tmp_path]) == ""


def test_a_full_place_is_named_once_by_the_directory_that_exists(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    full(monkeypatch, tmp_path)
    home = tmp_path / "not" / "there"
    assert disk.told([home, home]) == (
        f"\n{home}: its disk has 448 kB free, and a run needs about 12 MB; make room, or name another place "
        "with --home (files of the run) and TMPDIR (files of its jobs)"
    )


def test_what_fails_on_a_full_disk_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise LocalRunError("workloads.validation failed with exit code 120: ")

    monkeypatch.setattr(Stack, "synth", fail)
    assert commands.main(["synth", "--home", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "error: workloads.validation failed with exit code 120: \n"
    full(monkeypatch, tmp_path)
    assert commands.main(["synth", "--home", str(tmp_path)]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "error: workloads.validation failed with exit code 120: "
    assert second.startswith(f"{tmp_path}: its disk has 448 kB free")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["synth", "--out", "/dev/full"], "/dev/full"), (["policies", "--out", "/dev/full"], "/dev/full")],
)
def test_a_file_that_cannot_be_written_is_named(
    arguments: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main([*arguments, "--home", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"error: {named}: No space left on device\n"


def test_standard_output_that_is_full_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as output:
        monkeypatch.setattr("sys.stdout", output)
        assert commands.main(["synth", "--out", "-", "--home", str(tmp_path)]) == 1
        monkeypatch.undo()
    assert capsys.readouterr().err == "error: standard output: No space left on device\n"
