"""Every table against the provider's schema and the API's models: complete, and nothing made up."""

from __future__ import annotations

import collections.abc
import functools
import importlib
import inspect
import typing
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore import xform_name
from pulumi import _types as sdk_types

from local.adapter import provider, requests
from local.adapter.adapter import identity
from local.adapter.services import TABLES, resource_type
from local.adapter.table import EVERYTHING, Call, ForEach, ResourceType, Scope, text
from local.adapter.values import UNKNOWN
from local.emulator.cloudformation import stacks
from shapes.models import operation_model

TYPES = sorted(TABLES)
DEEPEST = 9  # filter expressions of budgets hold themselves

#: Operations of CodeDeploy, ECS and SageMaker that plain moto 5.2.5 lacks and local/emulator adds.
ADDED = {
    "DeleteApplication",
    "DeleteDeploymentGroup",
    "DeleteFeatureGroup",
    "DeleteModelPackageGroup",
    "DeleteModelPackageGroupPolicy",
    "ListServiceDeployments",
    "PutModelPackageGroupPolicy",
    "UpdateDeploymentGroup",
    "UpdateEndpoint",
    "UpdateFeatureGroup",
}
MOTO_MODULES = {"application-autoscaling": "applicationautoscaling", "lambda": "awslambda"}


def sample(annotation: Any, depth: int = 0, deepest: int = DEEPEST) -> Any:
    """A value with every property that the provider has, unknown where it ends or gets too deep."""
    annotation = provider.unwrapped(annotation)
    if depth == deepest:
        return UNKNOWN
    if sdk_types.is_input_type(annotation):
        types = sdk_types.input_type_types(annotation)
        return {name: sample(item, depth + 1, deepest) for name, item in types.items()}
    if typing.get_origin(annotation) is collections.abc.Sequence:
        return [sample(typing.get_args(annotation)[0], depth + 1, deepest)]
    return UNKNOWN


def paths(value: Any, prefix: str = "") -> Iterator[str]:
    """The paths of all properties in a sample, without indexes."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            for name, inner in item.items():
                path = f"{prefix}.{name}" if prefix else name
                yield path
                yield from paths(inner, path)


def all_inputs(kind: ResourceType, deepest: int = DEEPEST) -> dict[str, Any]:
    return {name: sample(item, deepest=deepest) for name, item in provider.inputs_of(kind.type).items()}


def faults(kind: ResourceType, deepest: int) -> list[str]:
    inputs = {key: value for key, value in all_inputs(kind, deepest).items() if key not in kind.refused}
    scope = Scope(account="123456789012", region="eu-west-1", name="x", inputs=inputs)
    prepared = [*requests.on_create(kind, scope), *requests.after_create(kind, scope)]
    return [str(fault) for call in prepared for fault in call.faults]


def operations(kind: ResourceType) -> Iterator[str]:
    for step in (*kind.create, *kind.update, *kind.delete, *kind.read):
        if isinstance(step, Call):
            yield step.operation
        elif isinstance(step, ForEach):
            yield step.find.operation
    if kind.tags is not None:
        yield from (operation for operation in (kind.tags.tag, kind.tags.untag) if operation)


@pytest.fixture(params=TYPES)
def kind(request: pytest.FixtureRequest) -> ResourceType:
    return resource_type(request.param)


def test_every_input_of_the_provider_has_a_place_in_the_api(kind: ResourceType) -> None:
    assert faults(kind, DEEPEST) == []


def test_what_an_update_takes_has_a_place_in_it(kind: ResourceType) -> None:
    inputs = {key: value for key, value in all_inputs(kind).items() if key not in kind.refused}
    scope = Scope(
        account="123456789012",
        region="eu-west-1",
        name="x",
        inputs=inputs,
        before={"name": "x"},
        id="x",
        changed=frozenset(inputs),
    )
    unmatched = [fault for call in requests.on_update(kind, scope) for fault in call.faults]
    assert [str(fault) for fault in unmatched if "no member" in fault.allowed] == []


@pytest.mark.parametrize("deepest", [0, 1, 2, 3])
def test_an_unknown_value_at_any_depth_is_skipped(deepest: int) -> None:
    found = {kind.type: texts for kind in map(resource_type, TYPES) if (texts := faults(kind, deepest))}
    assert found == {}


def test_every_name_in_a_table_is_one_of_the_provider(kind: ResourceType) -> None:
    inputs = all_inputs(kind)
    known = {*inputs, *paths(inputs)}
    named = {*kind.fields, *kind.provider_only, *kind.refused, *kind.defaults, *kind.digests, *kind.changeable}
    named |= set(kind.replace) - set(EVERYTHING)
    for step in (*kind.create, *kind.update, *kind.delete):
        named |= {*(step.takes or ()), *(step.fields if isinstance(step, Call) else ())}
    if kind.autoname is not None:
        named |= {kind.autoname.key, kind.autoname.prefix_key} - {""}
    assert named - known == set()


def test_a_name_prefix_of_the_provider_is_known_to_the_table(kind: ResourceType) -> None:
    inputs = provider.inputs_of(kind.type)
    prefixes = {key for key in inputs if key.endswith("Prefix") and key.removesuffix("Prefix") in inputs}
    assert prefixes == ({kind.autoname.prefix_key} - {""} if kind.autoname is not None else set())


def test_outputs_are_outputs_of_the_provider(kind: ResourceType) -> None:
    known = provider.outputs_of(kind.type)
    assert {*kind.outputs, *(output for output, _ in kind.digests.values())} - known == set()


def test_every_input_can_be_changed_or_forces_replacement(kind: ResourceType) -> None:
    if kind.replace != EVERYTHING:
        changeable = [key for key in provider.inputs_of(kind.type) if key not in kind.refused]
        assert requests.untaken(kind, changeable) == []


def test_a_type_has_tags_exactly_if_the_provider_has(kind: ResourceType) -> None:
    assert (kind.tags is not None) == ("tags" in provider.inputs_of(kind.type))


def test_operations_are_in_the_models_and_in_the_emulator_unless_the_table_says_so(kind: ResourceType) -> None:
    called = set(operations(kind))
    assert {operation_model(kind.service, operation).name for operation in called} == called
    if not kind.recorded:
        missing = {operation for operation in called if xform_name(operation) not in moto_actions(kind.service)}
        assert missing - ADDED == set(kind.lacking)


@functools.cache
def moto_actions(service: str) -> set[str]:
    if service == stacks.SERVICE:  # the emulator's own
        return set(dir(stacks.StackResponse))
    module = importlib.import_module(f"moto.{MOTO_MODULES.get(service, service)}.responses")
    return {name for _, cls in inspect.getmembers(module, inspect.isclass) for name in dir(cls)}


def test_the_types_that_the_emulator_lacks_say_why() -> None:
    assert {kind.type: kind.recorded for kind in TABLES.values() if kind.recorded} == {
        "aws:accessanalyzer/analyzer:Analyzer": "the emulator has no Access Analyzer",
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": "the emulator keeps no environment "
        "warm before it is asked",
        "aws:sagemaker/monitoringSchedule:MonitoringSchedule": "the emulator has no Model Monitor, "
        "which AWS has closed to new accounts",
    }


def test_every_type_has_the_form_of_its_id_and_its_arn(kind: ResourceType) -> None:
    """What the sample cloud and types that are only recorded stand on: no answer of a service is needed."""
    inputs = {key: f"<{key}>" for key in provider.inputs_of(kind.type)}
    inputs |= {"topic": "arn:aws:sns:eu-west-1:123456789012:t"}
    scope = Scope(account="123456789012", region="eu-west-1", name="x", inputs=inputs, digest="0" * 64)
    found = identity(kind, scope)
    arn = text(kind.arn)(replace(scope, id=found))
    assert found
    assert (str(arn).split(":")[:2], "{" in f"{found}{arn}", UNKNOWN in f"{found}{arn}") == (
        ["arn", "aws"],
        False,
        False,
    )
