"""Files for a batch endpoint: put into S3, scored by a run, and read back with a prediction behind each row."""

from __future__ import annotations

import csv
import io
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from automation.operations import scoring
from automation.operations.errors import DeploymentError
from contracts import encodings, texts
from contracts.names import EndpointNames
from contracts.release.schedule import BATCH
from contracts.schema import Column
from local.emulator.client import Emulator
from local.loop import LoopError, waiting
from local.loop.traffic import Answers

if TYPE_CHECKING:
    from local.loop.platform import Platform

#: Rows of a file; a run takes all files.
ROWS = 40


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Who has files scored by a batch endpoint. `failures` are the reasons of runs that failed."""

    names: EndpointNames
    columns: Sequence[Column]
    encoding: str | None
    s3: Any
    scheduler: Any
    sagemaker: Any
    failures: list[str] = field(default_factory=list[str])

    def ask(self, bodies: Sequence[bytes], *, rows: int, beside: str = "") -> Answers:
        """Have rows (JSON objects) scored, in files of so many, `beside` another; files stay no longer than the run.

        Counts and latency of rows: each has its prediction when the run ends.
        """
        chunks = [bodies[start : start + rows] for start in range(0, len(bodies), rows)]
        keys = [self._put(text) for text in (*map(self._lines, chunks), beside) if text]
        began = time.perf_counter()
        try:
            self._run(expected=len(bodies))
        except DeploymentError as error:
            self.failures.append(str(error))
            status = 500
        else:
            status = 200
        finally:
            for key in keys:
                self.s3.delete_object(Bucket=self.names.processed_bucket, Key=key)
        took = time.perf_counter() - began
        return Answers(
            latencies_ms=tuple([took * 1e3] * len(bodies)), statuses={status: len(bodies)}, variants={}, seconds=took
        )

    def _put(self, text: str) -> str:
        """A file for the next run; its key."""
        key = f"{self.names.batch}requests/{uuid.uuid4()}.csv"
        self.s3.put_object(
            Bucket=self.names.processed_bucket, Key=key, Body=text.encode(encodings.plain(self.encoding))
        )
        return key

    @property
    def serves(self) -> str:
        """The model that the next run scores with."""
        schedule = self.scheduler.get_schedule(Name=self.names.resource(BATCH))
        return json.loads(schedule["Target"]["Input"])["ModelName"]

    def _lines(self, bodies: Sequence[bytes]) -> str:
        """Rows as the contract orders them, behind a column that says which is which."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for number, body in enumerate(bodies):
            row = json.loads(body)
            writer.writerow([number, *(texts.delivered(column, row[column.name]) for column in self.columns)])
        return text.getvalue()

    def _run(self, *, expected: int) -> None:
        run = scoring.start(self.names, now=datetime.now(UTC), scheduler=self.scheduler, sagemaker=self.sagemaker)
        scoring.wait(run, sagemaker=self.sagemaker, poll_seconds=0.1)
        bucket, _, prefix = run.predictions.removeprefix("s3://").partition("/")
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        texts = [
            self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode(encodings.plain(self.encoding))
            for key in keys
        ]
        found = [row for text in texts for row in csv.reader(io.StringIO(text))]
        joined = [row for row in found if len(row) > 1 + len(self.columns)]
        if len(joined) != expected:
            raise LoopError(f"{run.predictions} has {len(joined)} rows with a prediction, not {expected}")


def fail_and_roll_back(batch: Batch, platform: Platform, emulator: Emulator, bodies: Sequence[bytes]) -> Iterator[str]:
    """A run fails for a file against the contract, people are told, and one of them rolls back: line by line."""
    if batch.ask(bodies, rows=ROWS, beside="this,is,no,row\n").served:
        raise LoopError("a file that is against the contract was scored")
    yield f"{batch.failures[-1].split(': ', 1)[0]}, for a file that is against the contract"
    names = platform.names
    rule = names.arn("events", f"rule/{names.resource(f'{BATCH}-failed')}")
    waiting.until(lambda: [each for each in emulator.deliveries() if each["source"] == rule], emulator)
    yield "event -> topic of alerts: people are told"
    outcome = platform.roll_back(who="loop", why="its predictions are doubted")
    yield f"{outcome.action}: release {outcome.live} is wanted; the next deployment gives it to the schedule"


def scored_again(platform: Platform, before: str, bodies: Sequence[bytes]) -> str:
    """The schedule has the model of the release before, and a run with it is whole: in one line."""
    batch, record = platform.batch, platform.follow(who="loop")
    if batch is None or batch.serves == before or record.serving.id not in batch.serves:
        raise LoopError(f"the schedule still scores with {before}, and not with release {record.serving.id}")
    return f"the schedule scores with {batch.serves}: {batch.ask(bodies, rows=ROWS).served} rows"
