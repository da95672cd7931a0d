"""What every workload needs: the compiled contract, the identity of a file, and logs as JSON lines."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from contracts.schema import Contract, from_json

CONTRACT_FILE = "contract.json"


def read_contract(path: Path) -> Contract:
    """The compiled contract at `path`, or in the directory `path` under the name contract.json.

    Raises FileNotFoundError or ValueError with the path and what to do.
    """
    file = path / CONTRACT_FILE if path.is_dir() else path
    if not file.is_file():
        raise FileNotFoundError(f"contract: no file at {file}; give the compiled contract (contract.json)")
    try:
        return from_json(file.read_bytes())
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"contract: {file} is not a compiled contract ({error}); compile the YAML with contracts.loader and "
            "contracts.schema.to_json"
        ) from error


def file_sha256(path: Path) -> str:
    """SHA-256 of the bytes of a file, in hexadecimal: what it is, whatever it is called."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def log_json(workload: str) -> logging.Logger:
    """The logger of a workload, writing JSON lines to stderr (CloudWatch Logs Insights reads their fields).

    Only what is below `workloads` goes there, warnings of libraries stay with their own loggers; stdout is left for
    results.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter(workload))
    root = logging.getLogger("workloads")
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False
    return logging.getLogger(f"workloads.{workload}")


def leave(code: int) -> NoReturn:
    """End the process with `code`, all output written, without the interpreter's own shutdown.

    To take a million objects of libraries down one by one takes a second of every job (measured: evaluation 0.9 s, a
    process with the models of AWS 2 s). And narwhals 2.28 keeps duckdb types in module globals, which duckdb 2.0's
    bindings (nanobind) answer at shutdown with a page of leak warnings. Only for the last line of a command line:
    atexit handlers do not run.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _JsonFormatter(logging.Formatter):
    def __init__(self, workload: str) -> None:
        super().__init__()
        self.workload = workload

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "workload": self.workload,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})  # log.info("...", extra={"fields": {...}})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
