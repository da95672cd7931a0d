"""The pipelines of a stack as it declares them."""

from __future__ import annotations

import functools
import json
from typing import Any

import pulumi

from components import delivery
from components.ground.boundary import MAX_CHARACTERS
from contracts.delivery import detail
from settings import Delivery
from tests.components.delivery.delivered import ARCHIVE, CONNECTED, IMAGE, PIPELINE
from tests.components.engine import LIVE, Deployment, deploy, ground

PROJECT, RULE, TARGET = "aws:codebuild/project:Project", "aws:cloudwatch/eventRule:EventRule", "EventTarget"
STATE = "example-pulumi-state"
KEY = "arn:aws:kms:eu-west-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@functools.cache
def built(source: str = "", inside_vpc: bool = False, trains: bool = False) -> Deployment:
    pipeline = PIPELINE | {"inside_vpc": inside_vpc, "trains": trains, "approvers": ("lead@example.com",)}
    if source:
        pipeline |= {"source": json.loads(source)}

    def program() -> None:
        given = Delivery.model_validate({"codepipeline": pipeline, "state_bucket": STATE})
        delivery.build(ground(), given, [LIVE], pulumi.ResourceOptions())

    return deploy(program)


def test_there_is_one_pipeline_of_code_and_one_of_each_endpoints_models() -> None:
    found = {each.inputs["name"]: each.inputs for each in built().all("aws:codepipeline/pipeline:Pipeline")}
    assert sorted(found) == ["mlplatform-staging-delivery", "mlplatform-staging-delivery-churn-live"]
    for inputs in found.values():
        assert (inputs["pipelineType"], inputs["executionMode"]) == ("V2", "SUPERSEDED")
        (store,) = inputs["artifactStores"]
        assert store["location"] == "123456789012-staging-ai-artifacts"
        assert store["encryptionKey"]["type"] == "KMS"
    variables = {name: [each["name"] for each in inputs.get("variables", ())] for name, inputs in found.items()}
    assert variables == {"mlplatform-staging-delivery": [], "mlplatform-staging-delivery-churn-live": ["PACKAGE"]}


def test_builds_run_outside_the_network_in_one_image_and_only_that_of_images_is_privileged() -> None:
    projects = built().all(PROJECT)
    assert {each.inputs["environment"]["image"] for each in projects} == {IMAGE}
    assert [each.name for each in projects if each.inputs["environment"]["privilegedMode"]] == [
        "delivery-pipeline-images"
    ]
    assert [each.inputs.get("vpcConfig") for each in projects] == [None] * len(projects)
    for each in projects:
        assert each.inputs["source"]["type"] == each.inputs["artifacts"]["type"] == "CODEPIPELINE"
        assert each.inputs["logsConfig"]["cloudwatchLogs"]["groupName"] == "/aws/codebuild/mlplatform-staging-delivery"
        assert each.input_dependencies["encryptionKey"] == ("keys-models",)


def test_builds_run_in_the_network_where_the_stack_says_so() -> None:
    inside = {json.dumps(each.inputs["vpcConfig"]["subnets"]) for each in built(inside_vpc=True).all(PROJECT)}
    assert inside == {'["subnet-private0", "subnet-private1", "subnet-private2"]'}


def test_the_log_of_builds_is_encrypted_and_kept_as_long_as_others() -> None:
    found = built().one("delivery-pipeline-logs")
    assert found.inputs["retentionInDays"] == 365
    assert found.input_dependencies["kmsKeyId"] == ("keys-logs",)


def test_each_builder_has_a_role_below_the_path_of_administrators_within_a_boundary_of_their_own() -> None:
    roles = [each for each in built().all("aws:iam/role:Role") if "delivery-" in each.name]
    assert {each.inputs["path"] for each in roles} == {"/mlplatform-admin/staging/"}
    bounded = {each.inputs["name"]: each.input_dependencies["permissionsBoundary"] for each in roles}
    builders = ("build", "build-deploy", "build-look", "build-production", "events", "pipeline")
    own = {f"mlplatform-staging-delivery-{each}": ("delivery-pipeline-boundary",) for each in builders}
    taken = {f"mlplatform-staging-delivery-{each}": ("delivery-boundary",) for each in ("deploy", "preview")}
    assert bounded == own | taken
    assert built().one("delivery-pipeline-boundary").inputs["path"] == "/mlplatform-admin/staging/"


def test_training_has_a_project_and_a_role_where_the_stack_says_so() -> None:
    project = "delivery-pipeline-train"
    assert project not in built().names(PROJECT)
    found = built(trains=True)
    assert found.one(project).inputs["source"]["buildspec"] == "components/delivery/buildspecs/train.yaml"
    assert "delivery-build-train-role" in found.names("aws:iam/role:Role")
    boundary = found.one("delivery-pipeline-boundary").inputs["policy"]
    assert len(json.dumps(json.loads(boundary), separators=(",", ":"))) < MAX_CHARACTERS


def test_an_approval_of_the_registry_starts_the_pipeline_of_that_model() -> None:
    rule = built().one("delivery-pipeline-churn-live-approved-rule").inputs
    assert json.loads(rule["eventPattern"]) == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {
            "ModelPackageGroupName": ["churn-staging"],
            "ModelApprovalStatus": ["Approved"],
            "UpdatedModelPackageFields": [{"exists": False}, "ModelApprovalStatus"],
        },
    }
    target = built().one("delivery-pipeline-churn-live-approved-target").inputs
    assert target["arn"].endswith(":mlplatform-staging-delivery-churn-live")
    assert target["inputTransformer"] == {
        "inputPaths": {"package": "$.detail.ModelPackageArn"},
        "inputTemplate": '{"variables": [{"name": "PACKAGE", "value": <package>}]}',
    }
    assert target["deadLetterConfig"]["arn"].endswith("mlplatform-staging-dead-letters")


def test_a_change_of_the_source_starts_the_pipeline_of_code_and_a_connection_does_so_itself() -> None:
    patterns = {
        name: json.loads(built(source).one("delivery-pipeline-source-rule").inputs["eventPattern"])
        for name, source in (("codecommit", ""), ("s3", json.dumps(ARCHIVE)))
    }
    assert patterns["codecommit"]["detail"]["referenceName"] == ["main"]
    assert patterns["codecommit"]["resources"] == ["arn:aws:codecommit:eu-west-1:123456789012:ml-platform"]
    assert patterns["s3"]["detail"] == {
        "bucket": {"name": ["example-source"]},
        "object": {"key": ["ml-platform.zip"]},
    }
    assert "delivery-pipeline-source-rule" not in built(json.dumps(CONNECTED)).names(RULE)


def test_people_hear_why_a_delivery_stopped_and_nothing_of_one_that_was_superseded() -> None:
    rule = json.loads(built().one("delivery-pipeline-stopped-rule").inputs["eventPattern"])
    assert rule["detail"] == {
        "pipeline": [{"prefix": "mlplatform-staging-delivery"}],
        "state": ["ABANDONED", "FAILED"],
    }
    target = built().one("delivery-pipeline-stopped-target").inputs
    assert target["arn"].endswith(":mlplatform-staging-alerts")
    assert "<reason>" in target["inputTransformer"]["inputTemplate"]
    assert "roleArn" not in target


def test_people_hear_what_a_build_says_of_its_end() -> None:
    rule = json.loads(built().one("delivery-pipeline-explained-rule").inputs["eventPattern"])
    assert rule == {
        "source": ["mlplatform.delivery"],
        "detail-type": ["Delivery Stopped"],
        "detail": {"pipeline": [{"prefix": "mlplatform-staging-delivery"}]},
    }
    target = built().one("delivery-pipeline-explained-target").inputs
    assert target["arn"].endswith(":mlplatform-staging-alerts")
    facts = detail(pipeline="", build="", run="", reason="", link="")
    assert target["inputTransformer"]["inputPaths"] == {name: f"$.detail.{name}" for name in facts}
    assert [name for name in facts if f"<{name}>" not in target["inputTransformer"]["inputTemplate"]] == []


def test_who_approves_is_asked_by_a_topic_of_its_own() -> None:
    (found,) = [
        each
        for each in built().all("aws:sns/topicSubscription:TopicSubscription")
        if each.inputs["endpoint"] == "lead@example.com"
    ]
    assert "delivery-pipeline-approvals" in found.name


def test_nothing_but_the_pipeline_asks_for_approvals() -> None:
    (policy,) = [
        json.loads(each.inputs["policy"])
        for each in built().all("aws:sns/topicPolicy:TopicPolicy")
        if "delivery-pipeline-approvals" in each.name
    ]
    assert [each["Effect"] for each in policy["Statement"]] == ["Deny"]


def test_images_are_signed_with_a_key_that_only_signs() -> None:
    found = built().one("delivery-signing-key").inputs
    assert (found["customerMasterKeySpec"], found["keyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    assert built().one("delivery-signing-alias").inputs["name"] == "alias/mlplatform-staging-delivery-images"


def test_production_trusts_the_builds_of_the_stack_that_deploys_it() -> None:
    def program() -> None:
        given = Delivery.model_validate({"deployed_by": {"stack": "qa", "account": "210987654321", "models_key": KEY}})
        delivery.build(ground(), given, [LIVE], pulumi.ResourceOptions())

    found = deploy(program)
    trusted: dict[str, Any] = {
        role: json.loads(found.one(f"delivery-{role}-role").inputs["assumeRolePolicy"])["Statement"]
        for role in ("preview", "deploy", "register")
    }
    conditions = {role: each["Condition"]["ArnEquals"]["aws:PrincipalArn"] for role, (each,) in trusted.items()}
    path = "arn:aws:iam::210987654321:role/mlplatform-admin/qa/mlplatform-qa-delivery-build"
    assert conditions == {"preview": f"{path}-look", "deploy": f"{path}-production", "register": f"{path}-production"}
    bounded = {
        role: found.one(f"delivery-{role}-role").input_dependencies["permissionsBoundary"]
        for role in ("deploy", "register")
    }
    assert bounded == {"deploy": ("delivery-boundary",), "register": ("delivery-register",)}
    assert found.names("aws:codepipeline/pipeline:Pipeline") == []


def test_no_role_registers_models_of_a_stack_whose_key_is_not_named() -> None:
    def program() -> None:
        given = Delivery.model_validate({"deployed_by": {"stack": "qa"}})
        delivery.build(ground(), given, [LIVE], pulumi.ResourceOptions())

    roles = [each for each in deploy(program).names("aws:iam/role:Role") if "delivery" in each]
    assert roles == ["delivery-deploy-role", "delivery-preview-role"]
