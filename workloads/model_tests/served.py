"""A process that serves one model and says what that takes: `python -m workloads.model_tests.served DIRECTORY ROWS`.

A batch of so many rows as CSV comes on the standard input; one line of JSON goes out: rows_per_second, memory_mb and
predictor.
It is a process of its own, and imports what the service does and nothing more, because its memory is what is asked.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Final

from workloads.inference.metrics import Metrics
from workloads.inference.model import load
from workloads.inference.request import Request
from workloads.inference.service import Service
from workloads.inference.settings import MEGABYTE, Settings

TIMES: Final = 3
_STATUS: Final = Path("/proc/self/status")


def main(package: Path, rows: int, body: bytes) -> dict[str, float | str]:
    """Answer the batch some times. ValueError where it is refused, ModelError for what cannot be served."""
    settings = Settings()
    model = load(package, max_rows=settings.max_rows)
    service = Service(model, settings, Metrics())
    taken: list[float] = []
    for _ in range(TIMES):
        begun = time.process_time()
        answer = service.respond(Request([(b"content-type", b"text/csv")]), "POST", "/invocations", body)
        taken.append(time.process_time() - begun)
        if answer.status != 200:
            raise ValueError(f"the batch is answered with status {answer.status}: {answer.body[:200]!r}")
    return {"rows_per_second": rows / min(taken), "memory_mb": _largest_mb(), "predictor": model.predictor.name}


def _largest_mb() -> float:
    """The largest resident memory of this program.

    Not `ru_maxrss`, which has that of the program that started this one too (proc(5), VmHWM; getrusage(2)).
    """
    (line,) = (line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / MEGABYTE


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), sys.stdin.buffer.read())) + "\n")
