"""Delivery: who previews and deploys a stack from outside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import pulumi

from components.delivery.pipeline import DeliveryPipeline, DeliveryPipelineArgs
from components.delivery.roles import DeliveryRoles, DeliveryRolesArgs
from components.delivery.signing import ImageSigning
from components.ground import Ground
from contracts.kinds.kind import Host
from contracts.names import EndpointNames
from settings import Delivery


def build(
    ground: Ground,
    settings: Delivery,
    endpoints: Iterable[EndpointNames],
    opts: pulumi.ResourceOptions,
    hosts: Collection[Host] = (),
    *,
    glue: bool = False,
    archives: bool = False,
) -> Mapping[str, pulumi.Output[str]]:
    """The ARNs of the roles by what they are for; none where the stack names nobody who delivers.

    `endpoints` are all of the stack, and `hosts` what runs them; with `archives` some of them serve several models.
    With `glue` a workload has a job or a crawler of Glue.
    """
    if not settings.delivers:
        return {}
    if settings.signs:
        ImageSigning("delivery-signing", ground, opts)
    if settings.codepipeline and settings.state_bucket:
        DeliveryPipeline(
            "delivery-pipeline",
            DeliveryPipelineArgs(
                ground=ground,
                settings=settings.codepipeline,
                state_bucket=settings.state_bucket,
                endpoints=list(endpoints),
            ),
            opts,
        )
    args = DeliveryRolesArgs(ground=ground, settings=settings, hosts=hosts, glue=glue, archives=archives)
    return DeliveryRoles("delivery", args, opts).arns
