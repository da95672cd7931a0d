"""What pipelines and their builds may do, asked of the IAM simulator of the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from components.access import Statement
from components.delivery import builds, size, trust
from components.delivery.stages import Builder, Delivered
from contracts.delivery import DETAIL_TYPE, SOURCE
from tests import iam
from tests.components.delivery.delivered import ARCHIVE, CONNECTED, CONNECTION, delivered
from tests.components.engine import LIVE, NAMES

KEY, MESSAGES, DATA = (
    f"arn:aws:kms:eu-west-1:123456789012:key/{name}" for name in ("artifacts", "messages", "processed")
)
SOURCE_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PIPELINES = ["mlplatform-staging-delivery", "mlplatform-staging-delivery-churn-live"]
PROCESSED = "arn:aws:s3:::123456789012-staging-ai-processed-data"
HANDED_ON = "arn:aws:s3:::123456789012-staging-ai-artifacts/mlplatform-staging-d/source/x.zip"


def role(statements: Sequence[Statement]) -> iam.Role:
    written = [{**each.to_dict(), "Principal": "*"} for each in statements]
    bounding = [{**each.to_dict(), "Principal": "*"} for each in size.bounding(NAMES, statements)]
    return iam.Role(name="role", statements=written, boundary=bounding)


def builder(kind: Builder, of: Delivered | None = None) -> iam.Role:
    return role(builds.building(kind, of or delivered(trains=True), KEY, DATA))


def arn(stack: str, job: str) -> str:
    return f"arn:aws:iam::123456789012:role/mlplatform-admin/{stack}/mlplatform-{stack}-{job}"


def test_a_build_takes_the_roles_that_it_is_for_and_no_other() -> None:
    every = {
        arn(stack, f"delivery-{kind}") for stack in ("staging", "prod") for kind in ("preview", "deploy", "register")
    }
    every.add(arn("staging", "user-mlops"))
    taken = {kind: {each for each in every if builder(kind).may("sts:AssumeRole", each)} for kind in Builder}
    assert taken == {
        Builder.PLAIN: set(),
        Builder.TRAIN: set(),
        Builder.LOOK: {arn("staging", "delivery-preview"), arn("prod", "delivery-preview")},
        Builder.DEPLOY: {arn("staging", "delivery-deploy")},
        Builder.PRODUCTION: {arn("prod", "delivery-deploy"), arn("prod", "delivery-register")},
    }


def test_a_role_of_delivery_is_given_to_the_builds_of_its_role_alone() -> None:
    trusted = {**trust.builds(NAMES, builds.role(Builder.DEPLOY)).to_dict()}
    assert trusted["Condition"] == {"ArnEquals": {"aws:PrincipalArn": arn("staging", "delivery-build-deploy")}}
    assert trusted["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}


@pytest.mark.parametrize("kind", Builder)
def test_a_build_reads_what_the_pipelines_hand_on_and_nothing_else_of_the_lake(kind: Builder) -> None:
    found = builder(kind)
    for verb in ("GetObject", "GetObjectVersion"):
        assert found.may(f"s3:{verb}", HANDED_ON)
        assert not found.may(f"s3:{verb}", HANDED_ON.replace("mlplatform-staging-d/", "contracts/"))
    assert not found.may("s3:ListBucket", "arn:aws:s3:::123456789012-staging-ai-artifacts")
    assert not found.may("s3:GetObject", f"{PROCESSED}/accepted/churn/2026-11-29.parquet")
    assert found.may("kms:Decrypt", KEY)
    assert not found.may("kms:Decrypt", MESSAGES)


@pytest.mark.parametrize("kind", Builder)
def test_no_build_writes_the_source_of_a_run_that_waits_and_only_those_of_images_write_images(kind: Builder) -> None:
    found, images = builder(kind), HANDED_ON.replace("/source/", "/images/")
    assert not found.may("s3:PutObject", HANDED_ON)
    assert found.may("s3:PutObject", images) is (kind is Builder.PLAIN)
    assert found.may("kms:GenerateDataKey", KEY) is (kind is Builder.PLAIN)


def test_the_pipeline_writes_the_source_and_no_images() -> None:
    found = role(builds.running(delivered(), KEY, MESSAGES))
    assert found.may("s3:PutObject", HANDED_ON)
    assert not found.may("s3:PutObject", HANDED_ON.replace("/source/", "/images/"))


@pytest.mark.parametrize("kind", Builder)
def test_a_build_writes_its_own_log_and_the_reports_of_its_projects(kind: Builder) -> None:
    log = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/codebuild/mlplatform-staging-delivery:log-stream:check/1"
    report = "arn:aws:codebuild:eu-west-1:123456789012:report-group/mlplatform-staging-delivery-{}-junit"
    found = builder(kind)
    assert found.may("logs:PutLogEvents", log)
    assert not found.may("logs:PutLogEvents", log.replace("staging", "prod"))
    assert found.may("codebuild:CreateReport", report.format("check")) is (kind is Builder.PLAIN)
    assert found.may("codebuild:CreateReport", report.format("deploy")) is (kind is Builder.DEPLOY)


def test_a_build_pulls_the_one_image_it_runs_in_and_is_in_the_network_only_if_asked() -> None:
    repository = "arn:aws:ecr:eu-west-1:123456789012:repository/{}"
    outside, inside = builder(Builder.PLAIN), builder(Builder.PLAIN, delivered(inside_vpc=True))
    assert outside.may("ecr:BatchGetImage", repository.format("delivery"))
    assert not outside.may("ecr:BatchGetImage", repository.format("mlplatform-staging-training"))
    interface = "arn:aws:ec2:eu-west-1:123456789012:network-interface/eni-1"
    service = {"ec2:AuthorizedService": "codebuild.amazonaws.com"}
    for verb in ("CreateNetworkInterface", "DeleteNetworkInterface", "CreateNetworkInterfacePermission"):
        assert inside.may(f"ec2:{verb}", interface, service)
        assert not outside.may(f"ec2:{verb}", interface, service)
    assert not inside.may("ec2:CreateNetworkInterfacePermission", interface)
    # CodeBuild user guide, "Allow CodeBuild access to AWS services required to create a VPC network interface"
    looks = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    assert [inside.may(f"ec2:Describe{each}", "*") for each in looks] == [True] * 5
    assert [outside.may(f"ec2:Describe{each}", "*") for each in looks] == [False] * 5
    assert not inside.may("ec2:AssignPrivateIpAddresses", interface)


@pytest.mark.parametrize("kind", Builder)
def test_a_build_that_takes_a_role_says_why_it_ends_and_sends_no_other_event(kind: Builder) -> None:
    bus, found = "arn:aws:events:eu-west-1:123456789012:event-bus/default", builder(kind)
    told = {"events:source": SOURCE, "events:detail-type": DETAIL_TYPE}
    assert found.may("events:PutEvents", bus, told) is (kind is not Builder.PLAIN)
    assert not found.may("events:PutEvents", bus, told | {"events:source": "mlplatform.other"})
    assert not found.may("events:PutEvents", bus, told | {"events:detail-type": "Other"})
    assert not found.may("events:PutEvents", bus.replace("default", "other"), told)


@pytest.mark.parametrize("kind", Builder)
def test_a_build_that_trains_sees_what_is_new_and_starts_the_workloads_pipeline_alone(kind: Builder) -> None:
    found, trains = builder(kind), kind is Builder.TRAIN
    pipeline, group = (
        f"arn:aws:sagemaker:eu-west-1:123456789012:{of}/churn-staging" for of in ("pipeline", "model-package-group")
    )
    accepted = {"s3:prefix": "accepted/churn/"}
    assert found.may("sagemaker:StartPipelineExecution", pipeline) is trains
    machine = LIVE.of_its_workload.training_machine_arn
    assert found.may("states:StartExecution", machine) is trains
    assert not found.may("states:StartExecution", machine.replace("churn", "fraud"))
    assert found.may("sagemaker:ListModelPackages", group) is trains
    assert found.may("s3:ListBucket", PROCESSED, accepted) is trains
    assert found.may("kms:Decrypt", DATA) is trains
    assert not found.may("sagemaker:StartPipelineExecution", pipeline.replace("churn", "fraud"))
    assert not found.may("sagemaker:UpdatePipeline", pipeline)
    assert not found.may("sagemaker:UpdateModelPackage", f"{group}/1".replace("-group", ""))
    assert not found.may("s3:ListBucket", PROCESSED, {"s3:prefix": "quarantine/churn/"})


def test_a_pipeline_starts_its_builds_and_asks_for_its_approvals() -> None:
    of = delivered()
    found = role(builds.running(of, KEY, MESSAGES))
    project = "arn:aws:codebuild:eu-west-1:123456789012:project/mlplatform-{}-delivery-check"
    assert found.may("codebuild:StartBuild", project.format("staging"))
    assert not found.may("codebuild:StartBuild", project.format("prod"))
    assert found.may("sns:Publish", of.approvals)
    assert not found.may("sns:Publish", of.approvals.replace("approvals", "alerts"))
    assert found.may("kms:GenerateDataKey", MESSAGES)
    assert not found.may("sts:AssumeRole", arn("staging", "delivery-deploy"))


@pytest.mark.parametrize(
    ("source", "allowed", "refused"),
    [
        (
            {"kind": "codecommit", "repository": "ml-platform"},
            ("codecommit:UploadArchive", "arn:aws:codecommit:eu-west-1:123456789012:ml-platform"),
            ("codecommit:UploadArchive", "arn:aws:codecommit:eu-west-1:123456789012:other"),
        ),
        (
            CONNECTED,
            ("codeconnections:UseConnection", CONNECTION),
            ("codeconnections:UseConnection", CONNECTION.replace("0123", "9999")),
        ),
        (
            ARCHIVE,
            ("s3:GetObjectVersion", "arn:aws:s3:::example-source/ml-platform.zip"),
            ("s3:GetObjectVersion", "arn:aws:s3:::example-source/other.zip"),
        ),
    ],
)
def test_a_pipeline_fetches_its_own_source(
    source: dict[str, Any], allowed: tuple[str, str], refused: tuple[str, str]
) -> None:
    found = role(builds.running(delivered(source=source), KEY, MESSAGES))
    assert found.may(*allowed)
    assert not found.may(*refused)


def test_a_pipeline_decrypts_its_source_by_the_key_that_the_stack_names_and_through_s3_alone() -> None:
    named = role(builds.running(delivered(source=ARCHIVE | {"encryption_key": SOURCE_KEY}), KEY, MESSAGES))
    through_s3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
    assert named.may("kms:Decrypt", SOURCE_KEY, through_s3)
    assert not named.may("kms:Decrypt", SOURCE_KEY)
    assert not named.may("kms:GenerateDataKey", SOURCE_KEY, through_s3)
    assert not role(builds.running(delivered(source=ARCHIVE), KEY, MESSAGES)).may("kms:Decrypt", SOURCE_KEY, through_s3)
    assert not builder(Builder.DEPLOY, delivered(source=ARCHIVE | {"encryption_key": SOURCE_KEY})).may(
        "kms:Decrypt", SOURCE_KEY, through_s3
    )


def test_an_event_starts_the_pipelines_and_nothing_else() -> None:
    found = role(builds.starting(NAMES))
    started = "arn:aws:codepipeline:eu-west-1:123456789012:{}"
    assert [found.may("codepipeline:StartPipelineExecution", started.format(name)) for name in PIPELINES] == [True] * 2
    assert not found.may("codepipeline:StartPipelineExecution", started.format("mlplatform-prod-delivery"))
    assert not found.may("codepipeline:PutApprovalResult", started.format(PIPELINES[0]))
