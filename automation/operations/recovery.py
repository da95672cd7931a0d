"""A lost release record, rebuilt from what the endpoint serves."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from automation.operations import archives
from contracts.release import CHALLENGER, CHAMPION, SHADOW, Record, Release, ReleaseError, settle
from contracts.release.live import Host, Live

#: How often the same may have failed before it served: what is served does not tell, but its name.
_ATTEMPTS: Final = 100


def rebuilt(live: Live, host: Host, s3: Any) -> Record:
    """The record of an endpoint that serves: its one release, read from the configuration and its models; of several
    models from the archives that it serves.

    ReleaseError where that is no release of the platform's.
    """
    variants = host.configured(live)
    if CHAMPION not in variants or set(variants) - {CHAMPION, CHALLENGER, SHADOW}:
        raise _foreign(live, f"its variants are {sorted(variants)}")
    several = variants[CHAMPION].archives
    models = archives.packages(several, s3=s3) if several else {}
    found = {name: variant.package or models.get(name) for name, variant in variants.items()}
    if missing := sorted(name for name, package in found.items() if package is None):
        raise _foreign(live, f"the model of {missing} comes from no package")
    percent = {name: round(variant.weight) for name, variant in variants.items()}
    release = Release(
        champion=str(found[CHAMPION]),
        challenger=found.get(CHALLENGER),
        challenger_percent=percent.get(CHALLENGER, 0),
        shadow=found.get(SHADOW),
        shadow_percent=percent.get(SHADOW, 0),
        models=models,
        who="recovery",
        why=f"the record was lost; rebuilt from {live.config}",
        when=live.changed.isoformat(timespec="seconds"),
        instances={name: each.instances for name, each in variants.items() if each.instances is not None},
    )
    attempts = (dataclasses.replace(release, attempt=attempt) for attempt in range(_ATTEMPTS))
    release = next((each for each in attempts if each.id == live.release), release)
    if release.id != live.release:
        raise _foreign(live, f"it serves release {live.release}, but its packages and weights are {release.id}")
    return settle(Record(releases=(release,)), release.id)


def _foreign(live: Live, why: str) -> ReleaseError:
    return ReleaseError(
        f"the release record of {live.endpoint} is lost and cannot be rebuilt from configuration {live.config}: {why}; "
        "restore the parameter from a backup"
    )
