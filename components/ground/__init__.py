"""The ground of a stack: what every workload stands on, and the function that lays it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi

from components import access, readers, topic
from components.ground import audit, boundary, bucket, existing_key, existing_log_bucket, keys, lake_formation, network
from components.ground.boundary import Access, AccessArgs
from components.ground.keys import Domain, Keys, KeysArgs
from components.ground.lake import Lake, LakeArgs
from components.ground.lake_formation import LakeFormation, LakeFormationArgs
from components.ground.network import Network, NetworkArgs, survey
from components.reach import Calls, callers
from components.topic import Topic, TopicArgs
from components.watch import Channel
from contracts import layout
from contracts.names import Names
from settings import Persona, Settings

#: What is made in this wing, and of what every wing makes (`components.service`).
SERVICES: Final = (
    *access.SERVICES,
    *audit.SERVICES,
    *boundary.SERVICES,
    *bucket.SERVICES,
    *keys.SERVICES,
    *lake_formation.SERVICES,
    *network.SERVICES,
    *topic.SERVICES,
)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Names, keys, network, lake and alerts of the stack, and the rules that hold for all of it.

    `protect` refuses deletion of what holds data. `permissions_boundary` is the ARN of the policy that bounds every
    role but those of ingestion, which `ingestion_boundary` bounds, and of services of ECS, of pulls and of crawlers
    (`services_boundary`), and of what tells tracking servers (`tracking_boundary`). People hear of everything through
    the topic `alerts_arn`. `model_readers` are roles outside that take models over. Accesses are logged in
    `log_bucket`. Who reads which columns is said by tags of `lake_formation`, where the stack has it.
    """

    names: Names
    keys: Keys
    network: Network
    lake: Lake
    alerts_arn: pulumi.Input[str]
    protect: bool
    log_retention_days: int
    permissions_boundary: pulumi.Input[str]
    ingestion_boundary: pulumi.Input[str]
    services_boundary: pulumi.Input[str]
    tracking_boundary: pulumi.Input[str]
    model_readers: Sequence[str] = ()
    lake_formation: LakeFormation | None = None
    log_bucket: pulumi.Input[str] = ""

    @property
    def boundaries(self) -> list[pulumi.Input[str]]:
        """Of all roles of the stack's jobs."""
        return [self.permissions_boundary, self.ingestion_boundary, self.services_boundary, self.tracking_boundary]


def lay(
    names: Names,
    settings: Settings,
    calls: Iterable[Calls],
    lookup: pulumi.InvokeOptions,
    opts: pulumi.ResourceOptions,
) -> Ground:
    """Keys, the boundary of every role, the network, the lake, and the topic for people.

    `calls` are the AWS services that the code on this ground calls. What the network stands on is looked up, and
    refused, before anything is made.
    """
    called = callers(calls, settings.network.also_reach)
    most = max(workload.training.hosts for workload in settings.workloads.values())
    site = survey(names, settings.network, called, lookup, hosts=most)
    granted = audit.granted(names, settings.audit)
    if settings.keys.existing:
        existing_key.check(settings.keys.existing, names, granted, lookup)
    if settings.lake.access_log_bucket:
        existing_log_bucket.check(settings.lake.access_log_bucket, names, lookup)
    outside = settings.registry.readers
    granted = {**granted, **readers.granted(names, outside)}
    keys = Keys("keys", KeysArgs(names=names, settings=settings.keys, protect=settings.protect, granted=granted), opts)
    hosts = {host for workload in settings.workloads.values() for host in workload.elsewhere.values()}
    pulled = [
        names.of_workload(name).role_arn(names.of_workload(name).pull(source))
        for name, workload in settings.workloads.items()
        for source in workload.sources
    ]
    crawled = any(workload.catalog.crawler for workload in settings.workloads.values())
    bounded = AccessArgs(
        names=names,
        keys=keys,
        permissions_boundary=settings.access.permissions_boundary,
        services=bool(hosts or pulled or crawled),
        tracking=any(workload.training.tracking_server for workload in settings.workloads.values()),
    )
    bounds = Access("access", bounded, opts)
    boundary = bounds.permissions_boundary
    network = Network(
        "network",
        NetworkArgs(
            names=names,
            settings=settings.network,
            site=site,
            callers=called,
            keys=keys,
            log_retention_days=settings.logs.retention_days,
            permissions_boundary=boundary,
        ),
        opts,
    )
    lake = Lake(
        "lake",
        LakeArgs(
            names=names,
            keys=keys,
            settings=settings.lake,
            protect=settings.protect,
            deliverers=[
                *pulled,
                *(
                    names.admin_role_arn(persona.job)
                    for persona in (Persona.DATA_ENGINEER,)
                    if settings.access.personas.members(persona)
                ),
            ],
            readers=outside,
            handed_on=[layout.delivery(names.delivery)] if settings.delivery.codepipeline else [],
            balancers="ecs" in hosts,
        ),
        opts,
    )
    if settings.audit.trail or settings.audit.analyzer:
        audit.Audit(
            "audit",
            audit.AuditArgs(
                names=names,
                keys=keys,
                settings=settings.audit,
                log_bucket=lake.log_bucket,
                log_retention_days=settings.logs.retention_days,
                permissions_boundary=boundary,
                protect=settings.protect,
            ),
            opts,
        )
    guard = None
    if settings.lake_formation.guards:
        guard = LakeFormation(
            "lake-formation",
            LakeFormationArgs(
                names=names,
                keys=keys,
                settings=settings.lake_formation,
                bucket=lake.processed.bucket.apply(names.bucket_arn),
                permissions_boundary=boundary,
            ),
            opts,
        )
    alerts = Topic(
        "alerts",
        TopicArgs(
            names=names,
            role=Channel.ALERTS,
            key_arn=keys[Domain.MESSAGES].arn,
            event_rules=True,
            emails=settings.notifications.notify,
        ),
        opts,
    )
    return Ground(
        names=names,
        keys=keys,
        network=network,
        lake=lake,
        alerts_arn=alerts.arn,
        protect=settings.protect,
        log_retention_days=settings.logs.retention_days,
        permissions_boundary=boundary,
        ingestion_boundary=bounds.ingestion_boundary,
        services_boundary=bounds.services_boundary,
        tracking_boundary=bounds.tracking_boundary,
        model_readers=outside,
        lake_formation=guard,
        log_bucket=lake.log_bucket,
    )
