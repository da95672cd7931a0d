"""The judgement of one delivered file: every row is accepted or quarantined with its reasons, none is lost."""

from __future__ import annotations

import dataclasses
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb

from contracts.schema import Contract
from workloads.engine import connect, one_thread
from workloads.inputs import file_sha256
from workloads.validation import header, pii, repeated, tables, written
from workloads.validation.source import Source, open_source
from workloads.validation.summary import Summary, jumps, summarise
from workloads.validation.verdict import FileFault, Finding, RefusedError, Status, Verdict

ACCEPTED_FILE = "accepted.parquet"
QUARANTINE_FILE = "quarantine.parquet"


def validate(
    path: Path,
    contract: Contract,
    *,
    output: Path,
    now: datetime,
    delivered: datetime | None = None,
    previous: Summary | None = None,
    salt: bytes | None = None,
    hold: bool = True,
    memory_limit_mb: int | None = None,
) -> Verdict:
    """Judge the file at `path` and write its rows into the directory `output`.

    accepted.parquet (status accepted or held) has exactly the contract's columns in its order, without those that are
    dropped as PII: integers and numbers of 64 bit, timestamps in UTC, hashed columns as text. quarantine.parquet
    (when a row is bad) has `quarantine_row` (the row's number in the file, from 1), `quarantine_codes` (list of
    RowFault), `quarantine_reason` (their text) and the values as they were delivered. Both appear whole or not at
    all.

    `delivered` (with time zone) is when the file came in; accepted.parquet then has it too, in a last column
    stored.DELIVERED. It is the event time of every row where the contract takes that from the delivery (`now`, if it
    is not given), and decides what is late and what is in the future: a file that is judged again years later is as
    late as it was. `now` (with time zone) does so where it is before that. `previous` is the summary
    of the last accepted data, without which nothing is held; `hold=False` is a person's decision to accept a held file.
    `memory_limit_mb` bounds the engine in MiB, which keeps the rest in `output` while it works. Without it the bound is
    `engine_mb`; a file that cannot be judged within that, of lines as long as books, may have what the machine has.

    Raises SaltError before reading anything when a column is to be hashed and `salt` will not do. Whatever is wrong
    with the file is no exception but a verdict.
    """
    output.mkdir(parents=True, exist_ok=True)
    judged = partial(
        _judged,
        path,
        contract,
        output=output,
        sha256=file_sha256(path),
        came=min(now, delivered or now),
        now=now,
        delivered=delivered,
        salt=salt,
    )
    try:
        verdict = judged(memory_limit_mb=memory_limit_mb or engine_mb(contract))
    except duckdb.OutOfMemoryException:
        if memory_limit_mb is not None:
            raise
        verdict = judged(memory_limit_mb=None)
    return _held(verdict, previous, contract) if hold else verdict


def engine_mb(contract: Contract) -> int:
    """MiB with which the engine judges a file of any number of rows, of usual length: by the columns, of which it holds
    some thousand values at once. Python and its libraries are 130 more.
    """
    return 120 + max(0, len(contract.columns) - 20)


def _judged(
    path: Path,
    contract: Contract,
    *,
    output: Path,
    sha256: str,
    came: datetime,
    now: datetime,
    delivered: datetime | None,
    salt: bytes | None,
    memory_limit_mb: int | None,
) -> Verdict:
    """The verdict, by the file alone, and both files in `output`."""
    for name in (ACCEPTED_FILE, QUARANTINE_FILE):
        (output / name).unlink(missing_ok=True)  # of a judgement before this one
    with (
        tempfile.TemporaryDirectory(dir=output) as directory,
        connect(Path(directory), memory_limit_mb=memory_limit_mb) as connection,
    ):
        scratch = Path(directory)
        pii.set_salt(connection, contract, salt)
        try:
            source = open_source(connection, path, contract, delivered or now, scratch=scratch)
            rows = tables.judge_rows(connection, source, contract, came, scratch)
            repeats = repeated.find(connection, contract, rows)
            late = tables.late_rows(connection, contract, came)
            verdict = _verdict(connection, contract, sha256, scratch, source, delivered, late, rows, repeats)
        except RefusedError as refusal:
            return Verdict(status=Status.REFUSED, object_sha256=sha256, findings=refusal.findings)
        for name in (ACCEPTED_FILE, QUARANTINE_FILE):
            if (scratch / name).exists():
                (scratch / name).replace(output / name)
    return verdict


def _verdict(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    sha256: str,
    scratch: Path,
    source: Source,
    delivered: datetime | None,
    late: str | None,
    rows_in: int,
    repeats: int,
) -> Verdict:
    """Write both files into `scratch` and count what was written: a verdict is not made unless the rows add up."""
    if rows_in == 0:
        text = "the file has a header and no rows; deliver it again with its rows"
        raise RefusedError(Finding(code=FileFault.NO_ROWS, text=text))
    reasons = tables.count_reasons(connection)
    quarantined = 0
    if reasons:
        rows = written.quarantined(contract)
        with one_thread(connection):
            quarantined = written.write(connection, rows, scratch / QUARANTINE_FILE, of=rows_in, repeats=repeats)
    verdict = Verdict(
        status=Status.REFUSED,
        object_sha256=sha256,
        rows_in=rows_in,
        quarantined=rows_in,
        reasons=reasons,
        faults=tables.faults_by_column(connection) if reasons else (),
        findings=_refusals(connection, contract, rows_in, quarantined, reasons, late),
        warnings=(*_warnings(source), *tables.marks_of_missing(connection, contract), *([late] if late else [])),
    )
    if verdict.findings:
        return verdict
    rows = written.accepted(contract, delivered)
    # Both read all rows, each with one thread: of two threads a COPY holds what is not yet in order.
    with one_thread(connection), ThreadPoolExecutor(1) as pool:
        summary = pool.submit(summarise, connection.cursor(), tables.GOOD, contract)
        accepted = written.write(connection, rows, scratch / ACCEPTED_FILE, of=rows_in, repeats=repeats)
    return dataclasses.replace(
        verdict, status=Status.ACCEPTED, accepted=accepted, quarantined=quarantined, summary=summary.result()
    )


def _refusals(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    rows_in: int,
    bad: int,
    reasons: dict[str, int],
    late: str | None,
) -> tuple[Finding, ...]:
    """Why a file whose rows could be read is refused as a whole."""
    findings = tables.unread_columns(connection, contract)
    share = bad / rows_in
    limit = contract.ingestion.max_bad_row_share
    if share > limit:
        counts = ", ".join(f"{code} {count}" for code, count in reasons.items())
        row, reason = tables.first_fault(connection)
        text = (
            f"{bad} of {rows_in} rows are bad ({share:.2%}; ingestion.max_bad_row_share allows {limit:.2%}): {counts}; "
            f"the first is row {row}: {reason}; " + (f"{late}; " if late else "") + "repair the source and deliver the "
            "file again"
        )
        findings.append(Finding(code=FileFault.TOO_MANY_BAD_ROWS, text=text))
    return tuple(findings)


def _held(verdict: Verdict, previous: Summary | None, contract: Contract) -> Verdict:
    if previous is None or verdict.summary is None:
        return verdict
    findings = tuple(
        Finding(
            code=FileFault.MEAN_JUMP if jump.column else FileFault.LABEL_RATE_JUMP,
            text=f"{jump.text}; look at the source, then approve or discard the file",
        )
        for jump in jumps(previous, verdict.summary, contract.ingestion)
    )
    return dataclasses.replace(verdict, status=Status.HELD, findings=findings) if findings else verdict


def _warnings(source: Source) -> tuple[str, ...]:
    if not source.extra:
        return source.warnings
    found = f"columns {header.quoted(source.extra)} are not in the contract and were left out"
    return (*source.warnings, f"{found}; add them to the contract to keep them")
