"""What the pipelines of a stack do, stage by stage, as data: one for code, and one for each endpoint's models.

That of code delivers this stack first, tests what it serves, and waits for an approval of what was found; then the
stack that is named as production. What builds do is in `buildspecs/`, and `.ci/stages.yaml` names the same stages with
the same commands for whoever else carries them out.

That of models brings a package to this stack's endpoint, on the code that the stack has already, which its build sees
to: somebody who approved a model has not approved code. After an approval of how it serves there, the same model is
registered in production's registry, and brought to its endpoint. Where production is in another region it is not: what
a package consists of is copied within one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from components.delivery.trust import DELIVERY, DEPLOY, PREVIEW, REGISTER
from components.service import Service
from contracts import partitions
from contracts.names import EndpointNames, Names, WorkloadNames
from settings import Archive, CodeCommit, CodeConnections, CodePipeline

#: A deployment changes neither: it could leave out its own approval.
SERVICES: Final = (
    Service("codebuild", types="codebuild/project", named="project/{every}", reads="BatchGetProjects"),
    Service("codepipeline", types="codepipeline/pipeline", named="{every}", reads="GetPipeline ListTagsForResource"),
)
#: Artifacts: the repository at one revision, and the built images.
SOURCE: Final = "source"
IMAGES: Final = "images"
#: What starts a run of the pipeline of models: the ARN of the package that was approved.
PACKAGE: Final = "PACKAGE"
#: What this stack had when it was deployed, as `automation delivered` says it: what is approved.
STAGED: Final = "#{deployed.STAGED}"
#: Digests of the images that this stack got, which production gets or none.
SHIPPED: Final = "#{deployed.IMAGES}"
#: The run of the pipeline, for whoever is told why it ended.
RUN: Final = "#{codepipeline.PipelineExecutionId}"
#: ARN of the package in production's registry.
REGISTERED: Final = "#{registered.REGISTERED}"


class Builder(StrEnum):
    """Whom a build is: each has a role of its own, and takes roles of delivery or none."""

    PLAIN = "build"
    """Takes none: runs the repository's code, and what that installs."""
    LOOK = "build-look"
    """Takes the roles of previews, which read."""
    DEPLOY = "build-deploy"
    """Takes the role that deploys this stack."""
    PRODUCTION = "build-production"
    """Takes the roles that deploy production and register models there."""
    TRAIN = "build-train"
    """Takes none: starts this stack's training itself."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """A project of CodeBuild. `large` builds have four processors; `minutes` is when one that hangs is ended; `takes`
    is the role of delivery that it is on its stack."""

    name: str
    buildspec: str
    builder: Builder
    minutes: int
    takes: str = DEPLOY
    images: bool = False
    large: bool = False


#: All projects: the last three deliver models, `approved` both, the others code; `train` where the stack says so.
BUILDS: Final = (
    Build(name="check", buildspec="check", builder=Builder.PLAIN, minutes=60, large=True),
    Build(name="images", buildspec="images", builder=Builder.PLAIN, minutes=60, images=True, large=True),
    Build(name="deploy", buildspec="deploy", builder=Builder.DEPLOY, minutes=180),
    Build(name="deploy-production", buildspec="deploy", builder=Builder.PRODUCTION, minutes=180),
    Build(name="train", buildspec="train", builder=Builder.TRAIN, minutes=15),
    Build(name="brief", buildspec="brief", builder=Builder.LOOK, minutes=30, takes=PREVIEW),
    Build(name="approved", buildspec="approved", builder=Builder.LOOK, minutes=15, takes=PREVIEW),
    Build(name="model", buildspec="model", builder=Builder.DEPLOY, minutes=180),
    Build(name="register", buildspec="register", builder=Builder.PRODUCTION, minutes=60, takes=REGISTER),
    Build(name="model-production", buildspec="model", builder=Builder.PRODUCTION, minutes=180),
)
_BY_NAME: Final = {build.name: build for build in BUILDS}


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action in CodePipeline's words; values of `configuration` are text."""

    name: str
    category: str
    provider: str
    configuration: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    namespace: str | None = None
    order: int = 1
    minutes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage."""

    name: str
    actions: Sequence[Action]


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What a pipeline needs to know: its stack, production, the section of the config, where Pulumi's state is."""

    names: Names
    production: Names
    settings: CodePipeline
    state_bucket: str
    approvals: str
    """ARN of the topic where approvals are asked for."""
    workloads: Sequence[WorkloadNames] = ()
    """Those of the stack."""

    @property
    def builds(self) -> Sequence[Build]:
        """The projects that it has."""
        return [each for each in BUILDS if self.settings.trains or each.builder is not Builder.TRAIN]

    @property
    def builders(self) -> Sequence[Builder]:
        """Whom its builds are."""
        return [each for each in Builder if any(build.builder is each for build in self.builds)]


def of_code(of: Delivered) -> list[Stage]:
    """From a change of the repository."""
    deployed = _build("deploy", of, of.names, inputs=(SOURCE, IMAGES), namespace="deployed")
    trained = [
        _build("train", of, of.names, {"WORKLOAD": each.workload}, order=2, called=f"train-{each.workload}")
        for each in (of.workloads if of.settings.trains else ())
    ]
    brief = _build("brief", of, of.production, order=2, namespace="brief")
    approved = _build("approved", of, of.names, {"APPROVED": STAGED})
    images = {"APPROVED_IMAGES": SHIPPED}
    production = _build("deploy-production", of, of.production, images, inputs=(SOURCE, IMAGES), order=2)
    return [
        _source(of.settings, starts=True),
        Stage(name="Check", actions=[_build("check", of)]),
        Stage(name="Images", actions=[_build("images", of, outputs=(IMAGES,))]),
        Stage(name="Deploy", actions=[deployed, brief, *trained]),
        _approval(of, f"Deploy revision {_revision(of.settings)} to {of.production.stack}?", brief=True),
        # This stack has to be what was approved: an approval may be days old.
        Stage(name="Production", actions=[approved, production]),
    ]


def of_models(of: Delivered, endpoint: EndpointNames) -> list[Stage]:
    """From an approved package of the registry, whose ARN is the variable `PACKAGE` of the run."""
    package = f"#{{variables.{PACKAGE}}}"
    only = {"WORKLOAD": endpoint.workload, "ENDPOINT": endpoint.endpoint}
    staged = [
        _source(of.settings, starts=False),
        Stage(name="Deploy", actions=[_build("model", of, of.names, only | {PACKAGE: package}, namespace="deployed")]),
    ]
    if of.production.region != of.names.region:
        return staged
    approved = _build("approved", of, of.names, only | {"APPROVED": STAGED})
    registered = _build("register", of, of.production, only | {PACKAGE: package}, namespace="registered", order=2)
    production = _build("model-production", of, of.production, only | {PACKAGE: REGISTERED}, order=3)
    question = f"Deliver model {package} to {endpoint.workload}/{endpoint.endpoint} of {of.production.stack}?"
    return [
        *staged,
        _approval(of, question, endpoint),
        Stage(name="Production", actions=[approved, registered, production]),
    ]


def pipeline(names: Names) -> str:
    """Name of the pipeline: of a stack's code, or of an endpoint's models. All begin alike, and so what they hand on is
    below one prefix (`contracts.layout.delivery`), whatever workloads there are."""
    of_models = f"-{names.workload}-{names.endpoint}" if isinstance(names, EndpointNames) else ""
    return f"{names.delivery}{of_models}"


def project(names: Names, build: str) -> str:
    """Name of a project."""
    return names.resource(f"{DELIVERY}-{build}")


def signing_key(names: Names) -> str:
    """Alias of the key that signs a stack's images."""
    return f"alias/{names.resource(f'{DELIVERY}-images')}"


def _source(settings: CodePipeline, *, starts: bool) -> Stage:
    """Where the repository is. A connection starts runs itself, and otherwise an event rule does (`events`)."""
    match settings.source:
        case CodeConnections() as found:
            provider = "CodeStarSourceConnection"
            configuration = {
                "ConnectionArn": found.connection,
                "FullRepositoryId": found.repository,
                "BranchName": found.branch,
                "OutputArtifactFormat": "CODE_ZIP",
                "DetectChanges": "true" if starts else "false",
            }
        case CodeCommit() as found:
            provider = "CodeCommit"
            configuration = {
                "RepositoryName": found.repository,
                "BranchName": found.branch,
                "OutputArtifactFormat": "CODE_ZIP",
                "PollForSourceChanges": "false",
            }
        case Archive() as found:
            provider = "S3"
            configuration = {"S3Bucket": found.bucket, "S3ObjectKey": found.key, "PollForSourceChanges": "false"}
    action = Action(
        name=SOURCE,
        category="Source",
        provider=provider,
        configuration=configuration,
        outputs=(SOURCE,),
        namespace=SOURCE,
    )
    return Stage(name="Source", actions=[action])


def _revision(settings: CodePipeline) -> str:
    """The variable of the source action that says which revision it is."""
    return f"#{{{SOURCE}.{'VersionId' if isinstance(settings.source, Archive) else 'CommitId'}}}"


def _approval(of: Delivered, question: str, endpoint: EndpointNames | None = None, *, brief: bool = False) -> Stage:
    """Asks a person; of an endpoint's model, or without one of code."""
    name = pipeline(endpoint or of.names)
    region, hours = of.names.region, of.settings.approval_hours
    console = partitions.of(region).console  # some partitions publish none
    place = f"https://{region}.{console}" if console else None
    found = f" {of.production.stack}: #{{brief.BRIEF}} Details: #{{brief.DETAILS}}" if brief else ""
    if endpoint:
        dashboard = endpoint.of_its_workload.prefix
        where = f"{place}/cloudwatch/home?region={region}#dashboards/dashboard/{dashboard}" if place else dashboard
        found = f" Price: a model changes none. Dashboard: {where}"
    message = (
        f"{question} {of.names.stack}: #{{deployed.TESTED}}{found} Without an answer in {hours} h nothing is deployed."
    )
    link = (
        {"ExternalEntityLink": f"{place}/codesuite/codepipeline/pipelines/{name}/view?region={region}"} if place else {}
    )
    action = Action(
        name="approve",
        category="Approval",
        provider="Manual",
        configuration={"NotificationArn": of.approvals, "CustomData": message, **link},
        minutes=60 * hours,
    )
    return Stage(name="Approval", actions=[action])


def _build(
    name: str,
    of: Delivered,
    stack: Names | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    inputs: Sequence[str] = (SOURCE,),
    outputs: Sequence[str] = (),
    namespace: str | None = None,
    order: int = 1,
    called: str = "",
) -> Action:
    """An action that runs a project, on a stack as the role that its builder takes there, or on none; `called` is its
    name where it is not the project's."""
    given = {"REVISION": _revision(of.settings), **(variables or {})}
    if stack is not None:
        role = stack.admin_role_arn(_BY_NAME[name].takes)
        bucket = of.state_bucket if stack is of.names else of.settings.production.state_bucket or of.state_bucket
        given |= {
            "RUN": RUN,
            "STACK": stack.stack,
            "ROLE": role,
            "PULUMI_BACKEND_URL": f"s3://{bucket}",
            "SIGNING_KEY": f"awskms:///{stack.arn('kms', signing_key(stack))}",
        }
    listed = [{"name": key, "value": given[key], "type": "PLAINTEXT"} for key in sorted(given)]
    primary = {"PrimarySource": inputs[0]} if len(inputs) > 1 else {}
    return Action(
        name=called or name,
        category="Build",
        provider="CodeBuild",
        configuration={"ProjectName": project(of.names, name), "EnvironmentVariables": json.dumps(listed), **primary},
        inputs=inputs,
        outputs=outputs,
        namespace=namespace,
        order=order,
    )
