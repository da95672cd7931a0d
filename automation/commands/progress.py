"""How an engine run is followed: what is under way on a terminal, a line for each finished step elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from automation.stacks.log import Log, Watch, counted

#: Outside a terminal: how often what takes long is told once more.
HEARTBEAT_SECONDS = 60.0
#: What takes long, and why (AWS Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC":
#: a function's network interfaces stay for up to 20 minutes after it; SageMaker rolls an endpoint out with its baking).
SLOW: Final[Mapping[tuple[str, str], str]] = {
    ("delete", "aws:ec2/securityGroup:SecurityGroup"): "waits for the network interfaces of Lambda, 20 minutes or more",
    ("delete", "aws:ec2/subnet:Subnet"): "waits for the network interfaces of Lambda, 20 minutes or more",
    ("update", "aws:sagemaker/endpoint:Endpoint"): "a rollout, with its baking",
    ("create", "aws:sagemaker/endpoint:Endpoint"): "about 10 minutes",
    ("update", "aws:cloudformation/stack:Stack"): "a rollout of an inference component, with its baking",
    ("create", "aws:cloudformation/stack:Stack"): "an endpoint and its inference component, 10 minutes or more",
}


def running(log: Log) -> list[str]:
    """What is under way, longest first, with seconds and the reason where it takes long."""
    now = log.clock()
    lines: list[str] = []
    for step, since in sorted(log.running.values(), key=lambda found: found[1]):
        why = SLOW.get((step.op, step.type))
        lines.append(f"{step.op} {step.name} ({now - since:.0f} s)" + (f": {why}" if why else ""))
    return lines


@contextmanager
def followed(say: Callable[[str], None]) -> Generator[Watch]:
    """Shows a run while it lasts, on standard error where that is a terminal, else by `say`."""
    if sys.stderr.isatty():
        with _live() as watch:
            yield watch
    else:
        with _lines(say) as watch:
            yield watch


@contextmanager
def _live() -> Generator[Watch]:
    seen: list[Log] = []

    def shown() -> Text:
        if not seen:
            return Text("the engine starts ...")
        done = counted(seen[-1].done) or counted(seen[-1].steps) or "nothing yet"
        return Text("\n".join([done, *(f"  {line}" for line in running(seen[-1])[:8])]))

    with Live(get_renderable=shown, console=Console(stderr=True), transient=True, refresh_per_second=4):
        yield seen.append


@contextmanager
def _lines(say: Callable[[str], None]) -> Generator[Watch]:
    told, over, seen = 0, threading.Event(), list[Log]()

    def watch(log: Log) -> None:
        nonlocal told
        seen[:] = [log]
        for step in log.done[told:]:
            say(f"{step.op} {step.type} {step.name}")
        told = len(log.done)

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            for line in running(seen[0]) if seen else []:
                say(f"still {line}")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
