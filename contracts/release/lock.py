"""One writer at a time, over S3: SSM has no conditional put, and a promotion and the rollback function may meet.

Whoever creates the lock object (If-None-Match) holds the lock, and deletes it with If-Match. A lock older than its
lease belongs to somebody who died: the next one overwrites it with If-Match on what was read, which only one of many
can do. Ages are told by S3's own clock. Source: Amazon S3 user guide, "Prevent object overwrites with conditional
requests" and "Perform conditional deletes".
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from contracts import objects

#: A change takes two or three seconds. A holder writes only in the first half of its lease.
LEASE_SECONDS = 60
#: Longer than a lease, so that one call outlasts a lock that nobody holds any more.
PATIENCE_SECONDS = 90.0
_POLL_SECONDS = 0.5
_TAKEN, _GONE = {"PreconditionFailed", "ConditionalRequestConflict"}, {"NoSuchKey", "404"}


class BusyError(RuntimeError):
    """Somebody else is at it: nothing was changed, try again."""


@dataclass(kw_only=True)
class Held:
    """A lock that is held, and since when (monotonic seconds)."""

    etag: str
    since: float
    clock: Callable[[], float]

    def check(self) -> None:
        """Before each write. Raises BusyError when so much time has passed that somebody may take the lock over."""
        if self.clock() - self.since > LEASE_SECONDS / 2:
            raise BusyError(
                f"the lock was held for more than {LEASE_SECONDS / 2:g} s, half of its lease: AWS answers too slowly; "
                "try again"
            )


@dataclass(frozen=True, kw_only=True)
class Lock:
    """The lock object of one endpoint."""

    s3: Any
    bucket: str
    key: str
    patience_seconds: float = PATIENCE_SECONDS
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    @contextmanager
    def held(self, *, who: str, doing: str) -> Generator[Held]:
        """Hold the lock. BusyError, with who holds it, when it does not come free in time."""
        token = secrets.token_hex(8)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        body = json.dumps({"who": who, "doing": doing, "since": since, "token": token}).encode()
        held = self._take(body, token)
        try:
            yield held
        finally:
            self._release(held)

    def _take(self, body: bytes, token: str) -> Held:
        deadline = self.clock() + self.patience_seconds
        while True:
            began = self.clock()
            etag = self._put(body, IfNoneMatch="*") or self._take_over(body, token, deadline)
            if etag:
                return Held(etag=etag, since=began, clock=self.clock)
            self.sleep(_POLL_SECONDS)

    def _take_over(self, body: bytes, token: str, deadline: float) -> str | None:
        """The ETag of a lock that is ours after all, or was left by somebody who died; None to try again."""
        found = objects.read(self.s3, self.bucket, self.key)
        if found is None:
            return None
        holder = _read(found["Body"].read())
        if holder.get("token") == token:  # the answer to our put was lost, and botocore sent it again
            return found["ETag"]
        now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
        age = (now - found["LastModified"]).total_seconds()
        if age > LEASE_SECONDS:
            return self._put(body, IfMatch=found["ETag"])
        if self.clock() >= deadline:
            raise BusyError(
                f"s3://{self.bucket}/{self.key} is held by {holder.get('who', 'somebody')} "
                f"({holder.get('doing', 'unknown')}) since {holder.get('since', 'a moment ago')}; try again: "
                f"after {LEASE_SECONDS} s a lock is taken over"
            )
        return None

    def _put(self, body: bytes, **condition: str) -> str | None:
        """The ETag of what was written, None when the condition did not hold."""
        try:
            return self.s3.put_object(Bucket=self.bucket, Key=self.key, Body=body, **condition)["ETag"]
        except self.s3.exceptions.ClientError as error:
            if _code(error) in _TAKEN | _GONE:
                return None
            raise

    def _release(self, held: Held) -> None:
        try:
            self.s3.delete_object(Bucket=self.bucket, Key=self.key, IfMatch=held.etag)
        except self.s3.exceptions.ClientError as error:
            if _code(error) not in _TAKEN | _GONE:  # else it was taken over: the new holder's is left alone
                raise


def _read(body: bytes) -> dict[str, str]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _code(error: Any) -> str:
    return error.response["Error"]["Code"]
