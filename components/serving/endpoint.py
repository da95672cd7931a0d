"""The SageMaker endpoint itself, whatever stands behind it, and its log group, which outlives it."""

from __future__ import annotations

from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.ground.keys import Domain
from components.service import Service
from components.serving.kind import EndpointArgs

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "sagemaker",
        types="sagemaker/endpoint sagemaker/endpointConfiguration",
        reads="DescribeEndpoint DescribeEndpointConfig ListTags",
        reads_anywhere="ListEndpointConfigs",
        changes="AddTags CreateEndpoint CreateEndpointConfig DeleteEndpoint DeleteEndpointConfig DeleteTags "
        "UpdateEndpoint UpdateEndpointWeightsAndCapacities",
        named="*/{every} */{ending}",
    ),
)


def endpoint(
    name: str,
    args: EndpointArgs[Any],
    config: aws.sagemaker.EndpointConfiguration,
    deployment: aws.sagemaker.EndpointDeploymentConfigArgs | None,
    parent: pulumi.Resource,
) -> aws.sagemaker.Endpoint | None:
    """The endpoint on the wanted release's configuration, None if it is stopped.

    `deployment` is how the next release takes over, None where SageMaker moves all traffic at once and no
    alarm turns it back.
    """
    names, ground = args.names, args.ground
    logs = aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=names.log_group,
        kms_key_id=ground.keys[Domain.LOGS].arn,
        retention_in_days=ground.log_retention_days,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    if args.settings.state == "stopped":
        return None

    def see(hook: pulumi.ResourceHookArgs) -> None:
        wanted, read = (hook.new_inputs or {})["endpointConfigName"], (hook.new_outputs or {})["endpointConfigName"]
        args.see_through(names, wanted, read)

    def make(hook: pulumi.ResourceHookArgs) -> None:
        serves, wanted = ((each or {})["endpointConfigName"] for each in (hook.old_outputs, hook.new_inputs))
        args.make_way(names, serves, wanted)

    seen, made = pulumi.ResourceHook(f"{name}-seen-through", see), pulumi.ResourceHook(f"{name}-way-made", make)
    return aws.sagemaker.Endpoint(
        f"{name}-endpoint",
        name=names.prefix,
        endpoint_config_name=config.name,
        deployment_config=deployment,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[logs],  # else SageMaker makes the log group, without key and retention
            # The provider replaces an endpoint that gains or loses its rollback alarms: deleted first, then made
            # again. So there is always one of them (`contracts.release.emergency`), or never any.
            protect=ground.protect,
            # After an emergency move a refresh reads how that was done; the next release brings the settings back.
            ignore_changes=["deployment_config"] if args.record.wanted.by_rollback else None,
            hooks=pulumi.ResourceHookBinding(after_create=[seen], before_update=[made], after_update=[seen]),
        ),
    )
