"""A test worker that crashes fails the run, which ends; here is a run with the project's own settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CRASH = "os.kill(os.getpid(), signal.SIGKILL)"
FORKED = "os.fork() or time.sleep(3600)"
TEST = """
import os, signal, time
def test_before(): pass
def test_crash():
    {body}
"""


@pytest.mark.parametrize("body", [CRASH, f"{FORKED}\n    {CRASH}"], ids=["alone", "with a child that it forked"])
def test_a_worker_that_crashes_fails_the_run_once(body: str, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text())
    (tmp_path / "test_crashing.py").write_text(TEST.format(body=body))
    (tmp_path / "test_other.py").write_text("def test_other(): pass")
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-c", ROOT / "pyproject.toml", "--rootdir", ROOT, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("crashed while running") == 2  # in the failure and in the summary, of one worker
    assert "crashed and worker restarting disabled" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("=") and "1 failed" in done.stdout.splitlines()[-1]
