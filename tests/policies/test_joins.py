"""Joins between resources: by dependency, by known value, and the honest answer where neither settles it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pulumi_policy.proxy import unknown_checking_proxy

from policies.guardrails.finding import Undecided
from policies.guardrails.resource import Resource, Stack, short_type, token, twins
from tests.policies.support import UNKNOWN, Specimen, stack_resources


def stack(*specimens: Specimen) -> dict[str, Resource]:
    found = Stack(name="prod", config={}, resources=stack_resources(specimens, unknown_checking_proxy))
    return {resource.name: resource for resource in found.resources}


def bucket(name: str, **inputs: Any) -> Specimen:
    return Specimen("s3/bucket", name, inputs)


def versioning(name: str, of: Any, needs: Mapping[str, Sequence[str]] | None = None) -> Specimen:
    return Specimen("s3/bucketVersioning", name, {"bucket": of}, needs or {})


def names(resources: Sequence[Resource]) -> list[str]:
    return [resource.name for resource in resources]


def test_types_in_short_and_in_full() -> None:
    assert token("s3/bucket") == "aws:s3/bucket:Bucket"
    assert token("vpc/securityGroupIngressRule") == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    assert short_type("aws:s3/bucket:Bucket") == "s3/bucket"
    assert short_type("mlplatform:lake:Lake") == "mlplatform:lake:Lake"
    assert twins("s3/bucketAcl") == ("s3/bucketAcl", "s3/bucketAclV2")


def test_a_dependency_joins_what_is_not_known_yet() -> None:
    found = stack(bucket("one"), bucket("two"), versioning("v", UNKNOWN, {"bucket": ["one"]}))
    assert names(found["one"].attached("bucket", "s3/bucketVersioning")) == ["v"]
    assert found["two"].attached("bucket", "s3/bucketVersioning") == []


def test_a_known_value_joins_without_a_dependency() -> None:
    found = stack(bucket("one", bucket="data"), bucket("two"), versioning("v", "data"))
    assert names(found["v"].targets("bucket", "s3/bucket")) == ["one"]
    assert names(found["one"].attached("bucket", "s3/bucketVersioning")) == ["v"]


def test_a_known_value_settles_which_of_several_dependencies_is_meant() -> None:
    both = {"bucket": ["one", "two"]}
    found = stack(bucket("one", bucket="a"), bucket("two", bucket="b"), versioning("v", "b", both))
    assert names(found["v"].targets("bucket", "s3/bucket")) == ["two"]


def test_an_unknown_value_without_a_dependency_is_undecided_unless_another_joins() -> None:
    lonely = stack(bucket("one"), versioning("v", UNKNOWN))
    with pytest.raises(Undecided) as waiting:
        lonely["one"].attached("bucket", "s3/bucketVersioning")
    assert waiting.value.finding.problem == "bucket is not known yet"
    joined = stack(bucket("one"), versioning("v", UNKNOWN), versioning("w", UNKNOWN, {"bucket": ["one"]}))
    assert names(joined["one"].attached("bucket", "s3/bucketVersioning")) == ["w"]


def test_a_compound_name_joins_by_its_part() -> None:
    endpoint = Specimen("sagemaker/endpoint", "e", {"name": "churn"})
    target = Specimen("appautoscaling/target", "t", {"resourceId": "endpoint/churn/variant/champion"})
    found = stack(endpoint, target)
    assert names(found["e"].attached("resourceId", "appautoscaling/target")) == ["t"]


def component(*children: Specimen) -> tuple[Specimen, ...]:
    return (Specimen("awsx:ec2:Vpc", "net", {}), *children)


def child(type_: str, name: str) -> Specimen:
    return Specimen(type_, name, {}, parent="net")


def test_a_component_stands_for_its_only_child_of_the_type() -> None:
    flow_log = Specimen("ec2/flowLog", "log", {"vpcId": UNKNOWN}, {"vpcId": ["net"]})
    found = stack(*component(child("ec2/vpc", "vpc"), child("ec2/subnet", "a")), flow_log)
    assert names(found["log"].targets("vpcId", "ec2/vpc")) == ["vpc"]


def test_a_component_with_several_children_of_the_type_leaves_it_open() -> None:
    model = Specimen("sagemaker/model", "m", {"vpcConfig": {"subnets": [UNKNOWN]}}, {"vpcConfig": ["net"]})
    children = (child("ec2/subnet", "private"), child("ec2/subnet", "public"))
    with pytest.raises(Undecided):
        stack(*component(*children), model)["m"].targets("vpcConfig.subnets[]", "ec2/subnet")


def test_the_children_that_are_named_count_and_not_the_component_beside_them() -> None:
    needs = {"vpcConfig": ["net", "private"]}
    model = Specimen("sagemaker/model", "m", {"vpcConfig": {"subnets": [UNKNOWN]}}, needs)
    children = (child("ec2/subnet", "private"), child("ec2/subnet", "public"))
    found = stack(*component(*children), model)
    assert names(found["m"].targets("vpcConfig.subnets[]", "ec2/subnet")) == ["private"]


def test_a_resource_judged_alone_follows_nothing() -> None:
    alone = Resource(type=token("s3/bucket"), name="raw", urn="u", inputs={})
    with pytest.raises(LookupError, match=r"^s3/bucket 'raw' is judged alone; only a stack policy can follow depend"):
        alone.targets("bucket", "s3/bucket")
