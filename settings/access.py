"""Section `access`: identity and access management."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.section import Section

PolicyArn = Annotated[
    str,
    Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:policy/.+$", examples=["arn:aws:iam::123456789012:policy/boundary"]),
]


class Access(Section):
    """Identity and access management."""

    permissions_boundary: PolicyArn | None = None
    """ARN of the account's own permissions boundary for every role; by default the platform makes one."""
