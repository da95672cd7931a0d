"""IAM: no credential stands in configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from ..finding import Findings, independently
from ..levels import EVERYWHERE
from ..reading import Prop
from ..resource import Resource
from ..rule import Controls
from .containers import containers
from .theme import IAM as THEME

# Forms of credentials by themselves, and names whose value is one unless it points elsewhere.
_CREDENTIAL = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_\w{36,}|\bxox[abpr]-[\w-]{10,}"
    r"|\bpul-[0-9a-f]{40}\b|://[^/\s:@]+:[^/\s:@]+@"
)
_NAME = re.compile(r"passw(?:or)?d|secret|token|(?:api|private|access)[_-]?key|credential", re.IGNORECASE)
_POINTER_NAME = re.compile(r"(?:arn|name|id|path|parameter|uri|url|prefix|version|ttl|seconds|file)$", re.IGNORECASE)
_POINTER_VALUE = re.compile(r"arn:|/|\{\{resolve:|ssm:|secretsmanager:|s3://|(?:true|false|\d+)$", re.IGNORECASE)


@THEME.policy(
    on=("lambda/function", "ecs/taskDefinition", "codebuild/project", "glue/job", "sagemaker/model"),
    mandatory=EVERYWHERE,
    severity=Severity.CRITICAL,
    controls=Controls(checkov="CKV_AWS_45", fsbp="ECS.8 CodeBuild.2", nag="AwsSolutions-ECS2"),
    remedy="Keep it in Secrets Manager, pass the secret's ARN, and rotate what has been written here.",
    url="https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html",
)
def no_plaintext_secrets(resource: Resource) -> Findings:
    """No password, key or token stands in an environment variable or argument.

    The value found is never shown.
    """
    yield from independently(*(_judge(name, value, kind) for name, value, kind in _settings(resource)))


def _judge(name: Prop | str, value: Prop, kind: Prop | None) -> Findings:
    """Whether a setting holds a credential; `kind` says of a build's variable where its value is looked up."""
    found = list(_credential(str(name.value) if isinstance(name, Prop) else name, value))
    yield from kind.when(lambda where: where in (None, "PLAINTEXT"), found) if kind else found


def _credential(name: str, prop: Prop) -> Findings:
    value = prop.text
    named = bool(_NAME.search(name)) and not _POINTER_NAME.search(name) and not _POINTER_VALUE.match(value)
    if value and (named or _CREDENTIAL.search(value)):
        yield prop.owner.violation(f"{prop.path} holds what looks like a credential")


def _settings(resource: Resource) -> Iterator[tuple[Prop | str, Prop, Prop | None]]:
    """Name, value and, for a build, kind of each environment variable or argument."""
    match resource.type.rpartition(":")[2]:
        case "Function":
            yield from _entries(resource.prop("environment.variables"))
        case "Model":
            for container in (*resource.props("primaryContainer"), *resource.props("containers[]")):
                yield from _entries(container.prop("environment"))
        case "Job":
            yield from _entries(resource.prop("defaultArguments"))
        case "Project":
            for variable in resource.props("environment.environmentVariables[]"):
                yield variable.prop("name"), variable.prop("value"), variable.prop("type")
        case _:
            for container in containers(resource.prop("containerDefinitions")):
                for variable in container.props("environment[]"):
                    yield variable.prop("name"), variable.prop("value"), None


def _entries(prop: Prop) -> list[tuple[str, Prop, None]]:
    return [("", prop, None)] if prop.unknown else [(name, entry, None) for name, entry in prop.entries()]
