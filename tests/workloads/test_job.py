"""The entry of every job and function: what is logged, left for SageMaker and returned, by each kind of error."""

from __future__ import annotations

import argparse
import errno
import importlib
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import xgboost as xgb
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError, EndpointConnectionError

from workloads import job

OWN = job.AlgorithmError("no convergence")
REPOSITORY = Path(__file__).parents[2]
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")
DENIED_TEXT = "An error occurred (AccessDenied) when calling the GetObject operation: no"
NO_ROOM = OSError(errno.ENOSPC, "No space left on device", "/opt/ml/model/model.ubj")


class NoDataError(job.UserError):
    """A kind of a job's own."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=3)


def main_of(run: Callable[[argparse.Namespace], job.Outcome]) -> job.Main:
    return job.entry("example", "An example.", _arguments)(run)


def raising(error: Exception) -> job.Main:
    def run(_: argparse.Namespace) -> job.Outcome:
        raise error

    return main_of(run)


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one line of the log, without its time."""
    out, err = capsys.readouterr()
    assert out == ""
    line = json.loads(err)
    assert line.pop("time").endswith("+00:00")
    return line


@pytest.fixture(autouse=True)
def _container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))


def test_the_root_is_sagemakers_where_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAGEMAKER_BASE_DIR")
    assert job.root() == Path("/opt/ml")


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    found = logging.getLogger("workloads")
    before = (found.handlers, found.level, found.propagate)
    yield
    found.handlers, found.level, found.propagate = before


def left(root: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (root / "output").iterdir()}


def test_what_a_job_has_done_is_one_line_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = main_of(lambda options: job.Outcome(message=f"{options.rows} rows", fields={"parts": {"train": 2}}))
    assert main(["--rows", "5"]) == 0
    assert logged(capsys) == {
        "level": "INFO",
        "logger": "workloads.job",
        "message": "5 rows",
        "job": "example",
        "parts": {"train": 2},
    }
    assert list(tmp_path.iterdir()) == []


def test_a_verdict_has_an_exit_code_of_its_own_and_leaves_no_failure(tmp_path: Path) -> None:
    assert main_of(lambda _: job.Outcome(message="held", exit_code=4))([]) == 4
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code", "kind", "message"),
    [
        (job.UserError("--input: no file"), 2, "UserError", "--input: no file"),
        (NoDataError("no row"), 2, "UserError", "no row"),
        (job.PlatformError("channels not found"), 75, "PlatformError", "channels not found"),
        (DENIED, 75, "PlatformError", f"example failed (caused by ClientError: {DENIED_TEXT})"),
        (
            EndpointConnectionError(endpoint_url="https://s3"),
            75,
            "PlatformError",
            'example failed (caused by EndpointConnectionError: Could not connect to the endpoint URL: "https://s3")',
        ),
        (S3UploadFailedError("no"), 75, "PlatformError", "example failed (caused by S3UploadFailedError: no)"),
        (
            NO_ROOM,
            75,
            "PlatformError",
            "example failed (caused by OSError: [Errno 28] No space left on device: '/opt/ml/model/model.ubj')",
        ),
        (
            duckdb.IOException('IO Error: Could not write file "x": No space left on device'),
            75,
            "PlatformError",
            'example failed (caused by IOException: IO Error: Could not write file "x": No space left on device)',
        ),
        (
            duckdb.OutOfMemoryException("failed to allocate"),
            75,
            "PlatformError",
            "example failed (caused by OutOfMemoryException: failed to allocate)",
        ),
        (
            xgb.core.XGBoostError("std::bad_alloc"),
            75,
            "PlatformError",
            "example failed (caused by XGBoostError: std::bad_alloc)",
        ),
        (
            xgb.core.XGBoostError("Check failed: valid"),
            1,
            "AlgorithmError",
            "example failed (caused by XGBoostError: Check failed: valid)",
        ),
        (MemoryError(), 75, "PlatformError", "example failed (caused by MemoryError: )"),
        (OWN, 1, "AlgorithmError", "no convergence"),
        (KeyError("auc"), 1, "AlgorithmError", "example failed (caused by KeyError: 'auc')"),
        # The nearest neighbours: a library's ValueError is no fault of the input, a missing file none of the disk.
        (ValueError("bad axis"), 1, "AlgorithmError", "example failed (caused by ValueError: bad axis)"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "x"),
            1,
            "AlgorithmError",
            "example failed (caused by FileNotFoundError: [Errno 2] No such file or directory: 'x')",
        ),
    ],
)
def test_each_kind_of_error_has_its_exit_code_and_its_reason(
    error: Exception, code: int, kind: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error)([]) == code
    line = logged(capsys)
    assert (line["level"], line["kind"], line["message"]) == ("ERROR", kind, message)
    assert ("exception" in line) is (kind == "AlgorithmError")
    reason = f"{kind}: {message}"
    if kind == "AlgorithmError" and error is not OWN:  # whose words are not ours
        named = rf"caused by {type(error).__name__} in test_job\.py, line \d+; its log says more"
        reason = left(tmp_path)["failure"]
        assert re.fullmatch(rf"AlgorithmError: example failed \({named}\)", reason)
    assert left(tmp_path) == dict.fromkeys(("failure", "message"), reason)


@pytest.mark.parametrize(
    "read",
    [
        lambda: duckdb.execute("SELECT CAST(x AS INTEGER) FROM (VALUES ('ana@example.org')) AS t(x)").fetchall(),
        lambda: duckdb.execute("SELECT error('ana@example.org')").fetchall(),
        lambda: pa.array(["ana@example.org"]).cast(pa.float64()),
        lambda: float("ana@example.org"),
        lambda: {"a": 1}["ana@example.org"],
    ],
)
def test_what_a_library_says_of_a_cell_is_in_the_log_and_not_in_the_reason(
    read: Callable[[], object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: argparse.Namespace) -> job.Outcome:
        return job.Outcome(message=str(read()))

    assert main_of(run)([]) == 1
    assert "ana@example.org" in logged(capsys)["exception"]
    for reason in left(tmp_path).values():
        assert reason.startswith("AlgorithmError: example failed (caused by ")
        assert "ana" not in reason


def test_a_stack_trace_names_the_line_that_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raising(KeyError("auc"))([])
    assert "test_job.py" in logged(capsys)["exception"]


@pytest.mark.parametrize(
    ("message", "kept"), [("x" * 5000, "UserError: " + "x" * 1013), ("é" * 1000, "UserError: " + "é" * 506)]
)
def test_a_reason_is_cut_to_what_sagemaker_takes(message: str, kept: str, tmp_path: Path) -> None:
    raising(job.UserError(message))([])
    assert left(tmp_path)["failure"] == kept
    assert len(kept.encode()) <= 1024


def test_without_a_container_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path / "opt" / "ml"))
    assert raising(job.UserError("no"))([]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_reason_that_cannot_be_left_hides_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "output").write_text("a file")
    assert raising(job.UserError("no row"))([]) == 2
    first, last = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["level"], last["message"]) == ("WARNING", "no row")
    assert first["message"].startswith(f"the reason cannot be left below {tmp_path}: ")


def test_a_wrong_call_is_told_as_argparse_does_and_leaves_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main_of(lambda _: job.Outcome(message="done"))(["--rows", "many"])
    assert ended.value.code == 2
    said = "argument --rows: invalid int value: 'many'"
    assert capsys.readouterr().err.splitlines()[-1] == f"python -m workloads.example: error: {said}"
    assert left(tmp_path)["failure"] == f"UserError: {said}"


def test_an_interrupted_job_is_no_error_of_its_own() -> None:
    def run(_: argparse.Namespace) -> job.Outcome:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        main_of(run)([])


def test_a_function_logs_its_result_once(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    handle = job.function("example")(lambda event, context: {"action": "ignored", "reason": f"{event}, {context}"})
    assert handle("event", "context") == {"action": "ignored", "reason": "event, context"}
    assert logged(capsys) == {
        "level": "INFO",
        "logger": "workloads.job",
        "message": "example: ignored",
        "job": "example",
        "action": "ignored",
        "reason": "event, context",
    }
    assert caplog.records == []  # what the root's handlers get, which on Lambda write too


def test_a_function_that_fails_says_the_kind_and_raises_the_error_itself(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_event: object, _context: object) -> dict[str, str]:
        raise DENIED

    with pytest.raises(ClientError) as raised:
        job.function("example")(fail)({}, None)
    assert raised.value is DENIED
    line = logged(capsys)
    assert (line["kind"], line["message"]) == (
        "PlatformError",
        f"example failed (caused by ClientError: {DENIED_TEXT})",
    )


def test_leaving_writes_what_was_printed_and_skips_the_interpreters_shutdown() -> None:
    program = "import atexit; from workloads import job; atexit.register(print, 'late'); print('said'); job.leave(4)"
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (4, "said\n", "")


@pytest.mark.parametrize("name", ["etl", "validation", "training", "evaluation", "drift"])
def test_every_job_is_entered_here(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    main = importlib.import_module(f"workloads.{name}.__main__").main
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: python -m workloads.{name} ")
    assert shown.endswith(f"{job.EXIT_CODES}\n")


@pytest.mark.parametrize("name", ["batch", "packaging"])
def test_the_jobs_of_the_inference_image_too(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        importlib.import_module(f"workloads.inference.{name}").main(["--help"])
    assert capsys.readouterr().out.startswith(f"usage: python -m workloads.inference.{name} ")


def test_the_entry_needs_nothing_but_the_standard_library() -> None:
    """It is zipped into Lambdas."""
    program = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import workloads.job, workloads.alarm"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"{program}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    tops = {name.partition(".")[0] for name in done.stdout.split()}
    assert tops - sys.stdlib_module_names == {"workloads", "__main__"}
