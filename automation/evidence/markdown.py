"""A policy report as Markdown, evidence by control framework."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from automation.evidence.report import FRAMEWORKS, Outcome, Policy, Report, Result


def markdown(report: Report) -> str:
    """Evidence for an audit: for each framework, each control with the policies that answer it and their verdicts."""
    lines = [
        f"# Policy evidence: {report.project}/{report.stack}",
        "",
        f"{report.resources} resources judged by {len(report.policies)} policies of the pack. "
        "`Undecided` counts what a first preview cannot decide yet; the update decides it.",
    ]
    for prefix, title in FRAMEWORKS.items():
        by_control: dict[str, list[Policy]] = defaultdict(list)
        for policy in report.policies:
            for control in policy.controls:
                if control.startswith(f"{prefix}:"):
                    by_control[control.removeprefix(f"{prefix}:")].append(policy)
        if by_control:
            lines += ["", f"## {title}", "", "| Control | Policy | Verdict | Passed | Failed | Exempt | Undecided |"]
            lines += ["| --- | --- | --- | ---: | ---: | ---: | ---: |"]
            for control in sorted(by_control, key=_natural):
                lines += [f"| {control} {_row(report, policy)}" for policy in by_control[control]]
    lines += _findings("Failed", report.failures)
    lines += _findings("Exempt", [result for result in report.results if result.outcome is Outcome.EXEMPT])
    lines += ["", "## Nothing to judge", "", ", ".join(f"`{policy.name}`" for policy in report.idle) or "None."]
    return "\n".join(lines) + "\n"


def _row(report: Report, policy: Policy) -> str:
    counts = report.counts(policy.name)
    figures = " | ".join(str(counts[outcome]) for outcome in Outcome)
    return f"| [`{policy.name}`]({policy.url}) | {_verdict(report, policy)} | {figures} |"


def _verdict(report: Report, policy: Policy) -> str:
    counts = report.counts(policy.name)
    if counts[Outcome.FAILED]:
        return "advice" if policy.level == "advisory" else "**violated**"
    if counts[Outcome.EXEMPT]:
        return "met, with exemptions" if counts[Outcome.PASSED] else "exempt"
    if any(result.policy == policy.name and result.outcome is Outcome.UNDECIDED for result in report.results):
        return "undecided"
    return "met" if counts[Outcome.PASSED] else "nothing to judge"


def _findings(title: str, results: Sequence[Result]) -> list[str]:
    return ["", f"## {title}", "", *(f"- `{result.policy}` {result.message}" for result in results or ())] + (
        [] if results else ["None."]
    )


def _natural(control: str) -> tuple[str | int, ...]:
    """A sort key by which S3.5 comes before S3.17."""
    parts: list[str] = []
    for character in control:
        same = bool(parts) and parts[-1][-1].isdigit() == character.isdigit()
        parts = [*parts[:-1], parts[-1] + character] if same else [*parts, character]
    return tuple(f"{int(part):09d}" if part.isdigit() else part for part in parts)
