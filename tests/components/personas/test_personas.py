from __future__ import annotations

import json

import pulumi
import pytest

from components import personas
from components.personas.guarantees import GUARANTEES, denials
from contracts.names import MAX_STACK, Names
from settings import Access, Persona, Personas
from tests.components.engine import BOUNDARY, NAMES, Deployment, deploy, ground, permissions

SSO = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Engineer_*"
ROLE = "arn:aws:iam::123456789012:role/engineer"
ELSEWHERE = "arn:aws:iam::210987654321:user/ada"


def people(settings: Access) -> Deployment:
    return deploy(lambda: personas.build(ground(), settings, pulumi.ResourceOptions()))


def test_nobody_named_is_no_role() -> None:
    assert [r for r in people(Access()).resources if "people" in r.name] == []


def test_only_a_persona_that_somebody_is_has_a_role() -> None:
    deployment = people(Access(personas=Personas(mlops=(SSO,))))
    assert [r.name for r in deployment.all("aws:iam/role:Role")] == ["network-flow-logs-role-role", "people-mlops-role"]
    role = deployment.one("people-mlops-role")
    assert role.inputs["name"] == "mlplatform-staging-user-mlops"
    assert role.inputs["maxSessionDuration"] == 3600
    assert role.inputs["permissionsBoundary"].endswith("policy/mlplatform-staging-user-boundary")
    assert "Release" in permissions(deployment, "people-mlops")
    assert [r.name for r in deployment.all("aws:iam/policy:Policy")] == ["people-boundary"]


def test_who_works_with_data_has_another_boundary_than_who_moves_endpoints() -> None:
    deployment = people(Access(personas=Personas(data_scientist=(SSO,), mlops=(SSO,))))
    bounds = {
        name: deployment.one(name).inputs["permissionsBoundary"].rpartition("/")[2]
        for name in ("people-data-scientist-role", "people-mlops-role")
    }
    assert list(bounds.values()) == ["mlplatform-staging-user-data-boundary", "mlplatform-staging-user-boundary"]


def test_people_of_identity_center_are_trusted_by_the_names_of_their_roles() -> None:
    role = people(Access(personas=Personas(mlops=(SSO,)))).one("people-mlops-role")
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"] == [
        {
            "Sid": "AssumedByPeople",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::123456789012:root"]},
            "Action": ["sts:AssumeRole"],
            "Condition": {"ArnLike": {"aws:PrincipalArn": [SSO]}},
        }
    ]


def test_others_need_a_second_factor() -> None:
    settings = Personas(sign_in="mfa", mlops=(ROLE, ELSEWHERE))
    statement = personas.trust(settings.mlops, settings)
    assert statement.principal == {"AWS": ["arn:aws:iam::123456789012:root", "arn:aws:iam::210987654321:root"]}
    assert statement.conditions == {
        "ArnLike": {"aws:PrincipalArn": [ROLE, ELSEWHERE]},
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
    }


def test_an_account_with_its_own_boundary_keeps_it() -> None:
    deployment = people(Access(permissions_boundary=BOUNDARY, personas=Personas(auditor=(SSO,))))
    assert deployment.names("aws:iam/policy:Policy") == []
    assert deployment.one("people-auditor-role").inputs["permissionsBoundary"] == BOUNDARY


def test_names_of_roles_fit_with_the_longest_stack() -> None:
    names = Names(stack="s" * MAX_STACK, account="123456789012", region="eu-west-1")
    assert max(len(names.resource(persona.job)) for persona in Persona) <= 64


@pytest.mark.parametrize("persona", list(Persona))
def test_what_others_alone_may_do_is_denied(persona: Persona) -> None:
    found = {statement.sid for statement in denials(persona, NAMES)}
    assert found == {each.sid for each in GUARANTEES if persona not in each.holders}
    assert {"NobodyChangesPermissions", "NobodyDestroys"} <= found
    assert {statement.effect for statement in denials(persona, NAMES)} == {"Deny"}
