"""The workers of a run with the project's own settings: what each is given, and that a crash fails the run at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.conftest import FromBothEnds

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


class Worker:
    """As much of one as its scheduler sees."""

    def __init__(self) -> None:
        self.gateway = SimpleNamespace(id="gw")
        self.given: list[int] = []
        self.shutting_down = False

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        self.given += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def test_one_worker_takes_files_from_the_front_and_the_other_one_from_the_back_until_they_meet() -> None:
    files = [f"{directory}/test_{number}.py" for directory in "abc" for number in (1, 2)]
    collected = [f"{file}::test_{number}" for file in files for number in range(3)]
    config = SimpleNamespace(getvalue=lambda _: ["2*popen"], option=SimpleNamespace(loadscopereorder=False))
    workers = [Worker(), Worker()]
    scheduler = FromBothEnds(cast("pytest.Config", config))
    nodes = [cast("Any", worker) for worker in workers]
    for node in nodes:
        scheduler.add_node(node)
        scheduler.add_node_collection(node, collected)
    scheduler.schedule()
    for number in range(9):
        for node in nodes:
            scheduler.mark_test_complete(node, node.given[number])
    assert scheduler.tests_finished
    assert all(worker.shutting_down for worker in workers)
    assert [[files[index // 3] for index in worker.given[::3]] for worker in workers] == [
        ["a/test_1.py", "a/test_2.py", "b/test_1.py"],
        ["c/test_2.py", "c/test_1.py", "b/test_2.py"],
    ]
