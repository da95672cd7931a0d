"""What an execution tells about itself, in the words of ListPipelineExecutionSteps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

StepStatus = Literal["Executing", "Succeeded", "Failed"]


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """One step: while it runs (`Executing`, `ended` None) and when it is over.

    `metadata` is the API's PipelineExecutionStepMetadata, for example {"TrainingJob": {"Arn": "..."}}. `cache_hit` is
    the ARN of the execution whose outputs were reused. `log` is the file with what the job's process printed.
    """

    name: str
    type: str
    status: StepStatus
    started: datetime
    ended: datetime | None = None
    failure_reason: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    cache_hit: str | None = None
    log: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ExecutionResult:
    """The end of an execution; `steps` in the order in which they started."""

    status: Literal["Succeeded", "Failed"]
    failure_reason: str | None
    steps: Sequence[StepResult]

    def step(self, name: str) -> StepResult:
        """The step called `name`; KeyError if it did not run."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(f"step {name!r} did not run; these did: {[s.name for s in self.steps]}")


@dataclass(frozen=True, kw_only=True)
class Done:
    """What running one step gives: what Describe would answer (later steps refer to it), metadata, the job's log."""

    properties: Mapping[str, Any]
    metadata: Mapping[str, Any]
    log: Path | None = None
