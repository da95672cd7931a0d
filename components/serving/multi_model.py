"""The multi-model endpoint: packages of one contract share its instances, and a request names the one that it is for.

Each release is served from a place of its own below the endpoint's prefix in S3, where `promote` puts the archives of
its packages, and has a model and a configuration that outlive the move away from it. SageMaker loads an archive with
the first request for it and unloads what was not asked for longest; it captures nothing, so the service does, a place
for each model (`workloads.inference.capture`). Instances, rollouts and scaling are those of a fleet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.content import content_name
from components.models import packages
from components.serving import models
from components.serving.deployment import deployment_config
from components.serving.endpoint import Hosted
from components.serving.fleet import configuration
from components.serving.kind import Drawn, EndpointArgs
from components.serving.plan import plan
from components.serving.scaling import scaling
from components.serving.watch import REQUESTS, graph, watch, watch_fleet
from components.watch import Alarm, Watch
from contracts.names import EndpointNames
from contracts.namespaces import HOSTS
from contracts.release import CHAMPION, Release
from settings import MultiModel as Settings


class MultiModel(Hosted):
    """The endpoint.

    serving = MultiModel("churn-regions", EndpointArgs(ground=ground, names=names, settings=settings, ...))
    serving.name
    """

    def __init__(self, name: str, args: EndpointArgs[Settings], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:MultiModel", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = models.role(name, args.ground, args.names, child, models.statements_of_several)
        planned = plan(args.record, args.settings, where=args.where, serving=args.serving)
        found = [{release.champion: _model(name, args, release, role, child)} for release in args.record.releases]
        beside = (args.settings.memory_percent,)
        configs = [
            configuration(name, args, release, served, child, captured=False, beside=beside)
            for release, served in zip(planned, found, strict=True)
        ]
        self.serve(name, args, configs[0], deployment_config(args.settings, args.rollback_alarms))
        if self.endpoint and args.settings.autoscaling.enabled:
            scaling(name, args.names, CHAMPION, args.settings, self.endpoint, self)
        self.register_outputs({"endpoint": self.name, "release": args.record.wanted.id})


def _model(
    name: str, args: EndpointArgs[Settings], release: Release, role: access.Role, opts: pulumi.ResourceOptions
) -> aws.sagemaker.Model:
    """What a release serves, by the image of its champion, in the private network; isolated if it captures nothing."""
    names, network, environment = args.names, args.ground.network, _environment(args)
    vpc: aws.sagemaker.ModelVpcConfigArgsDict = {
        "subnets": network.subnet_ids,
        "security_group_ids": [network.security_group_id],
    }
    container: aws.sagemaker.ModelPrimaryContainerArgsDict = {
        "image": packages.served(args.packages[release.champion], args.settings.processor)["Image"],
        "mode": "MultiModel",
        "model_data_url": f"s3://{names.artifacts_bucket}/{names.archives(release.id)}",
        "environment": environment,
    }
    return aws.sagemaker.Model(
        models.called(f"{name}-model-{release.id}", environment),
        name=content_name(f"{names.prefix}-{release.id}", [container, role.arn, vpc]),
        execution_role_arn=role.arn,
        primary_container=container,
        enable_network_isolation=not args.settings.capture_percent,
        vpc_config=vpc,
        opts=opts,
    )


def _environment(args: EndpointArgs[Settings]) -> Mapping[str, pulumi.Input[str]]:
    """How much memory models may fill, and where the service captures, as SageMaker would where it does."""
    found: dict[str, pulumi.Input[str]] = {"MAX_MEMORY_PERCENT": str(args.settings.memory_percent)}
    if args.settings.capture_percent:
        found |= {"AWS_REGION": args.names.region, **models.captures(args, below="")}
    return found


def _watch(names: EndpointNames, settings: Settings, variants: Sequence[str], _: Iterable[str] = ()) -> Watch:
    """What is watched of any fleet, and whether its memory holds the models that are asked for."""
    if not variants:
        return watch(names, (), ())
    loaded = (("ModelCacheHit", "Average"),)
    return watch_fleet(names, settings, variants) + Watch(
        alarms=tuple(_loads(names, variant, settings.alarms.loads) for variant in variants),
        widgets=(
            graph(names, variants, "requests whose model was loaded (share)", REQUESTS, *loaded),
            graph(names, variants, "wait for a model (microseconds)", REQUESTS, ("ModelLoadingWaitTime", "Maximum")),
            graph(names, variants, "models loaded", HOSTS, ("LoadedModelCount", "Maximum")),
        ),
    )


def _loads(names: EndpointNames, variant: str, most: int) -> Alarm:
    return Alarm(
        name=f"{names.resource(variant)}-loads",
        description=f"{variant}: more than {most} models were loaded in 5 minutes, three times: too little memory",
        namespace=REQUESTS,
        metric="ModelLoadingTime",
        dimensions={"EndpointName": names.prefix, "VariantName": variant},
        statistic="SampleCount",
        threshold=most,
        periods=3,
    )


KIND: Final = Drawn(settings=Settings, build=MultiModel, watch=_watch)
