"""Releases of an endpoint: promote, split or mirror traffic, roll back, and see what became of them.

The record is written here, and only rolling back moves the endpoint: a new release is rolled out by the next
`pulumi up`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from automation.operations import archives, packages
from automation.operations.errors import RefusedError
from automation.operations.recovery import rebuilt
from contracts import release
from contracts.kinds.kind import Host as HostName
from contracts.names import EndpointNames
from contracts.release import CHAMPION, Record, Release, ReleaseError, Status
from contracts.release.component import Component
from contracts.release.ecs import Ecs
from contracts.release.lambda_ import Function
from contracts.release.ledger import Book, Ledger
from contracts.release.live import Host, Live, was_deployed
from contracts.release.lock import BusyError, Lock
from contracts.release.rollback import MOST_POLL_SECONDS, Outcome, Request, Rollback
from contracts.release.sagemaker import SageMaker
from contracts.release.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class Clients:
    """What releases need of AWS, as boto3 clients. `elsewhere` are the endpoints whose releases are no configurations
    of SageMaker's variants, by name: what runs them; `others` are the clients of those services. `scaling` is that of
    Application Auto Scaling, by which a challenger that scales is let go before it is taken away.
    """

    s3: Any
    ssm: Any
    sagemaker: Any
    scheduler: Any
    scaling: Any = None
    others: Mapping[str, Any] = field(default_factory=dict[str, Any])
    elsewhere: Mapping[str, HostName] = field(default_factory=dict[str, HostName])

    def host(self, names: EndpointNames) -> Host:
        """What serves an endpoint: a component, a service of ECS, a function, a schedule, or SageMaker itself."""
        match self.elsewhere.get(names.prefix):
            case "component":
                return Component(names.prefix, self.sagemaker)
            case "ecs":
                return Ecs(names.prefix, self.others["ecs"])
            case "lambda":
                return Function(names.prefix, self.others["lambda"], self.others["codedeploy"])
            case _:
                pass
        schedule = Schedule(names.prefix, self.scheduler, self.sagemaker)
        return schedule if schedule.observe() else SageMaker(names.prefix, self.sagemaker, self.scaling)


#: What is asked of endpoints that a service runs.
_ASKED: Final[Mapping[HostName, tuple[str, ...]]] = {
    "component": (),
    "ecs": ("ecs",),
    "lambda": ("lambda", "codedeploy"),
}


def clients(client: Callable[[str], Any], elsewhere: Mapping[str, HostName] | None = None) -> Clients:
    """The clients of a session that gives them by service; those of other hosts only where something runs there."""
    hosts = elsewhere or {}
    found = {service: client(service) for service in ("s3", "ssm", "sagemaker", "scheduler")}
    others = {service: client(service) for host in sorted(set(hosts.values())) for service in _ASKED[host]}
    return Clients(**found, scaling=client("application-autoscaling"), others=others, elsewhere=hosts)


@dataclass(frozen=True, kw_only=True)
class By:
    """Who asks, and why: it stands in the record."""

    who: str
    why: str


def ledger(names: EndpointNames, clients: Clients) -> Ledger:
    """The release record of an endpoint."""
    return Ledger(
        parameter=names.release_parameter,
        host=clients.host(names),
        lock=Lock(s3=clients.s3, bucket=names.artifacts_bucket, key=names.lock_key),
        ssm=clients.ssm,
    )


def read(names: EndpointNames, clients: Clients) -> Record | None:
    """The record as it is; None before the first release."""
    return ledger(names, clients).read().record


def refuse_in_progress(names: EndpointNames, clients: Clients) -> None:
    """Raises BusyError while the endpoint is on its way: SageMaker neither changes nor deletes it then."""
    live = clients.host(names).observe()
    if live and live.in_progress:
        raise BusyError(f"endpoint {live.endpoint} is {live.status}; wait until it is done, then try again")


def promote(names: EndpointNames, package: str, *, by: By, clients: Clients) -> Record:
    """Make an approved package the wanted release: it is to take all traffic.

    A record that was lost is rebuilt from the endpoint first, so that what is live stays where a rollback goes.
    """
    arn = packages.approved(names, package, sagemaker=clients.sagemaker)
    with ledger(names, clients).open(who=by.who, doing="promote") as book:
        known = _known(book, clients)
        if known is not book.record and known is not None and known.wanted.champion == arn:
            return book.write(known)  # the way back to a lost record
        return book.write(release.promote(known, arn, who=by.who, why=by.why, when=_now(), counts=book.counts))


def promote_model(names: EndpointNames, package: str, model: str, *, by: By, clients: Clients) -> Record:
    """Make an approved package the one that a multi-model endpoint serves by a name, new or in another's place.

    RefusedError for the first that is not its champion.
    """
    arn = packages.approved(names, package, sagemaker=clients.sagemaker)
    return _serve_models(names, {model: arn}, by, "promote", clients)


def withdraw_model(names: EndpointNames, model: str, *, by: By, clients: Clients) -> Record:
    """Let a multi-model endpoint serve a model no more. RefusedError for one that it has not, or the champion."""
    return _serve_models(names, {model: None}, by, "withdraw a model", clients)


def _serve_models(
    names: EndpointNames, changes: Mapping[str, str | None], by: By, doing: str, clients: Clients
) -> Record:
    """Archives first, then the record: who dies in between has changed nothing that serves."""
    with ledger(names, clients).open(who=by.who, doing=doing) as book:
        known = _known(book, clients)
        before = known.wanted.models if known else {}
        if unknown := sorted(name for name, arn in changes.items() if arn is None and name not in before):
            allowed = ", ".join(sorted(set(before) - {CHAMPION})) or "none beside the champion"
            raise RefusedError(f"model: found {', '.join(unknown)}; endpoint {names.prefix} serves {allowed}")
        after = {name: arn for name, arn in {**before, **changes}.items() if arn}
        if CHAMPION not in after:
            act = "promote another package in its place" if known else "promote it first, without a name"
            raise RefusedError(f"model: found none called {CHAMPION}, which endpoint {names.prefix} always has; {act}")
        record = release.serve_models(
            known, after[CHAMPION], after, who=by.who, why=by.why, when=_now(), counts=book.counts
        )
        archives.place(names, record.wanted, s3=clients.s3, sagemaker=clients.sagemaker)
        record = book.write(record)
        archives.clear(names, record, s3=clients.s3)
        return record


def split(names: EndpointNames, package: str, percent: int, *, by: By, clients: Clients) -> Record:
    """Give an approved package `percent` (1 to 99) of the traffic, beside the champion."""
    arn = packages.approved(names, package, sagemaker=clients.sagemaker)
    with ledger(names, clients).open(who=by.who, doing="split") as book:
        known = _championed(names, book, clients, "share its traffic")
        return book.write(
            release.split_traffic(known, arn, percent, who=by.who, why=by.why, when=_now(), counts=book.counts)
        )


def shadow(names: EndpointNames, package: str, percent: int, *, by: By, clients: Clients) -> Record:
    """Copy `percent` (1 to 100) of the requests to an approved package, whose answers nobody gets."""
    arn = packages.approved(names, package, sagemaker=clients.sagemaker)
    with ledger(names, clients).open(who=by.who, doing="shadow") as book:
        known = _championed(names, book, clients, "stand behind")
        return book.write(
            release.mirror_traffic(known, arn, percent, who=by.who, why=by.why, when=_now(), counts=book.counts)
        )


def end_shadow(names: EndpointNames, *, by: By, clients: Clients) -> Record:
    """Let the champion serve alone again. RefusedError where nothing shadows it."""
    with ledger(names, clients).open(who=by.who, doing="end the shadow") as book:
        known = shadowed(names, _known(book, clients))
        champion = known.wanted.champion
        return book.write(release.promote(known, champion, who=by.who, why=by.why, when=_now(), counts=book.counts))


def shadowed(names: EndpointNames, record: Record | None) -> Record:
    """The record, if a shadow stands behind its champion. RefusedError if not."""
    if record is None or record.wanted.shadow is None:
        raise RefusedError(f"endpoint {names.prefix} has no shadow; `shadow` puts one behind its champion")
    return record


def roll_back(
    names: EndpointNames,
    *,
    by: By,
    clients: Clients,
    tell: Callable[[str, str], None],
    patience_seconds: float,
    stopped: bool = False,
) -> Outcome:
    """Move the endpoint to the release that was good before, at once, and wait until it serves it.

    Of one that the config stopped, and of a batch endpoint, the record alone.
    """
    request = Request(who=by.who, why=by.why)
    return Rollback(
        ledger=ledger(names, clients), request=request, tell=tell, patience_seconds=patience_seconds, stopped=stopped
    ).run()


def note(names: EndpointNames, *, who: str, clients: Clients) -> Record | None:
    """Write into the record what the endpoint serves now, with how many instances: before it is gone."""
    with ledger(names, clients).open(who=who, doing="stop") as book:
        book.refuse_in_progress()
        return book.write(book.record) if book.record else None


def begin(names: EndpointNames, wanted: str, *, who: str, clients: Clients, config: str | None = None) -> None:
    """Write into the record that the rollout of a release begins: the endpoint is to be moved to it next, by that
    configuration.

    By this a release that was turned back is told from one that nobody rolled out. What its configuration starts with
    is noted, and what that began with that is left: both may be of other numbers of instances than the record said.
    ReleaseError where another release
    is wanted by now, as after an emergency; BusyError when the record does not come free. A lost record is let be.
    """
    with ledger(names, clients).open(who=who, doing="roll out") as book:
        if book.record:
            begun = release.begin(book.record, wanted, when=_now("milliseconds"))
            book.write(release.started(begun, _starts(book, {wanted: config})), moving=True)


def _starts(book: Book, of: Mapping[str, str | None]) -> dict[str, dict[str, int]]:
    """Instances by release and variant, of configurations and of the one that serves."""
    serves = {book.live.release: book.live.config} if book.live and book.live.release else {}
    found = {each: book.ledger.host.started(config) for each, config in {**serves, **of}.items() if config}
    return {each: {name: its.instances for name, its in began.items()} for each, began in found.items()}


def withdraw(names: EndpointNames, *, who: str, clients: Clients) -> None:
    """Take back what `begin` wrote, where the endpoint is as it was: whoever was to change it could not."""
    with ledger(names, clients).open(who=who, doing="roll out") as book:
        record, live = book.record, book.live
        if record is None or record.wanted.status is not Status.CANDIDATE or not record.wanted.began:
            return
        if live is None or not (live.in_progress or was_deployed(live, record.wanted)):
            book.write(release.withdraw(record))


@dataclass(frozen=True, kw_only=True)
class Followed:
    """The record once the endpoint had come to rest, and the release whose rollout was turned back, if one was."""

    record: Record
    failed: Release | None = None


def follow(
    names: EndpointNames,
    *,
    who: str,
    clients: Clients,
    patience_seconds: float,
    on_change: Callable[[Live], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Followed:
    """Wait until the endpoint has come to rest, and write into the record what became of the wanted release.

    A record that was lost is rebuilt from what the endpoint serves. `on_change` is told each new status.
    BusyError when it takes longer than `patience_seconds`.
    """
    live = _settled(names, clients, patience_seconds, on_change, sleep)
    with ledger(names, clients).open(who=who, doing="follow") as book:
        known = _known(book, clients)
        if known is None:
            raise RefusedError(f"endpoint {names.prefix} has no release yet: promote a package")
        if book.live is None:
            raise RefusedError(f"endpoint {names.prefix} is not there yet: run `pulumi up`, which makes it")
        wanted = known.wanted
        if wanted.status is Status.LIVE:
            return Followed(record=book.write(known))
        if not was_deployed(book.live, wanted):
            raise RefusedError(f"release {wanted.id} is promoted and not deployed: run `pulumi up`")
        turned_back = f"the rollout was turned back, the endpoint serves {book.live.config}"
        record = book.write(release.fail(known, (live.failure if live else "") or turned_back))
        return Followed(record=record, failed=record.releases[1])


def _settled(
    names: EndpointNames,
    clients: Clients,
    patience_seconds: float,
    on_change: Callable[[Live], None],
    sleep: Callable[[float], None],
) -> Live | None:
    deadline, pause, told = time.monotonic() + patience_seconds, 0.2, ""
    while (live := clients.host(names).observe()) and live.in_progress:
        if live.status != told:
            told = live.status
            on_change(live)
        if time.monotonic() >= deadline:
            raise BusyError(
                f"endpoint {names.prefix} is still {live.status} after {patience_seconds:g} s; follow again"
            )
        sleep(pause)
        pause = min(MOST_POLL_SECONDS, pause * 1.5)
    return live


def _known(book: Book, clients: Clients) -> Record | None:
    """The record; where it is lost and the endpoint serves, rebuilt."""
    book.refuse_in_progress()
    if book.record is None and book.live is not None:
        return rebuilt(book.live, book.ledger.host, clients.s3)
    return book.record


def _championed(names: EndpointNames, book: Book, clients: Clients, act: str) -> Record:
    """The record of an endpoint with a champion, beside which another model is to be put. ReleaseError without one."""
    known = _known(book, clients)
    if known is None:
        raise ReleaseError(f"endpoint {names.prefix} has no champion yet to {act}: promote one first")
    return known


def _now(timespec: str = "seconds") -> str:
    return datetime.now(UTC).isoformat(timespec=timespec)
