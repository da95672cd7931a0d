"""A policy report as text: a table for people, JSON, SARIF 2.1.0, JUnit, and Markdown evidence by control framework."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as Xml

from local.policy_levels import Policy
from local.policy_report import Outcome, Report, Result

#: How a control label of a policy is called in evidence, in the order of the document.
FRAMEWORKS: Mapping[str, str] = {
    "fsbp": "AWS Foundational Security Best Practices",
    "nist": "NIST SP 800-53 Rev. 5",
    "cis": "CIS AWS Foundations Benchmark v5.0.0",
    "checkov": "Checkov",
    "guard": "AWS Guard rules registry",
    "prowler": "Prowler",
    "nag": "cdk-nag AWS Solutions",
}
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_COLUMNS = ("passed", "failed", "exempt", "undecided")


def table(report: Report) -> str:
    """Columns for a terminal: a line for each policy that judged something, then what failed, waits and sleeps."""
    width = max(len(policy.name) for policy in report.policies)
    lines = [f"{report.project}/{report.stack}: {report.resources} resources, {len(report.policies)} policies", ""]
    lines.append(f"{'policy':{width}}  {'level':9}  {'severity':8}  " + "  ".join(f"{name:>9}" for name in _COLUMNS))
    idle = {policy.name for policy in report.idle}
    for policy in report.policies:
        if policy.name not in idle:
            counts = report.counts(policy.name)
            figures = "  ".join(f"{counts[Outcome(name)]:>9}" for name in _COLUMNS)
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


def as_json(report: Report) -> str:
    """Everything, for other programs."""
    content = {
        "project": report.project,
        "stack": report.stack,
        "resources": report.resources,
        "stops": report.stops,
        "policies": [
            {
                "name": policy.name,
                "description": policy.description,
                "level": policy.level,
                "kind": policy.kind,
                "severity": policy.severity,
                "controls": _controls(policy),
                "remediationSteps": policy.remediation_steps,
                "url": policy.url,
                "counts": {name: report.counts(policy.name)[Outcome(name)] for name in _COLUMNS},
            }
            for policy in report.policies
        ],
        "results": [_result(result) for result in report.results],
        "undecidedAtPreview": [_result(result) for result in report.waiting],
        "neverJudged": [policy.name for policy in report.idle],
    }
    return json.dumps(content, indent=1)


def _result(result: Result) -> dict[str, str]:
    return {"policy": result.policy, "urn": result.urn, "outcome": result.outcome.value, "message": result.message}


def sarif(report: Report) -> str:
    """SARIF 2.1.0, which code scanning reads; exemptions are suppressions, what a preview waits for is open."""
    tool_rules = [
        {
            "id": policy.name,
            "shortDescription": {"text": policy.description},
            "help": {"text": policy.remediation_steps},
            "helpUri": policy.url,
            "defaultConfiguration": {"level": _sarif_level(policy)},
            "properties": {"tags": list(policy.tags), "problem.severity": policy.severity},
        }
        for policy in report.policies
    ]
    index = {policy.name: i for i, policy in enumerate(report.policies)}
    results = [_sarif_result(report, result, index[result.policy]) for result in (*report.results, *report.waiting)]
    run = {"tool": {"driver": {"name": "ml-platform guardrails", "rules": tool_rules}}, "results": results}
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _sarif_level(policy: Policy) -> str:
    return "warning" if policy.level == "advisory" else "error"


def _sarif_result(report: Report, result: Result, index: int) -> dict[str, Any]:
    failed = result.outcome in (Outcome.FAILED, Outcome.EXEMPT)
    kind = "fail" if failed else {Outcome.PASSED: "pass", Outcome.UNDECIDED: "open"}[result.outcome]
    content: dict[str, Any] = {
        "ruleId": result.policy,
        "ruleIndex": index,
        "kind": kind,
        "level": _sarif_level(report.policies[index]) if failed else "none",
        "message": {"text": result.message or "passed"},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": result.urn or report.stack, "kind": "resource"}]}],
    }
    if result.outcome is Outcome.EXEMPT:
        content["suppressions"] = [{"kind": "external", "status": "accepted", "justification": result.message}]
    return content


def junit(report: Report) -> str:
    """JUnit XML: a suite for each policy, a case for each resource; exempt and undecided cases are skipped."""
    root = Xml.Element("testsuites", name=f"{report.project}/{report.stack}")
    by_policy: dict[str, list[Result]] = defaultdict(list)
    for result in (*report.results, *report.waiting):
        by_policy[result.policy].append(result)
    for policy in report.policies:
        cases = by_policy[policy.name]
        suite = Xml.SubElement(root, "testsuite", name=policy.name, tests=str(len(cases)))
        suite.set("failures", str(sum(case.outcome is Outcome.FAILED for case in cases)))
        suite.set("skipped", str(sum(case.outcome in (Outcome.EXEMPT, Outcome.UNDECIDED) for case in cases)))
        for result in cases:
            name = result.urn or report.stack
            if result.outcome is Outcome.UNDECIDED:
                name += " at first preview"
            case = Xml.SubElement(suite, "testcase", classname=policy.name, name=name)
            if result.outcome is Outcome.FAILED:
                Xml.SubElement(case, "failure", message=result.message, type=policy.level)
            elif result.outcome is not Outcome.PASSED:
                Xml.SubElement(case, "skipped", message=result.message)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True)


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
            for control in _controls(policy):
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
    figures = " | ".join(str(counts[Outcome(name)]) for name in _COLUMNS)
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


def _controls(policy: Policy) -> list[str]:
    return [tag for tag in policy.tags if tag.partition(":")[0] in FRAMEWORKS]


def _natural(control: str) -> tuple[str | int, ...]:
    """A sort key by which S3.5 comes before S3.17."""
    parts: list[str] = []
    for character in control:
        same = bool(parts) and parts[-1][-1].isdigit() == character.isdigit()
        parts = [*parts[:-1], parts[-1] + character] if same else [*parts, character]
    return tuple(f"{int(part):09d}" if part.isdigit() else part for part in parts)


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "table": table,
    "json": as_json,
    "sarif": sarif,
    "junit": junit,
    "markdown": markdown,
}
