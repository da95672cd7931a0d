"""The serverless endpoint: models and a configuration for every release of the record, the endpoint on the live one.

SageMaker runs it on its own machines, in no network of ours and without data capture: the service captures by itself
(`workloads.inference.capture`). A release takes over at once; no alarm can turn it back while it does
(`contracts.kinds`), the rollback function can afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pulumi
import pulumi_aws as aws

from components.content import content_name, formerly, known_name
from components.serving import models
from components.serving.endpoint import Hosted
from components.serving.kind import Drawn, EndpointArgs
from components.serving.watch import REQUESTS, graph, request_alarms, request_graphs, watch
from components.watch import Watch
from contracts.names import EndpointNames
from contracts.namespaces import HOSTS
from contracts.release import CHAMPION, Release
from settings import Serverless as Settings


class Serverless(Hosted):
    """The endpoint.

    serving = Serverless("churn-live", EndpointArgs(ground=ground, names=names, settings=settings, record=record, ...))
    serving.name
    """

    def __init__(self, name: str, args: EndpointArgs[Settings], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Serverless", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        releases = args.record.releases
        role = models.role(name, args.ground, args.names, child, models.statements_outside)
        found = models.outside(name, [release.champion for release in releases], role, _environment(args), child)
        configs = [_config(name, args, release, found[release.champion], child) for release in releases]
        self.serve(name, args, configs[0], None)
        self.register_outputs({"endpoint": self.name, "release": releases[0].id})


def _environment(args: EndpointArgs[Settings]) -> dict[str, pulumi.Input[str]]:
    """What has the service capture as SageMaker would. It writes before it answers, for then the container freezes."""
    return {"AWS_REGION": args.names.region, **models.captures(args), "CAPTURE_SECONDS": "0"}


def _config(
    name: str,
    args: EndpointArgs[Settings],
    release: Release,
    model: aws.sagemaker.Model,
    opts: pulumi.ResourceOptions,
) -> aws.sagemaker.EndpointConfiguration:
    settings = args.settings
    serverless: aws.sagemaker.EndpointConfigurationProductionVariantServerlessConfigArgsDict = {
        "memory_size_in_mb": settings.memory_mb,
        "max_concurrency": settings.max_concurrency,
    }
    if settings.provisioned_concurrency is not None:
        serverless["provisioned_concurrency"] = settings.provisioned_concurrency
    variants: list[aws.sagemaker.EndpointConfigurationProductionVariantArgsDict] = [
        {"variant_name": CHAMPION, "model_name": model.name, "serverless_config": serverless}
    ]
    return aws.sagemaker.EndpointConfiguration(
        known_name(f"{name}-config-{release.id}", serverless),
        # The rollback function finds a release's configuration by `<endpoint>-<release id>`.
        name=content_name(f"{args.names.prefix}-{release.id}", variants),
        production_variants=variants,
        opts=pulumi.ResourceOptions.merge(opts, formerly(f"{name}-config-{release.id}")),
    )


def _watch(names: EndpointNames, settings: Settings, variants: Sequence[str], _: Iterable[str] = ()) -> Watch:
    """Errors and latency as of any endpoint, memory, and how near it is to the most it serves at once."""
    if not variants:
        return watch(names, (), ())
    alarms = [alarm for variant in variants for alarm in request_alarms(names, variant, settings.alarms)]
    concurrency = ("ServerlessConcurrentExecutionsUtilization", "Maximum")
    return watch(
        names,
        alarms,
        [
            *request_graphs(names, variants),
            graph(names, variants, "concurrency (share of the most)", REQUESTS, concurrency),
            graph(names, variants, "memory (percent)", HOSTS, ("MemoryUtilization", "Maximum")),
        ],
    )


KIND: Final = Drawn(settings=Settings, build=Serverless, watch=_watch)
