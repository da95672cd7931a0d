"""The permissions boundary: the most that any role of the platform can ever do, whatever its own policy says.

It lists every action that some job needs, on this stack's resources only. A role policy that grows by mistake gains
nothing; a new action is added here first, in a change of its own. An account that has its own boundary
names it in `access.permissions_boundary`, and this one is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import WITHOUT_RESOURCE, Statement
from components.ground.keys import Domain, Keys
from contracts.names import Names

#: Every action with a resource that a role of the platform uses, by service. A test holds it against the roles.
ACTIONS: Final = {
    "ec2": (
        "AssignPrivateIpAddresses",
        "CreateNetworkInterface",
        "CreateNetworkInterfacePermission",
        "DeleteNetworkInterface",
        "DeleteNetworkInterfacePermission",
        "UnassignPrivateIpAddresses",
    ),
    "ecr": ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"),
    "kms": ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey"),
    "lambda": ("InvokeFunction",),
    "logs": ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents"),
    "s3": (
        "AbortMultipartUpload",
        "DeleteObject",
        "GetBucketAcl",
        "GetBucketLocation",
        "GetObject",
        "ListBucket",
        "PutObject",
        "PutObjectAcl",
    ),
    "sagemaker": (
        "AddTags",
        "AssociateTrialComponent",
        "CreateExperiment",
        "CreateModelPackage",
        "CreateProcessingJob",
        "CreateTrainingJob",
        "CreateTrial",
        "CreateTrialComponent",
        "DescribeEndpoint",
        "DescribeEndpointConfig",
        "DescribeExperiment",
        "DescribeModelPackage",
        "DescribeModelPackageGroup",
        "DescribeProcessingJob",
        "DescribeTrainingJob",
        "DescribeTrial",
        "DescribeTrialComponent",
        "ListPipelineExecutions",
        "ListPipelineParametersForExecution",
        "StartPipelineExecution",
        "StopProcessingJob",
        "StopTrainingJob",
        "UpdateEndpoint",
        "UpdateTrialComponent",
    ),
    "sns": ("Publish",),
    "sqs": ("SendMessage",),
    "ssm": ("GetParameter", "PutParameter"),
}


def boundary_resources(names: Names, keys: Mapping[Domain, pulumi.Input[str]]) -> dict[str, list[pulumi.Input[str]]]:
    """Service -> what of it belongs to this stack. Only network interfaces have no name to tell them by."""
    mine, named = names.every, f"*-{names.stack}"

    def arns(service: str, *resources: str) -> list[pulumi.Input[str]]:
        return [names.arn(service, resource) for resource in resources]

    # A `*` at the end also stands for what follows: the streams of a group, the objects of a bucket.
    flow_logs = f"/aws/vpc/flow-logs/{names.prefix}"
    groups = (f"/aws/lambda/{mine}", flow_logs, f"{flow_logs}:*", "/aws/sagemaker/*")
    return {
        "ec2": arns("ec2", "network-interface/*", "security-group/*", "subnet/*"),
        "ecr": [*arns("ecr", f"repository/{mine}"), names.analyzer_arn],
        "kms": list(dict.fromkeys(keys.values())),
        "lambda": arns("lambda", f"function:{mine}"),
        "logs": arns("logs", *(f"log-group:{group}" for group in groups)),
        "s3": [names.bucket_arn(names.bucket("*"))],
        "sagemaker": arns(
            "sagemaker",
            f"endpoint/{mine}",
            f"endpoint-config/{mine}",
            f"experiment/{named}",
            "experiment-trial/*",
            "experiment-trial-component/pipelines-*",
            f"model-package-group/{named}",
            f"model-package/{named}/*",
            f"pipeline/{named}",
            f"pipeline/{named}/execution/*",
            "processing-job/pipelines-*",
            f"processing-job/{mine}",
            "training-job/pipelines-*",
        ),
        "sns": arns("sns", mine),
        "sqs": arns("sqs", mine),
        "ssm": arns("ssm", f"parameter/mlplatform/{names.stack}/*"),
    }


def boundary_statements(names: Names, keys: Mapping[Domain, pulumi.Input[str]]) -> list[Statement]:
    """What the boundary allows: every action of `ACTIONS` on this stack's resources, and what takes no resource.

    `keys` are the ARNs of all the stack's keys; volumes are encrypted with the key of models only.
    """
    resources = boundary_resources(names, keys)
    return [
        *(
            access.allow(f"Use{service.title()}", [f"{service}:{verb}" for verb in verbs], resources[service])
            for service, verbs in ACTIONS.items()
        ),
        access.grant_key("EncryptVolumes", [keys[Domain.MODELS]]),
        access.pass_role("HandRolesToJobs", [names.every_role], "sagemaker.amazonaws.com"),
        access.allow("WithoutResource", sorted(WITHOUT_RESOURCE), ["*"]),
    ]


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """`permissions_boundary` is the ARN of the account's own boundary, if it has one."""

    names: Names
    keys: Keys
    permissions_boundary: str | None


class Access(pulumi.ComponentResource):
    """The boundary of every role.

    access = Access("access", AccessArgs(names=names, keys=keys, permissions_boundary=None))
    access.permissions_boundary
    """

    permissions_boundary: pulumi.Output[str]

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:access:Access", name, None, opts)
        if args.permissions_boundary:
            self.permissions_boundary = pulumi.Output.from_input(args.permissions_boundary)
        else:
            policy = aws.iam.Policy(
                f"{name}-boundary",
                name=args.names.resource("boundary"),
                description="The most that any role of the platform can do",
                policy=access.document(
                    boundary_statements(args.names, {domain: args.keys[domain].arn for domain in Domain})
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.permissions_boundary = policy.arn
        self.register_outputs({"permissionsBoundary": self.permissions_boundary})
