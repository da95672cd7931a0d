"""Logs of jobs, functions and the service: one JSON object a line on standard error, stdout being left for results.

CloudWatch Logs Insights reads them by field. Standard library only: this is zipped into Lambdas.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """Time, level, logger and message, what is `fixed` for the process, and whatever was given as `extra`."""

    def __init__(self, **fixed: str) -> None:
        super().__init__()
        self._fixed = fixed

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self._fixed,
        }
        entry.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


def of_the_process() -> None:
    """Every logger of the process, as a service has it; uvicorn's own only from warnings up."""
    _to_stderr(logging.getLogger(), JsonFormatter())
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def of_a_job(name: str) -> None:
    """The loggers of the workloads, with the job's name on each line; those of libraries stay as they are."""
    _to_stderr(logging.getLogger("workloads"), JsonFormatter(job=name))


def of_a_function(name: str) -> None:
    """Likewise; and Lambda's own handler, which is the root's, does not write each line a second time."""
    of_a_job(name)
    logging.getLogger("workloads").propagate = False


def _to_stderr(logger: logging.Logger, formatter: logging.Formatter) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
