"""Whether an endpoint serves what its release record wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from automation.operations import releases
from automation.operations.recovery import packages
from automation.operations.releases import Clients
from contracts.names import EndpointNames
from contracts.release import Record
from contracts.release.live import Live, observe

#: The status of an endpoint that is not there because the stack's config stopped it.
STOPPED: Final = "stopped"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is wanted of an endpoint, what it serves, and every difference with what to do; none where they agree."""

    workload: str
    endpoint: str
    name: str
    wanted: str | None
    live: str | None
    status: str
    differences: tuple[str, ...] = ()


def verify(names: EndpointNames, clients: Clients, *, stopped: bool = False) -> Verdict:
    """What is wanted and what is live, now. `stopped` is what the stack's config says of the endpoint."""
    record, live = releases.read(names, clients), observe(clients.sagemaker, names.prefix)
    return compare(names, record, live, clients, stopped=stopped)


def compare(
    names: EndpointNames, record: Record | None, live: Live | None, clients: Clients, *, stopped: bool = False
) -> Verdict:
    """Compare the record with DescribeEndpoint, DescribeEndpointConfig and the models' packages."""
    return Verdict(
        workload=names.workload,
        endpoint=names.endpoint,
        name=names.prefix,
        wanted=record.wanted.id if record else None,
        live=live.release if live else None,
        status=live.status if live else STOPPED if stopped else "is not there",
        differences=tuple(_running(live) if stopped else _differences(record, live, clients)),
    )


def _running(live: Live | None) -> Iterator[str]:
    """What keeps an endpoint from being stopped."""
    if live:
        yield f"its state is stopped, and it is {live.status}: run `up`"


def _differences(record: Record | None, live: Live | None, clients: Clients) -> Iterator[str]:
    if live is None:
        if record is not None:
            yield f"release {record.wanted.id} is promoted and not deployed: run `up`"
    elif record is None:
        yield "it serves, and there is no release record: `follow` rebuilds it"
    elif live.in_progress:
        yield f"it is {live.status}: `follow` sees it through"
    elif live.status != "InService":
        yield f"it is {live.status} ({live.failure or 'no reason given'}): `rollback` moves it to the release before"
    elif live.release != record.wanted.id:
        found = f"release {live.release}" if live.release else f"{live.config}, which is no release of the platform"
        yield f"it serves {found}; wanted is {record.wanted.id}: run `up`, or `rollback`"
    else:
        yield from _content(record, live, clients)


def _content(record: Record, live: Live, clients: Clients) -> Iterator[str]:
    """It serves the configuration of the wanted release: whether that has its packages and its share of the traffic."""
    served = packages(live, sagemaker=clients.sagemaker)
    for variant, package in {**record.wanted.packages, **record.wanted.shadows}.items():
        if served.get(variant) != package:
            yield f"variant {variant} serves {served.get(variant)}; wanted is {package}: run `up`"
    if _percent(live.weights) != _percent(record.wanted.weights):
        yield f"the traffic is split {_percent(live.weights)}; wanted is {_percent(record.wanted.weights)}: run `up`"


def _percent(weights: Mapping[str, float]) -> dict[str, int]:
    return {name: round(weight) for name, weight in sorted(weights.items())}
