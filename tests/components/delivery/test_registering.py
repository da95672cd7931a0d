"""What registers a model of another stack may do, asked of the IAM simulator of the tests."""

from __future__ import annotations

import pytest

from components.delivery.registering import registering
from tests import iam
from tests.components.engine import NAMES

KEY = "arn:aws:kms:eu-west-1:123456789012:key/artifacts"
PROD = NAMES.elsewhere("prod", "210987654321")
THEIRS = NAMES.arn("kms", "key/theirs")
S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}


@pytest.fixture(scope="module")
def role() -> iam.Role:
    """Of prod, in another account than staging, whose models it registers."""
    statements = [{**each.to_dict(), "Principal": "*"} for each in registering(PROD, NAMES, KEY, THEIRS)]
    return iam.Role(name="register", statements=statements, boundary=None)


def test_packages_are_read_in_both_stacks_and_made_in_its_own(role: iam.Role) -> None:
    theirs, ours = (names.arn("sagemaker", f"model-package/churn-{names.stack}/3") for names in (NAMES, PROD))
    assert [role.may("sagemaker:DescribeModelPackage", arn) for arn in (theirs, ours)] == [True, True]
    assert [role.may("sagemaker:CreateModelPackage", arn) for arn in (theirs, ours)] == [False, True]
    assert not role.may("sagemaker:UpdateModelPackage", ours)
    assert not role.may("sagemaker:DescribeModelPackage", NAMES.arn("sagemaker", "model-package/churn-qa/3"))


def test_objects_of_runs_are_read_there_and_written_where_no_run_of_its_own_lies(role: iam.Role) -> None:
    theirs = NAMES.bucket_arn(NAMES.artifacts_bucket, "runs/churn/run-1/model.tar.gz")
    ours = PROD.bucket_arn(PROD.artifacts_bucket, "runs/churn/{}/run-1/model.tar.gz")
    copied = ours.format("from-123456789012-staging")
    assert [role.may("s3:GetObject", arn) for arn in (theirs, copied)] == [True, False]
    assert [role.may("s3:PutObject", arn) for arn in (theirs, copied, ours.format("own"))] == [False, True, False]
    assert not role.may("s3:GetObject", NAMES.bucket_arn(NAMES.raw_bucket, "incoming/churn/a.csv"))


def test_keys_are_used_as_s3_uses_them_alone(role: iam.Role) -> None:
    assert role.may("kms:Decrypt", THEIRS, S3)
    assert not role.may("kms:Decrypt", NAMES.arn("kms", "key/another"), S3)
    assert role.may("kms:GenerateDataKey", KEY, S3)
    assert not role.may("kms:GenerateDataKey", THEIRS, S3)
    assert not role.may("kms:Decrypt", THEIRS)
    assert not role.may("kms:Decrypt", THEIRS, {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"})


def test_images_are_pulled_there_and_pushed_here(role: iam.Role) -> None:
    theirs, ours = (names.arn("ecr", f"repository/{names.resource('inference')}") for names in (NAMES, PROD))
    assert [role.may("ecr:BatchGetImage", arn) for arn in (theirs, ours)] == [True, True]
    assert [role.may("ecr:PutImage", arn) for arn in (theirs, ours)] == [False, True]


def test_nothing_that_serves_is_within_reach(role: iam.Role) -> None:
    assert not role.may("sagemaker:UpdateEndpoint", PROD.arn("sagemaker", "endpoint/churn-prod-live"))
    assert not role.may("ssm:PutParameter", PROD.arn("ssm", "parameter/mlplatform/prod/churn/live/release"))
    assert not role.may("iam:PassRole", PROD.admin_role_arn("delivery-deploy"))
