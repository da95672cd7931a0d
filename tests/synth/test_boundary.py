"""The permissions boundary of a whole stack: it is what is committed, covers every role, and holds nothing more."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from components.ground import boundary, collected
from local.runtime import Stack
from settings import Persona
from tests import iam
from tests.synth.conftest import synthesised
from tests.synth.test_isolation import three_workloads

BOUNDARY = "aws:iam/policy:Policy"
#: What declares a role -> its argument that says what the role's job is called.
NAMED = {"RoleArgs": "job", "role": "job", "ScheduleArgs": "role"}
#: Jobs whose roles have the boundary of services of ECS.
SERVICES = {
    "c": ("endpoint", "rollback"),
    "f": ("endpoint", "rollback", "shifting"),
    "t": ("balancing", "endpoint", "execution", "rollback"),
}


@cache
def every_role() -> dict[str, Any]:
    return Stack(collected.STACK, config_file=collected.CONFIG).synth()


def declared_jobs() -> Iterator[str]:
    """What components call the jobs of roles that they declare, where it is a word in the code."""
    for path in Path(boundary.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(called) | ast.Attribute(attr=called), keywords=keywords) if called in NAMED:
                    found = [k.value for k in keywords if k.arg == NAMED[called]]
                    yield from (str(each.value) for each in found if isinstance(each, ast.Constant))
                case _:
                    pass


def test_the_stack_that_it_is_collected_from_has_every_role() -> None:
    jobs = set(declared_jobs())
    names = set(iam.roles(every_role()))
    assert {"endpoint", "flow-logs", "monitor", "pipeline", "schedule"} <= jobs
    assert {job for job in jobs if not any(name.endswith(f"-{job}") for name in names)} == set(), (
        f"switch on in {collected.CONFIG.name} what brings them"
    )


def rendered(synth: dict[str, Any]) -> dict[str, str]:
    """By its name, the boundary of jobs and that of ingestion."""
    names = ("access-boundary", "access-ingestion-boundary")
    policies = {r["name"]: r["inputs"] for r in synth["resources"] if r["type"] == BOUNDARY}
    return {policies[name]["name"]: policies[name]["policy"] for name in names}


def test_what_is_committed_is_what_the_roles_need() -> None:
    committed = boundary.DOCUMENT.read_text(encoding="utf-8")
    assert committed == collected.text(collected.collect(every_role())), "run `make boundary` and read the difference"


def outside(synth: dict[str, Any]) -> Iterator[str]:
    """What a role's own policies allow and the boundary does not."""
    bounds = {name: iam.statements(document) for name, document in rendered(synth).items()}
    roles = [r["inputs"] for r in synth["resources"] if r["type"] == "aws:iam/role:Role"]
    bounded_by = {role["name"]: role["permissionsBoundary"].rpartition("/")[2] for role in roles}
    for role in iam.roles(synth).values():
        for action, resource, facts in chain.from_iterable(map(iam.asked, role.statements)):
            if not iam.allows(bounds[bounded_by[role.name]], None, action, resource, facts):
                yield f"{role.name}: {action} on {resource}"


def test_no_role_has_a_statement_outside_it(steady: dict[str, Any], bootstrap: dict[str, Any]) -> None:
    assert [*outside(steady), *outside(bootstrap)] == []


def test_no_role_of_several_workloads_has_a_statement_outside_it() -> None:
    assert [*outside(three_workloads())] == []


@pytest.mark.parametrize("whose", list(boundary.Bounded))
def test_nothing_is_in_it_that_no_role_has(whose: boundary.Bounded) -> None:
    people = {f"mlplatform-{collected.STACK}-{persona.job}" for persona in Persona}
    data = {each for each in people if "-data-" in each}
    prefix = f"{collected.WORKLOAD}-{collected.STACK}"
    ingestion = {
        f"{prefix}-{job}" for job in ("ingestion", "ingestion-rule", "preparation", "spark", "tuning", "validation")
    }
    trained = f"{collected.UNMONITORED}-{collected.STACK}"  # by Step Functions
    ingestion |= {f"{trained}-{job}" for job in ("retraining", "training-machine")}
    services = {
        f"{collected.UNMONITORED}-{collected.STACK}-{endpoint}-{job}"
        for endpoint, jobs in SERVICES.items()
        for job in jobs
    } | {f"{prefix}-crawler", f"{prefix}-pull-crm"}
    kinds = {
        **dict.fromkeys(people, "people"),
        **dict.fromkeys(data, "data"),
        **dict.fromkeys(ingestion, "ingestion"),
        **dict.fromkeys(services, "services"),
        f"{trained}-tracking": "tracking",
    }
    roles = iam.roles(every_role()).values()
    own = [s for role in roles if kinds.get(role.name, "jobs") == whose for s in role.statements]
    for statement in with_its_own_boundaries()[whose]:
        had = [s for s in own if s["Effect"] == "Allow" and set(s["Action"]) & set(statement["Action"])]
        resources = {r for s in had for r in s["Resource"]}
        assert {a for s in had for a in s["Action"]} >= set(statement["Action"])
        for pattern in statement["Resource"]:
            assert any(fnmatchcase(r, pattern) for r in resources), pattern
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                asked = {v for s in had for v in _listed(s.get("Condition", {}).get(operator, {}).get(key, []))}
                assert set(_listed(values)) == asked, key


@pytest.mark.parametrize("whose", list(boundary.Bounded))
def test_what_is_said_once_allows_what_it_did_when_it_was_said_twice(whose: boundary.Bounded) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collected, "_said_once", iter)
        patch.setattr(collected, "MAX_CHARACTERS", 10_000)
        twice = collected.collect(every_role())[whose]["Statement"]
    once = boundary.committed(whose)["Statement"]
    asked = [each for statement in (*twice, *once) for each in iam.asked(statement)]
    asked += [(action, resource, {}) for action, resource, facts in asked if facts]
    assert len(asked) > 100
    differ = [each for each in asked if iam.allows(twice, None, *each) != iam.allows(once, None, *each)]
    assert differ == []


@cache
def with_its_own_boundaries() -> dict[str, list[Any]]:
    """The statements of the boundaries of the same stack, which is given another one to be collected from."""
    somebody = ["arn:aws:iam::123456789012:role/somebody"]
    personas = {"sign_in": "mfa", "auditor": somebody, "data_scientist": somebody}
    own = Stack(collected.STACK, config_file=collected.CONFIG, config_overrides={"access": {"personas": personas}})
    found = {
        r["name"].removesuffix("-boundary"): json.loads(r["inputs"]["policy"])["Statement"]
        for r in own.synth(bootstrap=True)["resources"]
        if r["type"] == BOUNDARY
    }
    of_jobs = {"jobs": found["access"], "ingestion": found["access-ingestion"], "services": found["access-services"]}
    of_jobs["tracking"] = found["access-tracking"]
    return {**of_jobs, "data": found["people-data"], "people": found["people"]}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_workloads_do_not_make_it_longer() -> None:
    assert rendered(three_workloads()) == rendered(synthesised("prod", False))
