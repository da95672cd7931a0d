"""A cloud that exists on paper: fixed answers and made-up outputs, the same on every run.

`synth` runs the program against it, with no emulator and no account. It shows a stack in its steady state, with
images built and a model live, or in bootstrap, with neither. Identifiers follow the forms of the service
authorization reference (https://docs.aws.amazon.com/service-authorization/latest/reference/), so that IAM documents
read as they will on AWS.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from local.adapter import Adapter, regions
from local.runtime import sdk
from local.runtime.answers import ACCOUNT, Answers
from local.runtime.errors import UnsupportedError

#: Types whose ARN is not `arn:<partition>:<module>:<region>:<account>:<type-in-kebab-case>/<name>`.
_ARNS = {
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "aws:cloudwatch/dashboard:Dashboard": "cloudwatch::{account}:dashboard/{name}",
    "aws:cloudwatch/eventRule:EventRule": "events:{region}:{account}:rule/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "aws:iam/instanceProfile:InstanceProfile": "iam::{account}:instance-profile/{name}",
    "aws:iam/policy:Policy": "iam::{account}:policy/{name}",
    "aws:iam/role:Role": "iam::{account}:role/{name}",
    "aws:kms/alias:Alias": "kms:{region}:{account}:{name}",
    "aws:kms/key:Key": "kms:{region}:{account}:key/{id}",
    "aws:lambda/function:Function": "lambda:{region}:{account}:function:{name}",
    "aws:s3/bucket:Bucket": "s3:::{name}",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "sagemaker:{region}:{account}:endpoint-config/{name}",
    "aws:scheduler/schedule:Schedule": "scheduler:{region}:{account}:schedule/default/{name}",
    "aws:secretsmanager/secret:Secret": "secretsmanager:{region}:{account}:secret:{name}",
    "aws:sfn/stateMachine:StateMachine": "states:{region}:{account}:stateMachine:{name}",
    "aws:sns/topic:Topic": "sns:{region}:{account}:{name}",
    "aws:sqs/queue:Queue": "sqs:{region}:{account}:{name}",
    "aws:ssm/parameter:Parameter": "ssm:{region}:{account}:parameter{name}",
}
_EC2_PREFIXES = {
    "eip": "eipalloc",
    "flowLog": "fl",
    "internetGateway": "igw",
    "natGateway": "nat",
    "route": "r",
    "routeTable": "rtb",
    "routeTableAssociation": "rtbassoc",
    "securityGroup": "sg",
    "securityGroupRule": "sgrule",
    "vpcEndpoint": "vpce",
}
#: Data sources that the provider itself answers, without a call.
_OFFLINE = {
    "aws:ec2/getVpcEndpointService:getVpcEndpointService",
    "aws:iam/getPolicyDocument:getPolicyDocument",
    "aws:index/getPartition:getPartition",
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage",
}
#: Types whose id, in the provider, is their ARN.
_ID_IS_ARN = {"aws:iam/policy:Policy", "aws:sfn/stateMachine:StateMachine", "aws:sns/topic:Topic"}


#: Endpoints by workload of a stack whose config names none.
DEFAULT_ENDPOINTS: Mapping[str, Sequence[str]] = MappingProxyType({"churn": ("live",)})


@dataclass(frozen=True, kw_only=True)
class Made:
    """The answer to a creation."""

    id: str
    outputs: Mapping[str, Any]
    emulated: bool = False


class SampleCloud:
    """Answers as AWS would for a stack `stack` in `region`; `bootstrap` leaves out images and live releases.

    `endpoints` are the stack's, by workload: each serves a model.

    Inputs are checked and validated by the adapter, which needs no server for either.
    """

    endpoint_url = "sample"

    def __init__(
        self,
        stack: str,
        region: str,
        *,
        endpoints: Mapping[str, Sequence[str]] = DEFAULT_ENDPOINTS,
        bootstrap: bool = False,
    ):
        self.region = region
        self._provider = Adapter("http://sample.invalid", ACCOUNT, region)
        self._answers = Answers(stack=stack, region=region, endpoints=endpoints, bootstrap=bootstrap)

    def check(self, type_token: str, name: str, inputs: dict[str, Any], /, *, urn: str) -> dict[str, Any]:
        """The inputs with defaults and a generated name."""
        return self._provider.check(type_token, name, inputs, urn=urn)

    def validate(self, type_token: str, name: str, inputs: dict[str, Any], /) -> None:
        """Refuse what the API's own model refuses."""
        self._provider.validate(type_token, name, inputs)

    def create(self, type_token: str, name: str, inputs: dict[str, Any], /, *, urn: str) -> Made:
        """Make up an id, and outputs from the type's declaration in the SDK. Raises InvalidInput."""
        self.validate(type_token, name, inputs)
        return self._made(type_token, inputs, sha256(urn.encode()).hexdigest())

    def update(
        self,
        type_token: str,
        resource_id: str,
        old_inputs: dict[str, Any],
        new_inputs: dict[str, Any],
        outputs: dict[str, Any],
        /,
    ) -> Made:
        """Nothing is ever updated on paper: every synth starts from nothing."""
        raise UnsupportedError(f"{type_token} {resource_id}: the sample cloud keeps nothing that could be updated")

    def replaces(self, type_token: str, old_inputs: dict[str, Any], new_inputs: dict[str, Any], /) -> list[str]:
        """No change can force a replacement where nothing exists."""
        del type_token, old_inputs, new_inputs
        return []

    def delete(self, type_token: str, resource_id: str, inputs: dict[str, Any], outputs: dict[str, Any], /) -> None:
        """Nothing is ever deleted on paper."""
        raise UnsupportedError(f"{type_token} {resource_id}: the sample cloud keeps nothing that could be deleted")

    def invoke(self, token: str, args: dict[str, Any], /) -> dict[str, Any]:
        """Answer a data source. Raises UnsupportedError for one that has no sample."""
        return self._provider.invoke(token, args) if token in _OFFLINE else self._answers.answer(token, args)

    def _made(self, type_token: str, inputs: dict[str, Any], digest: str) -> Made:
        kind = type_token.split(":")[-1]
        kind = kind[0].lower() + kind[1:]
        keys = ("name", "bucket", f"{kind}Name")
        name = next((str(inputs[key]) for key in keys if inputs.get(key)), f"{kind}-{digest[:7]}".lower())
        arn, resource_id = self._identity(type_token, kind, name, digest)
        declared = sdk.declared_outputs(type_token)
        known = {"arn": arn, "region": self.region} | dict.fromkeys(keys, name)
        outputs = {key: known[key] if key in known else self._output(key, of, name) for key, of in declared.items()}
        outputs |= _special(type_token, name, self.region, resource_id) | inputs
        return Made(id=resource_id, outputs={key: value for key, value in outputs.items() if value is not None})

    def _identity(self, type_token: str, kind: str, name: str, digest: str) -> tuple[str, str]:
        service = type_token.split(":")[1].split("/")[0]
        resource_id = name
        if type_token == "aws:kms/key:Key":  # noqa: S105 - a type token
            resource_id = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
        elif service == "ec2":
            resource_id = f"{_EC2_PREFIXES.get(kind, kind)}-{digest[:17]}"
            name = resource_id
        pattern = _ARNS.get(type_token, f"{service}:{{region}}:{{account}}:{_kebab(kind)}/{{name}}")
        arn = f"arn:{regions.partition(self.region)['partition']}:" + pattern.format(
            region=self.region, account=ACCOUNT, name=name, id=resource_id
        )
        return arn, arn if type_token in _ID_IS_ARN else resource_id

    @staticmethod
    def _output(key: str, declared: Any, name: str) -> Any:
        """A value of the declared type; an object's members cannot be made up, so it stays away."""
        if key in ("accountId", "ownerId", "registryId"):
            return ACCOUNT
        simple: dict[Any, Any] = {str: f"{name}-{_kebab(key)}", bool: False, int: 0, float: 0}
        return simple.get(declared) if declared in simple else _empty(declared)


def _special(type_token: str, name: str, region: str, resource_id: str) -> dict[str, Any]:
    """Outputs that other resources build on and whose form their name does not tell."""
    suffix = regions.partition(region)["dnsSuffix"]
    match type_token:
        case "aws:ec2/eip:Eip":
            return {"allocationId": resource_id}
        case "aws:ecr/repository:Repository":
            return {"repositoryUrl": f"{ACCOUNT}.dkr.ecr.{region}.{suffix}/{name}"}
        case "aws:kms/key:Key":
            return {"keyId": resource_id}
        case "aws:sqs/queue:Queue":
            return {"url": f"https://sqs.{region}.{suffix}/{ACCOUNT}/{name}"}
        case _:
            return {}


def _empty(declared: Any) -> Any:
    origin = typing.get_origin(declared)
    if origin is None:
        return None
    return {} if issubclass(origin, Mapping) else []


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"-\1", name).lower()
