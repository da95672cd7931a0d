"""What IAM is asked for a call of AWS's API, and whether the role that made it may do that.

Names of actions and types of resources are those of the Service Authorization Reference. A call that no rule knows
fails: it would go unjudged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.names import Names
from tests import iam

#: Parameter that names what a call is about -> the service and the ARN's last part.
_NAMED = {
    "EndpointName": ("sagemaker", "endpoint/{}"),
    "EndpointConfigName": ("sagemaker", "endpoint-config/{}"),
    "ModelName": ("sagemaker", "model/{}"),
    "PipelineName": ("sagemaker", "pipeline/{}"),
    "ModelPackageGroupName": ("sagemaker", "model-package-group/{}"),
    "repositoryName": ("ecr", "repository/{}"),
    "logGroupName": ("logs", "log-group:{}"),
}
#: What takes no resource; what needs no leave, or the played `pulumi` alone asks for.
_ANYWHERE = frozenset({"sagemaker:ListEndpointConfigs", "sagemaker:ListModels", "ecr:GetAuthorizationToken"})
_FREE = frozenset({"sts:GetCallerIdentity", "sagemaker:ListEndpoints"})
_SERVICES = {"sagemaker-runtime": "sagemaker"}
#: What goes by another action's leave (Amazon ECR API reference, ListImageReferrers).
_BY = {"ecr:ListImageReferrers": "ecr:BatchGetImage"}
_OBJECTS = {"HeadObject": "GetObject"}
Request = tuple[str, str, Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a build: the ARN of the role that made it, and what it was."""

    role: str
    service: str
    operation: str
    parameters: Mapping[str, Any]

    def asks(self, names: Names) -> Iterator[Request]:
        """Actions, resources and facts that IAM is asked for."""
        service, given = _SERVICES.get(self.service, self.service), self.parameters
        action = f"{service}:{self.operation}"
        action = _BY.get(action, action)
        if action in _FREE:
            return
        if action in _ANYWHERE:
            yield action, "*", {}
        elif action == "events:PutEvents":
            for each in given["Entries"]:
                told = {"events:source": each["Source"], "events:detail-type": each["DetailType"]}
                yield action, names.arn("events", "event-bus/default"), told
        elif service == "s3":
            yield from _of_s3(self.operation, given, names)
        else:
            for resource in _resources(service, self.operation, given, names):
                yield action, resource, {}


def _resources(service: str, operation: str, given: Mapping[str, Any], names: Names) -> list[str]:
    """ARNs of what a call is about."""
    match service, operation:
        case "sts", "AssumeRole":
            return [given["RoleArn"]]
        case "ssm", _:
            return [names.arn("ssm", f"parameter{given['Name']}")]
        case "scheduler", _:
            return [names.arn("scheduler", f"schedule/{given.get('GroupName', 'default')}/{given['Name']}")]
        case "cloudwatch", "DescribeAlarms":
            alarms = given.get("AlarmNames", [f"{given.get('AlarmNamePrefix', '')}*"])
            return [names.arn("cloudwatch", f"alarm:{name}") for name in alarms]
        case "ecr", "DescribeRepositories":
            return [names.arn("ecr", f"repository/{name}") for name in given["repositoryNames"]]
        case "sagemaker", _ if "ModelPackageName" in given:
            package = given["ModelPackageName"]
            return [package if package.startswith("arn:") else names.arn(service, f"model-package/{package}")]
        case "sagemaker", _ if given.get("ModelPackageGroupName", "").startswith("arn:"):
            return [given["ModelPackageGroupName"]]
        case _:
            named = [(given[key], *place) for key, place in _NAMED.items() if key in given]
            assert named, f"{service}:{operation} of {sorted(given)}: no rule says what of"
            name, of, resource = named[0]
            return [names.arn(of, resource.format(name))]


def _of_s3(operation: str, given: Mapping[str, Any], names: Names) -> Iterator[Request]:
    if operation == "CopyObject":
        yield "s3:GetObject", names.bucket_arn(given["CopySource"]["Bucket"], given["CopySource"]["Key"]), {}
        yield "s3:PutObject", names.bucket_arn(given["Bucket"], given["Key"]), {}
    elif "Key" in given:
        yield f"s3:{_OBJECTS.get(operation, operation)}", names.bucket_arn(given["Bucket"], given["Key"]), {}
    elif operation.startswith("ListObjects"):
        yield "s3:ListBucket", names.bucket_arn(given["Bucket"]), {"s3:prefix": given.get("Prefix", "")}
    else:
        raise KeyError(f"s3:{operation} of {sorted(given)}")


def refused(calls: Iterable[Call], roles: Mapping[str, iam.Role], names: Names) -> list[str]:
    """What the roles, by name, did without leave."""
    return sorted({
        f"{call.role.rpartition('/')[2]}: {action} on {resource}"
        for call in calls
        for action, resource, facts in call.asks(names)
        if not roles[call.role.rpartition("/")[2]].may(action, resource, facts)
    })  # fmt: skip
