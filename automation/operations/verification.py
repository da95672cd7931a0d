"""Whether an endpoint serves what its release record wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from automation.operations import archives, releases
from automation.operations.releases import Clients
from contracts import architectures
from contracts.names import EndpointNames
from contracts.release import CHAMPION, Record, Release
from contracts.release.live import Deployed, Live

#: The status of an endpoint that is not there because the stack's config stopped it.
STOPPED: Final = "stopped"
#: What was changed beside Pulumi, whose state says that nothing is to do.
_AGAIN: Final = "`refresh`, then `up`"


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
    record, live = releases.read(names, clients), clients.host(names).observe()
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
        differences=tuple(_running(live) if stopped else _differences(names, record, live, clients)),
    )


def _running(live: Live | None) -> Iterator[str]:
    """What keeps an endpoint from being stopped."""
    if live:
        yield f"its state is stopped, and it is {live.status}: run `up`"


def _differences(names: EndpointNames, record: Record | None, live: Live | None, clients: Clients) -> Iterator[str]:
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
        yield from _content(names, record, live, clients)


def _content(names: EndpointNames, record: Record, live: Live, clients: Clients) -> Iterator[str]:
    """It serves the configuration of the wanted release: whether that has its variants, packages and images, as many
    instances as are asked for, and its share of the traffic.
    """
    wanted = {**record.wanted.packages, **record.wanted.shadows}
    host = clients.host(names)
    configured, deployed = host.configured(live), host.deployed()
    served = {name: each.package for name, each in configured.items()}
    if record.wanted.models and CHAMPION in configured:
        yield from _models(names, record.wanted, configured[CHAMPION].archives, clients)
        served[CHAMPION] = record.wanted.champion
    for variant in sorted({*served, *deployed} - {*wanted}):
        yield f"variant {variant} serves, which release {record.wanted.id} has not: {_AGAIN}"
    for variant, package in wanted.items():
        if served.get(variant) != package:
            yield f"variant {variant} serves {served.get(variant)}; wanted is {package}: {_AGAIN}"
        elif variant in deployed:
            yield from _of_variant(variant, package, deployed[variant], clients)
        else:
            yield f"variant {variant} is not deployed; wanted is {package}: {_AGAIN}"
    if _percent(live.weights) != _percent(record.wanted.weights):
        weights = " ".join(f"VariantName={name},DesiredWeight={each}" for name, each in record.wanted.weights.items())
        yield (
            f"the traffic is split {_percent(live.weights)}; wanted is {_percent(record.wanted.weights)}: "
            f"`aws sagemaker update-endpoint-weights-and-capacities --endpoint-name {live.endpoint} "
            f"--desired-weights-and-capacities {weights}`"
        )


def _models(names: EndpointNames, wanted: Release, served: str, clients: Clients) -> Iterator[str]:
    """A release is served from a place whose name tells its packages: whether it is, and whether all are there."""
    there = f"s3://{names.artifacts_bucket}/{names.archives(wanted.id)}"
    if served != there:
        yield f"its models are served from {served or 'their package'}; wanted is {there}: {_AGAIN}"
        return
    found = archives.models(there, s3=clients.s3)
    for model in sorted({*wanted.models} - found):
        yield f"model {model} ({wanted.models[model]}) has no archive at {there}: `rollback`, and promote it anew"
    for model in sorted(found - {*wanted.models}):
        yield f"{there} has {archives.target(model)}, which release {wanted.id} has not: take it away"


def _of_variant(variant: str, package: str, found: Deployed, clients: Clients) -> Iterator[str]:
    """Its instances, of which there may be fewer than are asked for, and its image, where the package has a digest."""
    if found.instances != found.desired:
        yield (
            f"variant {variant} has {found.instances} instances; wanted are {found.desired}: `logs`, and the quota of "
            "the type"
        )
    images = architectures.images(clients.sagemaker.describe_model_package(ModelPackageName=package))
    if found.image and not any(image.partition("@")[2] in found.image for image in images):
        advice = "`rollback`, and promote it anew"
        yield f"variant {variant} runs {found.image}; the image of its package is {' or '.join(images)}: {advice}"


def _percent(weights: Mapping[str, float]) -> dict[str, int]:
    return {name: round(weight) for name, weight in sorted(weights.items())}
