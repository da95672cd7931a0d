"""A policy report as SARIF 2.1.0, which code scanning reads."""

from __future__ import annotations

import json
from typing import Any

from automation.evidence.report import Outcome, Policy, Report, Result

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(report: Report) -> str:
    """SARIF 2.1.0, which code scanning reads; exemptions are suppressions, what a preview waits for is open."""
    tool_rules = [
        {
            "id": policy.name,
            "shortDescription": {"text": policy.description},
            "help": {"text": policy.remediation_steps},
            "helpUri": policy.url,
            "defaultConfiguration": {"level": _level(policy)},
            "properties": {"tags": list(policy.tags), "problem.severity": policy.severity},
        }
        for policy in report.policies
    ]
    index = {policy.name: i for i, policy in enumerate(report.policies)}
    results = [_result(report, result, index[result.policy]) for result in (*report.results, *report.waiting)]
    run = {"tool": {"driver": {"name": "ml-platform guardrails", "rules": tool_rules}}, "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _level(policy: Policy) -> str:
    return "warning" if policy.level == "advisory" else "error"


def _result(report: Report, result: Result, index: int) -> dict[str, Any]:
    failed = result.outcome in (Outcome.FAILED, Outcome.EXEMPT)
    kind = "fail" if failed else {Outcome.PASSED: "pass", Outcome.UNDECIDED: "open"}[result.outcome]
    content: dict[str, Any] = {
        "ruleId": result.policy,
        "ruleIndex": index,
        "kind": kind,
        "level": _level(report.policies[index]) if failed else "none",
        "message": {"text": result.message or "passed"},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": result.urn or report.stack, "kind": "resource"}]}],
    }
    if result.outcome is Outcome.EXEMPT:
        content["suppressions"] = [{"kind": "external", "status": "accepted", "justification": result.message}]
    return content
