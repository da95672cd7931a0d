"""A small project to run programs in, a cloud that keeps what it is given, and policies written as functions."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pulumi
import pytest

from local.adapter.errors import ApiRefused, InvalidInput, UnknownType
from local.judge.model import Judged, Violation
from local.runtime import Event, Stack
from shapes.check import Fault

PULUMI_YAML = """
name: shop
runtime: python
config:
  size: {type: integer, default: 1}
  aws:region: {value: eu-west-1}
"""


@dataclass(frozen=True)
class Made:
    """What the fake cloud answers."""

    id: str
    outputs: Mapping[str, Any]
    emulated: bool = True


@dataclass
class FakeCloud:
    """Keeps what it is given, in the order of the calls; the rules are attributes that a test sets."""

    endpoint_url: str = "http://127.0.0.1:1"
    calls: list[tuple[str, ...]] = field(default_factory=list)
    live: dict[str, dict[str, Any]] = field(default_factory=dict)
    forces_replacement: set[str] = field(default_factory=set)
    fails_on: str | None = None
    refuses: Mapping[str, str] = field(default_factory=dict)
    recorded_types: set[str] = field(default_factory=set)
    answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    reads_back: Mapping[str, Any] = field(default_factory=dict)
    refreshes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    made: int = 0

    def check(self, type_token: str, name: str, inputs: dict[str, Any], /, *, urn: str) -> dict[str, Any]:
        if type_token != "aws:sns/topic:Topic" or "name" in inputs:
            return inputs
        return inputs | {"name": f"{name}-{sha256(urn.encode()).hexdigest()[:4]}"}

    def create(self, type_token: str, name: str, inputs: dict[str, Any], /, *, urn: str) -> Made:
        if name == self.fails_on:
            raise RuntimeError(f"no capacity for {name}")
        self.made += 1
        resource_id = str(inputs.get("bucket") or inputs.get("name") or f"{name}-{self.made}")
        assert resource_id not in self.live, f"{resource_id} exists already"
        self.live[resource_id] = inputs
        self.calls.append(("create", name, resource_id))
        return Made(resource_id, self._outputs(type_token, resource_id, inputs), type_token not in self.recorded_types)

    def update(
        self,
        type_token: str,
        resource_id: str,
        old_inputs: dict[str, Any],
        new_inputs: dict[str, Any],
        outputs: dict[str, Any],
        /,
    ) -> Made:
        assert _without_assets(self.live[resource_id] | dict(self.reads_back)) == _without_assets(old_inputs)
        self.live[resource_id] = new_inputs
        self.calls.append(("update", resource_id))
        return Made(resource_id, self._outputs(type_token, resource_id, new_inputs))

    def read(
        self, type_token: str, resource_id: str, inputs: dict[str, Any], outputs: dict[str, Any], /
    ) -> dict[str, Any]:
        if type_token not in self.refreshes:
            raise UnknownType(type_token)
        if resource_id not in self.live:
            raise ApiRefused(resource_id, "test", "Read", "NotFoundException", "no such thing")
        return {key: self.live[resource_id].get(key) for key in self.refreshes[type_token]}

    def replaces(self, type_token: str, old_inputs: dict[str, Any], new_inputs: dict[str, Any], /) -> list[str]:
        return sorted(key for key in self.forces_replacement if old_inputs.get(key) != new_inputs.get(key))

    def delete(self, type_token: str, resource_id: str, inputs: dict[str, Any], outputs: dict[str, Any], /) -> None:
        del self.live[resource_id]
        self.calls.append(("delete", resource_id))

    def invoke(self, token: str, args: dict[str, Any], /) -> dict[str, Any]:
        return self.answers[token](args)

    def validate(self, type_token: str, name: str, inputs: dict[str, Any], /) -> None:
        if name in self.refuses:
            raise InvalidInput(type_token, name, [Fault(path="name", found=name, allowed=self.refuses[name])])

    def _outputs(self, type_token: str, resource_id: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"arn": f"arn:aws:test:::{resource_id}"} | inputs | dict(self.reads_back)

    def operations(self) -> list[tuple[str, ...]]:
        """The calls since the last question."""
        calls, self.calls = self.calls, []
        return calls


def _without_assets(inputs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if not isinstance(value, pulumi.Asset)}


@dataclass
class FakePolicies:
    """Policies as functions; `judged` is what they were shown."""

    analyze_with: Callable[[Judged], Sequence[Violation]] = lambda judged: ()
    stack_with: Callable[[list[Judged]], Sequence[Violation]] = lambda judged: ()
    remediate_with: Callable[[Judged], Mapping[str, Any] | None] = lambda judged: None
    policy_count: int = 3
    judged: list[Judged] = field(default_factory=list)
    dry_runs: list[bool] = field(default_factory=list)

    def analyze(self, resource: Judged) -> Sequence[Violation]:
        self.judged.append(resource)
        return self.analyze_with(resource)

    def analyze_stack(self, resources: Iterable[Judged]) -> Sequence[Violation]:
        return self.stack_with(list(resources))

    def remediate(self, resource: Judged) -> Mapping[str, Any] | None:
        return self.remediate_with(resource)

    @contextmanager
    def __call__(self, dry_run: bool) -> Generator[FakePolicies]:
        self.dry_runs.append(dry_run)
        yield self


class Project:
    """A project in a temporary directory whose program a test writes and rewrites."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.cloud = FakeCloud()
        self.events: list[Event] = []
        self.write("Pulumi.yaml", PULUMI_YAML)
        self.write("Pulumi.dev.yaml", "config: {}")

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(textwrap.dedent(text), encoding="utf-8")

    def program(self, text: str) -> None:
        head = "import pulumi\nimport pulumi_aws as aws\n"
        self.write("__main__.py", head + textwrap.dedent(text))

    def stack(self, **arguments: Any) -> Stack:
        return Stack("dev", project_dir=self.directory, **arguments)

    def up(self, policies: FakePolicies | None = None, *, refresh: bool = False, **arguments: Any) -> Any:
        return self.stack(**arguments).up(self.cloud, policies, self.events.append, refresh=refresh)

    def preview(self, policies: FakePolicies | None = None, *, refresh: bool = False) -> Any:
        return self.stack().preview(self.cloud, policies, self.events.append, refresh=refresh)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def policies() -> FakePolicies:
    return FakePolicies()
