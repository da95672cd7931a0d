"""What AWS says of a network that exists: its subnets and their routes, its endpoints, and who may reach them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from components.ground.endpoints import found, offers
from settings.network import ExistingNetwork

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """A subnet; `way_out` is the internet gateway that its route table leads to, if any."""

    id: str
    vpc_id: str
    zone: str
    cidr: str
    free_addresses: int
    route_table_id: str
    way_out: str | None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A VPC endpoint: a gateway with its route tables, or an interface with its security groups."""

    id: str
    private_dns: bool
    group_ids: tuple[str, ...]
    route_table_ids: tuple[str, ...]
    prefix_list_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a security group, with the range or the group that it is about. A port of -1 is every port."""

    egress: bool
    protocol: str
    from_port: int
    to_port: int
    cidr: str | None
    group_id: str | None

    def covers(self, port: int) -> bool:
        """Whether it is about a TCP port."""
        return self.protocol == "-1" or (self.protocol in ("tcp", "6") and self.from_port <= port <= self.to_port)


@dataclass(frozen=True, kw_only=True)
class VpcFacts:
    """A VPC as far as the workloads go. `rules` are those of its endpoints' groups, `endpoints` None where missing."""

    id: str
    dns: bool
    subnets: tuple[Subnet, ...]
    endpoints: Mapping[str, Endpoint | None]
    rules: Mapping[str, tuple[Rule, ...]]
    workload_rules: tuple[Rule, ...]


@dataclass(frozen=True, kw_only=True)
class _Table:
    id: str
    main: bool
    subnet_ids: frozenset[str]
    way_out: str | None


def looked_up(
    region: str, settings: ExistingNetwork, services: Iterable[str], lookup: pulumi.InvokeOptions
) -> VpcFacts:
    """Ask AWS about the network. Raises RunError for a VPC, subnet or group that does not exist."""
    vpc_id, own = settings.vpc_id, settings.security_group_id
    vpc = _required("vpc_id", vpc_id, found(lambda: aws.ec2.get_vpc(id=vpc_id, opts=lookup)))
    if own:
        group = found(lambda: aws.ec2.get_security_group(id=own, vpc_id=vpc_id, opts=lookup))
        _required("security_group_id", f"{own} in {vpc_id}", group)
    tables = _tables(vpc_id, lookup)
    subnets = tuple(_subnet(subnet, tables, lookup) for subnet in settings.subnet_ids)
    endpoints = {
        service: _endpoint(vpc_id, offer.name, lookup) for service, offer in offers(region, services, lookup).items()
    }
    groups = {group for endpoint in endpoints.values() if endpoint for group in endpoint.group_ids}
    return VpcFacts(
        id=vpc_id,
        dns=vpc.enable_dns_support and vpc.enable_dns_hostnames,
        subnets=subnets,
        endpoints=endpoints,
        rules={group: _rules(group, lookup) for group in sorted(groups)},
        workload_rules=_rules(own, lookup) if own else (),
    )


def _required(key: str, name: str, answer: _Answer | None) -> _Answer:
    if answer is None:
        raise pulumi.RunError(
            f"network.existing.{key}: found {name}, which does not exist; allowed: one of the stack's account and "
            "region; correct it"
        )
    return answer


def _tables(vpc_id: str, lookup: pulumi.InvokeOptions) -> list[_Table]:
    tables: list[_Table] = []
    for table_id in aws.ec2.get_route_tables(vpc_id=vpc_id, opts=lookup).ids:
        table = aws.ec2.get_route_table(route_table_id=table_id, opts=lookup)
        gateways = [route.gateway_id for route in table.routes if (route.gateway_id or "").startswith("igw-")]
        tables.append(
            _Table(
                id=table_id,
                main=any(each.main for each in table.associations),
                subnet_ids=frozenset(each.subnet_id for each in table.associations if each.subnet_id),
                way_out=next(iter(gateways), None),
            )
        )
    return tables


def _subnet(subnet_id: str, tables: Iterable[_Table], lookup: pulumi.InvokeOptions) -> Subnet:
    subnet = _required("subnet_ids", subnet_id, found(lambda: aws.ec2.get_subnet(id=subnet_id, opts=lookup)))
    own = [table for table in tables if subnet_id in table.subnet_ids]
    table = next(iter(own or [table for table in tables if table.main]), None)
    return Subnet(
        id=subnet_id,
        vpc_id=subnet.vpc_id,
        zone=subnet.availability_zone,
        cidr=subnet.cidr_block,
        free_addresses=subnet.available_ip_address_count,
        route_table_id=table.id if table else "",
        way_out=table.way_out if table else None,
    )


def _endpoint(vpc_id: str, service_name: str, lookup: pulumi.InvokeOptions) -> Endpoint | None:
    """The VPC's endpoint of a service. Raises RunError for several: nobody could say which one the workloads use."""
    try:
        endpoint = found(
            lambda: aws.ec2.get_vpc_endpoint(vpc_id=vpc_id, service_name=service_name, state="available", opts=lookup)
        )
    except Exception as error:  # the SDK has no type for a data source's failure
        if "multiple EC2 VPC Endpoints matched" not in str(error):
            raise
        raise pulumi.RunError(
            f"network.existing: found several endpoints for {service_name} in {vpc_id}; allowed: one; "
            "have its owner keep the one with private DNS"
        ) from error
    if endpoint is None:
        return None
    return Endpoint(
        id=endpoint.id,
        private_dns=endpoint.private_dns_enabled,
        group_ids=tuple(endpoint.security_group_ids),
        route_table_ids=tuple(endpoint.route_table_ids),
        prefix_list_id=endpoint.prefix_list_id or None,
    )


def _rules(group_id: str, lookup: pulumi.InvokeOptions) -> tuple[Rule, ...]:
    ids = aws.vpc.get_security_group_rules(filters=[{"name": "group-id", "values": [group_id]}], opts=lookup).ids
    rules = [aws.vpc.get_security_group_rule(security_group_rule_id=rule, opts=lookup) for rule in ids]
    return tuple(
        Rule(
            egress=rule.is_egress,
            protocol=rule.ip_protocol,
            from_port=rule.from_port,
            to_port=rule.to_port,
            cidr=rule.cidr_ipv4 or None,
            group_id=rule.referenced_security_group_id or None,
        )
        for rule in rules
    )
