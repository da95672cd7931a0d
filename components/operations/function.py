"""A Lambda function with every guard on: what the platform's functions have in common.

In the VPC, with a role of its own, encrypted environment, its own encrypted log group, a dead-letter queue, tracing,
and one invocation at a time. The code is files of this repository, zipped by Pulumi; its content decides about updates.

Left out on purpose: code signing (Checkov CKV_AWS_272). AWS Signer signs archives that lie in S3; here the archive is
made and uploaded in one deployment from reviewed files, and nobody else may update the function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.service import Service
from components.watch import Alarm, Series, Watch, Widget
from contracts.names import WorkloadNames

#: Deprecated not before June 2029 (AWS Lambda developer guide, "Lambda runtimes").
RUNTIME = "python3.13"
PROJECT = Path(__file__).parents[2]
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "lambda",
        types="lambda/function lambda/permission",
        reads="GetFunction GetFunctionCodeSigningConfig GetFunctionConcurrency GetFunctionConfiguration GetPolicy "
        "ListTags ListVersionsByFunction",
        changes="AddPermission CreateFunction DeleteFunction DeleteFunctionConcurrency PutFunctionConcurrency "
        "RemovePermission TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration",
        named="function:{every}",
        handed_to="lambda",
    ),
)


def archive_files(patterns: Iterable[str]) -> dict[str, str]:
    """Path in the archive, as in the project, -> path of the file, for glob patterns (`contracts/*.py`).

    Paths of files are absolute: the engine resolves others by the directory that a program happens to run in, which is
    not the project's for an inline program of the Automation API. A moved clone is no change: assets compare by hash.

    Raises FileNotFoundError for a pattern that matches nothing: the function would lack code that it imports.
    """
    files: dict[str, str] = {}
    for pattern in patterns:
        found = sorted(PROJECT.glob(pattern))
        if not found:
            raise FileNotFoundError(f"code of a function: no file matches {pattern!r} in {PROJECT}")
        files |= {path.relative_to(PROJECT).as_posix(): str(path) for path in found}
    return files


def watch(names: WorkloadNames, role: str) -> Watch:
    """Any error is one too many for a function that runs rarely."""
    function = names.resource(role)
    namespace, dimensions = "AWS/Lambda", {"FunctionName": function}
    return Watch(
        alarms=(
            Alarm(
                name=f"{function}-errors",
                description=f"{function}: an invocation failed",
                namespace=namespace,
                metric="Errors",
                dimensions=dimensions,
                statistic="Sum",
                threshold=0,
            ),
        ),
        widgets=(
            Widget(
                title=f"Function {function}",
                series=[
                    Series(namespace=namespace, metric=metric, dimensions=dimensions, statistic="Sum")
                    for metric in ("Invocations", "Errors")
                ],
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """`role` names the function (`<prefix>-<role>`); `statements` are what it may do beyond what every function needs.

    `handler` is `package.module.function`; `code` are glob patterns of its files. `dead_letter_arn` takes what failed
    for good. `timeout_seconds` bounds one invocation; `memory_mb` is its share of a processor too, which is a whole one
    at 1,769 MB (Lambda developer guide, "Configure Lambda function memory"). `boundary` is its role's, where that is
    not the one of jobs.
    """

    ground: Ground
    names: WorkloadNames
    role: str
    description: str
    handler: str
    code: Sequence[str]
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[Statement]
    dead_letter_arn: pulumi.Input[str]
    timeout_seconds: int = 60
    memory_mb: int = 256
    boundary: pulumi.Input[str] | None = None


class Function(pulumi.ComponentResource):
    """One function.

    rollback = Function("churn-rollback", FunctionArgs(ground=ground, names=names, role="rollback", handler="...", ...))
    rollback.arn, rollback.name
    """

    arn: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:function:Function", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        ground, names, messages_key = args.ground, args.names, args.ground.keys[Domain.MESSAGES].arn
        physical_name = names.resource(args.role)
        group_name = f"/aws/lambda/{physical_name}"
        group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=group_name,
            kms_key_id=ground.keys[Domain.LOGS].arn,
            retention_in_days=ground.log_retention_days,
            opts=child,
        )
        role = access.Role(
            f"{name}-role",
            access.RoleArgs(
                names=names,
                job=args.role,
                service="lambda.amazonaws.com",
                names_source=False,
                description=args.description,
                statements=[
                    access.write_logs(names, [group_name]),
                    *access.function_network_interfaces(names),
                    access.allow("Trace", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
                    access.send_dead_letters(names),
                    access.use_key("EncryptMessages", [messages_key], write=True),
                    *args.statements,
                ],
                permissions_boundary=ground.permissions_boundary if args.boundary is None else args.boundary,
            ),
            child,
        )
        files = archive_files(args.code)
        function = aws.lambda_.Function(
            f"{name}-function",
            name=physical_name,
            description=args.description,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=args.handler,
            code=pulumi.AssetArchive({path: pulumi.FileAsset(file) for path, file in files.items()}),
            role=role.arn,
            timeout=args.timeout_seconds,
            memory_size=args.memory_mb,
            # The functions read and rewrite one record: two at a time could lose a change, and need no more than one.
            reserved_concurrent_executions=1,
            kms_key_arn=messages_key,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=dict(args.environment)),
            vpc_config=aws.lambda_.FunctionVpcConfigArgs(
                subnet_ids=ground.network.subnet_ids, security_group_ids=[ground.network.security_group_id]
            ),
            dead_letter_config=aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=args.dead_letter_arn),
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active"),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="Text", log_group=group.name),
            opts=child,
        )
        self.arn, self.name = function.arn, function.name
        self.register_outputs({"arn": self.arn, "name": self.name})
