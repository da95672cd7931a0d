"""A job of the warm pool is what a new process would be, and ends with whoever asked for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.warm import Job, start, warm_pool
from local.warm.__main__ import LIBRARIES
from tests.local.processes import eventually, gone

ROOT = Path(__file__).parents[3]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="there is no warm pool off Linux")


@pytest.fixture(scope="module")
def address() -> Iterator[str | None]:
    with warm_pool() as address:
        yield address


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Starts jobs whose module is written here."""

    root: Path
    address: str | None

    def start(self, body: str, *arguments: str, env: Mapping[str, str] | None = None) -> Job | subprocess.Popen[bytes]:
        (self.root / "a_job.py").write_text("import json, os, sys\n" + body)
        environment = {"PYTHONPATH": f"{self.root}:{ROOT}"} | dict(env or {})
        argv = [sys.executable, "-m", "a_job", *arguments]
        with (self.root / "out").open("wb") as out, (self.root / "err").open("wb") as err:
            return start(self.address, argv, cwd=self.root, env=environment, stdout=out, stderr=err)

    def run(self, body: str, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        code = self.start(body, *arguments, env=env).wait(timeout=60)
        return code, (self.root / "out").read_text(), (self.root / "err").read_text()


@pytest.fixture(params=["warm", "new"])
def jobs(request: pytest.FixtureRequest, address: str | None, tmp_path: Path) -> Jobs:
    return Jobs(root=tmp_path, address=address if request.param == "warm" else None)


@pytest.fixture
def warm(address: str | None, tmp_path: Path) -> Jobs:
    return Jobs(root=tmp_path, address=address)


SEEN = """
import tempfile
print(json.dumps({
    "argv": sys.argv, "env": dict(os.environ), "cwd": os.getcwd(), "path": sys.path[:3], "name": __name__,
    "temporary": tempfile.gettempdir(), "stdin": sys.stdin.read(), "leads": os.getpgid(0) == os.getpid(),
    "terminate": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, "open": sorted(os.listdir("/proc/self/fd"))[3:-1],
}))
"""


@LINUX
def test_a_job_sees_what_it_is_given_and_nothing_else(jobs: Jobs) -> None:
    given = {"TMPDIR": str(jobs.root), "LC_CTYPE": "C.UTF-8", "COLOUR": "blue"}
    code, out, err = jobs.run("import signal" + SEEN, "--root", "/a b", env=given)
    assert (code, err) == (0, "")
    seen = json.loads(out)
    assert seen["argv"] == [str(jobs.root / "a_job.py"), "--root", "/a b"]
    assert seen["env"] == {"PYTHONPATH": f"{jobs.root}:{ROOT}", **given}
    assert (seen["cwd"], seen["path"]) == (str(jobs.root), [str(jobs.root), str(jobs.root), str(ROOT)])
    assert (seen["name"], seen["temporary"], seen["stdin"]) == ("__main__", str(jobs.root), "")
    assert seen["leads"]
    assert seen["terminate"]
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
def test_a_job_ends_as_it_would_alone(jobs: Jobs, body: str, code: int, said: str) -> None:
    ended, _, err = jobs.run(body)
    assert ended == code
    assert said in err


def test_what_is_written_can_be_read_at_once(jobs: Jobs) -> None:
    job = jobs.start("import time\nprint('begun')\ntime.sleep(60)", env={"PYTHONUNBUFFERED": "1"})
    eventually(lambda: (jobs.root / "out").read_text() == "begun\n")
    os.killpg(job.pid, signal.SIGTERM)
    assert job.wait(timeout=60) == -signal.SIGTERM


def test_a_job_that_takes_too_long_can_be_ended_with_its_children(jobs: Jobs) -> None:
    child = "import subprocess\nprint(subprocess.Popen(['sleep', '60']).pid, flush=True)\n"
    job = jobs.start(child + "import time\ntime.sleep(60)")
    eventually(lambda: (jobs.root / "out").read_text().endswith("\n"))
    with pytest.raises(subprocess.TimeoutExpired):
        job.wait(timeout=0.1)
    os.killpg(job.pid, signal.SIGKILL)
    assert job.wait() == -signal.SIGKILL
    eventually(lambda: gone(int((jobs.root / "out").read_text())))


@LINUX
def test_the_libraries_are_loaded_and_nothing_of_the_project_that_a_job_runs(warm: Jobs) -> None:
    code, out, err = warm.run("print(json.dumps(list(sys.modules)))")
    assert code == 0, err
    loaded = json.loads(out)
    assert set(LIBRARIES) <= set(loaded)
    assert [name for name in loaded if name.partition(".")[0] in ("workloads", "contracts", "components")] == []


@LINUX
def test_jobs_run_side_by_side(warm: Jobs) -> None:
    first = warm.start("print(sys.stdin.read()); open('go', 'x').close()\nimport time\ntime.sleep(60)")
    eventually(lambda: (warm.root / "go").exists())
    second = warm.start("sys.exit(5)")
    assert second.wait(timeout=60) == 5
    os.killpg(first.pid, signal.SIGKILL)
    assert first.wait(timeout=60) == -9


@LINUX
@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MPLBACKEND", "LD_LIBRARY_PATH"])
def test_a_job_whose_libraries_would_load_otherwise_gets_a_new_process(warm: Jobs, name: str) -> None:
    job = warm.start("print('numpy' in sys.modules)", env={name: "1"})
    assert isinstance(job, subprocess.Popen)
    assert job.wait(timeout=60) == 0
    assert (warm.root / "out").read_text() == "False\n"


@LINUX
def test_what_the_training_step_asks_for_is_what_the_pool_has(warm: Jobs) -> None:
    job = warm.start("", env={"OMP_WAIT_POLICY": "passive"})
    assert isinstance(job, Job)
    assert job.wait(timeout=60) == 0


def test_a_command_that_is_no_module_of_this_interpreter_gets_a_new_process(warm: Jobs) -> None:
    with (warm.root / "out").open("wb") as out:
        job = start(warm.address, ["sh", "-c", "echo $0"], cwd=warm.root, env={}, stdout=out, stderr=out)
        assert job.wait(timeout=60) == 0
    assert (warm.root / "out").read_text() == "sh\n"


@LINUX
def test_a_job_ends_with_its_caller(warm: Jobs) -> None:
    """The caller is killed, as a stopped execution is, and can say nothing any more."""
    code = (
        "import os, sys, time; from pathlib import Path; from local.warm import start\n"
        "job = start(sys.argv[1], [sys.executable, '-m', 'timeit', '-n1', '-r1', 'import time; time.sleep(60)'],"
        " cwd=Path('/'), env={}, stdout=sys.stderr, stderr=sys.stderr)\n"
        "print(job.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(warm.address)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as caller:
        pid = int((caller.stdout or pytest.fail("no output")).readline())
        assert not gone(pid)
        caller.kill()
    eventually(lambda: gone(pid))


@LINUX
def test_a_pool_ends_with_its_jobs_and_later_jobs_are_new_processes(tmp_path: Path) -> None:
    with warm_pool() as address:
        jobs = Jobs(root=tmp_path, address=address)
        job = jobs.start("import time\ntime.sleep(60)")
    eventually(lambda: gone(job.pid))
    with pytest.raises(ConnectionError, match=r"the warm pool ended in the middle of .*a_job"):
        job.wait(timeout=60)
    later = jobs.start("sys.exit(3)")
    assert isinstance(later, subprocess.Popen)
    assert later.wait(timeout=60) == 3


@LINUX
def test_another_user_of_the_machine_is_not_served(address: str | None, tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can be another user")
    tmp_path.chmod(0o777)
    code = (
        "import os, socket, sys; os.setuid(65534)\n"
        "pool = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); pool.connect('\\0' + sys.argv[1])\n"
        "try: socket.send_fds(pool, [sys.argv[2].encode()], [0, 1, 2]); print(pool.recv(32))\n"
        "except ConnectionError: print(b'')"
    )
    request: dict[str, Any] = {"module": "this", "arguments": [], "cwd": "/", "env": {}}
    command = [sys.executable, "-c", code, str(address), json.dumps(request)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "b''\n"
