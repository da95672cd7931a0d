"""A network that the account has already: looked up, checked and never changed.

The workloads get its subnets, and a security group of the stack's own unless the stack config names one. What the
network lacks is said before anything is made: private subnets with addresses in two zones, DNS in the VPC, an endpoint
for every service that the platform's code calls, and security groups that let the workloads reach them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

import pulumi

from components.ground.endpoints import S3
from components.ground.look_up import Endpoint, Rule, Subnet, VpcFacts, looked_up
from settings.network import ExistingNetwork

HTTPS: Final = 443
#: Free addresses that a subnet must have where jobs have one host; each host more takes two (SageMaker developer guide,
#: "Give SageMaker training jobs access to resources in your Amazon VPC"). A rollout holds two fleets of an endpoint at
#: once, and jobs run beside it.
FREE_ADDRESSES: Final = 16
ZONES: Final = 2
#: What passes between the hosts of a training job: protocol, first and last port. TCP on ports that they choose, which
#: SageMaker wraps into IPsec (developer guide, "Give SageMaker training jobs access to resources in your Amazon VPC",
#: and "Protect Communications Between ML Compute Instances in a Distributed Training Job").
_BETWEEN_HOSTS: Final = {
    "TCP from port 1024 on": (("tcp", "6"), 1024, 65535),
    "UDP to port 500": (("udp", "17"), 500, 500),
    "protocol 50 (ESP)": (("50",), None, None),
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What of the network the workloads use. `elsewhere` says that some services are reached without an endpoint."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_id: str | None
    endpoint_group_ids: tuple[str, ...]
    s3_prefix_list_id: str | None
    elsewhere: bool


def survey(
    region: str,
    settings: ExistingNetwork,
    callers: Mapping[str, Sequence[str]],
    lookup: pulumi.InvokeOptions,
    *,
    hosts: int,
) -> Found:
    """Look the network up. Raises RunError, with every fault, where the platform cannot run in it.

    No job has more than so many `hosts`, which talk to each other.
    """
    facts = looked_up(region, settings, list(callers), lookup)
    lines = [*subnet_faults(facts, hosts), *endpoint_faults(facts, settings, callers)]
    if hosts > 1 and settings.security_group_id:
        lines += host_faults(facts, settings.security_group_id)
    if lines:
        raise pulumi.RunError(
            f"network.existing: the workloads cannot run in {settings.vpc_id}:\n" + "\n".join(f"  {x}" for x in lines)
        )
    present = [endpoint for endpoint in facts.endpoints.values() if endpoint is not None]
    missing = [service for service, endpoint in facts.endpoints.items() if endpoint is None]
    if missing:
        pulumi.log.warn(
            f"network.existing: {settings.vpc_id} has no endpoint for {', '.join(missing)}; accepted, as "
            "missing_endpoints says: the network must have another way to them"
        )
    return Found(
        vpc_id=settings.vpc_id,
        subnet_ids=settings.subnet_ids,
        security_group_id=settings.security_group_id,
        endpoint_group_ids=tuple(sorted({group for each in present for group in each.group_ids})),
        s3_prefix_list_id=gateway.prefix_list_id if (gateway := facts.endpoints[S3]) else None,
        elsewhere=bool(missing),
    )


def subnet_faults(facts: VpcFacts, hosts: int) -> Iterator[str]:
    """Subnets that are not of the VPC, public, too full for jobs of so many hosts, or all in one zone."""
    needed = FREE_ADDRESSES + 2 * (hosts - 1)
    for subnet in facts.subnets:
        where = f"subnet_ids: found {subnet.id}"
        if subnet.vpc_id != facts.id:
            yield f"{where}, which is in {subnet.vpc_id or 'no VPC'}; allowed: subnets of {facts.id}"
        if subnet.way_out:
            yield (
                f"{where}, which is public: {subnet.route_table_id} leads to {subnet.way_out}; allowed: private ones; "
                "name subnets whose route table has no internet gateway"
            )
        if subnet.free_addresses < needed:
            yield (
                f"{where} with {subnet.free_addresses} free addresses; allowed: {needed} or more; "
                "free some, or name larger subnets"
            )
    zones = sorted({subnet.zone for subnet in facts.subnets})
    if len(zones) < ZONES:
        yield (
            f"subnet_ids: found subnets in {', '.join(zones)} only; allowed: {ZONES} zones or more; "
            "name a subnet in another zone"
        )


def endpoint_faults(facts: VpcFacts, settings: ExistingNetwork, callers: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """DNS, missing endpoints, and security groups that keep the workloads from them."""
    if not facts.dns:
        yield f"vpc_id: found {facts.id} with DNS support or host names off; allowed: both on; have its owner do that"
    for service, endpoint in facts.endpoints.items():
        needed = ", ".join(callers.get(service, ("every job",)))
        if endpoint is None:
            if settings.missing_endpoints == "refuse":
                yield (
                    f"endpoints: found none for {service}, which {needed} calls; allowed: one with private DNS, or "
                    "missing_endpoints: accept where the network has another way; have its owner add it"
                )
        elif service == S3:
            yield from _gateway_faults(facts, endpoint)
        else:
            yield from _interface_faults(facts, settings, service, endpoint)
    if settings.security_group_id and not _lets_out(facts):
        yield (
            f"security_group_id: {settings.security_group_id} lets no HTTPS out to the endpoints; "
            "allowed: an egress rule for port 443 to them; have its owner add it"
        )


def host_faults(facts: VpcFacts, group_id: str) -> Iterator[str]:
    """A security group of the workloads that keeps the hosts of one job from each other."""
    for egress, way, kind in ((False, "from", "ingress"), (True, "to", "egress")):
        among = [
            rule
            for rule in facts.workload_rules
            if rule.egress is egress
            and (rule.group_id == group_id or all(_holds(rule, subnet.cidr) for subnet in facts.subnets))
        ]
        if kept := [what for what, needed in _BETWEEN_HOSTS.items() if not any(_passes(r, *needed) for r in among)]:
            yield (
                f"security_group_id: {group_id} keeps {', '.join(kept)} {way} hosts of the same training job; "
                f"allowed: an {kind} rule for all traffic {way} itself where training.hosts is above 1; "
                "have its owner add it"
            )


def _passes(rule: Rule, protocols: Sequence[str], first: int | None, last: int | None) -> bool:
    if rule.protocol == "-1":
        return True
    ports = first is None or last is None or (rule.from_port <= first and last <= rule.to_port)
    return rule.protocol in protocols and ports


def _gateway_faults(facts: VpcFacts, endpoint: Endpoint) -> Iterator[str]:
    for subnet in facts.subnets:
        if subnet.route_table_id not in endpoint.route_table_ids:
            yield (
                f"endpoints: {endpoint.id} for s3 is not in {subnet.route_table_id}, the route table of {subnet.id}; "
                "allowed: in the route table of every subnet; have its owner add it"
            )


def _interface_faults(facts: VpcFacts, settings: ExistingNetwork, service: str, endpoint: Endpoint) -> Iterator[str]:
    if not endpoint.private_dns:
        yield (
            f"endpoints: {endpoint.id} for {service} has private DNS off; allowed: on, because the SDKs call the "
            "service by its public name; have its owner switch it on"
        )
    rules = [rule for group in endpoint.group_ids for rule in facts.rules.get(group, ())]
    if not all(_admitted(rules, subnet, settings.security_group_id) for subnet in facts.subnets):
        who = settings.security_group_id or ", ".join(subnet.cidr for subnet in facts.subnets)
        yield (
            f"endpoints: {endpoint.id} for {service} does not let the workloads in; allowed: a security group with an "
            f"ingress rule for port 443 from {who}; have its owner add it"
        )


def _admitted(rules: Sequence[Rule], subnet: Subnet, group_id: str | None) -> bool:
    """Whether some ingress rule lets HTTPS in from a subnet, by its range or by the workloads' security group."""
    return any(
        not rule.egress
        and rule.covers(HTTPS)
        and (_holds(rule, subnet.cidr) or (group_id and rule.group_id == group_id))
        for rule in rules
    )


def _lets_out(facts: VpcFacts) -> bool:
    return any(rule.egress and rule.covers(HTTPS) for rule in facts.workload_rules)


def _holds(rule: Rule, cidr: str) -> bool:
    return rule.cidr is not None and IPv4Network(cidr).subnet_of(IPv4Network(rule.cidr))
