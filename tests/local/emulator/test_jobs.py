"""A job that is forked from loaded libraries is what a new process would be, and ends with whoever it belongs to."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.emulator import Emulator, EmulatorError, start
from local.emulator.children import Children
from local.emulator.jobs import Job, Jobs
from tests.local.processes import eventually, gone

ROOT = Path(__file__).parents[3]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="no job is forked off Linux")


@pytest.fixture(scope="module")
def forking() -> Jobs:
    jobs = Jobs(Children())
    jobs.warm()
    return jobs


@dataclass(kw_only=True)
class Runs:
    """Runs jobs whose module is written here."""

    root: Path
    jobs: Jobs
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4))

    def job(self, body: str, *arguments: str, env: Mapping[str, str] | None = None, **more: Any) -> Job:
        (self.root / "a_job.py").write_text("import json, os, sys\n" + body)
        environment = {"PYTHONPATH": f"{self.root}:{ROOT}"} | dict(env or {})
        argv = [sys.executable, "-m", "a_job", *arguments]
        streams = {"output": str(self.root / "out"), "errors": str(self.root / "err")}
        return Job(argv=argv, cwd=str(self.root), env=environment, **streams, **more)

    def start(self, body: str, caller: socket.socket, **more: Any) -> Future[int | None]:
        """A job that runs beside the test, for somebody who may hang up."""
        return self.threads.submit(self.jobs.run, self.job(body, **more), caller)

    def run(self, body: str, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int | None, str, str]:
        code = self.jobs.run(self.job(body, *arguments, env=env))
        return code, (self.root / "out").read_text(), (self.root / "err").read_text()

    def said(self) -> str:
        return (self.root / "out").read_text() if (self.root / "out").exists() else ""


@pytest.fixture(params=["forked", "new"])
def runs(request: pytest.FixtureRequest, forking: Jobs, tmp_path: Path) -> Runs:
    jobs = forking if request.param == "forked" else Jobs(Children())
    return Runs(root=tmp_path, jobs=jobs)


@pytest.fixture
def forked(forking: Jobs, tmp_path: Path) -> Runs:
    return Runs(root=tmp_path, jobs=forking)


SEEN = """
import tempfile
print(json.dumps({
    "argv": sys.argv, "env": dict(os.environ), "cwd": os.getcwd(), "path": sys.path[:3], "name": __name__,
    "temporary": tempfile.gettempdir(), "stdin": sys.stdin.read(), "leads": os.getpgid(0) == os.getpid(),
    "terminate": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
    "interrupt": signal.getsignal(signal.SIGINT) == signal.default_int_handler,
    "open": sorted(os.listdir("/proc/self/fd"))[3:-1],
}))
"""


@LINUX
def test_a_job_sees_what_it_is_given_and_nothing_else(runs: Runs) -> None:
    given = {"TMPDIR": str(runs.root), "LC_CTYPE": "C.UTF-8", "COLOUR": "blue"}
    code, out, err = runs.run("import signal" + SEEN, "--root", "/a b", env=given)
    assert (code, err) == (0, "")
    seen = json.loads(out)
    assert seen["argv"] == [str(runs.root / "a_job.py"), "--root", "/a b"]
    assert seen["env"] == {"PYTHONPATH": f"{runs.root}:{ROOT}", **given}
    assert (seen["cwd"], seen["path"]) == (str(runs.root), [str(runs.root), str(runs.root), str(ROOT)])
    assert (seen["name"], seen["temporary"], seen["stdin"]) == ("__main__", str(runs.root), "")
    assert seen["leads"]
    assert seen["terminate"]
    assert seen["interrupt"] == (
        signal.getsignal(signal.SIGINT) != signal.SIG_IGN
    )  # as a shell's background job has it
    assert seen["open"] == []  # nothing but its streams, and the directory that it looks at


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("raise ValueError('no such column')", 1, "ValueError: no such column"),
        ("sys.exit('bad input')", 1, "bad input"),
        ("print('lost?', file=sys.stderr); os._exit(7)", 7, "lost?\n"),
        ("os.kill(os.getpid(), 9)", -9, ""),
        ("import atexit; atexit.register(lambda: print('bye', file=sys.stderr))", 0, "bye\n"),
    ],
)
def test_a_job_ends_as_it_would_alone(runs: Runs, body: str, code: int, said: str) -> None:
    ended, _, err = runs.run(body)
    assert ended == code
    assert said in err


def test_output_and_errors_can_share_a_file(runs: Runs) -> None:
    job = runs.job("print('out', flush=True); print('error', file=sys.stderr)")
    shared = Job(argv=job.argv, cwd=job.cwd, env=job.env, output=job.output)
    assert runs.jobs.run(shared) == 0
    assert runs.said() == "out\nerror\n"


def test_what_is_written_can_be_read_at_once_and_the_job_ends_when_its_caller_hangs_up(runs: Runs) -> None:
    here, caller = socket.socketpair()
    job = runs.start("import time\nprint(os.getpid())\ntime.sleep(60)", caller, env={"PYTHONUNBUFFERED": "1"})
    eventually(lambda: runs.said().endswith("\n"))
    assert not job.done()
    here.close()
    assert job.result(timeout=600) is None
    assert gone(int(runs.said()))


def test_a_job_that_takes_too_long_is_ended_with_its_children(runs: Runs) -> None:
    child = "import subprocess\nprint(subprocess.Popen(['sleep', '60']).pid, flush=True)\n"
    job = runs.job(child + "import time\ntime.sleep(60)", seconds=1.5)
    assert runs.jobs.run(job) is None
    eventually(lambda: gone(int(runs.said())))


@LINUX
def test_the_libraries_are_loaded_and_nothing_of_the_project_that_a_job_runs(forked: Runs) -> None:
    code, out, err = forked.run(
        "loaded = list(sys.modules)\nfrom local.emulator.libraries import LIBRARIES\n"
        "print(json.dumps([loaded, LIBRARIES]))"
    )
    assert code == 0, err
    loaded, libraries = json.loads(out)
    assert len(libraries) == 10
    assert set(libraries) <= set(loaded)
    assert [name for name in loaded if name.partition(".")[0] in ("workloads", "contracts", "components")] == []


@LINUX
def test_jobs_run_side_by_side(forked: Runs) -> None:
    here, caller = socket.socketpair()
    first = forked.start("print(sys.stdin.read(), 'begun', flush=True)\nimport time\ntime.sleep(60)", caller)
    eventually(lambda: "begun" in forked.said())
    job = forked.job("sys.exit(5)")
    assert list(forked.threads.map(lambda _: forked.jobs.run(job), range(6))) == [5] * 6
    assert not first.done()
    here.close()
    assert first.result(timeout=600) is None


@LINUX
@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MPLBACKEND", "LD_LIBRARY_PATH"])
def test_a_job_whose_libraries_would_load_otherwise_gets_a_new_process(forked: Runs, name: str) -> None:
    assert forked.run("print('numpy' in sys.modules)", env={name: "1"}) == (0, "False\n", "")


@LINUX
def test_what_the_training_step_asks_for_is_what_is_loaded(forked: Runs) -> None:
    assert forked.run("print('numpy' in sys.modules)", env={"OMP_WAIT_POLICY": "passive"}) == (0, "True\n", "")


def test_a_command_that_is_no_module_of_this_interpreter_gets_a_new_process(forked: Runs) -> None:
    job = Job(argv=["sh", "-c", "echo $0"], cwd=str(forked.root), env={}, output=str(forked.root / "out"))
    assert forked.jobs.run(job) == 0
    assert forked.said() == "sh\n"


@pytest.fixture
def warm_emulator(tmp_path: Path) -> Iterator[Emulator]:
    emulator = start(tmp_path / "emulator", arguments=("--warm",))
    yield emulator
    emulator.stop()


@pytest.mark.parametrize("argv", [[sys.executable, "-m", "a_job"], [sys.executable, "a_job.py"]])
def test_jobs_end_with_their_emulator_however_that_ends(
    warm_emulator: Emulator, tmp_path: Path, argv: list[str]
) -> None:
    (tmp_path / "a_job.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)")
    out = tmp_path / "out"
    with ThreadPoolExecutor(1) as threads:
        job = threads.submit(
            warm_emulator.run, argv, cwd=str(tmp_path), env={"PYTHONPATH": str(tmp_path)}, output=str(out)
        )
        eventually(lambda: out.exists() and out.read_text().endswith("\n"))
        os.kill(warm_emulator.pid, signal.SIGKILL)
        with pytest.raises(EmulatorError, match="no emulator answers"):
            job.result(timeout=600)
    eventually(lambda: gone(int(out.read_text())))


def test_a_job_that_cannot_be_started_is_refused_with_the_reason(emulator: Emulator, tmp_path: Path) -> None:
    output = str(tmp_path / "none" / "out")
    with pytest.raises(EmulatorError, match=r"the job cannot be started: .*No such file or directory"):
        emulator.run([sys.executable, "-m", "a_job"], cwd=str(tmp_path), env={}, output=output)
    with pytest.raises(EmulatorError, match=r"the job cannot be started: .*unexpected keyword argument 'colour'"):
        emulator.run(["true"], cwd=str(tmp_path), env={}, output=str(tmp_path / "out"), colour="blue")
