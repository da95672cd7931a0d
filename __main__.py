"""The platform: one stack of it, composed. Reads like the architecture diagram, from the ground up."""

from __future__ import annotations

import os

import pulumi
import pulumi_aws as aws

import settings as stack_config
from automation.operations import counting, rollouts, shifting, unscaling
from components import data, delivery, ground, models, operations, personas, serving
from components.data import pulling
from components.ground import account, judged
from components.models import live_contracts, packages, parameters
from components.models.images import Images, ImagesArgs
from components.models.registry import removed
from components.models.signs import Signs, SignsArgs
from components.operations.bootstrap import waiting_for
from components.workload import Root, Workload, read_contract
from contracts.kinds import KINDS
from contracts.names import Names

settings = stack_config.load()
if settings.protect and settings.require_policies:
    judged.require(pulumi.get_stack(), os.environ)
contracts = {name: read_contract(name, workload) for name, workload in settings.workloads.items()}

# Where: one account and region, every resource tagged.
stack, region = pulumi.get_stack(), pulumi.Config("aws").require("region")
tags = {"Project": stack_config.PROJECT, "Environment": stack, "ManagedBy": "pulumi", **settings.tags}
provider = account.provider(region, tags)
on_aws, lookup = pulumi.ResourceOptions(providers=[provider]), pulumi.InvokeOptions(provider=provider)
caller = aws.get_caller_identity(opts=lookup)
names = Names(stack=stack, account=caller.account_id, region=region, partition=caller.arn.split(":")[1])

# What others decide: which images are built, which releases are live. Without them their part of the stack waits.
found = parameters.read(names, lookup)
built = parameters.images(names, found)
referrers = parameters.image_referrers(names, built, found)
releases = parameters.release_records(names, settings.workloads, found)
registered = packages.described(settings.workloads, releases, lookup)
packages.require_images(names, settings.workloads, releases, registered)
live_contracts.require_growth(names, contracts, found, releases, registered, lookup)

elsewhere = serving.elsewhere(names, settings.workloads)
counted = counting.found(serving.counted(names, settings.workloads, releases), elsewhere, **account.operator())

# What every workload stands on.
fed = [(contracts[name], workload.features, workload.ingestion) for name, workload in settings.workloads.items()]
wanted = list(settings.workloads.values())
calls = [
    data.calls(fed),
    operations.calls(wanted),
    *serving.calls(settings.workloads, releases),
    models.calls(workload.joined for workload in wanted),
    *operations.CALLS,
    pulling.calls((names.of_workload(name), workload) for name, workload in settings.workloads.items()),
]
base = ground.lay(names, settings, calls, lookup, on_aws)
pulled = ImagesArgs(ground=base, settings=settings.images, functions="lambda" in elsewhere.values())
images = Images("images", pulled, on_aws)
Signs("signs", SignsArgs(parameters=parameters.found(names, built, settings.workloads, releases)), on_aws)

# Who acts on it beside its own jobs: people by what they are, and the pipelines that deliver it.
personas.build(base, settings.access, on_aws)
named = [names.of_workload(name).of_endpoint(each) for name, of in settings.workloads.items() for each in of.endpoints]
glue = any(each.ingestion.glue or each.catalog.crawler for each in settings.workloads.values())
several = any(KINDS[each.kind].models for of in settings.workloads.values() for each in of.endpoints.values())
hosts = set(elsewhere.values())
delivering = delivery.build(base, settings.delivery, named, on_aws, hosts, glue=glue, archives=several)

# The provider calls a rollout done that SageMaker turned back: the program looks for itself.
# SageMaker gives no other instance type to a variant that scales.
begin = rollouts.begun(elsewhere, **account.operator())
see_through = rollouts.seen_through(elsewhere, **account.operator())
shift = shifting.shifted(elsewhere, **account.operator())
make_way = unscaling.way_made(**account.operator())
exported: dict[str, object] = {}
for name, config in settings.workloads.items():
    workload = Workload(
        ground=base,
        names=names.of_workload(name),
        settings=config,
        contract=contracts[name],
        images=built,
        referrers=referrers,
        records=releases[name],
        packages=registered,
        stack_tags=tags,
        root=Root(name, on_aws),
    )
    features = data.build(workload, lookup)
    registry, training = models.build(workload, asks_images=bool(settings.images.others))
    watched = operations.build(workload, training)
    hooks = (begin, see_through, make_way, shift)
    endpoints = serving.build(workload, watched.rollback_alarms, *hooks, watched.dead_letters.arn, counted)
    for endpoint, live in endpoints.items():
        operations.monitor(workload, endpoint, live, watched, lookup)
    exported[name] = {
        "feature_group": features.group_name,
        "package_group": registry.group.model_package_group_name,
        "pipeline": training.called,
        "endpoints": {
            endpoint: {
                "name": live.name,
                "release": releases[name][endpoint].wanted.id,
                "state": config.endpoints[endpoint].state,
            }
            for endpoint, live in endpoints.items()
        },
    }

# A workload that was taken out leaves its registry and its release record, for the day when its name comes back.
for name in removed(names, settings.workloads, found):
    models.keep_registry(names.of_workload(name), protect=settings.protect, root=Root(name, on_aws))

pulumi.export("workloads", exported)
pulumi.export("raw_bucket", base.lake.raw.bucket)
pulumi.export("image_repositories", images.urls)
if settings.cost.monthly_limit_usd is not None:
    pulumi.export("monthly_limit_usd", settings.cost.monthly_limit_usd)
if delivering:
    pulumi.export("delivery_roles", delivering)
pulumi.export("waiting_for", waiting_for(names, settings.workloads, images=built, releases=releases))
