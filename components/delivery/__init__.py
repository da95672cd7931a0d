"""Delivery: who previews and deploys a stack from outside."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.delivery.roles import DeliveryRoles, DeliveryRolesArgs
from components.ground import Ground
from settings import Delivery


def build(ground: Ground, settings: Delivery, opts: pulumi.ResourceOptions) -> Mapping[str, pulumi.Output[str]]:
    """The ARNs of the roles by what they are for; none where the stack names nobody who delivers."""
    if not (settings.github or settings.gitlab):
        return {}
    return DeliveryRoles("delivery", DeliveryRolesArgs(ground=ground, settings=settings), opts).arns
