"""The one entry of every job and function: arguments, JSON logs, three kinds of errors, exit code, failure file.

A job is its algorithm and

    @job.entry("etl", __doc__, _arguments)
    def main(options: argparse.Namespace) -> job.Outcome: ...

    if __name__ == "__main__":
        job.leave(main())

and a Lambda function is its algorithm under `@job.function("rollback")`. Standard library only: this is zipped into
Lambdas.

The kinds are told apart because three kinds of people act on them: that split is the SageMaker XGBoost container's
(aws/sagemaker-xgboost-container, algorithm toolkit exceptions).
"""

from __future__ import annotations

import argparse
import errno
import functools
import logging
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

from workloads import logs

#: Below `root`/output. The first becomes a training job's FailureReason (SageMaker developer guide, "How Amazon
#: SageMaker AI processes training output"), the second a processing job's ExitMessage (API, DescribeProcessingJob).
FAILURE_FILES: Final = ("failure", "message")
MAX_REASON_BYTES: Final = 1024
EXIT_CODES: Final = "exit codes: 0 done; 2 input or call are wrong; 75 AWS or the container failed, try again; 1 else"
#: Libraries whose errors say that AWS, or the way to it, failed.
_AWS: Final = frozenset({"boto3", "botocore", "s3transfer"})
#: Nothing more can be written or allocated; duckdb (disk, quota) and XGBoost (memory) say it in their message alone.
_NO_ROOM: Final = (*map(os.strerror, (errno.ENOSPC, errno.EDQUOT)), "std::bad_alloc")
_HERE: Final = Path(__file__).parent
_log = logging.getLogger(__name__)


class AlgorithmError(Exception):
    """Whatever is nobody's fault outside this code; `exit_code` is what the process returns for it."""

    kind, exit_code = "AlgorithmError", 1


class UserError(ValueError):
    """Data, contract or call are wrong: whoever started the job can mend it, and the message says how."""

    kind, exit_code = "UserError", 2


class PlatformError(Exception):
    """AWS failed, or the container lacks what it is promised: the job may be tried again when that is mended."""

    kind, exit_code = "PlatformError", os.EX_TEMPFAIL


JobError = AlgorithmError | UserError | PlatformError


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a job has done: a message and fields for the log, and an exit code for a verdict of the job's own."""

    message: str
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    exit_code: int = 0


class Main(Protocol):
    """A command line."""

    def __call__(self, arguments: list[str] | None = None) -> int:
        """Run it; returns the exit code."""
        ...


def entry(
    name: str, doc: str | None, arguments: Callable[[argparse.ArgumentParser], None] = lambda _: None
) -> Callable[[Callable[[argparse.Namespace], Outcome]], Main]:
    """The command line `python -m workloads.<name>` over a job's algorithm. `arguments` adds what the job is given.

    An error is logged, with a stack trace where it is of the algorithm, and left where SageMaker reads it: `<kind>:
    <message>` in FAILURE_FILES, so long as `root` is there. What a library says of data, in whose messages values of
    cells stand, is in the log alone: whoever may describe a job reads its reason.
    """

    def of(run: Callable[[argparse.Namespace], Outcome]) -> Main:
        @functools.wraps(run)
        def main(arguments: list[str] | None = None) -> int:
            logs.of_a_job(name)
            options = parser.parse_args(arguments)
            try:
                outcome = run(options)
            except Exception as error:  # noqa: BLE001 - whatever it is, whoever started the job must get a reason
                found = classified(name, error)
                _leave_reason(_reason(name, error, found))
                _tell(found)
                return found.exit_code
            _log.info(outcome.message, extra=dict(outcome.fields))
            return outcome.exit_code

        return main

    parser = _Parser(
        prog=f"python -m workloads.{name}",
        description=doc,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    arguments(parser)
    return of


def function(name: str) -> Callable[[Callable[[Any, Any], dict[str, str]]], Callable[[Any, Any], dict[str, str]]]:
    """A Lambda handler that logs its result, or why there is none, and raises that: Lambda tries again by its rules."""

    def of(handle: Callable[[Any, Any], dict[str, str]]) -> Callable[[Any, Any], dict[str, str]]:
        @functools.wraps(handle)
        def handler(event: Any, context: Any) -> dict[str, str]:
            logs.of_a_function(name)
            try:
                result = handle(event, context)
            except Exception as error:
                _tell(classified(name, error))
                raise
            _log.info("%s: %s", name, result["action"], extra=result)
            return result

        return handler

    return of


def root() -> Path:
    """The container's directory that SageMaker fills and reads; another one as in SageMaker's own toolkits."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def volume() -> Path | None:
    """The disk of a processing job, of the size that the job asks for; elsewhere there is none (then: /tmp)."""
    processing = root() / "processing"
    return processing if processing.is_dir() else None


def classified(name: str, error: Exception) -> JobError:
    """The error as one of the three kinds; what is none of them yet names its cause."""
    if isinstance(error, JobError):
        return error
    aws = any(base.__module__.partition(".")[0] in _AWS for base in type(error).__mro__)
    no_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"  # duckdb's
    kind = PlatformError if aws or no_memory or has_no_room(error) else AlgorithmError
    found = kind(f"{name} failed (caused by {type(error).__name__}: {error})")
    found.__cause__ = error
    return found


def has_no_room(error: Exception) -> bool:
    """Whether an error says that nothing more can be written or allocated, which is no fault of what was read."""
    return any(said in str(error) for said in _NO_ROOM)


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


class _Parser(argparse.ArgumentParser):
    """Leaves the reason of a wrong call like any other; then as argparse does: usage on stderr and exit code 2."""

    def error(self, message: str) -> NoReturn:
        _leave_reason(f"{UserError.kind}: {message}")
        super().error(message)


def _tell(error: JobError) -> None:
    """Log it. The message of the other two kinds says it all; a stack trace would hide it."""
    trace = error if isinstance(error, AlgorithmError) else None
    _log.error(str(error), exc_info=trace, extra={"kind": error.kind})


def _reason(name: str, error: Exception, found: JobError) -> str:
    """What may be read by whoever sees that the job failed: of an error that nobody here worded, its type and place."""
    if found is error or not isinstance(found, AlgorithmError):
        return f"{found.kind}: {found}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_HERE) and frame.filename != __file__]
    at = (ours or frames)[-1]
    place = f" in {Path(at.filename).name}, line {at.lineno}"
    return f"{found.kind}: {name} failed (caused by {type(error).__name__}{place}; its log says more)"


def _leave_reason(text: str) -> None:
    if not (place := root()).is_dir():
        return  # no container of SageMaker's
    reason = text.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
    try:
        (place / "output").mkdir(exist_ok=True)
        for name in FAILURE_FILES:
            (place / "output" / name).write_text(reason, encoding="utf-8")
    except OSError as refused:
        _log.warning("the reason cannot be left below %s: %s", place, refused)
