"""What an account has before a stack names it: the security groups of an endpoint's clients, and a certificate.

Their ids stand in the stack's config, where AWS would have given them; no operation makes something under a given id.
"""

from __future__ import annotations

from typing import Any

from moto.acm.models import acm_backends
from moto.ec2.models import ec2_backends

from local.emulator.context import Context

_DOMAIN = "endpoint.example.com"


def present(context: Context, *, security_groups: list[str], certificates: list[str]) -> None:
    """Have them in the account; what is there already stays."""
    ec2, acm = ec2_backends[context.account][context.region], acm_backends[context.account][context.region]
    for wanted in security_groups:
        if any(wanted in groups for groups in ec2.groups.values()):
            continue
        group: Any = ec2.create_security_group(wanted, "Clients of an endpoint")
        made = ec2.groups[group.vpc_id]
        made[wanted] = made.pop(group.id)
        group.id = group.group_id = wanted
    held: dict[str, Any] = acm._certificates
    for wanted in certificates:
        if wanted not in held:
            certificate = held.pop(acm.request_certificate(_DOMAIN, "", [], []))
            certificate.arn = wanted
            held[wanted] = certificate
