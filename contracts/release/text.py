"""The release record as the text of an SSM parameter: version 3, JSON, at most 4 KB.

Packages of the champion's group are written by their version alone, and of the models of an older release only those
that the wanted one has otherwise (null: not at all), so that a multi-model endpoint with a hundred models fits. Long
explanations are shortened rather than refused: an emergency rollback must not fail for its prose.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

from contracts.release.record import CHALLENGER, CHAMPION, SHADOW, Record, Release, ReleaseError, Status

VERSION = 3
#: What is read too: version 2 lacks what may be left out (`Release.began` and `proven`, `Record.config`).
_READ = (2, VERSION)
#: A standard parameter holds at most 4 KB (AWS Systems Manager user guide, "Managing parameter tiers").
MAX_BYTES = 4096
#: How many characters of each explanation are kept, as far as it takes to fit.
_LENGTHS = (400, 150, 40, 0)
_EXPLANATIONS = ("who", "why", "reason")


def to_json(record: Record) -> str:
    """Compact JSON for the parameter; ReleaseError if the models alone would not fit."""
    texts = [_compact(record, length) for length in _LENGTHS]
    fitting = next((text for text in texts if len(text.encode()) <= MAX_BYTES), None)
    if fitting is None:
        raise ReleaseError(
            f"the record takes {len(texts[-1].encode())} bytes; allowed: {MAX_BYTES}; serve fewer models, or give them "
            "shorter names"
        )
    return fitting


def from_json(text: str) -> Record:
    """Read a record; ReleaseError says what is wrong with it."""
    try:
        data = json.loads(text)
        if (version := data.pop("version")) not in _READ:
            older = "this program is older than the record" if version > VERSION else "promote a package again"
            raise ReleaseError(f"version: found {version}; allowed: {_READ[0]} or {VERSION}; {older}")
        group = data.pop("group")
        found = data.pop("releases")
        wanted = found[0].get("models", {}) if found else {}
        releases = tuple(_release(group, wanted, **fields) for fields in found)
        return Record(releases=releases, **data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, ReleaseError):
            raise
        raise ReleaseError(f"not a release record: {error!r} in {text[:200]!r}") from error


def _compact(record: Record, length: int) -> str:
    group = record.wanted.champion.rpartition("/")[0]
    data = {
        "version": VERSION,
        "group": group,
        "releases": [
            _fields(release, group, length, record.wanted.models if index else {})
            for index, release in enumerate(record.releases)
        ],
        "counts": record.counts,
        "weights": record.weights,
        "config": record.config,
    }
    return json.dumps({k: v for k, v in data.items() if v}, sort_keys=True, separators=(",", ":"))


def _fields(release: Release, group: str, length: int, wanted: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a release that say something, in short; of its models, how they differ from the `wanted`."""
    others = {name: release.models.get(name) for name in {*wanted, *release.models}}
    changed = {name: package for name, package in others.items() if package != wanted.get(name)}
    fields: dict[str, Any] = {
        name: value for name, value in {**dataclasses.asdict(release), "models": changed}.items() if value
    }
    for name in _EXPLANATIONS:
        if len(fields.get(name, "")) > length:
            fields[name] = fields[name][:length].rstrip() + "..."
    return _with_packages(fields, lambda arn: arn.removeprefix(f"{group}/"))


def _release(group: str, wanted: Mapping[str, str], *, status: str, **fields: Any) -> Release:
    mine = {name: package for name, package in {**wanted, **fields.get("models", {})}.items() if package}
    known = {"who": "", "why": "", **fields, "models": mine}
    found = _with_packages(known, lambda version: f"{group}/{version}" if version.isdigit() else version)
    return Release(status=Status(status), **found)


def _with_packages(fields: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    packages = {role: change(fields[role]) for role in (CHAMPION, CHALLENGER, SHADOW) if role in fields}
    models = {name: arn and change(arn) for name, arn in fields.get("models", {}).items()}
    return {**fields, **packages, **({"models": models} if models else {})}
