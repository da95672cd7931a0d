"""Section `access`: identity and access management."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.section import Section, told

PolicyArn = Annotated[
    str,
    Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:policy/.+$", examples=["arn:aws:iam::123456789012:policy/boundary"]),
]


class Access(Section):
    """Identity and access management."""

    permissions_boundary: PolicyArn | None = Field(
        default=None,
        json_schema_extra=told(
            risk="the platform cannot judge a boundary that is not its own: too narrow, and jobs are refused"
        ),
    )
    """ARN of the account's own permissions boundary for every role; by default the platform makes one."""
