"""Rolling an endpoint back: the known good release takes over, now, and the record says so.

Used by the rollback function and by the command line. It works from what stands in the record and what the endpoint
does, one step at a time, so whoever dies half way is followed by somebody who goes on from there:

    on its way      wait: until the endpoint has settled nothing can be done, and nothing is claimed
    about to move   (an `up` has said that a rollout begins) wait too, but not for ever: it may have died
    not there yet   move it to the known good release, all traffic at once; then the record
    there           the release is live: only now it is said to be rolled back
    stopped         there is nothing to move: the record alone, and the endpoint wakes on the known good release
    scheduled       (batch) no request is waiting: the record alone, and `pulumi up` gives the schedule its model
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contracts.release.ledger import Book, Ledger
from contracts.release.live import Live, is_beginning, was_deployed
from contracts.release.lock import BusyError
from contracts.release.record import Record, Release, ReleaseError, Status, instant
from contracts.release.transitions import begin, roll_back

MOST_POLL_SECONDS = 10.0


class NoConfigurationError(LookupError):
    """The release to go back to has no endpoint configuration any more; the message says what declares it."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Who wants the rollback and why; `about` is when the fault was seen (None: whatever is live now)."""

    who: str
    why: str
    about: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`action` is "rolled-back", "recorded" (the endpoint is stopped, or a schedule) or "ignored".

    Ids of the release that failed and of the one that serves, or will.
    """

    action: str
    reason: str
    failed: str = ""
    live: str = ""


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """One rollback. `tell` gets a subject and a text, for people; `patience_seconds` bounds the waiting.

    `stopped` says that the endpoint is not there because the stack's config stopped it.

    The first look comes after `poll_seconds`, the next ones after longer and longer.
    """

    ledger: Ledger
    request: Request
    tell: Callable[[str, str], None]
    patience_seconds: float
    stopped: bool = False
    poll_seconds: float = 0.5
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)

    def run(self) -> Outcome:
        """Roll back, and wait until the endpoint serves what it should.

        Raises ReleaseError where it is refused, BusyError when the endpoint or the lock did not come free in time, and
        NoConfigurationError when the good release has none. Errors of AWS propagate. It may be called again.
        """
        deadline, moved, pause = self.clock() + self.patience_seconds, "", self.poll_seconds
        while True:
            self._wait_until_settled(deadline, told=bool(moved))
            with self.ledger.open(who=self.request.who, doing="roll back") as book:
                found = self._step(book, moved)
            if isinstance(found, Outcome):
                return found
            if not found:
                self.sleep(pause)
                pause = min(MOST_POLL_SECONDS, pause * 1.5)
            moved = found or moved
            if self.clock() > deadline:
                raise BusyError(
                    f"endpoint {self.ledger.endpoint} is not seen to be rolled back after {self.patience_seconds:g} s; "
                    "try again"
                )

    def _wait_until_settled(self, deadline: float, *, told: bool) -> None:
        pause = self.poll_seconds
        while (live := self.ledger.host.observe()) and live.in_progress:
            if not told:
                self.tell(f"Rollback of {live.endpoint} waits", f"The endpoint is {live.status}. {self._asked}")
                told = True
            if self.clock() >= deadline:
                raise BusyError(
                    f"endpoint {live.endpoint} is still {live.status} after {self.patience_seconds:g} s, so it is not "
                    "rolled back yet; try again"
                )
            self.sleep(pause)
            pause = min(MOST_POLL_SECONDS, pause * 1.5)

    def _step(self, book: Book, moved: str) -> Outcome | str:
        """The outcome, or the id of the release that the endpoint is now on its way to ("" for none)."""
        record, live = book.record, book.live
        if record is not None and (self.stopped if live is None else live.scheduled):
            return self._record_only(book, record)
        if record is None or live is None:
            raise ReleaseError(f"endpoint {self.ledger.endpoint} has no release yet, or is not there: nothing to do")
        if live.in_progress:
            return ""
        wanted = record.wanted
        if record.live and self._is_done(record.live, moved):
            return self._done(book.write(record))
        if wanted.by_rollback and wanted.status is Status.CANDIDATE:  # by this one, or somebody who could not finish
            if live.failure:
                self.tell(f"Rollback of {live.endpoint} is tried again", f"{live.failure}\n{self._asked}")
            return self._move(book, live, record)
        if self.request.about and instant(wanted.when) > self.request.about:
            return self._too_late(wanted, self.request.about)
        return self._leave(book, live, record)

    def _leave(self, book: Book, live: Live, record: Record) -> Outcome | str:
        """Away from what serves, or is about to."""
        if book.stray:
            raise ReleaseError(
                f"endpoint {live.endpoint} serves {live.config}, which is not in the record: it was moved by hand; "
                "promote a package and run `pulumi up`"
            )
        if is_beginning(live, record.wanted, self.now()):
            return ""
        rolled = self._rolled(record, deployed=was_deployed(live, record.wanted))
        if rolled.wanted.status is Status.LIVE:  # SageMaker turned the rollout back itself
            return self._done(book.write(rolled))
        return self._move(book, live, rolled)

    def _rolled(self, record: Record, *, deployed: bool) -> Record:
        return roll_back(record, who=self.request.who, why=self.request.why, when=self._when(), deployed=deployed)

    def _when(self) -> str:
        return self.now().isoformat(timespec="milliseconds")

    def _record_only(self, book: Book, record: Record) -> Outcome:
        """Of a stopped endpoint a candidate is withdrawn, for nobody sees any more whether it served."""
        wanted = record.wanted
        deployed = book.live is None or was_deployed(book.live, wanted)
        if not self._is_done(wanted, ""):
            if self.request.about and instant(wanted.when) > self.request.about:
                return self._too_late(wanted, self.request.about)
            record = book.write(self._rolled(record, deployed=deployed))
        return self._done(record, recorded=True)

    def _is_done(self, live: Release, moved: str) -> bool:
        """Whether what serves came back by this request, in this try or in one before it."""
        about = self.request.about
        retried = about is not None and live.who == self.request.who and instant(live.when) >= about
        return live.by_rollback and (live.id == moved or retried)

    def _move(self, book: Book, live: Live, record: Record) -> str:
        """The endpoint first, then the record: who dies in between is found out by the next look at the endpoint."""
        target, host = record.wanted, self.ledger.host
        config = host.configuration(target.id)
        if config is None:
            raise NoConfigurationError(
                f"no endpoint configuration {host.endpoint}-{target.id}* is left for the known good release "
                f"{target.champion}: run `pulumi up`, which declares it, and then roll back by hand"
            )
        book.held.check()
        begun = begin(record, target.id, when=self._when())
        if not host.move(config, live, self._unguarded):
            return ""
        book.write(begun, moving=True)
        return target.id

    def _unguarded(self, why: str) -> None:
        self.tell(f"{self.ledger.endpoint} moved without its halt alarm", f"{why}\n{self._asked}")

    def _done(self, record: Record, *, recorded: bool = False) -> Outcome:
        live, endpoint = record.wanted if recorded else record.serving, self.ledger.endpoint
        failed = next((release for release in record.releases[1:] if release.status is Status.FAILED), None)
        now, action = ("will serve", "recorded") if recorded else ("serves", "rolled-back")
        lines = [
            f"{endpoint} {now} {live.champion} (release {live.id}).",
            f"Failed: {failed.champion} (release {failed.id})." if failed else "",
            self._asked,
            "The next `pulumi up` agrees with this; promote a fixed package when there is one.",
        ]
        self.tell(f"{endpoint} rolled back", "\n".join(line for line in lines if line))
        return Outcome(action=action, reason=self.request.why, failed=failed.id if failed else "", live=live.id)

    def _too_late(self, wanted: Release, about: datetime) -> Outcome:
        reason = f"release {wanted.id} was promoted after {about.isoformat()}"
        if not wanted.by_rollback:  # of a rollback people were told when it was done
            advice = "Deploy it with `pulumi up`, or roll back by hand if it is to blame."
            self.tell(f"No rollback of {self.ledger.endpoint}", f"{reason}. {advice}\n{self._asked}")
        return Outcome(action="ignored", reason=reason, live=wanted.id)

    @property
    def _asked(self) -> str:
        return f"Asked by {self.request.who}: {self.request.why}"
