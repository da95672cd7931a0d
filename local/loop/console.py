"""What a person sees of a run: steps and what happened in each; a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console as Terminal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.runtime import Event


@dataclass
class Step:
    """One step of the story: its title, when it ran (seconds since the run began) and what it said."""

    title: str
    start: float
    end: float = 0.0
    lines: list[str] = field(default_factory=list[str])


class Console:
    """Prints steps as they happen and keeps them for the report."""

    def __init__(self, terminal: Terminal | None = None) -> None:
        self._terminal = terminal or Terminal(highlight=False, soft_wrap=True)
        self._began = time.perf_counter()
        self.steps: list[Step] = []

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self._began

    @contextmanager
    def step(self, title: str) -> Generator[None, None, None]:
        """One step: what is said inside belongs to it."""
        self.steps.append(Step(title, self.elapsed))
        self._terminal.print(f"\n{len(self.steps):>2}  {title}", style="bold", markup=False)
        try:
            yield
        finally:
            self.steps[-1].end = self.elapsed

    def say(self, text: str) -> None:
        """One line of the present step."""
        if self.steps:
            self.steps[-1].lines.append(text)
        self._terminal.print(f"    {text}", markup=False)

    @contextmanager
    def deployment(self, label: str) -> Generator[Deploying, None, None]:
        """Progress of a deployment: a bar on a terminal, nothing elsewhere (the step says the result)."""
        columns = (TextColumn("    {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._terminal, transient=True, disable=not self._terminal.is_terminal) as bar:
            yield Deploying(bar, label)


class Deploying:
    """Hands the runtime's events to a progress bar, one bar for each phase."""

    def __init__(self, bar: Progress, label: str) -> None:
        self._bar, self._label = bar, label
        self._tasks: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        """Take one event of the runtime."""
        if event.phase not in self._tasks:
            self._tasks[event.phase] = self._bar.add_task(f"{self._label}: {event.phase}", total=event.total)
        self._bar.update(self._bar.task_ids[self._tasks[event.phase]], completed=event.count, total=event.total)
