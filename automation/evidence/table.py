"""A policy report as columns for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from automation.evidence.report import Outcome, Report, Result


def table(report: Report) -> str:
    """Columns for a terminal: a line for each policy that judged something, then what failed, waits and sleeps."""
    width = max(len(policy.name) for policy in report.policies)
    lines = [f"{report.project}/{report.stack}: {report.resources} resources, {len(report.policies)} policies", ""]
    lines.append(
        f"{'policy':{width}}  {'level':9}  {'severity':8}  " + "  ".join(f"{outcome:>9}" for outcome in Outcome)
    )
    idle = {policy.name for policy in report.idle}
    for policy in report.policies:
        if policy.name not in idle:
            counts = report.counts(policy.name)
            figures = "  ".join(f"{counts[outcome]:>9}" for outcome in Outcome)
            lines.append(f"{policy.name:{width}}  {policy.level:9}  {policy.severity:8}  {figures}")
    lines += _section("failed", [_line(result) for result in report.failures])
    lines += _section("exempt", [_line(result) for result in report.results if result.outcome is Outcome.EXEMPT])
    lines += _section("nothing to judge", sorted(idle))
    lines += ["", "`undecided` is what a first preview cannot decide yet; the update decides it."]
    return "\n".join(lines)


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", f"{title} ({len(lines)})", *(f"  {line}" for line in lines)]


def _line(result: Result) -> str:
    return f"{result.policy}: {result.message}"
