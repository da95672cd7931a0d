"""Lake Formation: who reads which columns of the lake's tables is said by tags on them, and by grants of tags.

Every table and column of the stack is `personal` unless it is tagged `open`, so a column that comes to a contract is
closed until its tag says otherwise. Grants name tags and no tables: a workload more changes none of them.

Settings, the registered bucket and the tag are what an account has once in a region. The settings stay when the stack
goes: an account whose administrators were taken away could not be administered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground.keys import Domain, Keys
from components.service import Service
from contracts.layout import Layout
from contracts.names import Names
from contracts.tables import OPEN, PERSONAL, places
from settings import LakeFormation as LakeFormationSettings

#: AWS services of what is made here (`components.service`). Where a stack has it, who deploys may put tags on tables
#: (`components.delivery.lake`); what decides who reads, an administrator alone deploys.
SERVICES: Final = (
    Service(
        "lakeformation",
        types="lakeformation/dataLakeSettings lakeformation/lfTag lakeformation/permissions lakeformation/resource "
        "lakeformation/resourceLfTags",
    ),
)
_LAKE_FORMATION: Final = "lakeformation.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class LakeFormationArgs:
    """`bucket` is the ARN of the processed bucket."""

    names: Names
    keys: Keys
    settings: LakeFormationSettings
    bucket: pulumi.Input[str]
    permissions_boundary: pulumi.Input[str]


class LakeFormation(pulumi.ComponentResource):
    """The account's settings, the bucket that Lake Formation lends access to, and the tag of the stack's tables.

    guard = LakeFormation("lake-formation", LakeFormationArgs(names=names, keys=keys, settings=settings, ...))
    guard.tag
    """

    tag: pulumi.Output[str]

    def __init__(self, name: str, args: LakeFormationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:ground:LakeFormation", name, None, opts)
        names, child = args.names, pulumi.ResourceOptions(parent=self)
        settings = aws.lakeformation.DataLakeSettings(
            f"{name}-settings",
            # Without default permissions, which would leave what is made from here on to IAM alone.
            admins=list(args.settings.administrators),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[settings])
        role = access.Role(
            f"{name}-role",
            access.RoleArgs(
                names=names,
                job="lake-formation",
                service=_LAKE_FORMATION,
                names_source=False,
                description="Lake Formation lends it to who reads tables",
                statements=lending_statements(names, args.keys[Domain.PROCESSED].arn),
                permissions_boundary=args.permissions_boundary,
            ),
            child,
        )
        aws.lakeformation.Resource(f"{name}-bucket", arn=args.bucket, role_arn=role.arn, opts=after)
        tag = aws.lakeformation.LfTag(
            f"{name}-tag", key=names.resource("sensitivity"), values=[OPEN, PERSONAL], opts=after
        )
        self.tag = tag.key
        self.register_outputs({"tag": self.tag})


def lending_statements(names: Names, key_arn: pulumi.Input[str]) -> list[Statement]:
    """Reading what tables lie on, of every workload (Lake Formation developer guide, "Requirements for roles used to
    register locations")."""
    bucket = names.processed_bucket
    files = [names.bucket_arn(bucket, f"{prefix}*") for prefix in places(Layout("*"))]
    return [
        access.allow("ReadFiles", ["s3:GetObject"], files),
        access.allow("FindFiles", ["s3:ListBucket"], [names.bucket_arn(bucket)]),
        access.use_key("DecryptTables", [key_arn], write=False),
    ]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a role may do with databases or tables (`kind`) that have one of the `values` of the stack's tag."""

    name: str
    kind: str
    values: Sequence[str]
    permissions: Sequence[str]


def grant(
    guard: LakeFormation, name: str, principal: pulumi.Input[str], grants: Sequence[Grant], parent: pulumi.Resource
) -> None:
    """Make the grants; nobody gets leave to hand them on."""
    for each in grants:
        aws.lakeformation.Permissions(
            f"{name}-{each.name}",
            principal=principal,
            permissions=list(each.permissions),
            lf_tag_policy=aws.lakeformation.PermissionsLfTagPolicyArgs(
                resource_type=each.kind,
                expressions=[
                    aws.lakeformation.PermissionsLfTagPolicyExpressionArgs(key=guard.tag, values=list(each.values))
                ],
            ),
            opts=pulumi.ResourceOptions(parent=parent),
        )


def tagged(guard: LakeFormation, name: str, value: str, of: Mapping[str, object], opts: pulumi.ResourceOptions) -> None:
    """Put the stack's tag with a value on a database, or on columns (`of`, as ResourceLfTags takes it).

    Another set of columns is another association, and the former is taken away first: it would take the tags along.
    """
    aws.lakeformation.ResourceLfTags(
        name,
        lf_tags=[aws.lakeformation.ResourceLfTagsLfTagArgs(key=guard.tag, value=value)],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True)),
        **of,  # pyright: ignore[reportArgumentType]
    )
