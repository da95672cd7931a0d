"""Section `lake_formation`: who reads which columns of the catalog's tables."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.section import Section, told

#: A principal of IAM by its whole ARN: Lake Formation takes no pattern.
PrincipalArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:iam::\d{12}:(role|user)/([\w+=,.@-]+/)*[\w+=,.@-]+$",
        examples=["arn:aws:iam::123456789012:role/lake-administrator"],
    ),
]


class LakeFormation(Section):
    """Lake Formation decides who reads what of the tables, column by column: data scientists read accepted rows by
    queries, without what identifies a person, and no more by object."""

    administrators: tuple[PrincipalArn, ...] = Field(
        default=(),
        max_length=30,
        json_schema_extra=told(
            risk="an account has one list in a region: who is not named here administers no more. Databases that "
            "others make there from then on are opened by grants alone, and stay so when this goes"
        ),
    )
    """Who administers the account's Lake Formation: who deploys this stack by hand, and those that the account has
    already. They can grant everything to everybody. Lake Formation guards nothing of a stack that names nobody."""

    @property
    def guards(self) -> bool:
        """Whether the stack has Lake Formation decide."""
        return bool(self.administrators)
