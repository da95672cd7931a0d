"""A stack whose models a role of another account reads: what it may, and nothing beside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local.emulator.policy_statements import Request, effects
from local.judge.evidence import judge
from local.runtime import Stack
from tests.synth.conftest import synthesised

PACK = Path(__file__).parents[2] / "policies"
READER = "arn:aws:iam::210987654321:role/mlplatform-admin/prod/mlplatform-prod-delivery-deploy"
ANOTHER = "arn:aws:iam::210987654321:role/mlplatform/prod/churn-prod-endpoint"
ROOT = "arn:aws:iam::210987654321:root"
BUCKET = "arn:aws:s3:::123456789012-staging-ai-{}"
GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package{}/churn-staging{}"
THROUGH_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}


@cache
def read() -> dict[str, Any]:
    return Stack("staging", config_overrides={"registry": {"readers": [READER]}}).synth()


def policies(type_: str, key: str) -> list[Mapping[str, Any]]:
    found = [resource for resource in read()["resources"] if resource["type"] == type_]
    return [{**each, "document": json.loads(each["inputs"][key])} for each in found if key in each["inputs"]]


def allowed(document: Mapping[str, Any], who: str, action: str, resource: str, **facts: str) -> bool:
    """Whether a policy gives it to a role of the other account: by its account as principal, then by its own ARN."""
    theirs = [s for s in document["Statement"] if ROOT in _listed(s["Principal"])]
    anyone = [{**statement, "Principal": "*"} for statement in theirs]
    request = Request(action=action, resource=resource, facts={"aws:PrincipalArn": who, **facts})
    return effects(json.dumps({"Statement": anyone}), request) == {"Allow"}


def _listed(principal: Any) -> Sequence[str]:
    named = principal.get("AWS", []) if isinstance(principal, dict) else []
    return [named] if isinstance(named, str) else named


def test_the_package_group_is_read_and_not_written() -> None:
    (policy,) = policies("aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy", "resourcePolicy")
    document, group, package = policy["document"], GROUP.format("-group", ""), GROUP.format("", "/1")
    for action, resource in (("DescribeModelPackage", package), ("ListModelPackages", group)):
        assert allowed(document, READER, f"sagemaker:{action}", resource)
        assert not allowed(document, ANOTHER, f"sagemaker:{action}", resource)
    for action in ("UpdateModelPackage", "DeleteModelPackage", "CreateModelPackage"):
        assert not allowed(document, READER, f"sagemaker:{action}", package)


@pytest.mark.parametrize(
    ("bucket", "key", "readable"),
    [
        ("artifacts", "runs/churn/run-1/model.tar.gz", True),
        ("artifacts", "contracts/churn/1.json", False),
        ("artifacts", "checkpoints/churn/1", False),
        ("artifacts", "locks/churn/live", False),
        ("raw-data", "incoming/churn/1.csv", False),
        ("processed-data", "accepted/churn/1.parquet", False),
    ],
)
def test_of_all_objects_those_of_runs_are_read(bucket: str, key: str, readable: bool) -> None:
    name = BUCKET.format(bucket)
    found = [p for p in policies("aws:s3/bucketPolicy:BucketPolicy", "policy") if name in json.dumps(p["document"])]
    assert found
    resource = f"{name}/{key}"
    assert any(allowed(p["document"], READER, "s3:GetObject", resource) for p in found) is readable
    assert not any(allowed(p["document"], ANOTHER, "s3:GetObject", resource) for p in found)
    assert not any(allowed(p["document"], READER, "s3:PutObject", resource) for p in found)


def test_the_key_of_models_decrypts_for_it_through_s3_and_no_other_key_does() -> None:
    keys = {p["inputs"]["description"]: p["document"] for p in policies("aws:kms/key:Key", "policy")}
    by_s3 = {name for name, d in keys.items() if allowed(d, READER, "kms:Decrypt", "*", **THROUGH_S3)}
    assert len(keys) == 6
    assert [name for name in by_s3 if "model" in name] == list(by_s3)
    assert len(by_s3) == 1
    for document in keys.values():
        assert not allowed(document, READER, "kms:Decrypt", "*")
        assert not allowed(document, READER, "kms:Encrypt", "*", **THROUGH_S3)
        assert not allowed(document, ANOTHER, "kms:Decrypt", "*", **THROUGH_S3)


def test_both_repositories_let_it_pull_and_not_push() -> None:
    found = policies("aws:ecr/repositoryPolicy:RepositoryPolicy", "policy")
    assert [p["inputs"]["repository"] for p in found] == ["mlplatform-staging-inference", "mlplatform-staging-training"]
    for policy in found:
        assert allowed(policy["document"], READER, "ecr:BatchGetImage", "*")
        assert not allowed(policy["document"], ANOTHER, "ecr:BatchGetImage", "*")
        assert not allowed(policy["document"], READER, "ecr:PutImage", "*")


def test_the_strict_levels_find_nothing_in_it() -> None:
    pack = (PACK, PACK / "config" / "strict.json")
    before = {result.message for result in judge(synthesised("staging", False), *pack).failures}
    assert {result.message for result in judge(read(), *pack).failures} == before


def test_a_stack_that_names_no_readers_has_none_of_these() -> None:
    written = json.dumps(synthesised("staging", False))
    assert "ReadModels" not in [s["Sid"] for s in _key_statements(synthesised("staging", False))]
    assert "ReadModels" in [s["Sid"] for s in _key_statements(read())]
    assert "RepositoryPolicy:" not in written
    assert "modelPackageGroupPolicy" not in written


def _key_statements(synth: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    keys = [each["inputs"]["policy"] for each in synth["resources"] if each["type"] == "aws:kms/key:Key"]
    return [statement for policy in keys for statement in json.loads(policy)["Statement"]]
