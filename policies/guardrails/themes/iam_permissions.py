"""IAM: what permission policies may allow."""

from __future__ import annotations

from collections.abc import Callable

from pulumi_policy import Severity

from ..documents import Statement, settled, statements
from ..finding import Findings, independently
from ..levels import EVERYWHERE, FROM_STAGING
from ..patterns import matches, takes_no_resource
from ..reading import Prop
from ..resource import Resource
from ..rule import Controls
from ..schema import strings
from .iam_escalation import METHODS
from .theme import IAM as THEME

PERMISSION_POLICIES = ("iam/policy", "iam/rolePolicy", "iam/groupPolicy", "iam/userPolicy", "iam/role")
# Actions that read data itself (cloudsplaining's list of data exfiltration, with those of KMS.1 and KMS.2).
EXFILTRATION = (
    "s3:GetObject",
    "s3:GetObjectVersion",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "secretsmanager:GetSecretValue",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "sagemaker:GetRecord",
    "sagemaker:BatchGetRecord",
)
# An action that IAM does not have: only a pattern for all of IAM matches it.
_ANY_OF_IAM = "iam:" + 8 * "\0"
# Conditions that hold an action which must be allowed on * to the resources of the platform.
_SCOPING = ("aws:resourcetag/", "ec2:resourcetag/", "ec2:vpc", "ec2:subnet", "ec2:authorizedservice", "ecs:cluster")


def judged(resource: Resource, check: Callable[[Statement], str]) -> Findings:
    """The problem that `check` finds in each allowing statement of every permission document of a resource.

    `check` answers the problem in words, or nothing. A document that is not known yet leaves the others judged.
    """
    yield from independently(*(_judged(resource, document, check) for document in _documents(resource)))


def _documents(resource: Resource) -> list[Prop]:
    return resource.props("inlinePolicies[].policy" if resource.type.endswith(":Role") else "policy")


def _judged(resource: Resource, document: Prop, check: Callable[[Statement], str]) -> Findings:
    def problems(statement: Statement) -> Findings:
        problem = check(statement) if statement.allows else ""
        if problem:
            yield resource.violation(f"{document.path} {statement.label} {problem}")

    for statement in statements(document):
        yield from statement.judged(problems)


def _quoted(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


@THEME.policy(
    on=PERMISSION_POLICIES,
    mandatory=EVERYWHERE,
    severity=Severity.CRITICAL,
    controls=Controls(checkov="CKV_AWS_62 CKV_AWS_63 CKV2_AWS_40", fsbp="IAM.1", cis="1.15"),
    remedy="List the actions that the job calls, and the ARNs that it calls them on.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
)
def iam_no_admin_statement(resource: Resource) -> Findings:
    """No statement allows every action, or all of IAM."""

    def check(statement: Statement) -> str:
        broad = [action for action in statement.actions if matches(action, _ANY_OF_IAM)]
        return f"allows {_quoted(broad)}" if broad else ""

    yield from judged(resource, check)


@THEME.policy(
    on=PERMISSION_POLICIES,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(fsbp="IAM.21", guard="IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS"),
    remedy="List the actions of the service that the job calls.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
)
def iam_no_service_wildcard(resource: Resource) -> Findings:
    """No statement allows all actions of a service."""

    def check(statement: Statement) -> str:
        broad = [action for action in statement.actions if not action.partition(":")[2].strip("*?")]
        return f"allows {_quoted(broad)}" if broad else ""

    yield from judged(resource, check)


@THEME.policy(
    on=PERMISSION_POLICIES,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_355 CKV_AWS_290 CKV_AWS_289"),
    remedy="Name the ARNs; an action that takes no resource goes into a statement of its own.",
    url="https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
    settings={"allowedActions": strings("Actions that may be allowed on every resource although they take one.")},
)
def iam_no_resource_star(resource: Resource) -> Findings:
    """Only actions that take no resource are allowed on every resource.

    Which they are is a table made from the Service Authorization Reference. A wildcard action never counts as one, but
    for `Describe*` of a service none of whose descriptions takes a resource. A condition on a resource tag, a subnet or
    a VPC narrows the resources as well.
    """
    allowed = {action.lower() for action in resource.config["allowedActions"]}

    def check(statement: Statement) -> str:
        narrowed = any(key.startswith(_SCOPING) and statement.narrows(key) for _, key, _ in statement.conditions)
        if not statement.everywhere or narrowed:
            return ""
        loose = [
            action for action in statement.actions if not takes_no_resource(action) and action.lower() not in allowed
        ]
        return f"allows {_quoted(loose)} on every resource" if loose else ""

    yield from judged(resource, check)


@THEME.policy(
    on=PERMISSION_POLICIES,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_288 CKV_AWS_287", fsbp="KMS.1 KMS.2"),
    remedy="Name the buckets, secrets, parameters and keys that the job reads.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html",
)
def iam_no_data_exfiltration(resource: Resource) -> Findings:
    """No statement lets its holder read the data, secrets or ciphertexts of the whole account."""

    def check(statement: Statement) -> str:
        readable = [action for action in EXFILTRATION if statement.grants_throughout(action)]
        return f"allows {_quoted(readable)} on every resource" if readable else ""

    yield from judged(resource, check)


@THEME.policy(
    on=PERMISSION_POLICIES,
    mandatory=EVERYWHERE,
    severity=Severity.CRITICAL,
    controls=Controls(checkov="CKV_AWS_286"),
    remedy="Take one action of the way out, or name the roles, functions or projects it may be used on.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html",
)
def iam_no_privilege_escalation(resource: Resource) -> Findings:
    """No policy lets its holder give itself more rights.

    A way to more rights is a set of actions; it is open when all of them are allowed on every resource of their kind
    without a condition that narrows them, in one statement or several.
    """
    yield from independently(*(_escalations(resource, document) for document in _documents(resource)))


def _escalations(resource: Resource, document: Prop) -> Findings:
    def problems(read: list[Statement]) -> Findings:
        free = [each for each in read if each.allows and each.unconditional]
        ways = [
            f"{way} ({' and '.join(actions)})"
            for way, actions in METHODS.items()
            if all(any(statement.grants_throughout(action) for statement in free) for action in actions)
        ]
        if ways:
            yield resource.violation(f"{document.path} lets its holder {_quoted(ways, 2)}")

    yield from settled(statements(document), problems)


@THEME.policy(
    on=PERMISSION_POLICIES,
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(guard="IAM_POLICY_NO_WILDCARD_RESOURCE_ON_PASSROLE"),
    remedy="Name the role's ARN and test iam:PassedToService in a statement of its own.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
)
def iam_pass_role_scoped(resource: Resource) -> Findings:
    """A role may be passed by its ARN only, and to a named service only."""

    def check(statement: Statement) -> str:
        if not any(matches(action, "iam:PassRole") for action in statement.actions):
            return ""
        wild = [arn for arn in statement.resources if not _names_roles(arn)]
        if wild or statement.not_resources:
            return f"allows iam:PassRole on {_quoted(wild) or 'every resource but some'}"
        return "" if statement.narrows("iam:PassedToService") else "allows iam:PassRole to any service"

    yield from judged(resource, check)


def _names_roles(arn: str) -> bool:
    """Whether an ARN names a role, or the roles of a prefix, in an account."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or not parts[4].isdigit() or not parts[5].startswith("role/"):
        return False
    return parts[5].removeprefix("role/").strip("*?/") != ""


@THEME.policy(
    on=PERMISSION_POLICIES,
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(
        guard="IAM_ROLE_OR_POLICY_NO_ALLOW_PLUS_NOT_ACTION IAM_ROLE_OR_POLICY_NO_ALLOW_PLUS_NOT_RESOURCE"
    ),
    remedy="List what is allowed; keep NotAction and NotResource for statements that deny.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html",
)
def iam_no_not_action(resource: Resource) -> Findings:
    """No statement allows everything but some: it would allow what AWS adds tomorrow."""

    def check(statement: Statement) -> str:
        parts = (("NotAction", statement.not_actions), ("NotResource", statement.not_resources))
        used = [name for name, values in parts if values]
        return f"allows with {' and '.join(used)}" if used else ""

    yield from judged(resource, check)
