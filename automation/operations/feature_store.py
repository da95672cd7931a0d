"""The feature group of a workload, when its contract has grown: columns are added to the living group.

Neither the provider nor SageMaker does more: a changed list of columns replaces the group in the provider, and with it
all that it holds, and UpdateFeatureGroup adds and takes nothing away (API reference, read 2026-11-29).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from automation.operations.errors import DeploymentError, RefusedError
from contracts.feature_store import columns, feature_definitions, group_name
from contracts.names import WorkloadNames
from contracts.schema import Contract

#: UpdateFeatureGroup takes this many additions at once (API reference), and CreateFeatureGroup this many columns.
AT_ONCE: Final = 100
MOST: Final = 2500
POLL_SECONDS: Final = 5.0
#: An update takes minutes.
PATIENCE_SECONDS: Final = 30 * 60.0


@dataclass(frozen=True, kw_only=True)
class Evolution:
    """What a group is to get: feature -> type, in the order of the contract."""

    group: str
    additions: Mapping[str, str]


def plan(names: WorkloadNames, contract: Contract, *, sagemaker: Any) -> Evolution:
    """What the workload's group lacks of its contract.

    RefusedError, with every fault, where the group cannot follow: it is not there, or the contract lacks a column of
    it, has one in another type, or adds one that old records would have to have.
    """
    group = group_name(names.prefix, contract)
    there = _definitions(_described(group, sagemaker))
    wanted = feature_definitions(contract)
    additions = {name: kind for name, kind in wanted.items() if name not in there}
    faults = [
        f"{name}: the group has it and the contract does not; SageMaker cannot remove a feature: leave the column in "
        "the contract (nullable, so that files may bring it empty; no feature has to use it)"
        for name in there
        if name not in wanted
    ]
    faults += [
        f"{name}: found {there[name]} in the group and {kind} by the contract; SageMaker cannot change a type: "
        f"add a column of another name, which files bring beside {name}, and leave {name} nullable, so that they may "
        "bring it empty"
        for name, kind in wanted.items()
        if there.get(name, kind) != kind
    ]
    faults += [
        f"columns.{column.name}.nullable: found false; allowed: true, since records and files that are there have no "
        "value of a column that comes later"
        for column in columns(contract)
        if column.name in additions and not column.nullable
    ]
    if len(there) + len(additions) > MOST:
        faults.append(f"{len(there) + len(additions)} columns; allowed: {MOST} in a feature group")
    if faults:
        raise RefusedError(f"feature group {group} cannot follow the contract\n  " + "\n  ".join(faults))
    return Evolution(group=group, additions=additions)


def evolve(evolution: Evolution, *, sagemaker: Any, sleep: Callable[[float], None] = time.sleep) -> None:
    """Add what the group lacks, some at a time, and wait until it has them.

    Given again it goes on where it stopped. DeploymentError where SageMaker does not do it.
    """
    there = _definitions(
        _settled(evolution.group, sagemaker, sleep)
    )  # an update that was under way may have added some
    left = [(name, kind) for name, kind in evolution.additions.items() if name not in there]
    while left:
        some, left = left[:AT_ONCE], left[AT_ONCE:]
        sagemaker.update_feature_group(
            FeatureGroupName=evolution.group,
            FeatureAdditions=[{"FeatureName": name, "FeatureType": kind} for name, kind in some],
        )
        found = _settled(evolution.group, sagemaker, sleep)
        lacking = [name for name in evolution.additions if name not in _definitions(found)]
        if len(lacking) > len(left):
            reason = (found.get("LastUpdateStatus") or {}).get("FailureReason", "SageMaker gives no reason")
            raise DeploymentError(
                f"feature group {evolution.group} did not get {', '.join(lacking)}: {reason}; the others are there, "
                "and nothing is lost: give the command again"
            )


def _described(group: str, sagemaker: Any) -> Mapping[str, Any]:
    try:
        found = sagemaker.describe_feature_group(FeatureGroupName=group)
    except sagemaker.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFound":
            raise RefusedError(
                f"feature group {group} is not there: `up` makes it, with every column of the contract"
            ) from error
        raise
    if found["FeatureGroupStatus"] != "Created":
        raise RefusedError(
            f"feature group {group} is {found['FeatureGroupStatus']}; allowed: Created; wait, or look why"
        )
    return found


def _definitions(described: Mapping[str, Any]) -> dict[str, str]:
    return {each["FeatureName"]: each["FeatureType"] for each in described["FeatureDefinitions"]}


def _settled(group: str, sagemaker: Any, sleep: Callable[[float], None]) -> Mapping[str, Any]:
    """The group once no update is under way."""
    for _ in range(int(PATIENCE_SECONDS / POLL_SECONDS)):
        found = _described(group, sagemaker)
        if (found.get("LastUpdateStatus") or {}).get("Status") != "InProgress":
            return found
        sleep(POLL_SECONDS)
    raise DeploymentError(
        f"feature group {group} is still being updated after {PATIENCE_SECONDS / 60:.0f} minutes; give the command "
        "again"
    )
