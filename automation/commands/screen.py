"""How a stack's status looks on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from automation.operations.status import EndpointStatus, Status

#: Of a stage: versions that are told by number.
_VERSIONS: Final = 5
_COLOURS: Mapping[str, str] = {
    "InService": "green",
    "Succeeded": "green",
    "Executing": "yellow",
    "Updating": "yellow",
    "Creating": "yellow",
    "Failed": "red",
    "OutOfService": "red",
}


def rendered(status: Status) -> RenderableType:
    """Endpoints with their drift, then what rings, what ran, how models stand, and what waits for a person."""
    title = Text(f"{status.stack}  {status.account}  {status.region}", style="bold")
    parts: list[RenderableType] = [title, _endpoints(status)]
    for verdict in (endpoint.verdict for endpoint in status.endpoints):
        parts += [Text(f"{verdict.name}: {difference}", style="red") for difference in verdict.differences]
    parts += [Text(_drift(endpoint)) for endpoint in status.endpoints if endpoint.drift]
    parts.append(_alarms(status) if status.alarms else Text(f"no alarm rings, {status.quiet} are quiet", style="green"))
    parts.append(_runs(status) if status.runs else Text("no training run yet"))
    parts += [Text(_models(workload, stages)) for workload, stages in status.models.items() if stages]
    parts += [Text(f"waits for approval: {package}", style="yellow") for package in status.waiting]
    return Group(*parts)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _endpoints(status: Status) -> Table:
    table = _table("endpoint", "status", "release", "traffic on instances", "promoted")
    for endpoint in status.endpoints:
        verdict, release = endpoint.verdict, endpoint.release
        table.add_row(
            verdict.name,
            _coloured(verdict.status),
            verdict.live or "",
            _served(endpoint),
            f"{release.who.rpartition('/')[2]} {release.when[:10]}" if release else "",
        )
    return table


def _served(endpoint: EndpointStatus) -> str:
    lines = [f"{name} {share:g} % on {endpoint.instances.get(name, 0)}" for name, share in endpoint.weights.items()]
    copied = [f"{name} on {count}" for name, count in endpoint.instances.items() if name not in endpoint.weights]
    return "\n".join([*lines, *copied])


def _drift(endpoint: EndpointStatus) -> str:
    found = endpoint.drift
    return f"drift of {endpoint.verdict.name}: {found.score:.3f} at {found.when[:16]}" if found else ""


def _models(workload: str, stages: Mapping[str, Sequence[int]]) -> str:
    """The newest versions at each stage, by number, and how many more there are."""
    told: list[str] = []
    for stage, versions in stages.items():
        more = f" and {len(versions) - _VERSIONS} older" if len(versions) > _VERSIONS else ""
        told.append(f"{stage} {', '.join(map(str, versions[:_VERSIONS]))}{more}")
    return f"models of {workload}: {'; '.join(told)}"


def _alarms(status: Status) -> Table:
    table = _table(f"alarm ({status.quiet} are quiet)", "since", "reason")
    for alarm in status.alarms:
        table.add_row(Text(alarm.name, style="red"), alarm.since[:16], alarm.reason)
    return table


def _runs(status: Status) -> Table:
    table = _table("training run", "workload", "status", "started")
    for run in status.runs:
        table.add_row(run.name, run.workload, _coloured(run.status), run.started[:16])
    return table


def _coloured(status: str) -> Text:
    return Text(status, style=_COLOURS.get(status, ""))
