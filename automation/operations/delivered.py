"""What a stack was brought to by the last delivery, and whether it still has that.

An approval may come days after what it is about was deployed. So a delivery writes down the revision that it brought,
and all that a stack has of code and models is one fingerprint: who approved one has not approved another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from automation.operations import releases
from automation.operations.errors import RefusedError
from automation.operations.releases import Clients
from contracts.images import IMAGES
from contracts.names import EndpointNames, Names

#: How much of a revision and of a digest is told.
_LETTERS: Final = 12


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """`revision` of the repository and what the stack costs by it (USD a month), None before the first delivery;
    images by name; of each endpoint the wanted release, and its champion in short (`churn-staging/3`)."""

    revision: str | None
    usd_month: float | None
    images: Mapping[str, str]
    releases: Mapping[str, str]
    champions: Mapping[str, str]

    @property
    def digests(self) -> list[str]:
        """Those of its images, as `training=sha256:...`: what a stack that is delivered after it is to get."""
        return [f"{image}={uri.partition('@')[2]}" for image, uri in sorted(self.images.items())]

    @property
    def fingerprint(self) -> str:
        """The revision, and a digest of all of it."""
        facts = json.dumps([self.revision, dict(self.images), dict(self.releases)], sort_keys=True)
        digest = hashlib.sha256(facts.encode()).hexdigest()
        return f"{(self.revision or 'none')[:_LETTERS]}-{digest[:_LETTERS]}"


def read(names: Names, endpoints: Iterable[EndpointNames], clients: Clients) -> Delivered:
    """What the stack has, now."""
    recorded = json.loads(_parameter(names.delivered_parameter, clients.ssm) or "{}")
    images = {image: _parameter(names.image_parameter(image), clients.ssm) for image in IMAGES}
    records = {each.prefix: releases.read(each, clients) for each in endpoints}
    wanted = {endpoint: record.wanted for endpoint, record in records.items() if record}
    return Delivered(
        revision=recorded.get("revision"),
        usd_month=recorded.get("usd_month"),
        images={image: uri for image, uri in images.items() if uri},
        releases={endpoint: release.id for endpoint, release in wanted.items()},
        champions={endpoint: release.champion.partition("/")[2] for endpoint, release in wanted.items()},
    )


def record(names: Names, revision: str, usd_month: float, *, ssm: Any) -> None:
    """Write down which revision the stack was brought to, and what it costs by it."""
    value = json.dumps({"revision": revision, "usd_month": round(usd_month, 2)})
    ssm.put_parameter(Name=names.delivered_parameter, Value=value, Type="String", Overwrite=True)


def require_revision(found: Delivered, stack: str, revision: str) -> None:
    """RefusedError where the stack was not brought to this revision: a model is delivered onto code that was."""
    if found.revision != revision:
        raise RefusedError(
            f"{stack} has revision {found.revision or 'none'}; allowed: {revision}, which is in the repository now; "
            "let that be delivered first, then start the delivery of the model again"
        )


def require_approved(found: Delivered, stack: str, approved: str) -> None:
    """RefusedError where the stack has something else by now than what was approved."""
    if found.fingerprint != approved:
        raise RefusedError(
            f"{stack} moved on since the approval: found {found.fingerprint}; approved was {approved}; "
            "nothing was deployed, approve the newer delivery"
        )


def _parameter(name: str, ssm: Any) -> str | None:
    try:
        return ssm.get_parameter(Name=name)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None
