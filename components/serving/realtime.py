"""The real-time endpoint: models and a configuration for every release of the record, the endpoint on the live one.

Models and configurations are named by their content and never changed: a new release brings new ones, the endpoint
moves, and only then does the old go, once it has left the record. The endpoint captures its traffic, rolls out in
steps with alarms that turn a rollout back, and scales by invocations and time of day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

import pulumi
import pulumi_aws as aws

from components import jobs
from components.content import content_name
from components.ground.keys import Domain
from components.serving import models
from components.serving.deployment import deployment_config
from components.serving.endpoint import endpoint
from components.serving.kind import Drawn, EndpointArgs
from components.serving.plan import Release, Variant, plan
from components.serving.scaling import scaling
from components.serving.watch import watch_fleet
from contracts.release import CHAMPION
from settings import Realtime as Settings


class Realtime(pulumi.ComponentResource):
    """The endpoint.

    serving = Realtime("churn-live", EndpointArgs(ground=ground, names=names, settings=settings, record=record, ...))
    serving.endpoint.name
    """

    endpoint: aws.sagemaker.Endpoint

    def __init__(self, name: str, args: EndpointArgs[Settings], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Realtime", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        releases = plan(args.record, args.settings, where=args.where)
        role = models.role(name, args.ground, args.names, child)
        packages = [each.package for release in releases for each in (*release.variants, *release.shadows)]
        found = models.isolated(name, packages, role, args.ground, child)
        configs = [_config(name, args, release, found, child) for release in releases]
        deployment = deployment_config(args.settings, args.rollback_alarms)
        self.endpoint = endpoint(name, args, configs[0], deployment, self)
        if args.settings.autoscaling.enabled:
            scaling(name, args.names, CHAMPION, args.settings.autoscaling, self.endpoint, self)
        self.register_outputs({"endpoint": self.endpoint.name, "release": releases[0].id})

    @property
    def name(self) -> pulumi.Output[str]:
        """Name of the endpoint."""
        return self.endpoint.name

    @property
    def live(self) -> pulumi.Resource:
        """The endpoint."""
        return self.endpoint


def _variant(
    variant: Variant, found: Mapping[str, aws.sagemaker.Model], settings: Settings
) -> aws.sagemaker.EndpointConfigurationProductionVariantArgsDict:
    return {
        "variant_name": variant.name,
        "model_name": found[variant.package].name,
        "instance_type": settings.instance_type,
        "initial_instance_count": variant.instances,
        "initial_variant_weight": variant.weight,
    }


def _config(
    name: str,
    args: EndpointArgs[Settings],
    release: Release,
    found: Mapping[str, aws.sagemaker.Model],
    opts: pulumi.ResourceOptions,
) -> aws.sagemaker.EndpointConfiguration:
    settings, names, keys = args.settings, args.names, args.ground.keys
    volume_key = jobs.volume_key(settings.instance_type, keys[Domain.MODELS].arn)
    variants = [_variant(variant, found, settings) for variant in release.variants]
    shadows = cast(  # the provider's two types of a variant are alike
        "list[aws.sagemaker.EndpointConfigurationShadowProductionVariantArgsDict]",
        [_variant(variant, found, settings) for variant in release.shadows],
    )
    capture: aws.sagemaker.EndpointConfigurationDataCaptureConfigArgsDict = {
        "enable_capture": settings.capture_percent > 0,
        "initial_sampling_percentage": settings.capture_percent,
        "destination_s3_uri": names.data_capture_uri,
        "kms_key_id": keys[Domain.PROCESSED].arn,
        "capture_options": [{"capture_mode": mode} for mode in ("Input", "Output")],
        "capture_content_type_header": {
            "csv_content_types": ["text/csv"],
            "json_content_types": ["application/json"],
        },
    }
    return aws.sagemaker.EndpointConfiguration(
        f"{name}-config-{release.id}",
        # The rollback function finds a release's configuration by `<endpoint>-<release id>`.
        name=content_name(
            f"{names.prefix}-{release.id}", [volume_key, variants, capture, *([shadows] if shadows else [])]
        ),
        kms_key_arn=volume_key,
        production_variants=variants,
        shadow_production_variants=shadows or None,
        data_capture_config=capture,
        opts=opts,
    )


KIND: Final = Drawn(settings=Settings, build=Realtime, watch=watch_fleet)
