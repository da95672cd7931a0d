"""The real-time endpoint: models and a configuration for every release of the record, the endpoint on the live one.

Models and configurations are named by their content and never changed: a new release brings new ones, the endpoint
moves, and only then does the old go, once it has left the record. The endpoint captures its traffic, rolls out in
steps with alarms that turn a rollout back, and scales by invocations and time of day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import pulumi
import pulumi_aws as aws

from components import access, jobs
from components.access import Statement
from components.content import content_name
from components.ground import Ground
from components.ground.keys import Domain
from components.serving.deployment import MAX_ALARMS, deployment_config
from components.serving.plan import Release, Variant, cron, package_id, plan
from contracts.names import HOSTS, EndpointNames
from contracts.release import CHAMPION, Record
from settings import Realtime as RealtimeSettings


def model_statements(
    names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    """What the endpoint's role may do: load its image and model, write its logs and metrics, capture its traffic."""
    return [
        *jobs.statements(
            names,
            volume_key=models_key,
            log_group=names.log_group,
            namespaces=[HOSTS],
            makes_log_group=False,
        ),
        *access.read_objects("LoadModels", names, names.artifacts_bucket, [names.layout.runs]),
        access.use_key("DecryptModels", [models_key], write=False),
        access.write_objects(
            "CaptureTraffic", names, names.processed_bucket, [f"{names.layout.data_capture}{names.prefix}/"]
        ),
        access.use_key("EncryptCapture", [processed_key], write=True),
    ]


@dataclass(frozen=True, kw_only=True)
class RealtimeArgs:
    """`record` is the release record. `rollback_alarms` are the names of the alarms that turn a rollout back.

    `see_through` is called after each change of the endpoint, with the configuration that it is to serve and the one
    that the provider read, and raises what went wrong: the provider calls a rollout done that SageMaker turned back.
    """

    ground: Ground
    names: EndpointNames
    settings: RealtimeSettings
    record: Record
    rollback_alarms: Sequence[pulumi.Input[str]]
    see_through: Callable[[EndpointNames, str, str], None]


class Realtime(pulumi.ComponentResource):
    """The endpoint.

    serving = Realtime("churn-live", RealtimeArgs(ground=ground, names=names, settings=settings, record=record, ...))
    serving.endpoint.name
    """

    endpoint: aws.sagemaker.Endpoint

    def __init__(self, name: str, args: RealtimeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Realtime", name, None, opts)
        if len(args.rollback_alarms) > MAX_ALARMS:
            raise ValueError(f"rollback alarms: found {len(args.rollback_alarms)}; allowed: up to {MAX_ALARMS}")
        self._name, self._args, self._ground, self._names = name, args, args.ground, args.names
        releases = plan(
            args.record,
            args.settings,
            where=f"ml-platform:workloads.{args.names.workload}.endpoints.{args.names.endpoint}",
        )
        group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=self._names.log_group,
            kms_key_id=self._ground.keys[Domain.LOGS].arn,
            retention_in_days=args.ground.log_retention_days,
            opts=self._child(),
        )
        models = self._models(releases, self._role())
        configs = [self._config(release, models) for release in releases]
        self.endpoint = self._endpoint(configs[0], group)
        if args.settings.autoscaling.enabled:
            self._autoscaling(CHAMPION)
        self.register_outputs({"endpoint": self.endpoint.name, "release": releases[0].id})

    def _child(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _role(self) -> access.Role:
        return jobs.role(
            f"{self._name}-role",
            ground=self._ground,
            names=self._names,
            job="endpoint",
            description="The endpoint's models",
            statements=model_statements(
                self._names,
                models_key=self._ground.keys[Domain.MODELS].arn,
                processed_key=self._ground.keys[Domain.PROCESSED].arn,
            ),
            opts=self._child(),
        )

    def _models(self, releases: Sequence[Release], role: access.Role) -> dict[str, aws.sagemaker.Model]:
        """One model for each package that any release serves."""
        packages = sorted({each.package for release in releases for each in (*release.variants, *release.shadows)})
        isolated = True
        network: aws.sagemaker.ModelVpcConfigArgsDict = {
            "subnets": self._ground.network.subnet_ids,
            "security_group_ids": [self._ground.network.security_group_id],
        }
        return {
            package: aws.sagemaker.Model(
                f"{self._name}-model-{package_id(package)}",
                name=content_name(package_id(package), [package, role.arn, network, isolated]),
                execution_role_arn=role.arn,
                primary_container=aws.sagemaker.ModelPrimaryContainerArgs(model_package_name=package),
                enable_network_isolation=isolated,
                vpc_config=network,
                opts=self._child(),
            )
            for package in packages
        }

    def _variant(
        self, variant: Variant, models: dict[str, aws.sagemaker.Model]
    ) -> aws.sagemaker.EndpointConfigurationProductionVariantArgsDict:
        return {
            "variant_name": variant.name,
            "model_name": models[variant.package].name,
            "instance_type": self._args.settings.instance_type,
            "initial_instance_count": variant.instances,
            "initial_variant_weight": variant.weight,
        }

    def _config(self, release: Release, models: dict[str, aws.sagemaker.Model]) -> aws.sagemaker.EndpointConfiguration:
        settings, names = self._args.settings, self._names
        volume_key = jobs.volume_key(settings.instance_type, self._ground.keys[Domain.MODELS].arn)
        variants = [self._variant(variant, models) for variant in release.variants]
        shadows = cast(  # the provider's two types of a variant are alike
            "list[aws.sagemaker.EndpointConfigurationShadowProductionVariantArgsDict]",
            [self._variant(variant, models) for variant in release.shadows],
        )
        capture: aws.sagemaker.EndpointConfigurationDataCaptureConfigArgsDict = {
            "enable_capture": settings.capture_percent > 0,
            "initial_sampling_percentage": settings.capture_percent,
            "destination_s3_uri": names.data_capture_uri,
            "kms_key_id": self._ground.keys[Domain.PROCESSED].arn,
            "capture_options": [{"capture_mode": mode} for mode in ("Input", "Output")],
            "capture_content_type_header": {
                "csv_content_types": ["text/csv"],
                "json_content_types": ["application/json"],
            },
        }
        return aws.sagemaker.EndpointConfiguration(
            f"{self._name}-config-{release.id}",
            # The rollback function finds a release's configuration by `<endpoint>-<release id>`.
            name=content_name(
                f"{names.prefix}-{release.id}", [volume_key, variants, capture, *([shadows] if shadows else [])]
            ),
            kms_key_arn=volume_key,
            production_variants=variants,
            shadow_production_variants=shadows or None,
            data_capture_config=capture,
            opts=self._child(),
        )

    def _endpoint(
        self, live: aws.sagemaker.EndpointConfiguration, logs: aws.cloudwatch.LogGroup
    ) -> aws.sagemaker.Endpoint:
        def see(hook: pulumi.ResourceHookArgs) -> None:
            wanted, read = (hook.new_inputs or {})["endpointConfigName"], (hook.new_outputs or {})["endpointConfigName"]
            self._args.see_through(self._names, wanted, read)

        seen = pulumi.ResourceHook(f"{self._name}-seen-through", see)
        return aws.sagemaker.Endpoint(
            f"{self._name}-endpoint",
            name=self._names.prefix,
            endpoint_config_name=live.name,
            deployment_config=deployment_config(self._args.settings, self._args.rollback_alarms),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[logs],  # else SageMaker makes the log group, without key and retention
                # The provider replaces an endpoint that gains or loses its rollback alarms: deleted first, then made
                # again. So there is always one of them (`contracts.release.emergency`).
                protect=self._ground.protect,
                # After an emergency move a refresh reads how that was done; the next release brings the settings back.
                ignore_changes=["deployment_config"] if self._args.record.wanted.by_rollback else None,
                hooks=pulumi.ResourceHookBinding(after_create=[seen], after_update=[seen]),
            ),
        )

    def _autoscaling(self, variant: str) -> None:
        """Scaling of a variant that is in every release.

        SageMaker refuses to remove a variant as long as it is a scalable target (developer guide, "Update endpoints
        that use automatic scaling"), and a challenger has to go when its test ends or is rolled back.
        """
        scaling = self._args.settings.autoscaling
        target = aws.appautoscaling.Target(
            f"{self._name}-{variant}-target",
            service_namespace="sagemaker",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            # From the endpoint's output: the variant must exist before it can be registered.
            resource_id=self.endpoint.name.apply(lambda endpoint: f"endpoint/{endpoint}/variant/{variant}"),
            min_capacity=scaling.minimum,
            max_capacity=scaling.maximum,
            opts=self._child(self.endpoint),
        )
        aws.appautoscaling.Policy(
            f"{self._name}-{variant}-invocations",
            name=self._names.resource(f"{variant}-invocations"),
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                ),
                target_value=scaling.invocations_per_instance,
                scale_out_cooldown=scaling.scale_out_cooldown_seconds,
                scale_in_cooldown=scaling.scale_in_cooldown_seconds,
            ),
            opts=self._child(),
        )
        for schedule in scaling.schedules:
            role = f"{variant}-at-{schedule.at.replace(':', '')}"
            aws.appautoscaling.ScheduledAction(
                f"{self._name}-{role}",
                name=self._names.resource(role),
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                schedule=cron(schedule.at),
                timezone="UTC",
                scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                    min_capacity=schedule.minimum, max_capacity=schedule.maximum
                ),
                opts=self._child(),
            )
