"""Raw data stays as it was delivered: no role of the platform overwrites or deletes it, and few deliver.

Simulated over the rendered policies of every role that a stack can have, their boundaries and the bucket's policy.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from components.ground import collected
from contracts.names import Names
from local.emulator.policy_statements import Request, effects
from local.runtime.answers import ACCOUNT
from settings import Persona
from tests import iam
from tests.synth.test_boundary import every_role
from tests.synth.test_delivery import delivered

#: What removes an object or a version of it, changes it or what protects it, or lays another one over it.
OF_OBJECTS = (
    "s3:BypassGovernanceRetention",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectLegalHold",
    "s3:PutObjectRetention",
    "s3:ReplicateDelete",
)
#: What would let the bucket forget versions, delete by itself, or be gone.
OF_THE_BUCKET = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
)
OF_THE_KEY = ("kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion")


#: Role of the jobs that pull the one source of that stack.
PULL = f"{collected.WORKLOAD}-{collected.STACK}-pull-crm"


def names(stack: str) -> Names:
    return Names(stack=stack, account=ACCOUNT, region="eu-west-1")


@cache
def policy(stack: str) -> str:
    """The policy of the raw bucket."""
    document = every_role() if stack == collected.STACK else delivered()
    (found,) = (
        each["inputs"]["policy"]
        for each in document["resources"]
        if each["type"] == "aws:s3/bucketPolicy:BucketPolicy" and each["name"] == "lake-raw-policy"
    )
    return found


def arns(document: dict[str, Any]) -> dict[str, str]:
    """Name of each role -> its ARN."""
    roles = (each["inputs"] for each in document["resources"] if each["type"] == "aws:iam/role:Role")
    return {each["name"]: f"arn:aws:iam::{ACCOUNT}:role{each.get('path', '/')}{each['name']}" for each in roles}


def acts(stack: str) -> list[tuple[str, str]]:
    """Action and resource of each act on raw data."""
    ours = names(stack)
    delivered_object = ours.bucket_arn(ours.raw_bucket, "incoming/theworkload/2026-11-29/day.csv")
    return [
        *((action, delivered_object) for action in OF_OBJECTS),
        *((action, ours.bucket_arn(ours.raw_bucket)) for action in OF_THE_BUCKET),
        *((action, ours.arn("kms", "key/raw")) for action in OF_THE_KEY),
    ]


#: What S3 says of a PutObject, or of the end of an upload in parts, that asks whether there is an object already.
WHERE_NONE_IS = {"s3:ObjectCreationOperation": "true", "s3:if-none-match": "*"}
#: And of one that lays an object over another, and of a part, which has no such header.
OVER, PART = {"s3:ObjectCreationOperation": "true"}, {"s3:ObjectCreationOperation": "false"}


def denied(stack: str, role_arn: str, action: str, resource: str, write: dict[str, str] = OVER) -> bool:
    """Whether the bucket refuses it, whatever the role's policies say."""
    facts = {"aws:PrincipalArn": role_arn, "aws:SecureTransport": "true", "s3:TlsVersion": "1.3", **write}
    return "Deny" in effects(policy(stack), Request(action=action, resource=resource, facts=facts))


def done(document: dict[str, Any], stack: str, write: dict[str, str] = OVER) -> set[tuple[str, str]]:
    """Role and action of every act on raw data that policies, boundary and bucket together let happen."""
    arn = arns(document)
    return {
        (name, action)
        for name, role in iam.roles(document).items()
        for action, resource in acts(stack)
        if role.may(action, resource) and not denied(stack, arn[name], action, resource, write)
    }


def test_of_all_roles_that_a_stack_can_have_data_engineers_alone_add_to_raw_data() -> None:
    engineer = names(collected.STACK).resource(Persona.DATA_ENGINEER.job)
    assert engineer in arns(every_role())
    assert len(arns(every_role())) > 20
    assert done(every_role(), collected.STACK) == set()
    for write in (WHERE_NONE_IS, PART):
        assert done(every_role(), collected.STACK, write) == {(engineer, "s3:PutObject")}


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention"])
def test_the_bucket_refuses_it_to_roles_of_the_platform_whatever_policies_they_get(action: str) -> None:
    resource = dict(acts(collected.STACK))[action]
    refused = {name for name, arn in arns(every_role()).items() if denied(collected.STACK, arn, action, resource)}
    assert refused == set(arns(every_role()))


def test_the_bucket_refuses_deliveries_to_every_role_but_those_of_data_engineers_and_of_pulls() -> None:
    resource = dict(acts(collected.STACK))["s3:PutObject"]

    def taken(write: dict[str, str]) -> set[str]:
        roles = arns(every_role()).items()
        return {n for n, arn in roles if not denied(collected.STACK, arn, "s3:PutObject", resource, write)}

    assert taken(WHERE_NONE_IS) == taken(PART) == {names(collected.STACK).resource(Persona.DATA_ENGINEER.job), PULL}
    assert taken(OVER) == set()


def test_a_pull_adds_to_what_its_source_has_delivered_and_does_no_more_to_it() -> None:
    ours = names(collected.STACK)
    role, arn = iam.roles(every_role())[PULL], arns(every_role())[PULL]

    def may(action: str, key: str) -> bool:
        resource = ours.bucket_arn(ours.raw_bucket, key)
        return role.may(action, resource) and not denied(collected.STACK, arn, action, resource, WHERE_NONE_IS)

    mine = "incoming/theworkload/crm/20261129T030000Z.csv"
    assert {action for action in OF_OBJECTS if may(action, mine)} == {"s3:PutObject"}
    others = ("incoming/theworkload/crmtwo/a.csv", "incoming/theworkloadtwo/crm/a.csv", "incoming/theworkload/a.csv")
    assert [key for key in others if may("s3:PutObject", key) or may("s3:GetObject", key)] == []


@pytest.mark.parametrize("action", ["s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"])
def test_the_bucket_lets_no_role_but_who_deploys_change_how_long_versions_are_kept(action: str) -> None:
    resource = dict(acts("prod"))[action]
    taken = {name for name, arn in arns(delivered()).items() if not denied("prod", arn, action, resource)}
    assert {name for name in taken if "-delivery-" not in name} == set()
    assert names("prod").resource("delivery-deploy") in taken


def test_who_deploys_declares_the_bucket_and_touches_no_object() -> None:
    deployer = iam.roles(delivered())[names("prod").resource("delivery-deploy")]
    bucket = names("prod").bucket_arn(names("prod").raw_bucket)
    settings = {"s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"}
    assert all(deployer.may(action, bucket) for action in settings)
    assert settings <= {action for name, action in done(delivered(), "prod") if name == deployer.name}
    assert {
        action for action, resource in acts("prod") if resource != bucket and deployer.may(action, resource)
    } == set()
    assert {action for _, action in done(delivered(), "prod")} & set(OF_OBJECTS) == set()


@pytest.mark.parametrize("document", [every_role, delivered])
def test_the_bucket_keeps_versions(document: Any) -> None:
    (found,) = (
        each["inputs"]["versioningConfiguration"]
        for each in document()["resources"]
        if each["type"] == "aws:s3/bucketVersioning:BucketVersioning" and each["name"] == "lake-raw-versioning"
    )
    assert found == {"status": "Enabled"}
