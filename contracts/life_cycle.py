"""Where a model stands in its life: the stage of its package in the registry.

Stages and states are of the templates that SageMaker has for them (developer guide, "Set up Staging Construct
Examples"). Each is written by the act that brings a model there. A package that no act has marked yet, as the training
pipeline registers it and as the console approves it, stands where its approval says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

#: API reference, ModelLifeCycle: the most letters of a description, in one line.
_LETTERS: Final = 1024


class Stage(NamedTuple):
    """A stage and how it stands there."""

    stage: str
    status: str

    def __str__(self) -> str:
        return f"{self.stage}/{self.status}"

    def written(self, why: str) -> dict[str, str]:
        """As UpdateModelPackage takes it."""
        return {
            "Stage": self.stage,
            "StageStatus": self.status,
            "StageDescription": " ".join(why.split())[:_LETTERS],
        }


REGISTERED: Final = Stage("Development", "PendingApproval")
REJECTED: Final = Stage("Development", "Rejected")
#: May be promoted.
APPROVED: Final = Stage("PreProduction", "Approved")
#: An endpoint of the stack serves it.
SERVING: Final = Stage("Production", "Approved")
#: Has served; a rollback or a promotion may bring it back.
REPLACED: Final = Stage("Production", "OnHold")
ARCHIVED: Final = Stage("Archived", "Retired")
#: Those that an act writes; no role that judges models may write others.
WRITTEN: Final = (APPROVED, SERVING, REPLACED, ARCHIVED)
_BY_APPROVAL: Final = {"PendingManualApproval": REGISTERED, "Rejected": REJECTED, "Approved": APPROVED}


def stage_of(package: Mapping[str, Any]) -> Stage:
    """The stage of a package, from what SageMaker describes or lists of it."""
    if found := package.get("ModelLifeCycle"):
        return Stage(found["Stage"], found["StageStatus"])
    return _BY_APPROVAL[package["ModelApprovalStatus"]]


def is_archived(package: Mapping[str, Any]) -> bool:
    """Whether a package was taken out of use, by whatever state of that stage."""
    return stage_of(package).stage == ARCHIVED.stage
