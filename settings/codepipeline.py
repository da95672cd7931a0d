"""Section `delivery.codepipeline`: the stack's own pipeline, from the source by this stack to production."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from contracts import partitions
from contracts.prices import told as usd
from settings.faults import Fault, repeated
from settings.keys import KeyArn
from settings.notifications import Email
from settings.section import Section, told

#: Hours that CodePipeline waits for an approval at most (user guide, "Quotas in AWS CodePipeline").
MAX_APPROVAL_HOURS: Final = 60 * 24
StackName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", examples=["prod"])]
AccountId = Annotated[str, Field(pattern=r"^\d{12}$", examples=["123456789012"])]
Region = Annotated[str, Field(pattern=partitions.REGION, examples=["eu-west-1"])]
BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", examples=["example-pulumi-state"])]
Branch = Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]+$", examples=["main"])]


class CodeConnections(Section):
    """A repository of GitHub, GitLab or Bitbucket, by a connection that an administrator has made and confirmed."""

    kind: Literal["codeconnections"]
    connection: str = Field(
        pattern=r"^arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection/[0-9a-f-]{36}$",
        examples=["arn:aws:codeconnections:eu-west-1:123456789012:connection/01234567-89ab-cdef-0123-456789abcdef"],
    )
    """ARN of the connection."""
    repository: str = Field(
        pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$",
        examples=["example/ml-platform"],
        json_schema_extra=told(risk="who may push to its branch deploys the stack; prod waits for an approval"),
    )
    """Owner and name of the repository."""
    branch: Branch = "main"
    """The branch that is delivered: protect it."""


class CodeCommit(Section):
    """A repository of CodeCommit in this account and region."""

    kind: Literal["codecommit"]
    repository: str = Field(
        pattern=r"^[\w.-]{1,100}$",
        examples=["ml-platform"],
        json_schema_extra=told(risk="who may push to its branch deploys the stack; prod waits for an approval"),
    )
    """Name of the repository."""
    branch: Branch = "main"
    """The branch that is delivered."""


class Archive(Section):
    """An object of S3 that another system puts there: the repository as one zip file."""

    kind: Literal["s3"]
    bucket: BucketName = Field(
        json_schema_extra=told(risk="who may write the object deploys the stack; prod waits for an approval"),
    )
    """A bucket of this account and region with versions and with events to EventBridge."""
    key: str = Field(pattern=r"^[\w!.*'()/-]+\.zip$", examples=["ml-platform.zip"])
    """Key of the object."""
    encryption_key: KeyArn | None = None
    """ARN of the KMS key that encrypts the object, which the pipeline may then use as far as that key's policy lets the
    account's IAM; none where S3 encrypts it."""


Source = Annotated[CodeConnections | CodeCommit | Archive, Field(discriminator="kind")]


class Production(Section):
    """The stack that this one's pipeline deploys after the approval. It names this one in `delivery.deployed_by`."""

    stack: StackName = "prod"
    """Name of the stack."""
    account: AccountId | None = None
    """Its account; by default this stack's."""
    region: Region | None = None
    """Its region; by default this stack's."""
    state_bucket: BucketName | None = None
    """Bucket with its Pulumi state; by default this stack's."""


class CodePipeline(Section):
    """AWS CodePipeline in this stack's account: check, images, this stack, tests of what it serves, an approval,
    production. A second pipeline delivers models that are approved in this stack's registry."""

    source: Source
    """Where the repository is."""
    production: Production = Production()
    """What is deployed after the approval."""
    image: str = Field(
        pattern=rf"^\d{{12}}\.dkr\.ecr\.[a-z0-9-]+\.({partitions.SUFFIX})/[\w./-]+@sha256:[0-9a-f]{{64}}$",
        examples=[f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/delivery@sha256:{'0' * 64}"],
    )
    """The image that builds run in, by digest: `.ci/codepipeline.Dockerfile`, pushed to a registry of the account."""
    approvers: tuple[Email, ...] = Field(default=(), json_schema_extra=told(risk="with none, nobody hears of it"))
    """E-mail addresses that are asked for approvals; each has to confirm once."""
    approval_hours: int = Field(default=72, ge=1, le=MAX_APPROVAL_HOURS)
    """How long an approval is waited for. Then the run has failed, and nothing of it reaches production."""
    trains: bool = Field(
        default=False,
        json_schema_extra=told(
            cost="a training run for each revision of the training image, contract or data",
            risk="no brake of `retraining` holds it back",
        ),
    )
    """Whether training starts, once this stack is deployed, where image, contract or data are new to its newest model.
    The model waits for its approval like any other."""
    inside_vpc: bool = Field(
        default=False,
        json_schema_extra=told(
            cost=f"a NAT gateway: {usd('ec2', 'NAT gateway', 'month')} a month for each",
            risk="without a way out, no build can install anything",
        ),
    )
    """Whether builds run in the stack's network. There they reach neither packages nor Pulumi's providers nor the
    registries of base images but through NAT, and they need nothing in it: AWS's API is what they call."""

    def faults(self) -> list[Fault]:
        """Addresses named twice."""
        return [*repeated("approvers", self.approvers)]


class DeployedBy(Section):
    """The stack whose pipeline deploys this one: its builds may take the roles of delivery."""

    stack: StackName = Field(
        default="staging",
        json_schema_extra=told(risk="who may change that stack's pipeline or its roles deploys this stack"),
    )
    """Name of the stack that has the pipeline."""
    account: AccountId | None = None
    """Its account; by default this stack's."""
    region: Region | None = None
    """Its region; by default this stack's."""
    models_key: KeyArn | None = None
    """The key of its artifacts bucket (`aws kms describe-key --key-id alias/mlplatform-<stack>-models`). Where it is
    named there is a role that registers here what that stack approved, which the pipeline of its models needs."""
