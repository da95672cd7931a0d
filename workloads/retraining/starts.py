"""The newest start of a run, written down before it is made: of many who decide at once, one starts.

Who decided writes its whole request over what it had read before it looked around, by a conditional write (Amazon S3
user guide, "Prevent object overwrites with conditional requests"). Whatever happened meanwhile, another start or one
more delivered file, one write fits and the others look again. Who finds a start that nobody has finished makes it, by
the request as it stands: its token starts nothing twice (API reference, StartPipelineExecution), and no token comes
with other words. So nothing is lost where a function dies half way. Standard library only: zipped into a Lambda.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from contracts import objects

#: Until then a start that nobody has finished is tried again, and one that is in no list yet counts as under way. One
#: that cannot be made (the pipeline takes other parameters by now) is given up after it. Lambda tries an event again
#: after one minute and two (developer guide, "Asynchronous invocation").
FRESH = timedelta(minutes=15)
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "404"}


class TakenError(RuntimeError):
    """Somebody else wrote a start meanwhile: what was looked at is old."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """`request` is that of StartPipelineExecution, `execution` what it started; `etag` is S3's, of what was read."""

    began: datetime
    request: Mapping[str, Any]
    execution: str = ""
    etag: str = ""

    @property
    def dataset_version(self) -> str:
        """The data that the run was asked to learn from."""
        return next((p["Value"] for p in self.request["PipelineParameters"] if p["Name"] == "DatasetVersion"), "")

    def fresh(self, now: datetime) -> bool:
        """Whether it is to be counted, or to be finished."""
        return now - self.began < FRESH


@dataclass(frozen=True, kw_only=True)
class Starts:
    """The one object of a workload that holds the newest start."""

    s3: Any
    uri: str

    def newest(self) -> Start | None:
        """What is written there; None before the first."""
        found = objects.read(self.s3, *self._place)
        if found is None:
            return None
        written = json.loads(found["Body"].read())
        return Start(**written | {"began": datetime.fromisoformat(written["began"])}, etag=found["ETag"])

    def write(self, start: Start, *, after: Start | None) -> Start:
        """Write it over `after`. Raises TakenError where something else is there by now."""
        condition = {"IfMatch": after.etag} if after else {"IfNoneMatch": "*"}
        text = {"began": start.began.isoformat(), "request": start.request, "execution": start.execution}
        bucket, key = self._place
        try:
            written = self.s3.put_object(
                Bucket=bucket, Key=key, Body=json.dumps(text).encode(), ContentType="application/json", **condition
            )
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in _TAKEN:
                raise TakenError(f"{self.uri}: somebody else started a run meanwhile") from error
            raise
        return replace(start, etag=written["ETag"])

    @property
    def _place(self) -> tuple[str, str]:
        bucket, _, key = self.uri.removeprefix("s3://").partition("/")
        return bucket, key
