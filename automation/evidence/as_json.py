"""A policy report as JSON."""

from __future__ import annotations

import json

from automation.evidence.report import Outcome, Report, Result


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
                "controls": policy.controls,
                "remediationSteps": policy.remediation_steps,
                "url": policy.url,
                "counts": {outcome.value: report.counts(policy.name)[outcome] for outcome in Outcome},
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
