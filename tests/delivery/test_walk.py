"""Walks through the declared pipelines: real buildspecs, each with the rights of its action's role."""

from __future__ import annotations

from typing import Any

import pytest

from automation.operations import releases
from automation.operations.releases import By
from tests.components.engine import NAMES
from tests.delivery.asked import Call, refused
from tests.delivery.codepipeline import LINK, REVISION, RUN
from tests.delivery.conftest import METRIC, PROD, Account, roles

CODE, MODELS = NAMES.delivery, f"{NAMES.delivery}-churn-live"
EVERY = [
    "Source/source",
    "Check/check",
    "Images/images",
    "Deploy/deploy",
    "Deploy/brief",
    "Approval/approve",
    "Production/approved",
    "Production/deploy-production",
]


def nobody_is_asked(message: str) -> tuple[bool, str]:
    raise AssertionError(f"asked for an approval: {message}")


def explained(build: str, why: str, pipeline: str = CODE) -> str:
    """What people are told by a build in which a command of automation failed."""
    return f"{pipeline} stops in {NAMES.resource('delivery')}-{build}: {why} Run {RUN}. {LINK}"


def stopped(where: str, command: str, status: int, pipeline: str = CODE) -> str:
    """What people are told by AWS of a build that failed."""
    reason = (
        "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message: "
        f"Error while executing command: {command}. Reason: exit status {status}"
    )
    return f"{pipeline} stopped at {where}: {reason} Run {RUN}. {LINK}"


UP = ".venv/bin/python -m automation up --stack $STACK --yes"
SMOKE = ".venv/bin/python -m automation smoke --stack $STACK --report .local/delivery/smoke.xml"
MODEL = ["Source/source", "Deploy/model", "Approval/approve"]
TAKEN = [*MODEL, "Production/approved", "Production/register", "Production/model-production"]


@pytest.mark.full
def test_a_package_that_is_approved_goes_to_staging_and_rejected_there_no_further(account: Account) -> None:
    account.deliver("staging")
    package = account.train()
    variables = account.approve(package)
    assert variables == {"PACKAGE": package}
    asked: list[str] = []

    def rejects(message: str) -> tuple[bool, str]:
        asked.append(message)
        return False, "Rejected: too dear"

    ended = account.run(MODELS, rejects, **variables)
    assert (ended.actions, ended.reason) == (MODEL, "Rejected: too dear"), ended.said[-1]
    assert account.serves("staging") == "churn-staging/2 InService"
    assert asked == [
        f"Deliver model {package} to churn/live of prod? staging: churn-staging-live serves churn-staging/2 "
        f"({METRIC}); 0 alarms ring. Price: a model changes none. Dashboard: "
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/"
        "home?region=eu-west-1#dashboards/dashboard/churn-staging Without an answer in 72 h nothing is deployed."
    ]
    assert account.told == [
        f"{MODELS} stopped at Approval/approve: Rejected: too dear Run {RUN}. https://console.aws.amazon.com/x"
    ]
    assert account.refused == []
    assert {call.role.rpartition("/")[2] for call in account.calls} == {
        "mlplatform-staging-delivery-build-deploy",
        "mlplatform-staging-delivery-deploy",
    }


@pytest.mark.full
def test_a_package_that_is_approved_goes_through_every_stage_to_prod(account: Account) -> None:
    account.deliver("staging")
    account.deliver("prod")
    package = account.train()
    account.model(package)
    ended = account.run(MODELS, lambda _: (True, ""), **account.approve(package))
    assert (ended.actions, ended.reason) == (TAKEN, None), ended.said[-1]
    assert any("every model test passed, see .local/delivery/model.xml" in said for said in ended.said)
    assert [account.serves(stack) for stack in ("staging", "prod")] == [
        "churn-staging/2 InService",
        "churn-prod/2 InService",
    ]
    here, there = account.described(package.replace("churn-staging", "churn-prod")), account.described(package)
    assert here["ModelApprovalStatus"] == "Approved"
    assert here["CustomerMetadataProperties"]["source_package"] == package
    images = [each["InferenceSpecification"]["Containers"][0]["Image"] for each in (here, there)]
    assert images[0].replace("prod", "staging") == images[1]
    assert (account.told, account.refused) == ([], [])
    registered = [call.role.rpartition("/")[2] for call in account.calls if call.operation == "CreateModelPackage"]
    assert registered == ["mlplatform-prod-delivery-register"]


@pytest.mark.full
def test_a_model_that_fails_its_tests_is_not_registered_in_prod(account: Account) -> None:
    """Here it takes more memory than its contract allows."""
    account.deliver("staging")
    account.deliver("prod")
    package = account.train()
    account.model(package, memory_mb=1)
    ended = account.run(MODELS, lambda _: (True, ""), **account.approve(package))
    assert ended.actions == TAKEN[:5]
    assert account.serves("prod") == "churn-prod/1 InService"
    assert any("found a model that fails its tests: test_model[memory of the service]" in told for told in account.told)
    assert [call.operation for call in account.calls if call.operation == "CreateModelPackage"] == []
    assert account.refused == []


@pytest.mark.full
def test_a_model_that_staging_does_not_serve_any_more_is_not_registered_in_prod(account: Account) -> None:
    account.deliver("staging")
    account.deliver("prod")

    def promotes_another(_: str) -> tuple[bool, str]:
        platform = account.of("staging")
        by = By(who="user/ana", why="better")
        releases.promote(platform.names, platform.register(), by=by, clients=platform.clients)
        return True, ""

    ended = account.run(MODELS, promotes_another, **account.approve(account.train()))
    assert ended.actions == TAKEN[:4]
    why, _ = account.told
    assert why.startswith(f"{MODELS} stops in mlplatform-staging-delivery-approved: error: staging moved on since the ")
    assert why.endswith(f"; nothing was deployed, approve the newer delivery Run {RUN}. {LINK}")
    assert [call for call in account.calls if "prod" in call.role] == []


@pytest.mark.full
def test_a_new_revision_goes_through_every_stage_to_prod(account: Account) -> None:
    account.deliver("staging")
    account.deliver("prod")
    asked: list[str] = []

    def approves(message: str) -> tuple[bool, str]:
        asked.append(message)
        return True, ""

    ended = account.run(CODE, approves)
    assert (ended.actions, ended.reason) == (EVERY, None), ended.said[-1]
    (message,) = asked
    assert message.startswith(
        f"Deploy revision {REVISION} to prod? staging: churn-staging-live serves churn-staging/1; 0 alarms ring. "
        "prod: Changes: none. Price: "
    )
    assert message.endswith(f"Policies: none stops it. Details: {LINK} Without an answer in 72 h nothing is deployed.")
    for names in (NAMES, PROD):
        image = account.emulator.client("ssm").get_parameter(Name=names.image_parameter("inference"))
        assert f"/mlplatform-{names.stack}-inference@sha256:" in image["Parameter"]["Value"]
    assert account.serves("prod") == "churn-prod/1 InService"
    assert (account.told, account.refused) == ([], [])


@pytest.mark.full
def test_a_revision_whose_tests_fail_is_not_built(account: Account) -> None:
    (account.home / "failing-tests").touch()
    ended = account.run(CODE, nobody_is_asked)
    assert ended.actions == EVERY[:2]
    assert account.told == [stopped("Check/check", "make test", 2)]
    assert account.calls == []


@pytest.mark.full
def test_a_revision_against_a_policy_is_not_deployed(account: Account) -> None:
    account.deliver("staging")
    violation = {"policyName": "s3-encrypted", "message": "name a key", "resourceUrn": "urn:pulumi:staging::p::t::raw"}
    account.engine.set(violations=[{**violation, "enforcementLevel": "mandatory"}])
    ended = account.run(CODE, nobody_is_asked)
    assert ended.actions == EVERY[:4]
    why = "policy: stack staging violates mandatory policies; nothing was changed: s3-encrypted: name a key"
    assert account.told == [explained("deploy", why), stopped("Deploy/deploy", UP, 6)], ended.said[-1]
    assert account.refused == []


@pytest.mark.full
def test_a_revision_that_is_rejected_does_not_reach_prod(account: Account) -> None:
    account.deliver("staging")
    account.deliver("prod")
    ended = account.run(CODE, lambda _: (False, "Rejected: not on a Friday"))
    assert ended.actions == EVERY[:6]
    assert account.told == [
        f"{CODE} stopped at Approval/approve: Rejected: not on a Friday Run {RUN}. https://console.aws.amazon.com/x"
    ]
    assert [call for call in account.calls if "prod-delivery-deploy" in call.role] == []


@pytest.mark.full
def test_images_that_are_replaced_after_the_approval_do_not_reach_prod(account: Account) -> None:
    """They lie where the builds of a newer run, which nobody has approved, write theirs."""
    account.deliver("staging")
    account.deliver("prod")

    def replaces(_: str) -> tuple[bool, str]:
        (images,) = (account.home / "builds").glob("*-images/.local/images")
        manifest = images / "inference" / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"layers": []', '"layers": [{}]'))
        return True, ""

    ended = account.run(CODE, replaces)
    assert ended.actions == EVERY
    why, aws = account.told
    assert why.startswith(explained("deploy-production", "error: inference: found sha256:").partition(" Run ")[0])
    assert "what is to be shipped was replaced since the approval, and nothing was pushed" in why
    assert aws == stopped(
        "Production/deploy-production", ".venv/bin/python -m automation ship inference --stack $STACK --yes", 1
    )
    assert [call for call in account.calls if call.operation == "UpdateEndpoint" and "prod" in call.role] == []


@pytest.mark.full
@pytest.mark.parametrize(
    ("behaviour", "command", "status", "why", "serves"),
    [
        (
            {"status": 500},
            SMOKE,
            7,
            "differs: churn-staging-live: answers a row: ModelError: Received server error (500) from primary",
            "churn-staging/2 InService",
        ),
        (
            {"beside": 0.75},
            SMOKE,
            7,
            "differs: churn-staging-live: answers rows as it answers one: a row alone gives {{'score': 0.25, "
            "'decision': False}}, beside another one {{'score': 0.75, 'decision': False}}",
            "churn-staging/2 InService",
        ),
        (
            {"exit": 1},
            UP,
            5,
            "failed: release {release} ({package}) failed: The deployment of churn-staging-live-{release}-0123abcd was "
            "rolled back: The primary container for production variant champion did not pass the ping health check.",
            "churn-staging/1 InService",
        ),
    ],
    ids=["that answers nothing right", "that fails its test", "whose canary is rolled back"],
)
def test_a_model_stops_the_pipeline(
    account: Account, behaviour: dict[str, Any], command: str, status: int, why: str, serves: str
) -> None:
    account.deliver("staging")
    package = account.train(**behaviour)
    ended = account.run(MODELS, nobody_is_asked, **account.approve(package))
    by_itself, by_aws = account.told
    why = why.format(release=account.release("staging", package), package=package)
    assert by_itself.startswith(explained("model", why, MODELS).partition(" Run ")[0]), ended.said[-1]
    assert by_itself.endswith(f" Run {RUN}. {LINK}")
    assert by_aws == stopped("Deploy/model", command, status, MODELS)
    assert account.serves("staging") == serves
    assert account.refused == []


def test_a_call_that_its_role_may_not_make_is_found() -> None:
    path = f"arn:aws:iam::123456789012:role{NAMES.admin_path}mlplatform-staging-delivery-"
    made = [
        Call(role=f"{path}{role}", service=service, operation=operation, parameters=parameters)
        for role in ("preview", "deploy")
        for service, operation, parameters in (
            ("ssm", "PutParameter", {"Name": NAMES.delivered_parameter}),
            ("sagemaker", "UpdateEndpoint", {"EndpointName": "churn-prod-live"}),
            ("s3", "GetObject", {"Bucket": NAMES.raw_bucket, "Key": "incoming/churn/a.csv"}),
        )
    ]
    assert [each.removeprefix("mlplatform-staging-delivery-") for each in refused(made, roles(), NAMES)] == [
        "deploy: s3:GetObject on arn:aws:s3:::123456789012-staging-ai-raw-data/incoming/churn/a.csv",
        "deploy: sagemaker:UpdateEndpoint on arn:aws:sagemaker:eu-west-1:123456789012:endpoint/churn-prod-live",
        "preview: s3:GetObject on arn:aws:s3:::123456789012-staging-ai-raw-data/incoming/churn/a.csv",
        "preview: sagemaker:UpdateEndpoint on arn:aws:sagemaker:eu-west-1:123456789012:endpoint/churn-prod-live",
        "preview: ssm:PutParameter on arn:aws:ssm:eu-west-1:123456789012:parameter/mlplatform/staging/delivered",
    ]
