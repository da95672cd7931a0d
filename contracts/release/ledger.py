"""The one place that writes release records: under the lock, with the endpoint looked at first.

with ledger.open(who="ana", doing="promote") as book:
    book.write(release.promote(book.record, package, ..., counts=book.counts))

Inside `open` nobody else writes, so what was read still holds at the write. `book.record` has been brought to the truth
first: the release that the endpoint serves is the live one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from contracts.release import text
from contracts.release.live import Host, Live
from contracts.release.lock import BusyError, Held, Lock
from contracts.release.record import Record, ReleaseError
from contracts.release.transitions import settle


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The record as it lies in the parameter, and the parameter's version (0: there is none)."""

    record: Record | None
    version: int


@dataclass(frozen=True, kw_only=True)
class Book:
    """The record and the endpoint, while nobody else writes. `record` is None before the first release."""

    ledger: Ledger
    stored: Stored
    record: Record | None
    live: Live | None
    held: Held

    @property
    def counts(self) -> Mapping[str, int]:
        """Live instances by variant; where there is no endpoint, those that it had when the record was written."""
        if self.live:
            return self.live.counts
        return self.record.counts if self.record else {}

    @property
    def stray(self) -> bool:
        """Whether the endpoint serves what is not in the record: somebody moved it by hand."""
        known = {release.id for release in self.record.releases} if self.record else set[str]()
        return self.live is not None and not self.live.in_progress and self.live.release not in known

    def refuse_in_progress(self) -> None:
        """Raises BusyError while the endpoint is on its way: which release it will serve is not decided."""
        if self.live and self.live.in_progress:
            raise BusyError(
                f"endpoint {self.live.endpoint} is {self.live.status}; wait until it is done, then try again"
            )

    def write(self, record: Record, *, moving: bool = False) -> Record:
        """Put a record, with the live counts, weights and configuration; `moving` says that the endpoint leaves that.

        ReleaseError if somebody wrote without the lock.
        """
        if live := self.live:
            config = "" if moving or live.in_progress or live.failed else live.config
            record = dataclasses.replace(record, counts=dict(live.counts), weights=dict(live.weights), config=config)
        if record != self.stored.record:
            self.held.check()
            self.ledger.put(text.to_json(record), after=self.stored.version)
        return record


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The record of one endpoint: where it lies, with the client that reaches it, and what serves the endpoint."""

    parameter: str
    host: Host
    lock: Lock
    ssm: Any

    @property
    def endpoint(self) -> str:
        """The endpoint's name."""
        return self.host.endpoint

    def read(self) -> Stored:
        """The record now. ReleaseError for one that cannot be read."""
        try:
            found = self.ssm.get_parameter(Name=self.parameter)["Parameter"]
        except self.ssm.exceptions.ParameterNotFound:
            return Stored(record=None, version=0)
        try:
            return Stored(record=text.from_json(found["Value"]), version=found["Version"])
        except ReleaseError as error:
            raise ReleaseError(
                f"{self.parameter}: {error}; `aws ssm get-parameter-history --name {self.parameter}` has those before"
            ) from error

    @contextmanager
    def open(self, *, who: str, doing: str) -> Generator[Book]:
        """Hold the lock and look. BusyError when the lock does not come free."""
        with self.lock.held(who=who, doing=doing) as held:
            stored, live = self.read(), self.host.observe()
            yield Book(ledger=self, stored=stored, record=_true(stored.record, live), live=live, held=held)

    def put(self, value: str, *, after: int) -> None:
        """Put the parameter, which had the version `after` when it was read (0: there was none)."""
        request = {"Name": self.parameter, "Value": value, "Type": "String"}
        if not after:
            try:
                self.ssm.put_parameter(**request, Overwrite=False)
            except self.ssm.exceptions.ParameterAlreadyExists as error:
                raise BusyError(
                    f"{self.parameter}: somebody else wrote it first, without the lock; try again"
                ) from error
            return
        version = self.ssm.put_parameter(**request, Overwrite=True)["Version"]
        if version != after + 1:
            raise ReleaseError(
                f"{self.parameter}: version {version} was written over version {version - 1}, which somebody else "
                f"wrote without the lock; decide with `aws ssm get-parameter-history --name {self.parameter}`"
            )


def _true(record: Record | None, live: Live | None) -> Record | None:
    """The record, with the release that serves as the live one; as it is where none of it is known to."""
    if record is None or live is None or live.in_progress or live.failed:
        return record
    known = {release.id for release in record.releases}
    return settle(record, live.release) if live.release in known else record
