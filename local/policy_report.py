"""What the policy pack says of a stack, policy by policy and resource by resource: the evidence of a review.

The resources are those of the synth, judged by the real pack process as in an update, with every value known. A second
pass judges them as a first preview shows them, with everything unknown that one resource takes from another, and lists
what can only be decided in the update.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from local.policy import PolicyRunner
from local.policy_levels import Policy
from local.runtime.model import Judged
from local.runtime.values import UNKNOWN
from policies.guardrails.rule import Rule
from policies.guardrails.themes import rules


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


def judge(document: Mapping[str, Any], pack: Path, config_path: Path | None) -> Report:
    """Judge the document that `synth` writes with the pack in a directory and its configuration.

    Raises PolicyPackError when the pack does not start or refuses the configuration.
    """
    project, stack = document["project"], document["stack"]
    resources = [_judged(entry) for entry in document["resources"]]
    with PolicyRunner(pack, stack=stack, project=project, config_path=config_path, dry_run=False) as runner:
        found = [*_found(runner, resources)]
        policies = [policy for policy in runner.policies if policy.level != "disabled"]
    with PolicyRunner(pack, stack=stack, project=project, config_path=config_path, dry_run=True) as runner:
        preview = [_unknown(resource) for resource in resources]
        waiting = [result for result in _found(runner, preview) if result.outcome is Outcome.UNDECIDED]
    by_name = {rule.name: rule for rule in rules()}
    results = [result for policy in policies for result in _complete(by_name[policy.name], resources, found)]
    return Report(
        project=project, stack=stack, resources=len(resources), policies=policies, results=results, waiting=waiting
    )


def _judged(entry: Mapping[str, Any]) -> Judged:
    return Judged(
        urn=entry["urn"],
        type=entry["type"],
        name=entry["name"],
        parent=entry["parent"],
        properties=entry["inputs"],
        options=entry["options"],
        dependencies=entry["dependencies"],
        property_dependencies=entry["propertyDependencies"],
    )


def _unknown(resource: Judged) -> Judged:
    """A resource as a first preview shows it: what comes from another resource is not known yet."""
    later = {key: UNKNOWN for key, urns in resource.property_dependencies.items() if urns}
    return replace(resource, properties={**resource.properties, **later})


def _found(runner: PolicyRunner, resources: Sequence[Judged]) -> Iterable[Result]:
    """Every verdict that is not a pass."""
    violations = [violation for resource in resources for violation in runner.analyze(resource)]
    violations += runner.analyze_stack(resources)
    for violation in violations:
        outcome = Outcome.UNDECIDED if violation.undecided else Outcome.FAILED
        yield Result(policy=violation.policy, urn=violation.urn, outcome=outcome, message=violation.message)
    for exempt in runner.exempt:
        yield Result(policy=exempt.policy, urn=exempt.urn, outcome=Outcome.EXEMPT, message=exempt.reason)


def _complete(rule: Rule, resources: Sequence[Judged], found: Sequence[Result]) -> list[Result]:
    """The verdicts of a policy with its passes: each resource of its types, or the stack, that it said nothing of."""
    said = [result for result in found if result.policy == rule.name]
    about = {result.urn for result in said}
    urns = [resource.urn for resource in resources if rule.bears_on(resource.type)]
    if rule.stack_check is not None:
        urns = [""] if urns and not said else []
    passed = [Result(policy=rule.name, urn=urn, outcome=Outcome.PASSED) for urn in urns if urn not in about]
    return [*said, *passed]
