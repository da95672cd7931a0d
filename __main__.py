"""The platform: one stack of it, composed. Reads like the architecture diagram, from the ground up."""

from __future__ import annotations

import os
from pathlib import Path

import pulumi
import pulumi_aws as aws

import settings as stack_config
from components import reach
from components.data.features import Features, FeaturesArgs
from components.ground import Ground, account, existing_key, existing_log_bucket, judged
from components.ground.boundary import Access, AccessArgs
from components.ground.keys import Keys, KeysArgs
from components.ground.lake import Lake, LakeArgs
from components.ground.network import Network, NetworkArgs, survey
from components.ground.notifications import Notifications, NotificationsArgs
from components.models import packages, parameters
from components.models import training as models_training
from components.models.images import Images, ImagesArgs
from components.models.training import Training, TrainingArgs
from components.naming import Names
from components.operations import drift, quality
from components.operations import response as responses
from components.operations.bootstrap import waiting_for
from components.operations.monitoring import Monitoring, MonitoringArgs
from components.operations.response import Response, ResponseArgs
from components.serving.realtime import Realtime, RealtimeArgs
from contracts import loader

settings = stack_config.load()
if settings.protect and settings.require_policies:
    judged.require(pulumi.get_stack(), os.environ)
((workload_name, workload),) = settings.workloads.items()
(endpoint,) = workload.endpoints.values()
try:
    contract = loader.load(Path(__file__).parent / workload.contract)
except (loader.ContractError, OSError) as error:
    raise pulumi.RunError(f"{stack_config.PROJECT}:workloads.{workload_name}.contract: {error}") from error

# Where: one account and region, every resource tagged.
stack, region = pulumi.get_stack(), pulumi.Config("aws").require("region")
tags = {"Project": stack_config.PROJECT, "Environment": stack, "ManagedBy": "pulumi", **settings.tags}
provider = account.provider(region, tags)
on_aws, lookup = pulumi.ResourceOptions(providers=[provider]), pulumi.InvokeOptions(provider=provider)
names = Names.of(aws.get_caller_identity(opts=lookup), workload=workload_name, stack=stack, region=region)

# What others decide: which images are built, which release is live. Without them their part of the stack waits.
built = parameters.images(names, parameters.read_path(names.image_path, lookup))
record = parameters.release_record(names, parameters.read_path(names.release_path, lookup))
variants = list(record.wanted.packages) if record else []

# What the network stands on: looked up, and refused, before anything is made.
callers = reach.callers([models_training.CALLS, responses.CALLS, drift.CALLS], settings.network.also_reach)
site = survey(region, settings.network, callers, lookup)
if settings.keys.existing:
    existing_key.check(settings.keys.existing, names, lookup)
if settings.lake.access_log_bucket:
    existing_log_bucket.check(settings.lake.access_log_bucket, names, lookup)

# The ground.
keys = Keys("keys", KeysArgs(names=names, settings=settings.keys, protect=settings.protect), on_aws)
access = Access(
    "access", AccessArgs(names=names, keys=keys, permissions_boundary=settings.access.permissions_boundary), on_aws
)
boundary = access.permissions_boundary
network = Network(
    "network",
    NetworkArgs(
        names=names,
        settings=settings.network,
        site=site,
        callers=callers,
        keys=keys,
        log_retention_days=settings.logs.retention_days,
        permissions_boundary=boundary,
    ),
    on_aws,
)
ground = Ground(
    names=names,
    keys=keys,
    network=network,
    protect=settings.protect,
    log_retention_days=settings.logs.retention_days,
    permissions_boundary=boundary,
)
notifications = Notifications(
    "notifications", NotificationsArgs(ground=ground, notify=settings.notifications.notify), on_aws
)

# Data.
lake = Lake("lake", LakeArgs(ground=ground, settings=settings.lake), on_aws)
features = Features(
    "features", FeaturesArgs(ground=ground, settings=workload.features, contract=contract, lake=lake), on_aws
)

# Models.
images = Images("images", ImagesArgs(ground=ground, settings=settings.images), on_aws)
owner = settings.tags.get("Owner") or names.prefix
training = Training(
    "training", TrainingArgs(ground=ground, contract=contract, lake=lake, images=built, owner=owner), on_aws
)

# Watching and answering.
response = Response(
    "response",
    ResponseArgs(
        ground=ground,
        settings=workload.retraining,
        notifications=notifications,
        retraining=training.pipeline is not None,
    ),
    on_aws,
)
monitoring = Monitoring(
    "monitoring",
    MonitoringArgs(
        ground=ground,
        endpoint=endpoint,
        variants=variants,
        max_drift=workload.monitoring.drift_score or contract.drift.max_score,
        response=response,
        notifications=notifications,
    ),
    on_aws,
)

# Serving.
if record:
    alarms = monitoring.guards(endpoint.rollback_alarms)
    serving = Realtime(
        "serving",
        RealtimeArgs(ground=ground, settings=endpoint, record=record, rollback_alarms=alarms),
        on_aws,
    )
    champion = packages.read(record.wanted.champion, lookup)
    if baseline := quality.baseline(champion):
        quality.DataQuality(
            "quality",
            quality.DataQualityArgs(
                ground=ground,
                settings=workload.monitoring,
                baseline=baseline,
                endpoint=serving.endpoint,
                image_uri=quality.analyzer_image(region, lookup),
            ),
            on_aws,
        )
    compared_with = drift.reference(names, champion)
    if compared_with and parameters.TRAINING in built:
        drift.Drift(
            "drift",
            drift.DriftArgs(
                ground=ground,
                settings=workload.monitoring,
                compared_with=compared_with,
                image_uri=built[parameters.TRAINING],
                dead_letters_arn=response.dead_letters.arn,
                tags=tags,
            ),
            on_aws,
        )
    pulumi.export("endpoint", serving.endpoint.name)
    pulumi.export("release", record.wanted.id)

pulumi.export("raw_bucket", lake.raw.bucket)
pulumi.export("feature_group", features.group_name)
pulumi.export("image_repositories", images.urls)
pulumi.export("package_group", training.package_group_name)
pulumi.export("pipeline", training.pipeline.pipeline_name if training.pipeline else None)
pulumi.export("waiting_for", waiting_for(names, images=built, record=record))
