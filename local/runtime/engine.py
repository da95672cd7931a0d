"""What preview and update have in common: each resource is checked, judged by the policies, and carried out.

The program's SDK registers resources from several threads; a lock lets one through at a time, which keeps the state
file, the emulated cloud and the order of events simple.
"""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local import values
from local.judge.model import Judged, Violation
from local.runtime import awsx, sdk
from local.runtime.diff import Difference, difference, with_ignored
from local.runtime.errors import DefaultProviderError, DuplicateUrnError, StoppedError
from local.runtime.hooks import Hook, Hooks, Moment, Operator
from local.runtime.model import Cloud, Event, OnEvent, Op, Policies
from local.runtime.monitor import Registered
from local.runtime.registration import (
    PROVIDER_PREFIX,
    STACK_TYPE,
    Registration,
    inherited_aliases,
    make_urn,
    option_fields,
)
from local.runtime.sample import SampleCloud
from local.runtime.state import Entry, State


@dataclass(frozen=True, kw_only=True)
class Target:
    """The stack that a pass works on: names, config as the program sees it, and the project's directory."""

    stack: str
    project: str
    config: Mapping[str, str]
    directory: Path


class Engine(ABC):
    """One pass over the program; `local.runtime.monitor.Handler` for the SDK's monitor.

    `failure` is the first error of a registration; after it every further registration is refused, so that nothing is
    touched behind a failed resource.
    """

    phase: str
    dry_run: bool

    def __init__(
        self, target: Target, cloud: Cloud, state: State, policies: Policies, on_event: OnEvent, total: int | None
    ):
        self.target = target
        self.cloud = cloud
        self.state = state
        self.policies = policies
        self.failure: Exception | None = None
        self.changes: dict[Op, list[str]] = {op: [] for op in Op}
        self.changed: dict[str, tuple[str, ...]] = {}
        self.parents: dict[str, str] = {}
        self.violations: list[Violation] = []
        self.stack_outputs: values.Properties = {}
        self.registrations: dict[str, Registration] = {}
        self._answers: dict[str, Registered] = {}
        self._former: dict[str, str] = {}
        self._on_event = on_event
        self._total = total
        region, profile = (target.config.get(f"aws:{key}", "") for key in ("region", "profile"))
        url = None if isinstance(cloud, SampleCloud) else cloud.endpoint_url
        self.operator = Operator(url=url, region=region, profile=profile or "default")
        self._hooks = Hooks(self.operator)
        self._lock = threading.RLock()

    # --- what the monitor asks ---

    def register(self, resource: Registration) -> Registered:
        """Check, judge and carry out one resource. Errors end the pass."""
        with self._lock:
            if self.failure is not None:
                raise StoppedError(f"{resource.urn}: not touched, because the {self.phase} had failed before it")
            try:
                return self._expand(resource) if resource.remote else self._register(resource)
            except Exception as error:
                self.failure = self.failure or error
                raise

    def set_outputs(self, urn: str, outputs: values.Properties) -> None:
        """Keep the outputs of a component or of the stack."""
        with self._lock:
            answer = replace(self._answers[urn], outputs=outputs)
            self._answers[urn] = answer
            if self.registrations[urn].type == STACK_TYPE:
                self.stack_outputs = outputs
            self._keep_outputs(self.registrations[urn], answer)

    def invoke(self, token: str, args: values.Properties, provider: str) -> Mapping[str, Any]:
        """Ask the cloud. All providers lead to the one emulated account and region."""
        if not provider:
            self._refuse_default_provider(token.split(":", 1)[0], token)
        return self.cloud.invoke(token, values.plain(args))

    def add_hook(self, hook: Hook) -> None:
        """Take a hook."""
        self._hooks.register(hook)

    def find(self, urn: str) -> Registered | None:
        """The answer that a registration got."""
        return self._answers.get(urn)

    # --- one resource ---

    def _register(self, resource: Registration) -> Registered:
        if resource.urn in self.registrations:
            raise DuplicateUrnError(
                f"{resource.urn}: declared twice; give one of the two another name or another parent type"
            )
        provider = self._provider_of(resource)
        old = self._old(resource)
        resource = self._checked(with_ignored(resource, old), provider, old)
        judged = self._judged(resource, resource.inputs, provider)
        remedied = self.policies.remediate(judged)
        if remedied is not None:
            resource = replace(resource, inputs=dict(remedied))
            judged = replace(judged, properties=resource.inputs)
        found = self.policies.analyze(replace(judged, properties=values.unwrapped(resource.inputs)))
        self.violations += found
        self.registrations[resource.urn] = resource
        step = difference(resource, old, lambda before, after: self._replaces(resource.type, before, after))
        self._admit(old, step, found)
        before = Moment(old_inputs=old.inputs, old_outputs=old.outputs, id=old.id) if old else Moment()
        self._hooks.run("before", step.op, resource, before, dry_run=self.dry_run)
        answer = self._hooks.carried_out(step.op, resource, before, lambda: self._carry_out(resource, old, step))
        self._answers[resource.urn] = answer
        self.changed[resource.urn] = step.changed
        self._done(step.op, resource.urn, resource.parent)
        after = replace(before, id=answer.id, new_outputs=answer.outputs)
        self._hooks.run("after", step.op, resource, after, dry_run=self.dry_run)
        return answer

    def _expand(self, resource: Registration) -> Registered:
        """Register a remote component, which has no inputs of its own in the engine's eyes, and its children."""
        self._register(replace(resource, remote=False, custom=False, inputs={}, property_dependencies={}))
        expansion = awsx.expand(awsx.Component(resource=resource, register=self._register))
        self.set_outputs(resource.urn, expansion.outputs)
        return replace(self._answers[resource.urn], property_dependencies=expansion.property_dependencies)

    @abstractmethod
    def _admit(self, old: Entry | None, step: Difference, found: Iterable[Violation]) -> None:
        """Raise what stands against the step before anything of it happens."""

    @abstractmethod
    def _carry_out(self, resource: Registration, old: Entry | None, step: Difference) -> Registered:
        """Do, or foresee, the step."""

    @abstractmethod
    def _keep_outputs(self, resource: Registration, answer: Registered) -> None:
        """Keep outputs that were registered after the resource itself."""

    def _done(self, op: Op, urn: str, parent: str) -> None:
        self.changes[op].append(urn)
        self.parents[urn] = parent
        count = sum(len(urns) for urns in self.changes.values())
        self._on_event(Event(phase=self.phase, op=op, urn=urn, count=count, total=self._total))

    def _replaces(self, type_token: str, before: values.Properties, after: values.Properties) -> list[str]:
        return self.cloud.replaces(type_token, values.plain(before), values.plain(after))

    def _old(self, resource: Registration) -> Entry | None:
        """What exists of a resource: under its URN, or under one of its aliases and those that its parent brings."""
        former = self._former.get(resource.parent)
        inherited = inherited_aliases(resource, former) if former else ()
        for urn in (resource.urn, *resource.options.aliases, *inherited):
            if entry := self.state.get(urn):
                if urn != resource.urn:
                    self._former[resource.urn] = urn
                return entry
        return None

    def kept_urns(self) -> set[str]:
        """The URNs in the state that belong to resources which the program still declares."""
        return {*self.registrations, *self._former.values()}

    # --- providers and what their check does ---

    def _provider_of(self, resource: Registration) -> Registration | None:
        package = resource.type.split(":", 1)[0]
        if not resource.custom or package == "pulumi":
            return None
        if resource.provider:
            return self.registrations[resource.provider.rpartition("::")[0]]
        self._refuse_default_provider(package, resource.urn)
        return self._default_provider(package, resource.package_version)

    def _refuse_default_provider(self, package: str, what: str) -> None:
        """As the engine does for the packages of `pulumi:disable-default-providers`."""
        disabled = json.loads(self.target.config.get("pulumi:disable-default-providers", "[]"))
        if package in disabled or "*" in disabled:
            raise DefaultProviderError(
                f"Default provider for '{package}' disabled. '{what}' must use an explicit provider."
                " Give it `parent`, `provider` or, for a data source, pulumi.InvokeOptions(provider=...)"
            )

    def _default_provider(self, package: str, version: str) -> Registration:
        """The provider that the engine makes of the config of its package, registered when it is first needed."""
        name = f"default_{version.replace('.', '_')}" if version else "default"
        urn = make_urn(self.target.stack, self.target.project, "", f"{PROVIDER_PREFIX}{package}", name)
        if urn not in self.registrations:
            prefix = f"{package}:"
            inputs = {
                key.removeprefix(prefix): text for key, text in self.target.config.items() if key.startswith(prefix)
            }
            self._register(Registration(urn=urn, type=f"{PROVIDER_PREFIX}{package}", name=name, inputs=dict(inputs)))
        return self.registrations[urn]

    def _checked(self, resource: Registration, provider: Registration | None, old: Entry | None) -> Registration:
        """The inputs after the provider's check.

        Assets are hashed, the provider's default tags are merged into `tagsAll`, defaults and a generated name are
        filled in. What was generated for the old resource stays, as another name would make another resource.
        """
        inputs = values.hashed(resource.inputs, self.target.directory)
        if provider is None:
            return replace(resource, inputs=inputs)
        if sdk.takes_tags(resource.type):
            tags = values.unwrapped(inputs.get("tags") or {})
            merged = tags if isinstance(tags, str) else _default_tags(provider) | tags
            if merged:
                inputs["tagsAll"] = values.secret(merged) if values.has_secret(inputs.get("tags")) else merged
        added = self._generated(resource, inputs, resource.urn)
        kept = {key: old.inputs[key] for key in old.generated if key in added} if old else {}
        return replace(resource, inputs=inputs | added | kept, generated=tuple(sorted(added)))

    def _generated(self, resource: Registration, inputs: values.Properties, seed: str) -> values.Properties:
        """What the provider's check adds to inputs; `seed` makes a generated name unique."""
        checked = self.cloud.check(resource.type, resource.name, values.plain(inputs), urn=seed)
        return {key: value for key, value in checked.items() if key not in inputs and value is not None}

    # --- policies ---

    def _judged(
        self, resource: Registration, properties: values.Properties, provider: Registration | None = None
    ) -> Judged:
        return Judged(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            parent=resource.parent,
            properties=properties,
            options=option_fields(resource.options),
            provider=self._judged(provider, values.unwrapped(provider.inputs)) if provider else None,
            dependencies=resource.dependencies,
            property_dependencies=resource.property_dependencies,
        )

    def judge_stack(self) -> None:
        """Let the stack policies judge all resources by their outputs."""
        judged = [
            self._judged(resource, values.unwrapped(self._answers[urn].outputs), self._provider_of(resource))
            for urn, resource in self.registrations.items()
        ]
        self.violations += self.policies.analyze_stack(judged)

    def mandatory(self) -> list[Violation]:
        """The violations that stop a deployment, in the order of URN and policy."""
        found = [violation for violation in self.violations if violation.level == "mandatory"]
        return sorted(found, key=lambda violation: (violation.urn, violation.policy, violation.message))


def _default_tags(provider: Registration) -> dict[str, Any]:
    """The tags that the provider puts on everything; nested provider config travels as JSON text."""
    configured = values.unwrapped(provider.inputs.get("defaultTags") or {})
    if isinstance(configured, str) and configured != values.UNKNOWN:
        configured = json.loads(configured)
    return dict(configured.get("tags") or {}) if isinstance(configured, dict) else {}
