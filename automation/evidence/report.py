"""The evidence for one stack: every policy in force, and what it says of every resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy in force.

    Attributes:
        name: its id.
        level: `advisory`, `mandatory`, `remediate` or `disabled`, after the configuration is merged.
        kind: `resource` or `stack`.
        description: what must hold.
        severity: `low`, `medium`, `high`, `critical`, or empty.
        tags: theme, outside controls (`checkov:CKV_AWS_7`) and resource types (`type:aws:kms/key:Key`).
        framework: the framework's name and the references in it.
        remediation_steps: the fix in words.
        url: where the reason is written.
        config: its settings, defaults included.
    """

    name: str
    level: str
    kind: str
    description: str
    severity: str
    tags: Sequence[str]
    framework: str
    remediation_steps: str
    url: str
    config: Mapping[str, Any]

    @property
    def controls(self) -> list[str]:
        """The outside controls that it answers, as `framework:id`."""
        return [tag for tag in self.tags if tag.partition(":")[0] in FRAMEWORKS]


class Outcome(StrEnum):
    """What a policy says of a resource."""

    PASSED = "passed"
    FAILED = "failed"
    EXEMPT = "exempt"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class Result:
    """One verdict; `urn` is empty where the stack as a whole is judged, `message` where it passed."""

    policy: str
    urn: str
    outcome: Outcome
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The evidence for one stack.

    Attributes:
        project: name of the Pulumi project.
        stack: name of the stack.
        resources: how many resources were judged.
        policies: every policy that is not disabled.
        results: every verdict with all values known, in the order of the policies.
        waiting: what a first preview cannot decide.
    """

    project: str
    stack: str
    resources: int
    policies: Sequence[Policy]
    results: Sequence[Result]
    waiting: Sequence[Result]

    @property
    def failures(self) -> list[Result]:
        """The violations, mandatory ones and advice."""
        return [result for result in self.results if result.outcome is Outcome.FAILED]

    @property
    def stops(self) -> bool:
        """Whether a mandatory policy is violated: an update would stop."""
        advice = {policy.name for policy in self.policies if policy.level == "advisory"}
        return any(result.policy not in advice for result in self.failures)

    @property
    def idle(self) -> list[Policy]:
        """The policies that found nothing to judge."""
        judged = {result.policy for result in self.results}
        return [policy for policy in self.policies if policy.name not in judged]

    def counts(self, policy: str) -> Counter[Outcome]:
        """How often a policy came to each outcome; `undecided` counts what a first preview waits for."""
        found = Counter(result.outcome for result in self.results if result.policy == policy)
        found[Outcome.UNDECIDED] += sum(result.policy == policy for result in self.waiting)
        return found
