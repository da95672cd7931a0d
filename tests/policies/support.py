"""Judging hand-made resources in this process, through the SDK's own policy objects.

A `Specimen` is one resource; `judge` puts specimens before every policy as the engine would: resource policies see the
inputs, stack policies all outputs. `preview` makes everything unknown that comes from another resource.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import _NotApplicableError as NotApplicable
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE as UNKNOWN
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from policies.guardrails import Guardrails
from policies.guardrails.resource import token
from policies.guardrails.rule import Rule
from policies.guardrails.themes import rules as every_rule
from policies.guardrails.themes.tagging import taggable

ACCOUNT, REGION = "111122223333", "eu-west-1"
TODAY = date(2026, 11, 21)
TAGS = {
    "Project": "ml-platform",
    "Environment": "prod",
    "Owner": "ml-team",
    "CostCenter": "CC-1234",
    "DataClassification": "confidential",
    "ManagedBy": "pulumi",
}


@dataclass(frozen=True)
class Specimen:
    """One resource: short type, logical name, inputs, and for each input the names of the resources it comes from.

    It carries the platform's tags unless it is not `tagged` or takes the provider's `default_tags`.
    """

    type: str
    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    protect: bool = False
    ignored: Sequence[str] = ()
    parent: str = ""
    default_tags: Mapping[str, str] | None = None
    tagged: bool = True
    real_urn: str = ""

    @property
    def token(self) -> str:
        """The type token."""
        return self.type if ":" in self.type else token(self.type)

    @property
    def urn(self) -> str:
        """The URN."""
        return self.real_urn or f"urn:pulumi:prod::ml-platform::{self.token}::{self.name}"

    @property
    def arn(self) -> str:
        """The ARN that other specimens name it by."""
        return f"arn:aws:{self.type.partition('/')[0]}:{REGION}:{ACCOUNT}:{self.name}"

    @property
    def properties(self) -> dict[str, Any]:
        """The inputs as policies see them, with the tags that every specimen carries."""
        own = self.tagged and self.default_tags is None and self.token in taggable()
        tags = {"tags": dict(TAGS)} if own else {}
        return copy.deepcopy({**tags, **self.inputs})

    @property
    def outputs(self) -> dict[str, Any]:
        """The inputs with id and ARN."""
        return {"id": self.name, "arn": self.arn, **self.properties}

    def put(self, path: str, value: Any) -> Specimen:
        """A copy with another value at a dotted path; numbers are list indexes."""
        inputs = self.properties
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        here: Any = inputs
        for key in parents:
            here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
        here[last] = value
        needs = {key: names for key, names in self.needs.items() if key != path.split(".")[0]}
        return replace(self, inputs=inputs, needs=needs if value is None else self.needs)

    def drop(self, path: str) -> Specimen:
        """A copy without the value at a dotted path."""
        inputs = self.properties
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        here: Any = inputs
        for key in parents:
            here = here[key]
        del here[last]
        return replace(self, inputs=inputs)


@dataclass(frozen=True, order=True)
class Said:
    """What a policy said of a resource; `resource` is empty for the stack."""

    policy: str
    resource: str
    message: str


@dataclass(frozen=True)
class Verdict:
    """Violations, what could not be decided, and what was exempt, by policy."""

    violations: list[Said]
    undecided: list[Said]
    exempt: list[Said]

    def problems(self, rules: Mapping[str, Rule]) -> dict[str, list[str]]:
        """Policy to its messages, without the remedy that ends each."""
        found: dict[str, list[str]] = {}
        for said in self.violations:
            found.setdefault(said.policy, []).append(said.message.removesuffix(f". {rules[said.policy].remedy}"))
        return found


Wrap = Callable[[dict[str, Any]], Mapping[str, Any]]


def judge(
    specimens: Iterable[Specimen],
    *,
    stack: str = "prod",
    config: Mapping[str, Any] | None = None,
    only: Iterable[str] | None = None,
    known: Iterable[Specimen] = (),
    wrap: Wrap = unknown_checking_proxy,
) -> Verdict:
    """Put specimens before the policies named in `only`, or all.

    Resource policies pass over the specimens in `known`, which have been judged before; `wrap` turns properties into
    what policies get.
    """
    names = None if only is None else set(only)
    judging = [rule for rule in every_rule() if names is None or rule.name in names]
    pack = Guardrails(config, stack=stack, today=TODAY, rules=judging)
    verdict = Verdict([], [], [])
    resources = list(specimens)
    judged_before = {id(specimen) for specimen in known}
    outputs = stack_resources(_named(resources, judging), wrap)
    for rule, policy in zip(pack.rules, pack.policies(), strict=True):
        if isinstance(policy, StackValidationPolicy):
            args = StackValidationArgs(outputs)
            _run(verdict, rule, lambda report, policy=policy, args=args: policy.validate(args, report), "")
        elif isinstance(policy, ResourceValidationPolicy):
            for specimen in resources:
                if rule.bears_on(specimen.token) and id(specimen) not in judged_before:
                    args = resource_args(specimen, wrap)
                    _run(verdict, rule, lambda report, p=policy, a=args: p.validate(a, report), specimen.name)
    return verdict


def _named(specimens: Iterable[Specimen], judging: Iterable[Rule]) -> list[Specimen]:
    """The specimens of the types that stack policies name; the server hands them no others either."""
    types = {name for rule in judging if rule.needs_stack for name in (*rule.types, *rule.reads)}
    return [specimen for specimen in specimens if specimen.token in types]


def _run(verdict: Verdict, rule: Rule, validate: Callable[[Any], Any], name: str) -> None:
    def report(message: str, urn: str | None = None) -> None:
        verdict.violations.append(Said(rule.name, (urn or "").rpartition("::")[2] or name, message))

    try:
        validate(report)
    except UnknownValueError as undecided:
        verdict.undecided.append(Said(rule.name, name, undecided.message))
    except NotApplicable as exempt:
        verdict.exempt.append(Said(rule.name, name, exempt.reason or ""))


def resource_args(
    specimen: Specimen, wrap: Wrap = unknown_checking_proxy, config: Mapping[str, Any] | None = None
) -> ResourceValidationArgs:
    """What the SDK hands to a resource policy."""
    return ResourceValidationArgs(
        specimen.token,
        wrap(specimen.properties or {"__defaults": []}),  # what the provider has checked is never empty
        specimen.urn,
        specimen.name,
        _options(specimen),
        _provider(specimen),
        config,
    )


def stack_resources(specimens: Sequence[Specimen], wrap: Wrap) -> list[PolicyResource]:
    found = {
        specimen.name: PolicyResource(
            specimen.token,
            wrap(specimen.outputs),
            specimen.urn,
            specimen.name,
            _options(specimen),
            _provider(specimen),
            None,
            [],
            {},
        )
        for specimen in specimens
    }
    for specimen in specimens:
        resource = found[specimen.name]
        resource.parent = found.get(specimen.parent)
        for key, names in specimen.needs.items():
            resource.property_dependencies[key] = [found[name] for name in names if name in found]
    return list(found.values())


def _options(specimen: Specimen) -> PolicyResourceOptions:
    return PolicyResourceOptions(
        specimen.protect, list(specimen.ignored), None, [], PolicyCustomTimeouts(0, 0, 0), [], None
    )


def _provider(specimen: Specimen) -> PolicyProviderResource | None:
    if specimen.default_tags is None:
        return None
    props = {"defaultTags": {"tags": dict(specimen.default_tags)}}
    return PolicyProviderResource("pulumi:providers:aws", unknown_checking_proxy(props), "urn:provider", "aws")


def preview(specimens: Iterable[Specimen]) -> list[Specimen]:
    """The specimens as a first preview shows them: what an input takes from another resource is not known yet."""
    return [
        replace(specimen, inputs={**specimen.properties, **dict.fromkeys(specimen.needs, UNKNOWN)})
        for specimen in specimens
    ]
