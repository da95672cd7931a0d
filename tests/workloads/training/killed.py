"""A training job that is killed again and again: `python -m tests.workloads.training.killed ROOT SEED KILLS`.

Every attempt is a process of its own, killed at a round, or while a checkpoint is written, that the seed chooses; the
last one is left alone. Prints as JSON how many rounds the newest checkpoint had after each attempt.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

from workloads.training import __main__ as entry
from workloads.training import container, train

_loss = train._loss


def killed_in(rounds: int, *, writing: bool) -> None:
    """Have this process killed after so many rounds, or at the next checkpoint that is about to be complete."""
    left = [rounds]

    def loss(*given: object) -> float:
        if not writing and left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return _loss(*given)  # pyright: ignore[reportArgumentType]

    def replace(self: Path, target: object) -> Path:
        """The history's last step."""
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError(self, target)

    train._loss = loss
    if writing:
        Path.replace = replace


def attempt(root: Path, kill: tuple[int, bool] | None) -> int:
    """The status of a process that trains."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if kill is not None:
                killed_in(kill[0], writing=kill[1])
            entry.run(container.read(root, {}))
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(root: Path, seed: int, kills: int) -> None:
    """Kill, and let it end."""
    chance = np.random.default_rng(seed)
    places = [(int(chance.integers(14)), bool(chance.random() < 0.3)) for _ in range(kills)]
    rounds: list[int] = []
    statuses: list[int] = []
    for kill in (*places, None):
        statuses.append(attempt(root, kill))
        complete = sorted((root / "checkpoints").rglob("round-*.json"))
        rounds.append(len(json.loads(complete[-1].read_text())["history"]) if complete else 0)
    print(json.dumps({"statuses": statuses, "rounds": rounds, "places": places}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
