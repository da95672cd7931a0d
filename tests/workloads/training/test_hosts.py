"""Several hosts: processes that meet on addresses of the loopback, as containers meet in a network."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb

from contracts.schema import Contract
from workloads.job import PlatformError
from workloads.training import __main__ as entry
from workloads.training import container, data, hosts

REPOSITORY = Path(__file__).parents[3]
#: Ends with SIGKILL at the validation of round 14.
KILLED = """
import os, signal
from workloads.training import __main__ as entry, train
plain = train._loss
def loss(booster, validation, number):
    if number == 14:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(booster, validation, number)
train._loss = loss
entry.main([])
"""


@contextlib.contextmanager
def started(roots: list[Path], *, first: int, killed: int | None = None) -> Generator[list[subprocess.Popen[str]]]:
    """The job on as many hosts, each with its own root; reaped in the end, whatever happens.

    The port is always the same, so the addresses are of this process alone, and from `first` on: that of an attempt is
    not free at once when it has ended.
    """
    base = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
    names = [f"{base}.{number}" for number in range(first, first + len(roots))]
    processes: list[subprocess.Popen[str]] = []
    try:
        for number, root in enumerate(roots):
            program = ["-c", KILLED] if number == killed else ["-m", "workloads.training"]
            environment = {
                "SAGEMAKER_BASE_DIR": str(root),
                "SM_HOSTS": json.dumps(names),
                "SM_CURRENT_HOST": names[number],
                "OMP_NUM_THREADS": "1",
            }
            processes.append(
                subprocess.Popen(
                    [sys.executable, *program],
                    cwd=REPOSITORY,
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


def copies(root: Path, many: int) -> list[Path]:
    """The same /opt/ml for each host."""
    found = [root.parent / f"{root.name}-host-{number}" for number in range(many)]
    for place in found:
        shutil.copytree(root, place)
    return found


def scores(root: Path, contract: Contract) -> np.ndarray:
    """Of the validation rows."""
    booster = xgb.Booster(model_file=root / "model/model.ubj")
    batches = data.row_groups(root / "input/data/validation", contract, {})
    return np.concatenate([booster.inplace_predict(features) for features, _ in batches])


def test_a_job_reads_which_host_it_is(root: Path) -> None:
    assert hosts.read(root, {}) == hosts.ALONE
    config = root / "input/config/resourceconfig.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"current_host": "algo-2", "hosts": ["algo-2", "algo-1"]}))
    found = container.read(root, {}).hosts
    assert (found.names, found.rank) == (("algo-1", "algo-2"), 1)
    variables = {"SM_HOSTS": '["algo-1", "algo-2", "algo-3"]', "SM_CURRENT_HOST": "algo-3"}
    assert hosts.read(root, variables).rank == 2
    with pytest.raises(PlatformError, match=r"host 'algo-4' is none of the job's hosts \['algo-1'\]"):
        hosts.read(root, {"SM_HOSTS": '["algo-1"]', "SM_CURRENT_HOST": "algo-4"})


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 500])
def test_the_shares_of_all_hosts_are_all_rows_once(rows: int) -> None:
    names = ("a", "b", "c")
    shares = [hosts.Hosts(names=names, current=name).share(rows) for name in names]
    assert [row for share in shares for row in range(rows)[share]] == list(range(rows))


def test_a_first_host_that_cannot_be_found_is_told_whatever_the_system_says_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(name: str) -> str:
        raise TimeoutError

    monkeypatch.setattr(hosts.socket, "gethostbyname", lost)
    with (
        pytest.raises(PlatformError, match=r"of 2 hosts one was lost.*\(TimeoutError\)"),
        hosts.joined(hosts.Hosts(names=("algo-1", "algo-2"), current="algo-2")),
    ):
        pass


@pytest.mark.full
def test_three_hosts_learn_what_one_learns_and_when_one_is_killed_a_retry_goes_on(
    root: Path, contract: Contract
) -> None:
    places = copies(root, 3)
    entry.run(container.read(root, {}))
    alone = json.loads((root / "model/metadata.json").read_text())
    with started(places, first=11, killed=1) as processes:
        said = [process.communicate()[1] for process in processes]
        assert [process.returncode for process in processes] == [75, -signal.SIGKILL, 75], said
    for place in (places[0], places[2]):
        assert (place / "output/failure").read_text().startswith("PlatformError: of 3 hosts one was lost")
        assert not (place / "model").exists()
    (own,) = (places[0] / "checkpoints").iterdir()
    assert [path.name for path in sorted(own.glob("*.json"))] == ["round-000010.json"]
    assert not (places[2] / "checkpoints").exists()
    with started(places, first=21) as processes:
        said = [process.communicate()[1] for process in processes]
        assert [process.returncode for process in processes] == [0, 0, 0], said
    assert '"rounds": 10' in said[0]  # resumed, and so did those that had no checkpoint of their own
    metadata = json.loads((places[0] / "model/metadata.json").read_text())
    assert [place / "model" for place in places if (place / "model").exists()] == [places[0] / "model"]
    assert metadata["training_rows"] == alone["training_rows"] == 3000
    assert metadata["validation_loss"] == pytest.approx(alone["validation_loss"], rel=0.02)
    assert np.abs(scores(places[0], contract) - scores(root, contract)).mean() < 0.03
