"""The permissions boundary: the most that any role of the platform can ever do, whatever its own policy says.

`boundary.json` is the whole document, with tokens for what differs between stacks: each action that some role needs, on
this stack's resources. It is collected from the roles' own statements (`components.ground.collected`), committed and
reviewed, and what is committed is what is deployed: a role policy that grows gains nothing until somebody has collected
the boundary anew and somebody else has read the difference. An account that has its own boundary names it in
`access.permissions_boundary`, and this one is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground.keys import Domain, Keys
from components.service import Service
from contracts.names import MAX_STACK, USER, Names
from settings import Persona

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "iam",
        types="iam/policy",
        reads="GetPolicy GetPolicyVersion ListPolicyVersions",
    ),
)


class Bounded(StrEnum):
    """Whose boundary it is. Each has one, so that nobody can be lifted to what the others may do.

    Ingestion has one beside that of the other jobs, which searches of hyper-parameters share and what trains by Step
    Functions. Services of ECS have another, which jobs that pull sources and crawlers share: a stack has it if it has
    any of them. What tells a tracking server of runs has another, where a workload names one. Of people, those who work
    with data have one: one policy is too short for all.
    """

    DATA = "data"
    INGESTION = "ingestion"
    JOBS = "jobs"
    PEOPLE = "people"
    SERVICES = "services"
    TRACKING = "tracking"


#: Personas who work with data; the boundary of the others gives none of it.
WITH_DATA: Final = frozenset({Persona.DATA_ENGINEER, Persona.DATA_SCIENTIST})


def of_persona(persona: Persona) -> Bounded:
    """Whose boundary a persona's role has."""
    return Bounded.DATA if persona in WITH_DATA else Bounded.PEOPLE


DOCUMENT: Final = Path(__file__).with_name("boundary.json")
#: White space not counted (IAM user guide, "IAM and STS quotas": managed policies).
MAX_CHARACTERS: Final = 6144


_KEY: Final = "<key of {}>"
_NAMES: Final = {
    Bounded.DATA: f"{USER}-data-boundary",
    Bounded.INGESTION: "ingestion-boundary",
    Bounded.JOBS: "boundary",
    Bounded.PEOPLE: f"{USER}-boundary",
    Bounded.SERVICES: "services-boundary",
    Bounded.TRACKING: "tracking-boundary",
}


def tokens(names: Names) -> dict[str, str]:
    """Token in the document -> what it stands for in a stack."""
    return {
        "arn:<partition>": f"arn:{names.partition}",
        "<region>": names.region,
        "<account>": names.account,
        "*_<stack>": names.every_database,  # has no hyphen, where the stack's name may
        "<stack>": names.stack,
    }


def key_token(domain: Domain) -> str:
    """The token of a key's ARN, which nobody knows before there is the key."""
    return _KEY.format(domain)


def boundary_statements(
    document: Mapping[str, Any], names: Names, keys: Mapping[Domain, pulumi.Input[str]]
) -> list[Statement]:
    """The statements of the boundary of a stack; `keys` are the ARNs of its keys."""
    text = json.dumps(document["Statement"])
    for token, value in tokens(names).items():
        text = text.replace(token, value)
    arns: dict[str, pulumi.Input[str]] = {key_token(domain): arn for domain, arn in keys.items()}
    return [
        access.allow(
            statement["Sid"],
            statement["Action"],
            [arns.get(resource, str(resource)) for resource in statement["Resource"]],
            conditions=statement.get("Condition"),
        )
        for statement in json.loads(text)
    ]


def unnamed(statements: Iterable[Statement]) -> list[Statement]:
    """As the policy has them: their names are for those who read the committed document, and IAM counts letters."""
    return [replace(statement, sid="") for statement in statements]


def longest(document: Mapping[str, Any]) -> int:
    """Characters of the boundary where names are longest: AWS GovCloud, and a key for each domain."""
    names = Names(stack="s" * MAX_STACK, account="123456789012", region="us-gov-west-1", partition="aws-us-gov")
    keys = {domain: names.arn("kms", f"key/{domain:x<36}") for domain in Domain}
    statements = [statement.to_dict() for statement in unnamed(boundary_statements(document, names, keys))]
    return len(json.dumps({"Version": document["Version"], "Statement": statements}, separators=(",", ":")))


def committed(whose: Bounded) -> dict[str, Any]:
    """The document as it is committed."""
    return json.loads(DOCUMENT.read_text(encoding="utf-8"))[whose]


def boundary(
    name: str,
    whose: Bounded,
    names: Names,
    keys: Mapping[Domain, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> aws.iam.Policy:
    """The policy that bounds roles."""
    return aws.iam.Policy(
        f"{name}-boundary",
        name=names.resource(_NAMES[whose]),
        path=names.admin_path,
        description=f"The most that any role of the platform's {whose} can do",
        policy=access.document(unnamed(boundary_statements(committed(whose), names, keys))),
        opts=opts,
    )


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """`permissions_boundary` is the ARN of the account's own boundary, if it has one. `services` says that ECS runs
    endpoints or that sources are pulled, `tracking` that a tracking server is told of runs: their roles have a boundary
    of their own.
    """

    names: Names
    keys: Keys
    permissions_boundary: str | None
    services: bool = False
    tracking: bool = False


class Access(pulumi.ComponentResource):
    """The boundary of every role of a job, and that of the roles of ingestion.

    access = Access("access", AccessArgs(names=names, keys=keys, permissions_boundary=None))
    access.permissions_boundary
    """

    permissions_boundary: pulumi.Output[str]
    ingestion_boundary: pulumi.Output[str]
    services_boundary: pulumi.Output[str]
    tracking_boundary: pulumi.Output[str]

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:access:Access", name, None, opts)
        if args.permissions_boundary:
            self.permissions_boundary = pulumi.Output.from_input(args.permissions_boundary)
            self.ingestion_boundary = self.services_boundary = self.tracking_boundary = self.permissions_boundary
        else:
            keys = {domain: args.keys[domain].arn for domain in Domain}
            child = pulumi.ResourceOptions(parent=self)
            policy = boundary(name, Bounded.JOBS, args.names, keys, child)
            self.permissions_boundary = policy.arn

            def own(whose: Bounded) -> pulumi.Output[str]:
                return boundary(f"{name}-{whose}", whose, args.names, keys, child).arn

            self.ingestion_boundary = own(Bounded.INGESTION)
            self.services_boundary = own(Bounded.SERVICES) if args.services else self.permissions_boundary
            self.tracking_boundary = own(Bounded.TRACKING) if args.tracking else self.permissions_boundary
        self.register_outputs({"permissionsBoundary": self.permissions_boundary})
