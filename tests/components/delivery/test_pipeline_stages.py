"""What the pipelines do, as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from components.delivery.stages import Action, Stage, of_code, of_models, pipeline
from contracts.layout import delivery
from tests.components.delivery.delivered import ARCHIVE, CONNECTED, CONNECTION, delivered
from tests.components.engine import LIVE, NAMES


def shape(stages: Sequence[Stage]) -> list[tuple[str, list[tuple[int, str, str]]]]:
    return [(stage.name, [(a.order, a.name, a.provider) for a in stage.actions]) for stage in stages]


def action(stages: Sequence[Stage], name: str) -> Action:
    (found,) = [a for stage in stages for a in stage.actions if a.name == name]
    return found


def variables(of: Action) -> dict[str, str]:
    found: list[dict[str, str]] = json.loads(of.configuration["EnvironmentVariables"])
    assert {each["type"] for each in found} == {"PLAINTEXT"}
    return {each["name"]: each["value"] for each in found}


def test_code_goes_from_the_source_by_this_stack_and_an_approval_to_production() -> None:
    assert shape(of_code(delivered())) == [
        ("Source", [(1, "source", "CodeCommit")]),
        ("Check", [(1, "check", "CodeBuild")]),
        ("Images", [(1, "images", "CodeBuild")]),
        ("Deploy", [(1, "deploy", "CodeBuild"), (2, "brief", "CodeBuild")]),
        ("Approval", [(1, "approve", "Manual")]),
        ("Production", [(1, "approved", "CodeBuild"), (2, "deploy-production", "CodeBuild")]),
    ]


def test_training_starts_beside_the_brief_where_the_stack_says_so_and_is_no_stage_of_production() -> None:
    stages = dict(shape(of_code(delivered(trains=True))))
    assert stages["Deploy"] == [
        (1, "deploy", "CodeBuild"),
        (2, "brief", "CodeBuild"),
        (2, "train-churn", "CodeBuild"),
    ]
    found = action(of_code(delivered(trains=True)), "train-churn")
    assert found.configuration["ProjectName"] == "mlplatform-staging-delivery-train"
    assert (variables(found)["STACK"], variables(found)["WORKLOAD"]) == ("staging", "churn")
    assert of_models(delivered(trains=True), LIVE) == of_models(delivered(), LIVE)
    assert [each.name for each in delivered().builds if each.name == "train"] == []


_STAGED = [("Source", [(1, "source", "CodeCommit")]), ("Deploy", [(1, "model", "CodeBuild")])]


def test_a_model_goes_by_this_stack_and_an_approval_to_production_without_checks_and_images() -> None:
    production = [(1, "approved", "CodeBuild"), (2, "register", "CodeBuild"), (3, "model-production", "CodeBuild")]
    assert shape(of_models(delivered(), LIVE)) == [
        *_STAGED,
        ("Approval", [(1, "approve", "Manual")]),
        ("Production", production),
    ]


def test_a_model_stays_in_this_stack_where_production_is_in_another_region() -> None:
    abroad = replace(delivered(), production=NAMES.elsewhere("prod", region="eu-central-1"))
    assert shape(of_models(abroad, LIVE)) == _STAGED
    assert shape(of_code(abroad)) == shape(of_code(delivered()))


@pytest.mark.parametrize(
    ("source", "provider", "configuration", "revision"),
    [
        (
            {"kind": "codecommit", "repository": "ml-platform", "branch": "release"},
            "CodeCommit",
            {
                "RepositoryName": "ml-platform",
                "BranchName": "release",
                "OutputArtifactFormat": "CODE_ZIP",
                "PollForSourceChanges": "false",
            },
            "#{source.CommitId}",
        ),
        (
            CONNECTED,
            "CodeStarSourceConnection",
            {
                "ConnectionArn": CONNECTION,
                "FullRepositoryId": "example/ml-platform",
                "BranchName": "main",
                "OutputArtifactFormat": "CODE_ZIP",
                "DetectChanges": "true",
            },
            "#{source.CommitId}",
        ),
        (
            ARCHIVE,
            "S3",
            {"S3Bucket": "example-source", "S3ObjectKey": "ml-platform.zip", "PollForSourceChanges": "false"},
            "#{source.VersionId}",
        ),
    ],
)
def test_a_source_is_configured_as_its_kind_wants_it(
    source: dict[str, Any], provider: str, configuration: dict[str, str], revision: str
) -> None:
    stages = of_code(delivered(source=source))
    found = action(stages, "source")
    assert (found.provider, found.configuration) == (provider, configuration)
    assert variables(action(stages, "check")) == {"REVISION": revision}


def test_a_change_of_code_does_not_start_a_pipeline_of_models() -> None:
    stages = of_models(delivered(source=CONNECTED), LIVE)
    assert action(stages, "source").configuration["DetectChanges"] == "false"


def test_a_deployment_is_given_its_stack_its_role_the_state_and_the_key_that_signs() -> None:
    of = delivered(production={"stack": "prod", "state_bucket": "example-prod-state"})
    roles = {"staging": "mlplatform-staging-delivery-deploy", "prod": "mlplatform-prod-delivery-deploy"}
    approved = {"APPROVED_IMAGES": "#{deployed.IMAGES}"}
    for name, stack, bucket, more in (
        ("deploy", "staging", "example-pulumi-state", {}),
        ("deploy-production", "prod", "example-prod-state", approved),
    ):
        assert variables(action(of_code(of), name)) == {
            **more,
            "PULUMI_BACKEND_URL": f"s3://{bucket}",
            "RUN": "#{codepipeline.PipelineExecutionId}",
            "REVISION": "#{source.CommitId}",
            "ROLE": f"arn:aws:iam::123456789012:role/mlplatform-admin/{stack}/{roles[stack]}",
            "SIGNING_KEY": f"awskms:///arn:aws:kms:eu-west-1:123456789012:alias/mlplatform-{stack}-delivery-images",
            "STACK": stack,
        }
    assert action(of_code(of), "deploy").inputs == ("source", "images")
    assert action(of_code(of), "deploy").configuration["PrimarySource"] == "source"


def test_the_brief_of_an_approval_reads_production_and_cannot_change_it() -> None:
    found = variables(action(of_code(delivered()), "brief"))
    assert found["ROLE"].endswith("/mlplatform-prod-delivery-preview")


def test_the_run_of_a_model_names_its_package() -> None:
    found = variables(action(of_models(delivered(), LIVE), "model"))
    assert {key: found[key] for key in ("PACKAGE", "WORKLOAD", "ENDPOINT")} == {
        "PACKAGE": "#{variables.PACKAGE}",
        "WORKLOAD": "churn",
        "ENDPOINT": "live",
    }


def test_production_registers_the_package_and_gets_what_it_registered_on_the_endpoint_alone() -> None:
    stages = of_models(delivered(), LIVE)
    package = {"register": "#{variables.PACKAGE}", "model-production": "#{registered.REGISTERED}"}
    role = {"register": "delivery-register", "model-production": "delivery-deploy"}
    for name in package:
        found = variables(action(stages, name))
        assert (found["PACKAGE"], found["STACK"]) == (package[name], "prod")
        assert found["ROLE"].endswith(f"/mlplatform-prod-{role[name]}")
    found = variables(action(stages, "approved"))
    assert {key: found[key] for key in ("APPROVED", "STACK", "WORKLOAD", "ENDPOINT")} == {
        "APPROVED": "#{deployed.STAGED}",
        "STACK": "staging",
        "WORKLOAD": "churn",
        "ENDPOINT": "live",
    }


def test_an_approval_of_a_model_says_which_for_which_endpoint_of_which_stack() -> None:
    found = action(of_models(delivered(), LIVE), "approve").configuration
    assert found["CustomData"] == (
        "Deliver model #{variables.PACKAGE} to churn/live of prod? staging: #{deployed.TESTED} "
        "Price: a model changes none. Dashboard: https://eu-west-1.console.aws.amazon.com/cloudwatch/home?"
        "region=eu-west-1#dashboards/dashboard/churn-staging Without an answer in 72 h nothing is deployed."
    )
    assert "/pipelines/mlplatform-staging-delivery-churn-live/view?" in found["ExternalEntityLink"]


def test_an_approval_says_what_of_which_stack_with_its_tests_its_price_and_how_long_it_waits() -> None:
    found = action(of_code(delivered(approval_hours=24)), "approve")
    assert found.minutes == 24 * 60
    assert found.configuration["CustomData"] == (
        "Deploy revision #{source.CommitId} to prod? staging: #{deployed.TESTED} prod: #{brief.BRIEF} "
        "Details: #{brief.DETAILS} Without an answer in 24 h nothing is deployed."
    )
    assert found.configuration["ExternalEntityLink"] == (
        "https://eu-west-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/"
        "mlplatform-staging-delivery/view?region=eu-west-1"
    )
    assert found.configuration["NotificationArn"].endswith(":mlplatform-staging-delivery-approvals")


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com"),
        ("eusc-de-east-1", "https://eusc-de-east-1.console.amazonaws-eusc.eu"),
        ("us-iso-east-1", None),
    ],
)
def test_an_approval_leads_to_the_console_of_its_partition_if_that_has_one(region: str, console: str | None) -> None:
    there = replace(NAMES, region=region)
    its = replace(delivered(), names=there, production=there.elsewhere("prod"))
    endpoint = there.of_workload("churn").of_endpoint("live")
    code, models = (action(found, "approve").configuration for found in (of_code(its), of_models(its, endpoint)))
    assert code.get("ExternalEntityLink", "").partition("/codesuite/")[0] == (console or "")
    prefix = f"{console}/cloudwatch/home?region={region}#dashboards/dashboard/" if console else ""
    assert f"Dashboard: {prefix}churn-staging Without" in models["CustomData"]


def test_production_is_deployed_only_after_it_was_seen_that_staging_is_what_was_approved() -> None:
    seen, deployed = of_code(delivered())[-1].actions
    assert variables(seen)["APPROVED"] == "#{deployed.STAGED}"
    assert variables(seen)["STACK"] == "staging"
    assert (seen.order, deployed.order) == (1, 2)


def test_every_variable_is_exported_by_an_action_before() -> None:
    for stages in (of_code(delivered()), of_models(delivered(), LIVE)):
        seen = {"variables", "codepipeline"}
        for stage in stages:
            for order in sorted({a.order for a in stage.actions}):
                running = [a for a in stage.actions if a.order == order]
                for a in running:
                    text = json.dumps(dict(a.configuration))
                    assert {part.split(".")[0] for part in text.split("#{")[1:]} <= seen, a.name
                seen |= {a.namespace for a in running if a.namespace}


@pytest.mark.parametrize("trains", [False, True])
def test_every_project_is_used_and_every_build_has_a_project(trains: bool) -> None:
    of = delivered(trains=trains)
    used = {
        a.configuration["ProjectName"]
        for stages in (of_code(of), of_models(of, LIVE))
        for stage in stages
        for a in stage.actions
        if a.provider == "CodeBuild"
    }
    assert used == {f"mlplatform-staging-delivery-{build.name}" for build in of.builds}


def test_what_all_pipelines_hand_on_is_below_one_prefix() -> None:
    assert {delivery(pipeline(names)) for names in (NAMES, LIVE, NAMES.of_workload("a").of_endpoint("b"))} == {
        "mlplatform-staging-d/"
    }
