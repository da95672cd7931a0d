"""The roles of a delivery pipeline, and the identity providers whose tokens they are given for.

Two roles: `<prefix>-delivery-preview` reads, `<prefix>-delivery-deploy` changes. A stack that another one's pipeline
deploys has a third, which takes models over (`registering`). None can change another, itself,
the providers, the boundaries of the platform's roles, or the roles of people: those have an IAM path of their own
(`Names.admin_path`), and an administrator deploys what changes them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.delivery import builds, lake, permissions, registering, size, trust
from components.delivery.services import of as services_of
from components.delivery.stages import Builder
from components.ground import Ground
from components.ground.boundary import MAX_CHARACTERS
from components.ground.keys import Domain
from contracts.kinds.kind import Host
from contracts.layout import Layout
from contracts.names import Names
from settings import Delivery, GitHub, GitLab

#: How long a deployment may take: an endpoint that is rolled out step by step and baked.
DEPLOY_SECONDS: Final = 3 * 3600


@dataclass(frozen=True, kw_only=True)
class DeliveryRolesArgs:
    """`settings` is the section of the stack config; it names at least one who delivers. `hosts` run the stack's
    endpoints; with `glue` it has a job or a crawler of Glue, with `archives` a model may be promoted to an endpoint of
    several.
    """

    ground: Ground
    settings: Delivery
    hosts: Collection[Host] = ()
    glue: bool = False
    archives: bool = False


class DeliveryRoles(pulumi.ComponentResource):
    """The roles by what they are for.

    roles = DeliveryRoles("delivery", DeliveryRolesArgs(ground=ground, settings=settings.delivery))
    roles.arns["preview"]
    """

    arns: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: DeliveryRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:delivery:DeliveryRoles", name, None, opts)
        self._base, self._args = name, args
        self._made: list[pulumi.Resource] = []
        names, settings = args.ground.names, args.settings
        previews: list[Statement] = []
        deploys: list[Statement] = []
        if (github := settings.github) is not None:
            arn = self._provider_arn("github", github)
            previews.append(trust.github(arn, github, f"{names.stack}-preview"))
            deploys.append(trust.github(arn, github, names.stack))
        if (gitlab := settings.gitlab) is not None:
            arn = self._provider_arn("gitlab", gitlab)
            previews.append(trust.gitlab_previews(arn, gitlab))
            deploys.append(trust.gitlab_deploys(arn, gitlab))
        for where, deployer in self._pipelines():
            previews.append(trust.builds(where, builds.role(Builder.LOOK)))
            deploys.append(trust.builds(where, builds.role(deployer)))
        state, key = settings.state_bucket, settings.state_key
        objects = args.ground.keys[Domain.MODELS].arn
        services = services_of(args.hosts, pipelines=settings.codepipeline is not None, glue=args.glue)
        issuers = [who.issuer for who in (github, gitlab) if who]
        read = permissions.reading(names, issuers, objects, permissions.state(names, state, key, write=False), services)
        change = permissions.changing(names, objects, permissions.state(names, state, key, write=True), services)
        ground = permissions.changing_ground(names, args.ground.boundaries, services)
        if args.archives:
            change += access.place_archives(names, Layout("*"))
        if settings.signs:
            ground.append(permissions.signing(names))
        if guard := args.ground.lake_formation:
            read.append(lake.READS)
            ground.append(lake.TAGS)
        boundary = settings.permissions_boundary or self._policy(
            "boundary",
            "The most that the roles of delivery can do",
            size.bounding(names, [*read, *change, *ground]),
        )
        reading = self._policies("read", "What a preview reads", read)
        ground.append(permissions.unchanged(names))
        changing = [
            *self._policies("change", "What a deployment changes beside networks, keys and roles", change),
            *self._policies("ground", "What a deployment changes of networks, keys and roles, and never", ground),
        ]
        self.arns = {
            "preview": self._role(trust.PREVIEW, "Previews the stack: reads", previews, boundary, reading, 3600),
            "deploy": self._role(
                trust.DEPLOY, "Deploys the stack", deploys, boundary, [*reading, *changing], DEPLOY_SECONDS
            ),
            **self._registering(),
        }
        if guard:
            lake.granted(guard, f"{name}-lake", self.arns["deploy"], self)
        self.register_outputs({"arns": self.arns})

    def _registering(self) -> Mapping[str, pulumi.Output[str]]:
        """The role that takes over what the stack approved whose pipeline deploys this one. What it may do is its
        boundary too: that of the others would have to let them have it."""
        names, settings = self._args.ground.names, self._args.settings
        if not (by := settings.deployed_by) or not by.models_key:
            return {}
        theirs = names.elsewhere(by.stack, by.account, by.region)
        key = self._args.ground.keys[Domain.MODELS].arn
        statements = registering.registering(names, theirs, key, by.models_key)
        policy = self._policy("register", "What registers a model that another stack approved", statements)
        trusted = [trust.builds(theirs, builds.role(Builder.PRODUCTION))]
        boundary = settings.permissions_boundary or policy
        return {
            "register": self._role(
                trust.REGISTER, "Registers models that another stack approved", trusted, boundary, [policy], 3600
            )
        }

    def _pipelines(self) -> Iterator[tuple[Names, Builder]]:
        """The stacks whose pipelines deploy this one, each with its builder that does."""
        names, by = self._args.ground.names, self._args.settings.deployed_by
        if self._args.settings.codepipeline:
            yield names, Builder.DEPLOY
        if by:
            yield names.elsewhere(by.stack, by.account, by.region), Builder.PRODUCTION

    def _provider_arn(self, who: str, settings: GitHub | GitLab) -> str:
        """Known before the provider is there, so that who is trusted is judged at the preview."""
        if settings.provider:
            return settings.provider
        self._made.append(
            aws.iam.OpenIdConnectProvider(
                f"{self._base}-{who}",
                url=f"https://{settings.issuer}",
                client_id_lists=[trust.AUDIENCE],
                opts=pulumi.ResourceOptions(parent=self, protect=self._args.ground.protect),
            )
        )
        return permissions.provider_arn(self._args.ground.names, settings.issuer)

    def _policies(self, what: str, description: str, statements: Sequence[Statement]) -> list[pulumi.Output[str]]:
        policies = size.fitting(self._args.ground.names, statements)
        return [
            self._policy(what if number == 1 else f"{what}-{number}", description, policy)
            for number, policy in enumerate(policies, 1)
        ]

    def _policy(self, what: str, description: str, statements: Sequence[Statement]) -> pulumi.Output[str]:
        if (found := size.characters(self._args.ground.names, statements)) > MAX_CHARACTERS:
            raise pulumi.RunError(
                f"delivery: found {found} characters of policy {what!r}; allowed: {MAX_CHARACTERS}; shorten the names "
                "of stack or state bucket" + ("" if what != "boundary" else ", or name delivery.permissions_boundary")
            )
        return aws.iam.Policy(
            f"{self._base}-{what}",
            name=self._args.ground.names.resource(f"{trust.DELIVERY}-{what}"),
            path=self._args.ground.names.admin_path,
            description=description,
            policy=access.document(statements),
            opts=pulumi.ResourceOptions(parent=self),
        ).arn

    def _role(
        self,
        job: str,
        description: str,
        trusted: list[Statement],
        boundary: pulumi.Input[str],
        policies: Sequence[pulumi.Input[str]],
        seconds: int,
    ) -> pulumi.Output[str]:
        role = aws.iam.Role(
            f"{job}-role",
            name=self._args.ground.names.resource(job),
            path=self._args.ground.names.admin_path,
            description=description,
            assume_role_policy=trust.document(trusted),
            permissions_boundary=boundary,
            max_session_duration=seconds,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._made),
        )
        for number, policy in enumerate(policies, 1):
            aws.iam.RolePolicyAttachment(
                f"{job}-policy-{number}",
                role=role.name,
                policy_arn=policy,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return role.arn
