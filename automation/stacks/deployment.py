"""Preview, up, refresh, destroy, cancel and outputs of a stack, each judged, followed and told in its own words."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeVar

from pulumi import automation as auto

from automation.operations.errors import DeploymentError, PolicyViolationError, RefusedError, StoppedError
from automation.stacks.causes import cause
from automation.stacks.log import Log, Step, Violation, Watch, counted
from automation.stacks.workspace import policies, state

Result = TypeVar("Result")
#: How the state calls a creation that is under way.
CREATING: Final = "creating"


def _unwatched(_: Log) -> None:
    """Nobody watches."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a run does, or did. `counts` also says how many resources stay the same, `warnings` are the program's."""

    steps: Sequence[Step]
    counts: Mapping[str, int]
    advisories: Sequence[Violation]
    warnings: Sequence[str] = ()

    @property
    def nothing(self) -> bool:
        """Whether all stays as it is."""
        return not self.steps


@dataclass(frozen=True, kw_only=True)
class Pending:
    """An operation that was under way when a run was killed: whether it was done, nobody knows.

    `called` is what the resource is called in AWS, where the program says it; of most types that is its id.
    """

    op: str
    urn: str
    type: str
    called: str | None = None


def preview(stack: auto.Stack, *, import_file: Path | None = None, watch: Watch = _unwatched) -> Changes:
    """What `up` would do. PolicyViolationError where a mandatory policy stands against it.

    `import_file` gets every resource that would be created, for `pulumi import --file`: who fills in an id there has
    the stack take over what exists.
    """
    log, wanted = Log(watch=watch), str(import_file.resolve()) if import_file else None
    _run(
        lambda: stack.preview(on_event=log, color="never", import_file=wanted, **_judged(stack)),
        log,
        stack,
        doing="preview",
    )
    return _changes(log, log.steps)


def up(stack: auto.Stack, *, message: str | None = None, watch: Watch = _unwatched) -> Changes:
    """Bring the stack to what its program and config say.

    What an earlier run left under way is looked up first; RefusedError where that needs a decision (`recover`).
    """
    recover(stack, watch=watch)
    log = Log(watch=watch)
    _run(
        lambda: stack.up(on_event=log, color="never", message=message, show_secrets=False, **_judged(stack)),
        log,
        stack,
        doing="up",
    )
    return _changes(log, log.done)


def refresh(
    stack: auto.Stack,
    *,
    take_over: Mapping[str, str] | None = None,
    forget_creates: bool = False,
    watch: Watch = _unwatched,
) -> Changes:
    """Read every resource anew into the state.

    Of creations that an earlier run left under way, `take_over` (URN to id) brings those that are there into the state,
    and `forget_creates` drops the rest.
    """
    log, found = Log(watch=watch), take_over or {}
    _refuse_unknown(stack, found)
    if given := [word for pair in found.items() for word in pair]:
        imported = [word for each in given for word in ("--import-pending-creates", each)]
        command = ["refresh", "--yes", "--skip-preview", *imported]
        _run(lambda: stack._run_pulumi_cmd_sync(command), log, stack, doing="refresh")
    _run(
        lambda: stack.refresh(
            on_event=log, color="never", show_secrets=False, clear_pending_creates=forget_creates or None
        ),
        log,
        stack,
        doing="refresh",
    )
    return _changes(log, _changed(log.done))


def _refuse_unknown(stack: auto.Stack, take_over: Mapping[str, str]) -> None:
    known = [each.urn for each in pending(stack) if each.op == CREATING] if take_over else []
    if wrong := [urn for urn in take_over if urn not in known]:
        allowed = "".join(f"\n  {urn}" for urn in known) or " no creation is under way"
        raise RefusedError(f"--take-over: found {', '.join(wrong)}; allowed:{allowed}")


def preview_refresh(stack: auto.Stack, *, watch: Watch = _unwatched) -> Changes:
    """What a refresh would change: how the cloud differs from the state."""
    log = Log(watch=watch)
    _run(lambda: stack.preview_refresh(on_event=log, color="never"), log, stack, doing="drift")
    return _changes(log, _changed(log.done))


def destroy(stack: auto.Stack, *, watch: Watch = _unwatched) -> Changes:
    """Delete every resource of the stack."""
    log = Log(watch=watch)
    _run(lambda: stack.destroy(on_event=log, color="never", show_secrets=False), log, stack, doing="destroy")
    return _changes(log, log.done)


def preview_destroy(stack: auto.Stack, *, watch: Watch = _unwatched) -> Changes:
    """What a destroy would delete. RefusedError where something is protected."""
    log = Log(watch=watch)
    _run(lambda: stack.preview_destroy(on_event=log, color="never"), log, stack, doing="destroy")
    return _changes(log, log.steps)


def cancel(stack: auto.Stack) -> None:
    """Take away the lock of an update that nobody runs any more."""
    _run(stack.cancel, Log(), stack, doing="cancel")


def remove(stack: auto.Stack) -> None:
    """Take a stack without resources out of the backend; its committed file stays, for when it comes back."""
    _run(lambda: stack.workspace.remove_stack(stack.name, preserve_config=True), Log(), stack, doing="destroy")


def outputs(stack: auto.Stack, *, show_secrets: bool = False) -> dict[str, Any]:
    """The stack's outputs; secrets only where they are asked for."""
    found = _run(stack.outputs, Log(), stack, doing="outputs")
    return {name: "[secret]" if out.secret and not show_secrets else out.value for name, out in found.items()}


def pending(stack: auto.Stack) -> list[Pending]:
    """What was under way when an earlier run was killed."""
    found = (state(stack).get("deployment") or {}).get("pending_operations") or []
    return [_pending(each["type"], each["resource"]) for each in found]


def _pending(op: str, resource: Mapping[str, Any]) -> Pending:
    inputs = resource.get("inputs") or {}
    called = next((inputs[key] for key in ("bucket", "name") if isinstance(inputs.get(key), str)), None)
    return Pending(op=op, urn=resource["urn"], type=resource.get("type", ""), called=called)


def recover(stack: auto.Stack, *, watch: Watch = _unwatched) -> None:
    """Look up what an earlier run left under way.

    Updates and deletions are read anew. A creation may have made a resource that nobody knows the id of:
    RefusedError with what to look for, and the one command that goes on.
    """
    left = pending(stack)
    if creating := [each for each in left if each.op == CREATING]:
        listed = "\n".join(f"  {each.urn}" + (f" ({each.called})" if each.called else "") for each in creating)
        raise RefusedError(
            f"an earlier run of stack {stack.name} was killed while it created\n{listed}\n"
            f"look whether AWS has them, then `python -m automation refresh --stack {stack.name} --forget-creates`, "
            "with `--take-over '<urn> <id>'` for each that is there, and the same command again"
        )
    if left:
        refresh(stack, watch=watch)


def protect(stack: auto.Stack, urn: str, *, protected: bool) -> None:
    """Whether the engine refuses to delete a resource, until the next `up` says it anew."""
    command = "protect" if protected else "unprotect"
    _run(lambda: stack._run_pulumi_cmd_sync(["state", command, urn, "--yes"]), Log(), stack, doing=command)


def _judged(stack: auto.Stack) -> Mapping[str, Any]:
    return policies(stack.name, Path(stack.workspace.work_dir))


def _changed(steps: Sequence[Step]) -> list[Step]:
    """Of a refresh: what differs, without what was read and found the same."""
    return [step for step in steps if step.op in ("update", "delete")]


def _changes(log: Log, steps: Sequence[Step]) -> Changes:
    return Changes(
        steps=tuple(steps),
        counts=dict(log.counts),
        advisories=tuple(log.violations),
        warnings=tuple(log.warnings),
    )


def _run(act: Callable[[], Result], log: Log, stack: auto.Stack, *, doing: str) -> Result:
    with _patient() as interrupted:
        try:
            return act()
        except auto.CommandError as error:
            raise _end(error, log, stack.name, doing, stopped=interrupted.is_set()) from error


def _end(error: auto.CommandError, log: Log, stack: str, doing: str, *, stopped: bool) -> RuntimeError:
    """The error that a run ends with, and how to go on from there."""
    left = _left(log, stack, doing)
    if stopped:
        return StoppedError(left)
    if log.mandatory and not log.done:
        lines = "\n".join(f"  {found.policy}: {found.message}" for found in log.mandatory)
        return PolicyViolationError(f"stack {stack} violates mandatory policies; nothing was changed:\n{lines}")
    found = cause(error, stack, errors="\n".join(log.errors))
    return DeploymentError(f"{found}\n{left}") if isinstance(found, DeploymentError) or log.done else found


def _left(log: Log, stack: str, doing: str) -> str:
    """What is done, what may be half done, and the command that goes on."""
    done = f"done: {counted(log.done)}" if log.done else "nothing was changed"
    running = [f"{step.op} {step.name}" for step, _ in log.running.values()]
    under_way = f"; under way: {', '.join(running)}" if running else ""
    return f"{done}{under_way}; `python -m automation {doing} --stack {stack}` goes on from there"


@contextmanager
def _patient() -> Generator[threading.Event]:
    """Ctrl-C reaches the CLI by itself, which ends what is under way; this process waits for it and keeps count."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def noted(_: int, __: FrameType | None) -> None:
        interrupted.set()

    before = signal.signal(signal.SIGINT, noted)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
