"""IAM: who may take a role, and what roles carry beside their own statements."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pulumi_policy import Severity

from ..documents import Statement, statements
from ..finding import Findings
from ..levels import EVERYWHERE, FROM_STAGING, IN_PROD
from ..patterns import service_name
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from ..schema import strings, text
from .theme import IAM as THEME

# Services that do not send aws:SourceAccount or aws:SourceArn when they take a role, so a condition would lock them out
# (IAM User Guide, "The confused deputy problem", and the services' own pages).
SERVICES_WITHOUT_SOURCE = (
    "ec2.amazonaws.com",
    "edgelambda.amazonaws.com",
    "eks.amazonaws.com",
    "eks-fargate-pods.amazonaws.com",
    "lambda.amazonaws.com",
    "pods.eks.amazonaws.com",
    "spotfleet.amazonaws.com",
)
# Managed policies of AWS that are broad by another name (AWS Managed Policy Reference Guide).
_BROAD = frozenset({"DatabaseAdministrator", "ReadOnlyAccess", "SecretsManagerReadWrite", "SystemAdministrator"})
_MANAGED = {"Role": "managedPolicyArns[]", "RolePolicyAttachmentsExclusive": "policyArns[]"}
_SOURCE_KEYS = ("aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID")
_CALLER_KEYS = ("sts:ExternalId", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:MultiFactorAuthPresent")


@THEME.policy(
    on="iam/role",
    mandatory=EVERYWHERE,
    severity=Severity.CRITICAL,
    controls=Controls(checkov="CKV_AWS_60 CKV_AWS_61 CKV_AWS_393"),
    remedy="Name the principal; test aws:SourceAccount for a service and the sub claim for an identity provider.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
    settings={"servicesWithoutSource": strings("Services that send no source.", SERVICES_WITHOUT_SOURCE)},
)
def iam_trust_policy_scoped(role: Resource) -> Findings:
    """A role trusts named principals only, and a service only on behalf of this account."""
    exempt = set(map(service_name, role.config["servicesWithoutSource"]))

    def problems(statement: Statement) -> Findings:
        for problem in _trust_problems(statement, exempt) if statement.allows else ():
            yield role.violation(f"assumeRolePolicy {statement.label} {problem}")

    for statement in statements(role.prop("assumeRolePolicy")):
        yield from statement.judged(problems)


def _trust_problems(statement: Statement, services_without_source: set[str]) -> Iterable[str]:
    if statement.not_principals:
        yield "trusts everyone but some"
    for kind, name in statement.principals:
        if name == "*":
            yield "trusts everyone"
        elif kind == "Service" and service_name(name) not in services_without_source and not _names_source(statement):
            yield f"trusts {name} for any account: no condition on aws:SourceAccount or aws:SourceArn"
        elif (
            kind == "AWS"
            and (name.endswith(":root") or name.isdigit())
            and not any(statement.narrows(key) for key in _CALLER_KEYS)
        ):
            yield f"trusts every principal of {name}: no condition on sts:ExternalId or aws:PrincipalArn"
        elif kind == "Federated" and not _subject(statement):
            yield f"trusts everyone whom {name} knows: no condition on the sub claim"


def _names_source(statement: Statement) -> bool:
    """Whether a service is held to a source.

    `IfExists` counts: it binds every service that says for whom it acts, and locks out none that does not.
    """
    return any(statement.narrows(key, if_exists=True) for key in _SOURCE_KEYS)


def _subject(statement: Statement) -> bool:
    """Whether the subject of a web identity is tested; SAML names its audience instead."""
    claims = [key for _, key, _ in statement.conditions if key.endswith((":sub", "saml:aud"))]
    return any(
        statement.narrows(key) and all(_names_owner(value) for value in statement.condition(key)) for key in claims
    )


def _names_owner(subject: str) -> bool:
    """Whether a subject says whose it is: `repo:owner/*` does, `repo:*` and `repo:own*` admit repositories of others.

    (GitHub Docs, "OpenID Connect reference"; Kubernetes names `system:serviceaccount:<namespace>:<name>`.)
    """
    owner = re.split("[/:]", re.sub("^(repo|system:serviceaccount):", "", subject), maxsplit=1)[0]
    return "*" not in owner and "?" not in owner


@THEME.policy(
    on=(
        "iam/rolePolicyAttachment",
        "iam/policyAttachment",
        "iam/userPolicyAttachment",
        "iam/groupPolicyAttachment",
        "iam/rolePolicyAttachmentsExclusive",
        "iam/role",
    ),
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_274 CKV2_AWS_56", fsbp="IAM.1"),
    remedy="Write a policy with the actions and ARNs that the job needs.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-use-aws-defined-policies",
)
def iam_no_broad_managed_policy(holder: Resource) -> Findings:
    """No role carries a managed policy that allows whole services."""
    for arn in holder.props(_MANAGED.get(holder.type.rpartition(":")[2], "policyArn")):
        yield from arn.judged(lambda value: not _is_broad(str(value)), "a policy made for the job")


def _is_broad(arn: str) -> bool:
    """Whether a policy of AWS allows whole services, or reads the data of the whole account."""
    name = arn.rpartition("/")[2]
    broad = "FullAccess" in name or "PowerUser" in name or name.startswith("AdministratorAccess") or name in _BROAD
    return broad and ":aws:policy/" in arn


@THEME.policy(
    on="iam/role",
    mandatory=IN_PROD,
    severity=Severity.LOW,
    remedy="Set permissions_boundary to the ARN of the account's boundary policy.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    settings={"boundaryArn": text("Boundary that a remediation sets; without one nothing is remediated.")},
)
def iam_permissions_boundary(role: Resource) -> Findings:
    """Every role has a permissions boundary, so that no later policy can lift it above the platform."""
    yield from role.prop("permissionsBoundary").must_be_set("the ARN of a boundary policy")


@iam_permissions_boundary.remediation
def _(draft: Draft) -> None:
    if draft.config["boundaryArn"]:
        draft.set("permissionsBoundary", draft.config["boundaryArn"])


@THEME.policy(
    on=("iam/user", "iam/accessKey", "iam/userLoginProfile"),
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_273 CKV_AWS_40", fsbp="IAM.2"),
    remedy="Let people sign in through IAM Identity Center, and machines take a role.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-users-federation-idp",
)
def iam_no_users_or_keys(identity: Resource) -> Findings:
    """The platform makes no IAM users and no access keys."""
    yield identity.violation("it is a lasting identity")


@THEME.policy(
    on="ecs/taskDefinition",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_249"),
    remedy="Give the task a role of its own, apart from the one that pulls images and writes logs.",
    url="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-iam-roles.html",
)
def ecs_distinct_roles(task: Resource) -> Findings:
    """A task's code runs under another role than the agent that starts it."""
    execution, own = task.prop("executionRoleArn"), task.prop("taskRoleArn")
    if own.value is not None and execution.value == own.value:
        yield task.violation("executionRoleArn and taskRoleArn are the same role")


@THEME.policy(
    on=("lakeformation/dataLakeSettings", "lakeformation/permissions"),
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    remedy="Remove IAM_ALLOWED_PRINCIPALS, name single permissions, and leave grant options to the administrators.",
    url="https://docs.aws.amazon.com/lake-formation/latest/dg/change-settings.html",
    settings={"administrators": strings("ARNs of principals that may hold grant options.")},
)
def lakeformation_no_iam_allowed_principals(resource: Resource) -> Findings:
    """Lake Formation decides who reads the lake: nothing falls back to IAM, and nobody holds everything."""
    if resource.type.endswith(":DataLakeSettings"):
        for path in ("createDatabaseDefaultPermissions[].principal", "createTableDefaultPermissions[].principal"):
            for principal in resource.props(path):
                yield from principal.judged(lambda name: name != "IAM_ALLOWED_PRINCIPALS", "a role")
        return
    principal = resource.prop("principal")
    yield from principal.judged(lambda name: name != "IAM_ALLOWED_PRINCIPALS", "a role")
    for permission in resource.props("permissions[]"):
        yield from permission.judged(lambda name: name not in ("ALL", "SUPER"), "a single permission")
    options = resource.prop("permissionsWithGrantOptions")
    found = options.judged(lambda names: not names, "empty for anyone but an administrator")
    yield from principal.when(lambda name: name not in resource.config["administrators"], found)
