"""What the roles of delivery may do, asked of the IAM simulator of the tests."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from policy_sentry.querying.actions import get_actions_matching_arn

from components.delivery import permissions
from components.delivery.services import SERVICES
from contracts.names import Names
from tests import iam
from tests.components.delivery.policies import (
    ARTIFACTS_KEY,
    BOUND,
    BOUNDARY,
    CUSTOMERS,
    DEPLOY,
    ENDPOINT,
    GROUND,
    ISSUERS,
    KEY,
    OF_INGESTION,
    OF_KEY,
    OTHERS,
    OWN,
    PREVIEW,
    READ,
    STATE,
    SUBNET,
    arn,
    role,
    simulated,
    written,
)
from tests.components.engine import NAMES


def test_a_preview_reads_the_stack_and_its_state_and_changes_nothing() -> None:
    assert PREVIEW.may("sagemaker:DescribeEndpoint", ENDPOINT.format("staging"))
    assert PREVIEW.may("ssm:GetParameter", arn("ssm", "parameter/mlplatform/staging/churn/live/release"))
    assert PREVIEW.may("s3:GetBucketPolicy", "arn:aws:s3:::123456789012-staging-ai-raw-data")
    assert PREVIEW.may("s3:GetObject", f"arn:aws:s3:::{STATE}/.pulumi/stacks/ml-platform/staging.json")
    verbs = {action.partition(":")[2] for statement in READ for action in statement.actions}
    assert {verb for verb in verbs if not verb.startswith(("BatchCheck", "BatchGet", "Describe", "Get", "List"))} == {
        "Decrypt"
    }
    assert PREVIEW.may("kms:Decrypt", KEY)
    assert not PREVIEW.may("kms:Decrypt", OF_KEY, OWN)


def test_neither_reads_data() -> None:
    for bucket in ("raw-data", "processed-data", "artifacts"):
        assert not PREVIEW.may("s3:GetObject", CUSTOMERS.format(bucket))
        assert not DEPLOY.may("s3:GetObject", CUSTOMERS.format(bucket))
        assert not DEPLOY.may("s3:DeleteObject", CUSTOMERS.format(bucket))
    assert not DEPLOY.may("sagemaker:GetRecord", arn("sagemaker", "feature-group/churn-staging-features-1"))
    assert not DEPLOY.may("logs:GetLogEvents", arn("logs", "log-group:/aws/lambda/churn-staging-live-drift:*"))


def test_a_deployment_tests_what_the_stack_serves_and_sees_its_models() -> None:
    package = arn("sagemaker", "model-package/churn-staging/3")
    for role_, allowed in ((DEPLOY, True), (PREVIEW, False)):
        assert role_.may("sagemaker:InvokeEndpoint", ENDPOINT.format("staging")) is allowed
        assert role_.may("sagemaker:DescribeModelPackage", package) is allowed
    assert not DEPLOY.may("sagemaker:InvokeEndpoint", ENDPOINT.format("prod"))
    assert not DEPLOY.may("sagemaker:UpdateModelPackage", package)


def test_a_deployment_signs_images_with_its_own_key_where_it_has_one() -> None:
    signing = iam.Role(name="deploy", statements=simulated([permissions.signing(NAMES)]), boundary=BOUND)
    for verb in ("GetPublicKey", "Sign"):
        assert signing.may(f"kms:{verb}", OF_KEY, OWN)
        assert not signing.may(f"kms:{verb}", OF_KEY, OTHERS)
        assert not signing.may(f"kms:{verb}", OF_KEY)
        assert not DEPLOY.may(f"kms:{verb}", OF_KEY, OWN)


def test_who_delivers_without_tokens_has_no_provider_to_read() -> None:
    read = written(issuers=[])[0]
    assert [each.sid for each in read if "oidc-provider" in str(each.resources)] == []


def test_a_deployment_sees_a_rollout_through() -> None:
    lock = "arn:aws:s3:::123456789012-staging-ai-artifacts/locks/churn/live"
    log = arn("logs", "log-group:/aws/sagemaker/Endpoints/churn-staging-live")
    for role_, allowed in ((DEPLOY, True), (PREVIEW, False)):
        assert {role_.may(f"s3:{verb}", lock) for verb in ("GetObject", "PutObject", "DeleteObject")} == {allowed}
        assert role_.may("logs:FilterLogEvents", log) is allowed
    assert DEPLOY.may("ssm:PutParameter", arn("ssm", "parameter/mlplatform/staging/churn/live/release"))
    assert not DEPLOY.may("logs:FilterLogEvents", arn("logs", "log-group:/aws/lambda/churn-staging-live-drift"))


@pytest.mark.parametrize("tags", [OWN, {}], ids=["its own key", "an existing key"])
def test_contracts_and_locks_are_decrypted_and_encrypted_by_s3_only(tags: dict[str, str]) -> None:
    """Both are encrypted with a key; without these, who delivers reads neither, and every release stays locked."""
    through = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"} | tags
    assert PREVIEW.may("kms:Decrypt", ARTIFACTS_KEY, through)
    assert not PREVIEW.may("kms:GenerateDataKey", ARTIFACTS_KEY, through)
    assert DEPLOY.may("kms:Decrypt", ARTIFACTS_KEY, through)
    assert DEPLOY.may("kms:GenerateDataKey", ARTIFACTS_KEY, through)
    assert not DEPLOY.may("kms:Decrypt", OF_KEY, through)
    for other in ({}, {"kms:ViaService": "ssm.eu-west-1.amazonaws.com"}, through | OTHERS):
        assert not DEPLOY.may("kms:Decrypt", ARTIFACTS_KEY, tags | other), other


def test_a_deployment_changes_its_own_stack_and_no_other() -> None:
    assert DEPLOY.may("sagemaker:UpdateEndpoint", ENDPOINT.format("staging"))
    assert not DEPLOY.may("sagemaker:UpdateEndpoint", ENDPOINT.format("prod"))
    assert not PREVIEW.may("sagemaker:DescribeEndpoint", ENDPOINT.format("prod"))
    assert DEPLOY.may("sagemaker:UpdatePipeline", arn("sagemaker", "pipeline/churn-staging"))
    assert DEPLOY.may("s3:PutObject", "arn:aws:s3:::123456789012-staging-ai-artifacts/contracts/churn/1/contract.json")
    assert DEPLOY.may("s3:PutObject", f"arn:aws:s3:::{STATE}/.pulumi/locks/organization/ml-platform/staging/1.json")
    for path in ("stacks/ml-platform/prod.json", "locks/organization/ml-platform/prod/1.json"):
        assert not DEPLOY.may("s3:GetObject", f"arn:aws:s3:::{STATE}/.pulumi/{path}")
    for action, resource in (("kms:PutKeyPolicy", OF_KEY), ("ec2:DeleteSubnet", SUBNET)):
        assert DEPLOY.may(action, resource, OWN)
        assert not DEPLOY.may(action, resource, OTHERS)


def test_a_deployment_leaves_keys_alone_that_carry_no_tag_of_the_stack() -> None:
    alias = "arn:aws:kms:eu-west-1:123456789012:alias/mlplatform-staging-raw"
    verbs = SERVICES["kms"].changes.split()
    assert "ScheduleKeyDeletion" in verbs
    for verb in (*verbs, "CreateAlias", "CreateGrant", "GenerateDataKey"):
        assert DEPLOY.may(f"kms:{verb}", OF_KEY, OWN), verb
        assert not DEPLOY.may(f"kms:{verb}", OF_KEY), verb
        assert not DEPLOY.may(f"kms:{verb}", OF_KEY, OTHERS), verb
    assert DEPLOY.may("kms:CreateAlias", alias)
    assert not DEPLOY.may("kms:CreateAlias", alias.replace("staging", "prod"))


@pytest.mark.parametrize(
    ("alias", "allowed"),
    [
        (None, True),
        ("alias/mlplatform-staging-raw", True),
        ("alias/mlplatform-prod-raw", False),
        ("alias/payments", False),
        ("alias/aws/ssm", False),
    ],
)
def test_a_deployment_tags_the_keys_that_it_makes_and_none_that_has_another_name(
    alias: str | None, allowed: bool
) -> None:
    asked = {"aws:RequestTag/Environment": "staging", "aws:RequestTag/Project": "ml-platform"}
    named = {"kms:ResourceAliases": alias} if alias else {}
    assert DEPLOY.may("kms:TagResource", OF_KEY, asked | named) is allowed
    assert not DEPLOY.may("kms:TagResource", OF_KEY, asked | named | {"aws:RequestTag/Environment": "prod"})
    assert not DEPLOY.may("kms:UntagResource", OF_KEY, named)


def test_a_deployment_deletes_nothing_of_a_network_that_carries_no_tag_of_the_stack() -> None:
    verbs = [verb for verb in SERVICES["ec2"].changes.split() if verb.startswith(("Delete", "Release"))]
    assert {"DeleteVpc", "ReleaseAddress"} < set(verbs)
    for verb in verbs:
        assert DEPLOY.may(f"ec2:{verb}", SUBNET, OWN), verb
        assert not DEPLOY.may(f"ec2:{verb}", SUBNET), verb
    assert DEPLOY.may("ec2:CreateSubnet", SUBNET)


def test_a_deployment_makes_roles_within_the_boundary_only() -> None:
    job = role("churn-staging-training")
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"):
        for boundary in (BOUNDARY, OF_INGESTION):
            assert DEPLOY.may(action, job, {"iam:PermissionsBoundary": boundary})
        assert not DEPLOY.may(action, job)
        for other in ("other", "user-boundary", "user-data-boundary", "delivery-boundary"):
            refused = BOUNDARY.replace("staging-boundary", f"staging-{other}")
            assert refused != BOUNDARY
            assert not DEPLOY.may(action, job, {"iam:PermissionsBoundary": refused})
    assert not DEPLOY.may("iam:DeleteRolePermissionsBoundary", job)
    for service, allowed in (("sagemaker.amazonaws.com", True), ("ec2.amazonaws.com", False)):
        assert DEPLOY.may("iam:PassRole", job, {"iam:PassedToService": service}) is allowed


def test_a_deployment_makes_the_roles_that_services_link_to_themselves_and_no_others() -> None:
    linked = "arn:aws:iam::123456789012:role/aws-service-role/{0}/AWSServiceRoleFor"
    made = {
        service: DEPLOY.may("iam:CreateServiceLinkedRole", linked.format(service), {"iam:AWSServiceName": service})
        for service in (
            "access-analyzer.amazonaws.com",
            "sagemaker.application-autoscaling.amazonaws.com",
            "organizations.amazonaws.com",
        )
    }
    assert list(made.values()) == [True, True, False]
    assert not DEPLOY.may(
        "iam:CreateServiceLinkedRole", role("x"), {"iam:AWSServiceName": "access-analyzer.amazonaws.com"}
    )


@pytest.mark.parametrize(
    "path", ["", "team/", "mlplatform/prod/", "mlplatform/", "service-role/", "team/mlplatform/staging/"]
)
def test_a_deployment_leaves_roles_of_others_alone_whatever_they_are_called(path: str) -> None:
    """In an account that other teams share: a role's name says nothing, its path does."""
    theirs = f"arn:aws:iam::123456789012:role/{path}churn-staging-training"
    facts = {"iam:PassedToService": "lambda.amazonaws.com", "iam:PermissionsBoundary": BOUNDARY}
    allowed = {action for s in GROUND if s.effect == "Allow" for action in s.actions if action.startswith("iam:")}
    verbs = allowed - {"iam:CreateServiceLinkedRole"}
    assert {"iam:PassRole", "iam:UpdateAssumeRolePolicy", "iam:CreateRole", "iam:DeleteRole"} < verbs
    for verb in verbs:
        assert DEPLOY.may(verb, role("churn-staging-training"), facts), verb
        assert not DEPLOY.may(verb, theirs, facts), verb
    assert not PREVIEW.may("iam:GetRole", theirs)


def administered(kind: str, name: str, stack: str = "staging") -> str:
    return f"arn:aws:iam::123456789012:{kind}/mlplatform-admin/{stack}/mlplatform-{stack}-{name}"


BOUNDARIES = ["boundary", "ingestion-boundary", "user-boundary", "delivery-boundary", "delivery-builds-boundary"]
#: What says who may deliver, what people may do, and what bounds roles.
ADMINISTERED = [
    *(administered("role", f"delivery-{name}") for name in ("preview", "deploy", "build-production", "pipeline")),
    *(administered("role", f"user-{name}") for name in ("data-engineer", "auditor")),
    administered("role", "delivery-deploy", "prod"),
    *(administered("policy", name) for name in [*BOUNDARIES, "delivery-ground"]),
    *(f"arn:aws:iam::123456789012:oidc-provider/{issuer}" for issuer in [*ISSUERS, "others.example.com"]),
]
_IAM_READS = tuple(f"iam:{verb}" for verb in ("Generate", "Get", "List", "Simulate"))


@pytest.mark.parametrize("resource", ADMINISTERED)
def test_nobody_who_delivers_changes_who_may_deliver_or_what_bounds_roles(resource: str) -> None:
    """Whatever else a role of delivery is given, in its boundary or in one of the account's."""
    facts = {"iam:PermissionsBoundary": BOUNDARY, "iam:PassedToService": "lambda.amazonaws.com"}
    verbs = {verb for verb in get_actions_matching_arn(resource) if not verb.startswith(_IAM_READS)}
    assert verbs & {"iam:UpdateAssumeRolePolicy", "iam:CreatePolicyVersion", "iam:AddClientIDToOpenIDConnectProvider"}
    everything = [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"], "Principal": "*"}]
    grown = iam.Role(name="grown", statements=everything, boundary=BOUND)
    elsewhere = iam.Role(name="elsewhere", statements=[*DEPLOY.statements, *everything], boundary=None)
    for verb in verbs:
        assert not DEPLOY.may(verb, resource, facts), verb
        assert not grown.may(verb, resource, facts), verb
        assert elsewhere.never(verb, resource, facts), verb
    assert grown.may("sagemaker:UpdateEndpoint", ENDPOINT.format("staging"))
    assert elsewhere.may("iam:DeleteRole", role("churn-staging-training"))


def test_within_its_boundary_no_deployment_takes_a_jobs_boundary_away_or_makes_a_role_without() -> None:
    """Whatever it is given: who may write any policy on a role, and then unbound it, may do anything."""
    everything = [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"], "Principal": "*"}]
    grown = iam.Role(name="grown", statements=everything, boundary=BOUND)
    job = role("churn-staging-training")
    may = {verb for verb in get_actions_matching_arn(job) if grown.may(verb, job) and not verb.startswith(_IAM_READS)}
    assert may == {
        "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PassRole", "iam:TagRole",
        "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
    }  # fmt: skip


def test_who_delivers_sees_what_an_administrator_changes_of_its_own_stack() -> None:
    """Or no preview could compare it with what is declared."""
    seen = {
        "iam:GetRole": [administered("role", "delivery-deploy"), administered("role", "user-auditor")],
        "iam:GetPolicyVersion": [administered("policy", name) for name in BOUNDARIES],
        "iam:GetOpenIDConnectProvider": [f"arn:aws:iam::123456789012:oidc-provider/{issuer}" for issuer in ISSUERS],
    }
    for verb, resources in seen.items():
        for resource in resources:
            assert PREVIEW.may(verb, resource), (verb, resource)
            assert DEPLOY.may(verb, resource), (verb, resource)
            assert not DEPLOY.may(verb, resource.replace("staging", "prod").replace("/gitlab", "/x")) or (
                "githubusercontent" in resource
            )


def test_no_pattern_of_the_stacks_jobs_reaches_what_an_administrator_changes() -> None:
    """Not that of a stack that is called admin either; IAM's `*` does not end at a slash, as that of a shell does."""
    for stack in ("staging", "admin", "mlplatform"):
        names = Names(stack=stack, account="123456789012", region="eu-west-1")
        for other in (names, NAMES):
            assert not fnmatchcase(other.admin_role_arn("delivery-deploy"), names.every_role)
            assert not fnmatchcase(other.admin_arn("policy", "x"), names.every_role.replace(":role/", ":*/"))
