"""The platform itself: both stacks pass the strict pack, and no policy that bears on them sleeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policies.guardrails import Guardrails
from policies.guardrails.resource import short_type
from policies.guardrails.themes import rules
from tests.policies import stacks
from tests.policies.breaks import BREAKS, NOT_BREAKABLE, Break
from tests.policies.changes import Platform
from tests.policies.stacks import STACKS
from tests.policies.support import Specimen, Verdict, judge
from tests.synth.matrix import people

EXEMPT_IN_STRICT = {"budget-with-alerts", "stateful-protected", "artifact-bucket-object-lock"}
CONFIG = Path(__file__).parents[2] / "policies" / "config"


@cache
def resources(stack: str, engine: str = "platform") -> tuple[Specimen, ...]:
    """The synth of a stack as specimens, each named by its type and name."""
    return specimens(stacks.resources(stack, engine))


def specimens(found: Sequence[dict[str, Any]]) -> tuple[Specimen, ...]:
    """Resources of a synth as specimens."""
    names = {entry["urn"]: f"{short_type(entry['type'])} {entry['name']}" for entry in found}
    return tuple(
        Specimen(
            entry["type"],
            names[entry["urn"]],
            json.loads(json.dumps(entry["inputs"]), parse_int=float),
            {key: [names[urn] for urn in urns] for key, urns in entry["propertyDependencies"].items()},
            protect=bool(entry["options"].get("protect")),
            parent=names.get(entry["parent"], ""),
            tagged=False,
            real_urn=entry["urn"],
        )
        for entry in found
    )


def config(name: str) -> dict[str, Any]:
    return json.loads((CONFIG / f"{name}.json").read_text())


def judged(
    specimens: Platform | tuple[Specimen, ...], stack: str = "prod", known: tuple[Specimen, ...] = ()
) -> Verdict:
    listed = specimens.values() if isinstance(specimens, dict) else specimens
    return judge(listed, stack=stack, config=config("strict"), known=known)


@pytest.mark.parametrize("name", ["dev", "staging", "prod", "strict"])
def test_the_configurations_name_policies_and_settings_that_exist(name: str) -> None:
    Guardrails(config(name), stack="prod")


def test_the_levels_of_dev_are_those_of_a_stack_called_dev_whatever_the_stack_is_called() -> None:
    given, declared = Guardrails(config("dev"), stack="auto-dev"), Guardrails(stack="dev")
    assert {rule.name: given.level(rule) for rule in given.rules} == {
        rule.name: declared.level(rule) for rule in declared.rules
    }


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("levels", ["own", "dev", "strict"])
def test_a_stack_violates_nothing(stack: str, levels: str) -> None:
    pack = Guardrails(config(stack if levels == "own" else levels), stack=stack)
    mandatory = {rule.name for rule in pack.rules if pack.level(rule).value == "mandatory"}
    verdict = judge(resources(stack), stack=stack, config=config(stack if levels == "own" else levels))
    assert [said for said in verdict.violations if said.policy in mandatory] == []
    assert {said.policy for said in verdict.violations} <= EXEMPT_IN_STRICT
    assert verdict.undecided == []


def test_the_roles_of_people_violate_nothing() -> None:
    """The strict pack, in a stack where everybody is named."""
    found = specimens(people()["resources"])
    assert [each.name for each in found if each.name.endswith("people-boundary")] == ["iam/policy people-boundary"]
    verdict = judge([each for each in found if "people" in each.name], config=config("strict"), known=found)
    assert (verdict.violations, verdict.undecided) == ([], [])


def test_what_is_exempt_is_known_and_has_a_reason() -> None:
    exempt = {(said.policy, said.message) for stack in STACKS for said in judged(resources(stack), stack).exempt}
    assert {policy for policy, _ in exempt} == EXEMPT_IN_STRICT
    assert all("exempt until 20" in message for _, message in exempt)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_without_containers_needs_no_way_to_the_registry(stack: str) -> None:
    without = [each for each in resources(stack) if ".ecr." not in str(each.properties.get("serviceName"))]
    written = {name: config(stack)[name] for name in ("vpc-endpoints-required",)}
    assert judge(without, stack=stack, only=list(written), config=written).violations == []


def test_the_drift_job_is_judged_like_a_step_and_may_call_aws_by_configuration_alone() -> None:
    drift = [each for each in resources("prod") if each.token.endswith("scheduler/schedule:Schedule")]
    verdict = judge(drift, only=["sagemaker-pipeline-step-hardening"])
    assert [each.message.partition(". ")[0].partition(": step ")[2] for each in verdict.violations] == [
        f"{each.name} (Processing) lacks EnableNetworkIsolation" for each in drift if "drift" in each.name
    ]
    assert len(verdict.violations) == 1
    assert judged(tuple(drift)).violations == []


def test_the_hourly_drift_job_is_monitoring_enough() -> None:
    """An account that is new to SageMaker cannot create a monitoring schedule."""
    assert not any(each.token.endswith(":MonitoringSchedule") for each in resources("prod"))
    assert judge(resources("prod"), only=["endpoint-has-monitoring-schedule"]).violations == []


# --- breaking the platform on purpose ---


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: f"{broken.what}-{'+'.join(broken.caught)}")
def test_a_break_of_prod_is_caught_by_exactly_the_policies_meant_to(broken: Break) -> None:
    valid = {specimen.name: specimen for specimen in resources("prod", "sagemaker")}
    verdict = judged(broken.change(valid), known=resources("prod", "sagemaker"))
    assert {said.policy for said in verdict.violations} == set(broken.caught)


def test_every_policy_that_bears_on_prod_is_broken() -> None:
    present = {specimen.token for specimen in resources("prod", "sagemaker")}
    bearing = {rule.name for rule in rules() if present & set(rule.types)}
    caught = {name for broken in BREAKS for name in broken.caught}
    print(f"{len(BREAKS)} breaks of the prod synth for {len(bearing)} policies that bear on it")
    assert bearing - caught == set(NOT_BREAKABLE)
