"""The registry kept in order: what serves is marked as that, and old versions are archived.

The release records say what serves; the stages in the registry follow them, written by whoever may change packages. An
archived version is rejected too, so that SageMaker makes no model of it; nothing is deleted, and `approve` brings it
back. What stands in a release record is never archived: a rollback goes there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from automation.operations import packages, releases
from automation.operations.errors import RefusedError
from automation.operations.releases import Clients
from contracts import life_cycle
from contracts.life_cycle import ARCHIVED, REPLACED, SERVING, Stage
from contracts.names import EndpointNames, WorkloadNames
from contracts.release import Record, Release

#: How SageMaker says that a role may not.
_NO_ACCESS: Final = ("AccessDenied", "AccessDeniedException")


@dataclass(frozen=True, kw_only=True)
class Old:
    """A version that is to be archived: its place among the versions (1 is the newest), and its age."""

    package: str
    place: int
    days: int

    def __str__(self) -> str:
        return f"{self.package}: {self.days} days old, {self.place} from the newest"


@dataclass(frozen=True, kw_only=True)
class Marked:
    """Stages that were written, by package, and why one could not be; `refused` is None where all are as they serve."""

    stages: Mapping[str, Stage]
    refused: str | None = None


def records(endpoints: Iterable[EndpointNames], clients: Clients) -> list[Record]:
    """The release records of endpoints. RefusedError where one serves whose record is lost."""
    found: list[Record] = []
    for names in endpoints:
        if (record := releases.read(names, clients)) is not None:
            found.append(record)
        elif clients.host(names).observe() is not None:
            raise RefusedError(f"endpoint {names.prefix} serves and its release record is lost; `follow` rebuilds it")
    return found


def old(
    names: WorkloadNames, known: Iterable[Record], *, keep: int, days: int, now: datetime, sagemaker: Any
) -> list[Old]:
    """Versions that are neither among the newest `keep` nor younger than `days`, stand in no release record and are not
    archived yet; the oldest first."""
    held = {package for record in known for release in record.releases for package in _packages(release)}
    listed = packages.listed(names, sagemaker=sagemaker)
    return [
        Old(package=found["ModelPackageArn"], place=place, days=(now - found["CreationTime"]).days)
        for place, found in reversed([*enumerate(listed, start=1)])
        if place > keep
        and now - found["CreationTime"] >= timedelta(days=days)
        and found["ModelPackageArn"] not in held
        and not life_cycle.is_archived(found)
    ]


def archive(chosen: Sequence[Old], *, sagemaker: Any) -> None:
    """Take versions out of use. Who is interrupted has archived the first of them, and goes on by the same command."""
    for each in chosen:
        why = f"archived: {each.days} days old, {each.place} from the newest"
        sagemaker.update_model_package(
            ModelPackageArn=each.package,
            ModelApprovalStatus=packages.REJECTED,
            ApprovalDescription=why,
            ModelLifeCycle=ARCHIVED.written(why),
        )


def mark(names: WorkloadNames, known: Iterable[Record], *, sagemaker: Any) -> Marked:
    """Write the stages of the packages that serve now, and of those that did; what is as it should be stays unwritten.

    A role that may not change packages writes none of them, and is told so.
    """
    live = {package for record in known if record.live for package in _packages(record.live)}
    written: dict[str, Stage] = {}
    for found in packages.listed(names, sagemaker=sagemaker):
        package, stands = found["ModelPackageArn"], life_cycle.stage_of(found)
        wanted = SERVING if package in live else REPLACED if stands == SERVING else stands
        if wanted == stands:
            continue
        why = "an endpoint serves it" if wanted == SERVING else "no endpoint serves it any more"
        try:
            sagemaker.update_model_package(ModelPackageArn=package, ModelLifeCycle=wanted.written(why))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NO_ACCESS:
                raise
            return Marked(
                stages=written, refused=f"{package} stays {stands} in the registry, for it is {wanted} by now"
            )
        written[package] = wanted
    return Marked(stages=written)


def stages(listed: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Stage -> versions that stand there, the newest first; of packages as they are listed."""
    found: dict[str, list[int]] = {}
    for package in listed:
        found.setdefault(str(life_cycle.stage_of(package)), []).append(package["ModelPackageVersion"])
    return found


def _packages(release: Release) -> set[str]:
    return {*release.packages.values(), *release.shadows.values(), *release.models.values()}
