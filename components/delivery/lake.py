"""What who deploys needs of Lake Formation: to make databases and tables and to tag them, and to read none.

Lake Formation, where a stack has it, asks for this beside what IAM allows. An administrator grants it, as all that
decides who reads.
"""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws

from components.access import Statement
from components.ground.lake_formation import Grant, LakeFormation, grant
from contracts.tables import OPEN, PERSONAL

#: Lake Formation's actions take no resource: that of a grant decides.
READS: Final = Statement(
    sid="ReadLakeFormation",
    effect="Allow",
    actions=tuple(
        f"lakeformation:{verb}"
        for verb in ("DescribeResource", "GetDataLakeSettings", "GetLFTag", "GetResourceLFTags", "ListPermissions")
    ),
    resources=("*",),
)
TAGS: Final = Statement(
    sid="TagTables",
    effect="Allow",
    actions=("lakeformation:AddLFTagsToResource", "lakeformation:RemoveLFTagsFromResource"),
    resources=("*",),
)
_BOTH: Final = (OPEN, PERSONAL)
_GRANTS: Final = (
    Grant(name="databases", kind="DATABASE", values=_BOTH, permissions=("ALTER", "CREATE_TABLE", "DESCRIBE", "DROP")),
    Grant(name="tables", kind="TABLE", values=_BOTH, permissions=("ALTER", "DESCRIBE", "DROP")),
)


def granted(guard: LakeFormation, name: str, principal: pulumi.Input[str], parent: pulumi.Resource) -> None:
    """The grants of the role that deploys."""
    opts = pulumi.ResourceOptions(parent=parent)
    aws.lakeformation.Permissions(
        f"{name}-catalog",
        principal=principal,
        permissions=["CREATE_DATABASE"],
        catalog_resource=True,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[guard]),
    )
    aws.lakeformation.Permissions(
        f"{name}-tag",
        principal=principal,
        permissions=["ASSOCIATE"],
        lf_tag=aws.lakeformation.PermissionsLfTagArgs(key=guard.tag, values=list(_BOTH)),
        opts=opts,
    )
    grant(guard, name, principal, _GRANTS, parent)
