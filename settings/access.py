"""Section `access`: identity and access management."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from contracts.names import USER
from settings.faults import Fault, repeated
from settings.section import Section, told

PolicyArn = Annotated[
    str,
    Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:policy/.+$", examples=["arn:aws:iam::123456789012:policy/boundary"]),
]
#: Where IAM Identity Center keeps the roles of its permission sets.
SSO_PATH: Final = "role/aws-reserved/sso.amazonaws.com/"
Principal = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:iam::\d{12}:(role|user)/([\w+=,.@-]+/)*[\w+=,.@-]+\*?$",
        examples=[f"arn:aws:iam::123456789012:{SSO_PATH}eu-west-1/AWSReservedSSO_DataScientist_*"],
    ),
]
Members = tuple[Principal, ...]


class Persona(StrEnum):
    """What somebody is to a stack."""

    DATA_ENGINEER = "data-engineer"
    DATA_SCIENTIST = "data-scientist"
    ML_ENGINEER = "ml-engineer"
    MLOPS = "mlops"
    ON_CALL = "on-call"
    AUDITOR = "auditor"

    @property
    def job(self) -> str:
        """What the role is called after the stack's prefix."""
        return f"{USER}-{self}"


class Personas(Section):
    """The people of the stack, by what they are: ARNs of identities that may take the role, which may end in `*`. A
    persona that nobody is has no role. docs/permissions.md says what each may do."""

    sign_in: Literal["sso", "mfa"] = Field(
        default="sso", json_schema_extra=told(risk="with `mfa`, each identity named has to be guarded one by one")
    )
    """How people sign in: through IAM Identity Center, or as other identities with a second factor."""
    data_engineer: Members = ()
    """Delivers data and sees what was refused: the only one who reads personal data."""
    data_scientist: Members = ()
    """Starts training, and reads accepted data, captured traffic and what runs left."""
    ml_engineer: Members = ()
    """Approves models, and reads captured traffic and what runs left."""
    mlops: Members = ()
    """Publishes images, promotes, splits and rolls back. Reads no data."""
    on_call: Members = ()
    """Turns rollouts back, sets off rollbacks, sends again what ingestion gave up. Reads logs, no data."""
    auditor: Members = ()
    """Sees how everything is set up, who did what and which release served when. Reads no data."""

    def members(self, persona: Persona) -> Members:
        """Who takes the role of a persona."""
        return getattr(self, persona.name.lower())

    def faults(self) -> Iterator[Fault]:
        """Members named twice, and identities that do not come from where people sign in."""
        for persona in Persona:
            name, found = persona.name.lower(), self.members(persona)
            yield from repeated(name, found)
            for i, arn in enumerate(found):
                if self.sign_in == "sso" and f":{SSO_PATH}" not in arn:
                    yield Fault(
                        f"{name}[{i}]",
                        arn,
                        f"with sign_in: sso, a role below {SSO_PATH}",
                        "name a permission set's role, or say sign_in: mfa",
                    )


class Access(Section):
    """Identity and access management."""

    permissions_boundary: PolicyArn | None = Field(
        default=None,
        json_schema_extra=told(
            risk="the platform cannot judge a boundary that is not its own: too narrow, and jobs are refused"
        ),
    )
    """ARN of the account's own permissions boundary for every role; by default the platform makes one."""
    personas: Personas = Personas()
    """Roles for people."""
