"""The SageMaker endpoint itself, whatever stands behind it, and its log group, which outlives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.ground.keys import Domain
from components.service import Service
from components.serving import kept
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


class Hosted(pulumi.ComponentResource):
    """What a component of an endpoint that SageMaker hosts has, whatever its kind."""

    endpoint: aws.sagemaker.Endpoint | None
    name: pulumi.Output[str]

    def serve(
        self,
        name: str,
        args: EndpointArgs[Any],
        config: aws.sagemaker.EndpointConfiguration,
        deployment: aws.sagemaker.EndpointDeploymentConfigArgs | None,
    ) -> None:
        """Make the endpoint, if it is not stopped; it is called so either way."""
        self.endpoint = endpoint(name, args, config, deployment, self)
        self.name = self.endpoint.name if self.endpoint else pulumi.Output.from_input(args.names.prefix)

    @property
    def live(self) -> pulumi.Resource | None:
        """The endpoint; None while it is stopped."""
        return self.endpoint


def logs(name: str, args: EndpointArgs[Any], parent: pulumi.Resource) -> aws.cloudwatch.LogGroup:
    """The log group of what serves; it outlives it."""
    ground = args.ground
    return aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=args.names.log_group,
        kms_key_id=ground.keys[Domain.LOGS].arn,
        retention_in_days=ground.log_retention_days,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def seen_through(
    name: str,
    args: EndpointArgs[Any],
    config: str,
    called: Callable[[str], str] = str,
    *,
    before: Sequence[pulumi.ResourceHook] = (),
) -> pulumi.ResourceHookBinding:
    """Sees every change of what serves through, from its beginning; `config` is the property that says what it is to
    serve, `called` gives the name of that. `before` are hooks of what a change needs first.
    """

    def begin(hook: pulumi.ResourceHookArgs) -> None:
        wanted, served = called((hook.new_inputs or {})[config]), (hook.old_outputs or {}).get(config)
        if served is None or called(served) != wanted:
            args.begin(args.names, wanted)

    def see(hook: pulumi.ResourceHookArgs) -> None:
        wanted, read = ((found or {})[config] for found in (hook.new_inputs, hook.new_outputs))
        if wrong := args.see_through(args.names, called(wanted), called(read)):
            raise pulumi.RunError(wrong)

    def ended(hook: pulumi.ErrorHookArgs) -> bool:
        """Logs, for the engine shows the provider's error and drops this hook's; no other try."""
        if hook.failed_operation != "delete" and (
            wrong := args.see_through(args.names, called((hook.new_inputs or {})[config]), None)
        ):
            pulumi.log.error(wrong)
        return False

    begun = pulumi.ResourceHook(f"{name}-begun", begin)
    seen, failed = pulumi.ResourceHook(f"{name}-seen-through", see), pulumi.ErrorHook(f"{name}-ended", ended)
    return pulumi.ResourceHookBinding(
        before_create=[begun],
        after_create=[seen],
        before_update=[*before, begun],
        after_update=[seen],
        on_error=[failed],
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
    log_group = logs(name, args, parent)
    if args.settings.state == "stopped":
        return None

    def make(hook: pulumi.ResourceHookArgs) -> None:
        serves, wanted = ((each or {})["endpointConfigName"] for each in (hook.old_outputs, hook.new_inputs))
        args.make_way(names, serves, wanted)

    made = pulumi.ResourceHook(f"{name}-way-made", make)
    return aws.sagemaker.Endpoint(
        f"{name}-endpoint",
        name=names.prefix,
        endpoint_config_name=config.name,
        deployment_config=deployment,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[log_group],  # else SageMaker makes the log group, without key and retention
            # The provider replaces an endpoint that gains or loses its rollback alarms: deleted first, then made
            # again. So there is always one of them (`contracts.release.emergency`), or never any.
            protect=ground.protect,
            # After an emergency move a refresh reads how that was done; the next release brings the settings back.
            ignore_changes=["deployment_config"] if args.record.wanted.by_rollback else None,
            hooks=seen_through(name, args, "endpointConfigName", before=[made]),
            # The provider calls UpdateEndpoint, with the configuration that the state names, for either of the two.
            transforms=kept.where_it_is(args.record, "endpointConfigName", beside=["deploymentConfig"]),
        ),
    )
