"""Events of the pipelines: what starts them, and who hears why one stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.delivery.stages import PACKAGE, pipeline
from components.models import registry
from contracts.delivery import DETAIL_TYPE, SOURCE
from contracts.names import EndpointNames, Names
from settings import Archive, CodeCommit, CodePipeline

#: States in which an action has ended a run; one that a newer run supersedes is none of them.
STOPPED: Final = ("ABANDONED", "FAILED")
_RETRY: Final = aws.cloudwatch.EventTargetRetryPolicyArgs(maximum_retry_attempts=10, maximum_event_age_in_seconds=3600)


@dataclass(frozen=True, kw_only=True)
class Told:
    """A rule and its one target. `name` is what the rule is called physically, `paths` and `template` make of an event
    what the target is given; without them it is given the event. `starts` says that the target is a pipeline."""

    role: str
    name: str
    description: str
    pattern: Mapping[str, Any]
    target_arn: pulumi.Input[str]
    paths: Mapping[str, str] | None = None
    template: str | None = None
    starts: bool = True


def source_changed(names: Names, settings: CodePipeline) -> Told | None:
    """What starts the pipeline of code; a connection needs no rule."""
    match settings.source:
        case CodeCommit(repository=repository, branch=branch):
            pattern = {
                "source": ["aws.codecommit"],
                "detail-type": ["CodeCommit Repository State Change"],
                "resources": [names.arn("codecommit", repository)],
                "detail": {
                    "event": ["referenceCreated", "referenceUpdated"],
                    "referenceType": ["branch"],
                    "referenceName": [branch],
                },
            }
        case Archive(bucket=bucket, key=key):
            pattern = {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {"bucket": {"name": [bucket]}, "object": {"key": [key]}},
            }
        case _:
            return None
    return Told(
        role="source",
        name=names.resource("delivery-source"),
        description="The repository has changed: deliver it",
        pattern=pattern,
        target_arn=names.arn("codepipeline", pipeline(names)),
    )


def model_approved(endpoint: EndpointNames) -> Told:
    """What starts the pipeline of an endpoint's models: somebody has approved a package of its workload."""
    return Told(
        role=f"{endpoint.workload}-{endpoint.endpoint}-approved",
        name=pipeline(endpoint),
        description=f"A model of {endpoint.workload} is approved: deliver it to {endpoint.endpoint}",
        pattern=registry.decided(endpoint, ["Approved"]),
        target_arn=endpoint.arn("codepipeline", pipeline(endpoint)),
        paths={"package": "$.detail.ModelPackageArn"},
        template=f'{{"variables": [{{"name": "{PACKAGE}", "value": <package>}}]}}',
    )


def stopped(names: Names, alerts: pulumi.Input[str]) -> Told:
    """Who hears of an action that failed, was rejected or ran out of time: people, with the reason."""
    return Told(
        role="stopped",
        name=names.resource("delivery-stopped"),
        description="A delivery has stopped",
        pattern={
            "source": ["aws.codepipeline"],
            "detail-type": ["CodePipeline Action Execution State Change"],
            "detail": {"pipeline": [{"prefix": names.delivery}], "state": list(STOPPED)},
        },
        target_arn=alerts,
        paths={
            "pipeline": "$.detail.pipeline",
            "stage": "$.detail.stage",
            "action": "$.detail.action",
            "run": "$.detail.execution-id",
            "reason": "$.detail.execution-result.external-execution-summary",
            "link": "$.detail.execution-result.external-execution-url",
        },
        template='"<pipeline> stopped at <stage>/<action>: <reason> Run <run>. <link>"',
        starts=False,
    )


def explained(names: Names, alerts: pulumi.Input[str]) -> Told:
    """Why a build has ended, in the words of the command that failed: `stopped` has the command alone, and comes also
    where a build could tell nothing any more."""
    paths = {name: f"$.detail.{name}" for name in ("pipeline", "build", "run", "reason", "link")}
    return Told(
        role="explained",
        name=names.resource("delivery-explained"),
        description="Why a build of a delivery has ended",
        pattern={
            "source": [SOURCE],
            "detail-type": [DETAIL_TYPE],
            "detail": {"pipeline": [{"prefix": names.delivery}]},
        },
        target_arn=alerts,
        paths=paths,
        template='"<pipeline> stops in <build>: <reason> Run <run>. <link>"',
        starts=False,
    )


def declare(
    name: str,
    told: Sequence[Told],
    role_arn: pulumi.Input[str],
    dead_letters_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """The rules with their targets; `role_arn` is who starts pipelines."""
    for each in told:
        rule = aws.cloudwatch.EventRule(
            f"{name}-{each.role}-rule",
            name=each.name,
            description=each.description,
            event_pattern=json.dumps(each.pattern, sort_keys=True),
            opts=opts,
        )
        transformer = aws.cloudwatch.EventTargetInputTransformerArgs(
            input_paths=dict(each.paths or {}), input_template=each.template or ""
        )
        aws.cloudwatch.EventTarget(
            f"{name}-{each.role}-target",
            rule=rule.name,
            target_id="pipeline" if each.starts else "alerts",
            arn=each.target_arn,
            role_arn=role_arn if each.starts else None,
            input_transformer=transformer if each.template else None,
            retry_policy=_RETRY,
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=dead_letters_arn),
            opts=opts,
        )
