"""Whether the services that a stack is made of are offered in its region.

By the parameters that AWS publishes (Systems Manager user guide, "Calling AWS service, Region, endpoint ... public
parameters"). They lag behind what there is, so that what they lack is to be looked up, and does not keep an `up` from
beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from automation.operations.findings import Finding, Stack

_LIST: Final = "/aws/service/global-infrastructure/services"
#: GetParameters: up to 10 names.
_A_CALL: Final = 10
#: Module or type of the provider -> what AWS calls the service, where that is another word.
SERVICES: Final[Mapping[str, str]] = {
    "appautoscaling": "application-autoscaling",
    "cloudwatch/eventRule": "events",
    "cloudwatch/eventTarget": "events",
    "cloudwatch/logGroup": "logs",
    "lb": "elb",
    "sfn": "stepfunctions",
    "vpc": "ec2",
}


def service(kind: str) -> str:
    """What AWS calls the service of a type of the provider: `aws:sfn/stateMachine:StateMachine` is `stepfunctions`."""
    name = kind.split(":")[1]
    module = name.partition("/")[0]
    return SERVICES.get(name) or SERVICES.get(module) or module


def services(stack: Stack) -> Iterator[Finding]:
    """The services of all resources, in one line where the region has them."""
    wanted = sorted({service(each["type"]) for each in stack.resources if each["type"].startswith("aws:")})
    if not wanted:
        return
    asked = [name for each in wanted for name in (f"{_LIST}/{each}", f"{_LIST}/{each}/regions/{stack.region}")]
    known: set[str] = set()
    for start in range(0, len(asked), _A_CALL):
        answer = stack.client("ssm").get_parameters(Names=asked[start : start + _A_CALL])
        known |= {each["Name"] for each in answer["Parameters"]}
    lacking = [each for each in wanted if f"{_LIST}/{each}/regions/{stack.region}" not in known]
    for each in lacking:
        where = f"in {stack.region}" if f"{_LIST}/{each}" in known else "at all"
        fix = "look whether that is so, the list lags behind; if so, choose another region"
        yield Finding(subject=each, holds=None, found=f"AWS's list of services has none of it {where}", fix=fix)
    if len(wanted) > len(lacking):
        yield Finding(
            subject="services", holds=True, found=f"{len(wanted) - len(lacking)} are offered in {stack.region}"
        )
