"""What the policy pack says of a stack, policy by policy and resource by resource: the evidence of a review.

The resources are those of the synth, judged by the real pack process as in an update, with every value known. A second
pass judges them as a first preview shows them, with everything unknown that one resource takes from another, and lists
what can only be decided in the update.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from automation.evidence import Outcome, Report, Result
from local.judge.model import Judged
from local.judge.runner import PolicyRunner
from local.values import UNKNOWN
from policies.guardrails.rule import Rule
from policies.guardrails.themes import rules


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
    """The verdicts of a policy with its passes: each resource of its types, or the stack, that it said nothing of.

    A policy that gathers names the first resources only, so none passes where it failed.
    """
    said = [result for result in found if result.policy == rule.name]
    about = {result.urn for result in said}
    urns = [resource.urn for resource in resources if rule.bears_on(resource.type)]
    if rule.stack_check is not None:
        urns = [""] if urns and not said else []
    elif rule.gathered and any(result.outcome is Outcome.FAILED for result in said):
        urns = []
    passed = [Result(policy=rule.name, urn=urn, outcome=Outcome.PASSED) for urn in urns if urn not in about]
    return [*said, *passed]
