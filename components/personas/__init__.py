"""Personas: the people of a stack, a role for each kind whose members the stack config names.

Members come with an identity of their own, from IAM Identity Center or with a second factor, and take the role for an
hour at most. The roles have boundaries of their own, so that neither people nor jobs can be lifted to what the others
may do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.boundary import Bounded, boundary, of_persona
from components.ground.keys import Domain
from components.ground.lake_formation import grant
from components.personas.grants import GRANTS
from components.personas.permissions import statements
from settings import Access, Persona, Personas

_DESCRIPTIONS = {
    Persona.DATA_ENGINEER: "Delivers data and looks at what was refused",
    Persona.DATA_SCIENTIST: "Trains models on accepted data",
    Persona.ML_ENGINEER: "Approves models",
    Persona.MLOPS: "Releases approved models and moves endpoints",
    Persona.ON_CALL: "Answers alarms",
    Persona.AUDITOR: "Sees how everything is, and no data",
}


def trust(principals: Sequence[str], settings: Personas) -> Statement:
    """Trust in people. `principals` may end in `*`: the roles of IAM Identity Center have a random end.

    Hence the account is trusted, for these of its identities alone (IAM Identity Center user guide, "Referencing
    permission sets in resource policies"). A session from there says nothing of a second factor, which is asked for at
    the sign-in; any other has to have one (IAM user guide, "MFA-protected API access").
    """
    accounts = sorted({":".join([*arn.split(":")[:5], "root"]) for arn in principals})
    conditions: dict[str, dict[str, str | list[str]]] = {"ArnLike": {"aws:PrincipalArn": sorted(principals)}}
    if settings.sign_in == "mfa":
        conditions["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    return Statement(
        sid="AssumedByPeople",
        effect="Allow",
        actions=("sts:AssumeRole",),
        resources=(),
        conditions=conditions,
        principal={"AWS": accounts},
    )


@dataclass(frozen=True, kw_only=True)
class PeopleArgs:
    """`settings` is the section of the stack config; it names somebody."""

    ground: Ground
    settings: Access


class People(pulumi.ComponentResource):
    """The role of each persona that has members.

    People("people", PeopleArgs(ground=ground, settings=settings.access))
    """

    def __init__(self, name: str, args: PeopleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:personas:People", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        ground, names, personas = args.ground, args.ground.names, args.settings.personas
        keys = {domain: ground.keys[domain].arn for domain in Domain}
        theirs: dict[Bounded, pulumi.Input[str]] = {}
        if given := args.settings.permissions_boundary:
            theirs = dict.fromkeys(Bounded, given)
        for persona in Persona:
            if principals := personas.members(persona):
                if (whose := of_persona(persona)) not in theirs:
                    of = name if whose is Bounded.PEOPLE else f"{name}-{whose}"
                    theirs[whose] = boundary(of, whose, names, keys, child).arn
                role = access.Role(
                    f"{name}-{persona}",
                    access.RoleArgs(
                        names=names,
                        job=persona.job,
                        path=names.admin_path,
                        trusted=trust(principals, personas),
                        description=_DESCRIPTIONS[persona],
                        statements=statements(persona, names, keys, guarded=ground.lake_formation is not None),
                        permissions_boundary=theirs[whose],
                    ),
                    child,
                )
                if ground.lake_formation:
                    grant(ground.lake_formation, f"{name}-{persona}", role.arn, GRANTS.get(persona, ()), self)
        self.register_outputs({})


def build(ground: Ground, settings: Access, opts: pulumi.ResourceOptions) -> None:
    """The roles of people, where the stack names any."""
    if any(settings.personas.members(persona) for persona in Persona):
        People("people", PeopleArgs(ground=ground, settings=settings), opts)
