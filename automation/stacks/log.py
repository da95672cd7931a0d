"""What the engine tells of a run, event by event, and what came of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pulumi.automation import events
from pulumi.automation.events import EngineEvent, OpType, StepEventMetadata

from automation.stacks.causes import plain

#: What changes nothing, and the halves of a replacement, which the engine tells as one step `replace` too.
_UNCOUNTED: Final = frozenset({
    OpType.SAME, OpType.READ, OpType.READ_REPLACEMENT, OpType.CREATE_REPLACEMENT, OpType.DELETE_REPLACED,
    OpType.DISCARD_REPLACED, OpType.REMOVE_PENDING_REPLACE,
})  # fmt: skip
#: Told of each event, with the log as it stands after it.
Watch = Callable[["Log"], None]


@dataclass(frozen=True, kw_only=True)
class Step:
    """What is done, or would be done, to one resource. `keys` are the top-level properties that differ."""

    op: str
    urn: str
    type: str
    keys: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """What a policy says of a resource; `urn` is empty where the stack as a whole is judged."""

    policy: str
    level: str
    message: str
    urn: str


@dataclass(kw_only=True)
class Log:
    """One run. `running` holds when a step began (monotonic seconds), by URN."""

    watch: Watch = lambda _: None
    clock: Callable[[], float] = time.monotonic
    steps: list[Step] = field(default_factory=list[Step])
    done: list[Step] = field(default_factory=list[Step])
    running: dict[str, tuple[Step, float]] = field(default_factory=dict[str, tuple[Step, float]])
    errors: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    violations: list[Violation] = field(default_factory=list[Violation])
    counts: Mapping[str, int] = field(default_factory=dict[str, int])

    def __call__(self, event: EngineEvent) -> None:
        """Take one event."""
        if found := event.resource_pre_event:
            self._begun(found.metadata, planning=bool(found.planning))
        elif found := event.res_outputs_event:
            self._ended(found.metadata)
        elif found := event.res_op_failed_event:
            self.running.pop(found.metadata.urn, None)
        elif (found := event.diagnostic_event) and plain(found.message):
            self._said(plain(found.message), found.severity)
        elif found := event.policy_event:
            self.violations.append(_violation(found))
        elif found := event.summary_event:
            self.counts = {str(OpType(op).value): number for op, number in found.resource_changes.items()}
        self.watch(self)

    @property
    def mandatory(self) -> list[Violation]:
        """The violations that stop a run."""
        return [found for found in self.violations if found.level == "mandatory"]

    def _said(self, message: str, severity: str) -> None:
        told = {"error": self.errors, "warning": self.warnings}.get(severity)
        if told is not None and message not in told:
            told.append(message)

    def _begun(self, metadata: StepEventMetadata, *, planning: bool) -> None:
        step = _step(metadata)
        if planning:
            self.steps += [step] if metadata.op not in _UNCOUNTED else []
        elif metadata.op is not OpType.SAME:
            self.running[metadata.urn] = (step, self.clock())

    def _ended(self, metadata: StepEventMetadata) -> None:
        self.running.pop(metadata.urn, None)
        if metadata.op not in _UNCOUNTED:
            self.done.append(_step(metadata))


def counted(steps: Sequence[Step]) -> str:
    """`31 create, 2 update`, most first; empty where nothing changes."""
    counts = Counter(step.op for step in steps)
    return ", ".join(f"{number} {op}" for op, number in counts.most_common())


def _step(metadata: StepEventMetadata) -> Step:
    return Step(op=metadata.op.value, urn=metadata.urn, type=metadata.type, keys=tuple(_keys(metadata)))


def _keys(metadata: StepEventMetadata) -> list[str]:
    """The top-level properties that differ; of a refresh the CLI may leave them out, then both states are compared."""
    paths = [*(metadata.detailed_diff or {}), *(metadata.diffs or [])]
    if paths:
        return sorted({path.partition(".")[0].partition("[")[0] for path in paths})
    old, new = (_outputs(side) for side in (metadata.old, metadata.new))
    both = old is not None and new is not None and metadata.op is OpType.UPDATE
    return sorted(key for key in {*old, *new} if old.get(key) != new.get(key)) if both and old and new else []


def _outputs(side: events.StepEventStateMetadata | None) -> Mapping[str, Any] | None:
    return side.outputs if side else None


def _violation(found: events.PolicyEvent) -> Violation:
    return Violation(
        policy=found.policy_name,
        level=found.enforcement_level,
        message=plain(found.message),
        urn=found.resource_urn or "",
    )
