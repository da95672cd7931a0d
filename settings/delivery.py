"""Section `delivery`: who may preview and deploy the stack from outside, without a stored key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from settings.access import PolicyArn
from settings.codepipeline import BucketName, CodePipeline, DeployedBy
from settings.faults import Fault
from settings.keys import KeyArn
from settings.section import Section, told

ProviderArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:iam::\d{12}:oidc-provider/.+$",
        examples=["arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"],
    ),
]
#: Who may deliver a stack.
DELIVERERS: Final = ("delivery.github", "delivery.gitlab", "delivery.codepipeline", "delivery.deployed_by")
Issuer = Annotated[str, Field(pattern=r"^[a-z0-9.-]+(/[A-Za-z0-9._/-]+)?$", examples=["gitlab.example.com"])]


class GitHub(Section):
    """Workflows of one repository. Its environments `<stack>` and `<stack>-preview` are the two that are let in."""

    repository: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$",
        examples=["example/ml-platform"],
        json_schema_extra=told(risk="who may change its workflows or its environments deploys the stack"),
    )
    """Owner and name of the repository."""
    owner_id: int | None = Field(default=None, ge=1)
    """The owner's number, where the repository's tokens carry it (`repo:example@1/ml-platform@2:...`)."""
    repository_id: int | None = Field(default=None, ge=1)
    """The repository's number, likewise."""
    issuer: Issuer = "token.actions.githubusercontent.com"
    """Who signs the tokens, without https://. A GitHub Enterprise Server is `<host>/_services/token`."""
    provider: ProviderArn | None = None
    """ARN of the account's identity provider for that issuer, which it can have once. By default one is made."""

    def faults(self) -> Iterator[Fault]:
        """One number without the other, or a provider for somebody else's tokens."""
        if (self.owner_id is None) != (self.repository_id is None):
            missing = "owner_id" if self.owner_id is None else "repository_id"
            yield Fault(
                missing, "nothing", "both numbers or none", "the token's `sub` shows them: give both or neither"
            )
        yield from _other_issuer(self.provider, self.issuer)


class GitLab(Section):
    """Pipelines of one project. Its protected branch deploys; every branch previews, which only reads."""

    project: str = Field(
        pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$",
        examples=["example/ml-platform"],
        json_schema_extra=told(risk="who may push to its branch deploys the stack"),
    )
    """Path of the project with its groups."""
    branch: str = Field(default="main", pattern=r"^[A-Za-z0-9._/-]+$", examples=["main"])
    """The branch that deploys: protect it."""
    issuer: Issuer = "gitlab.com"
    """Who signs the tokens, without https://."""
    provider: ProviderArn | None = None
    """ARN of the account's identity provider for that issuer, which it can have once. By default one is made."""

    def faults(self) -> Iterator[Fault]:
        """A provider for somebody else's tokens."""
        return _other_issuer(self.provider, self.issuer)


class Delivery(Section):
    """Roles that a delivery pipeline takes, with a token of its own (OpenID Connect) or as builds of CodePipeline: one
    that reads, for previews and the check for drift, and one that deploys. Where nobody delivers there is neither."""

    github: GitHub | None = None
    """GitHub Actions."""
    gitlab: GitLab | None = None
    """GitLab CI."""
    codepipeline: CodePipeline | None = None
    """AWS CodePipeline in this stack's account, which deploys this stack and then production."""
    deployed_by: DeployedBy | None = None
    """The stack whose CodePipeline deploys this one as its production."""
    state_bucket: BucketName | None = None
    """Bucket with Pulumi's state, which both roles read and the second writes; none where the state is elsewhere."""
    state_key: KeyArn | None = Field(
        default=None,
        json_schema_extra=told(risk="both roles can read the stack's secrets, which this key encrypts"),
    )
    """ARN of the key of Pulumi's secrets and of that bucket."""
    permissions_boundary: PolicyArn | None = None
    """ARN of a boundary of the account's own for both roles; by default the platform makes one."""

    def faults(self) -> Iterator[Fault]:
        """Roles' means without anybody who could take them, a pipeline that cannot find Pulumi's state."""
        if self.codepipeline and not self.state_bucket:
            advice = "name it; builds have no token of Pulumi Cloud"
            yield Fault("state_bucket", "nothing", "a bucket, with delivery.codepipeline", advice)
        for name in ("state_bucket", "state_key", "permissions_boundary"):
            if getattr(self, name) and not self.delivers:
                advice = "say who delivers, or drop it"
                yield Fault(name, getattr(self, name), f"with {', '.join(DELIVERERS)}", advice)

    @property
    def delivers(self) -> bool:
        """Whether somebody delivers the stack from outside."""
        return any(getattr(self, name.rpartition(".")[2]) for name in DELIVERERS)

    @property
    def signs(self) -> bool:
        """Whether images of the stack are signed with a key: builds of CodePipeline have no token that says who."""
        return bool(self.codepipeline or self.deployed_by)


def _other_issuer(provider: str | None, issuer: str) -> Iterator[Fault]:
    if provider and provider.partition(":oidc-provider/")[2] != issuer:
        yield Fault("provider", provider, f"one for {issuer}", "name that issuer's provider, or set issuer")
