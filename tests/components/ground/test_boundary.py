from __future__ import annotations

import json

from components.access import WITHOUT_RESOURCE
from components.ground.boundary import ACTIONS, Access, AccessArgs, boundary_statements
from components.ground.keys import Domain, Keys, KeysArgs
from contracts.names import MAX_STACK, Names
from settings.keys import Keys as KeySettings
from tests.components.engine import BOUNDARY, NAMES, Deployment, deploy

#: A managed policy has at most 6,144 characters, white space not counted (IAM user guide, "IAM and STS quotas").
MAX_CHARACTERS = 6144
KEYS = {domain: f"arn:key-{domain}" for domain in Domain}


def access(permissions_boundary: str | None = None) -> Deployment:
    def program() -> None:
        keys = Keys("keys", KeysArgs(names=NAMES, settings=KeySettings(), protect=False))
        Access("access", AccessArgs(names=NAMES, keys=keys, permissions_boundary=permissions_boundary))

    return deploy(program)


def test_the_platform_makes_its_boundary() -> None:
    deployment = access()
    policy = deployment.one("access-boundary").inputs
    assert policy["name"] == "mlplatform-staging-boundary"
    assert deployment.outputs["access"] == {
        "permissionsBoundary": "arn:aws:iam:eu-west-1:123456789012:policy/mlplatform-staging-boundary"
    }
    assert len("".join(policy["policy"].split())) < MAX_CHARACTERS


def test_the_longest_names_fit_into_a_managed_policy() -> None:
    names = Names(
        stack="s" * MAX_STACK,
        account=NAMES.account,
        region="us-gov-west-1",
        partition="aws-us-gov",
    )
    keys = dict.fromkeys(Domain, names.arn("kms", "key/12345678-1234-1234-1234-123456789012"))
    statements = [statement.to_dict() for statement in boundary_statements(names, keys)]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    assert len(text) <= MAX_CHARACTERS


def test_an_account_with_its_own_boundary_keeps_it() -> None:
    deployment = access(BOUNDARY)
    assert deployment.names("aws:iam/policy:Policy") == []
    assert deployment.outputs["access"] == {"permissionsBoundary": BOUNDARY}


def test_every_resource_of_the_boundary_is_of_this_stack() -> None:
    statements = [s.to_dict() for s in boundary_statements(NAMES, KEYS)]
    open_ended = [s["Sid"] for s in statements if "*" in s["Resource"]]
    assert open_ended == ["WithoutResource"]
    everything = [s["Sid"] for s in statements for r in s["Resource"] if r.endswith(":123456789012:*")]
    assert everything == []


def test_the_boundary_allows_no_change_of_permissions() -> None:
    statements = [s.to_dict() for s in boundary_statements(NAMES, KEYS)]
    actions = {action for s in statements for action in s["Action"]}
    assert {a for a in actions if a.startswith(("iam:", "organizations:", "sts:"))} == {"iam:PassRole"}
    assert actions == (
        {f"{service}:{verb}" for service, verbs in ACTIONS.items() for verb in verbs}
        | WITHOUT_RESOURCE
        | {"iam:PassRole", "kms:CreateGrant"}
    )
    volumes = next(s for s in statements if s["Sid"] == "EncryptVolumes")
    assert volumes["Resource"] == ["arn:key-models"]
    passing = next(s for s in statements if s["Action"] == ["iam:PassRole"])
    assert json.dumps(passing["Resource"]) == '["arn:aws:iam::123456789012:role/*-staging-*"]'
