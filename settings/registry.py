"""Section `registry`: models that one stack has approved and another one takes over."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.section import Section, told

RoleArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/([\w+=,.@-]+/)*[\w+=,.@-]+$",
        examples=["arn:aws:iam::210987654321:role/mlplatform-admin/prod/mlplatform-prod-delivery-register"],
    ),
]


class Source(Section):
    """A stack whose approved models are registered here, in the same region."""

    stack: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", examples=["staging"])
    """Its name; its workloads are called as here."""
    account: str = Field(pattern=r"^\d{12}$", examples=["123456789012"])
    """Its account, in quotes."""


class Registry(Section):
    """Models on their way from one stack to another: who reads those of this stack, and whose are taken over."""

    readers: tuple[RoleArn, ...] = Field(
        default=(),
        max_length=10,
        json_schema_extra=told(risk="these roles read models, reports and images of all workloads"),
    )
    """Roles of other accounts that take this stack's models over: prod's `delivery-register` (`outputs` has its ARN),
    or whoever runs `register` by hand and needs policies of their own that say the same. They need not be there yet;
    with a key of the account's own (`keys.existing`) its policy has to let them decrypt through S3."""
    source: Source | None = None
    """The stack that models come from: `python -m automation register` takes them over. By default the stack that
    deploys this one (`delivery.deployed_by`)."""
