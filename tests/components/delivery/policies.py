"""The policies of delivery's roles in the stacks that its tests ask about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from components.access import Statement
from components.delivery import permissions
from components.delivery import services as declared
from components.delivery.permissions import changing, changing_ground, reading, state
from components.delivery.services import SERVICES, Services
from components.delivery.size import bounding
from contracts.names import Names
from tests import iam
from tests.components.engine import NAMES

ISSUERS = ["token.actions.githubusercontent.com", "gitlab.com"]
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ARTIFACTS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/abcd1234-12ab-34cd-56ef-1234567890ab"
STATE = "example-pulumi-state"


#: Of a stack with an endpoint on Fargate.
ON_ECS = declared.of(["sagemaker", "ecs"])


def boundaries(names: Names, services: Services = SERVICES) -> list[str]:
    """Those of the stack's jobs, of its ingestion, and of its endpoints that SageMaker does not run."""
    elsewhere = not services.keys().isdisjoint({"ecs", "codedeploy"})
    found = ["boundary", "ingestion-boundary", *(["services-boundary"] if elsewhere else [])]
    return [names.admin_arn("policy", names.resource(name)) for name in found]


def written(
    names: Names = NAMES, issuers: Sequence[str] = ISSUERS, services: Services = SERVICES
) -> tuple[list[Statement], list[Statement], list[Statement]]:
    """The three policies of a stack."""
    read = reading(names, issuers, ARTIFACTS_KEY, state(names, STATE, KEY, write=False), services)
    change = changing(names, ARTIFACTS_KEY, state(names, STATE, KEY, write=True), services)
    return read, change, changing_ground(names, boundaries(names, services), services)


def simulated(statements: Iterable[Statement]) -> list[Mapping[str, Any]]:
    return [{**each.to_dict(), "Principal": "*"} for each in statements]


def bounded(
    names: Names, read: Sequence[Statement], change: Sequence[Statement], ground: Sequence[Statement]
) -> list[Statement]:
    """The boundary of a stack that signs images too: the longest."""
    return bounding(names, [*read, *change, *ground, permissions.signing(names)])


BOUNDARY, OF_INGESTION = boundaries(NAMES)
READ, CHANGE, GROUND = written()
BOUND = simulated(bounded(NAMES, READ, CHANGE, GROUND))
PREVIEW = iam.Role(name="preview", statements=simulated(READ), boundary=BOUND)
DEPLOY = iam.Role(
    name="deploy",
    statements=simulated([*READ, *CHANGE, *GROUND, permissions.unchanged(NAMES)]),
    boundary=BOUND,
)
WITH_ECS = written(services=ON_ECS)
BOUND_WITH_ECS = simulated(bounded(NAMES, *WITH_ECS))
DEPLOY_ON_ECS = iam.Role(
    name="deploy",
    statements=simulated([s for policy in WITH_ECS for s in policy]),
    boundary=BOUND_WITH_ECS,
)
OWN = {"aws:ResourceTag/Environment": "staging", "aws:ResourceTag/Project": "ml-platform"}
OTHERS = {"aws:ResourceTag/Environment": "prod", "aws:ResourceTag/Project": "ml-platform"}
ENDPOINT = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/churn-{}-live"
CUSTOMERS = "arn:aws:s3:::123456789012-staging-ai-{}/accepted/churn/part.parquet"
OF_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
SUBNET = "arn:aws:ec2:eu-west-1:123456789012:subnet/subnet-1"


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:eu-west-1:123456789012:{resource}"


def role(name: str) -> str:
    return f"arn:aws:iam::123456789012:role/mlplatform/staging/{name}"
