"""Whether endpoints of a kind can serve what a record says. It stands apart: the rollback function needs no kinds."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.kinds import Kind
from contracts.release.record import Record, Release, ReleaseError


def check(record: Record, kind: Kind) -> None:
    """ReleaseError with everything in any release of the record that endpoints of the kind cannot serve.

    Every one, not the wanted one alone: each is declared, so that a rollback can go there.
    """
    if faults := [f"release {release.id}: {fault}" for release in record.releases for fault in _faults(release, kind)]:
        raise ReleaseError("; ".join(faults))


def _faults(release: Release, kind: Kind) -> Iterator[str]:
    where = f"an endpoint of kind {kind.name}"
    if release.shadow and not kind.shadow:
        yield f"shadow: found {release.shadow}; allowed on {where}: none"
    if release.models and not kind.models:
        yield f"models: found {', '.join(sorted(release.models))}; allowed on {where}: none, the champion alone"
    if kind.models and not release.models:
        yield (
            f"models: found none; allowed on {where}: the champion and others, by name; no endpoint of another kind "
            "becomes one: give it another name"
        )
    if len(release.packages) > kind.most_variants:
        found = ", ".join(release.packages)
        yield f"variants: found {found}; allowed on {where}: at most {kind.most_variants}"
