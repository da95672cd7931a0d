"""The children of `awsx:ec2:Vpc`: the VPC, its subnets with route tables and routes, the gateways and the endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local import values
from local.runtime.awsx import subnets
from local.runtime.awsx.component import Child, Component, Ref
from local.runtime.errors import ComponentInputError, UnsupportedError

_VPC_OPTIONS = (
    "enableDnsHostnames",
    "enableDnsSupport",
    "enableNetworkAddressUsageMetrics",
    "instanceTenancy",
    "region",
)
_NOT_EXPANDED = (
    "assignGeneratedIpv6CidrBlock",
    "ipv4IpamPoolId",
    "ipv4NetmaskLength",
    "ipv6CidrBlock",
    "ipv6IpamPoolId",
    "ipv6NetmaskLength",
)
_NAT_STRATEGIES = ("None", "Single", "OnePerAz")
_ANYWHERE = "0.0.0.0/0"


def expand(component: Component) -> dict[str, Any]:
    """Register the children of a VPC and give its outputs."""
    args, name = component.args, component.name
    zones = _zones(component)
    nat = _nat_strategy(component, len(zones))
    planned = subnets.plan(name, args, zones)
    kinds = {subnet.type for subnet in planned}
    if nat != "None" and not ({"Public"} <= kinds and kinds & {"Private", "Isolated"}):
        raise ComponentInputError(name, [f"natGateways.strategy: found {nat!r}; it needs public and private subnets"])
    shared = {"Name": name} | (args.get("tags") or {})
    dns = _endpoint_dns(args)
    vpc = component.add(
        "aws:ec2/vpc:Vpc",
        name,
        {key: args.get(key) for key in _VPC_OPTIONS}
        | dns
        | {"cidrBlock": args.get("cidrBlock") or "10.0.0.0/16", "tags": shared},
        parent=component.resource.urn,
    )
    gateway = component.add(
        "aws:ec2/internetGateway:InternetGateway",
        name,
        {"region": args.get("region"), "vpcId": vpc.id, "tags": shared},
        parent=vpc.urn,
        depends_on=[vpc.urn],
    )
    network = _Network(component=component, vpc=vpc, gateway=gateway, nat=nat, shared=shared)
    for index, zone in enumerate(zones):
        here = [subnet for subnet in planned if subnet.zone == zone and subnet.type != subnets.UNUSED]
        for subnet in sorted(here, key=lambda subnet: ("Public", "Private", "Isolated").index(subnet.type)):
            network.add_subnet(subnet, index)
    endpoints = [_endpoint(component, vpc, network, spec) for spec in args.get("vpcEndpointSpecs") or ()]
    layout = [{"type": s.type, "cidrMask": int(s.cidr.split("/")[1])} for s in planned if s.zone == zones[0]]
    return network.outputs() | {"subnetLayout": layout, "vpcEndpoints": [found.reference for found in endpoints]}


@dataclass(frozen=True, kw_only=True)
class _Network:
    """The subnets of a VPC with what belongs to each, as far as they are registered."""

    component: Component
    vpc: Child
    gateway: Child
    nat: str
    shared: Mapping[str, Any]
    subnets: list[tuple[subnets.Subnet, Child]] = field(default_factory=list)
    tables: list[Child] = field(default_factory=list)
    associations: list[Child] = field(default_factory=list)
    routes: list[Child] = field(default_factory=list)
    gateways: list[Child] = field(default_factory=list)
    addresses: list[Child] = field(default_factory=list)

    def add_subnet(self, planned: subnets.Subnet, zone_index: int) -> None:
        """Register a subnet with its route table, association and route, and a public one with its NAT gateway."""
        name, region = planned.resource_name, {"region": self.component.args.get("region")}
        tags = {**self.shared, **planned.tags, "Name": planned.name_tag, "SubnetType": planned.type}
        subnet = self.component.add(
            "aws:ec2/subnet:Subnet",
            name,
            region
            | {
                "vpcId": self.vpc.id,
                "availabilityZone": planned.zone,
                "mapPublicIpOnLaunch": planned.type == "Public",
                "cidrBlock": planned.cidr,
                "assignIpv6AddressOnCreation": False,
                "tags": tags,
            },
            parent=self.vpc.urn,
            depends_on=[self.vpc.urn],
        )
        self.subnets.append((planned, subnet))
        table_tags = {**self.shared, "Name": planned.name_tag, "SubnetType": planned.type}
        table = self.component.add(
            "aws:ec2/routeTable:RouteTable",
            name,
            region | {"vpcId": self.vpc.id, "tags": table_tags},
            parent=subnet.urn,
            depends_on=[subnet.urn],
        )
        self.tables.append(table)
        joined = region | {"routeTableId": table.id, "subnetId": subnet.id}
        kind = "aws:ec2/routeTableAssociation:RouteTableAssociation"
        self.associations.append(self.component.add(kind, name, joined, parent=table.urn, depends_on=[table.urn]))
        if (
            planned.type == "Public"
            and len(self.gateways) < {"None": 0, "Single": 1, "OnePerAz": zone_index + 1}[self.nat]
        ):
            self._add_gateway(subnet, zone_index)
        if target := self._target(planned.type, zone_index):
            inputs = region | target | {"routeTableId": table.id, "destinationCidrBlock": _ANYWHERE}
            kind = "aws:ec2/route:Route"
            self.routes.append(self.component.add(kind, name, inputs, parent=table.urn, depends_on=[table.urn]))

    def _add_gateway(self, subnet: Child, zone_index: int) -> None:
        args, name = self.component.args, f"{self.component.name}-{zone_index + 1}"
        region, tags = {"region": args.get("region")}, {**(args.get("tags") or {}), "Name": name}
        given = (args.get("natGateways") or {}).get("elasticIpAllocationIds") or []
        if given:
            allocation = given[zone_index]
        else:
            inputs = region | {"tags": tags}
            self.addresses.append(
                self.component.add("aws:ec2/eip:Eip", name, inputs, parent=subnet.urn, depends_on=[subnet.urn])
            )
            allocation = self.addresses[-1].output("allocationId")
        inputs = region | {"subnetId": subnet.id, "allocationId": allocation, "tags": tags}
        kind = "aws:ec2/natGateway:NatGateway"
        self.gateways.append(self.component.add(kind, name, inputs, parent=subnet.urn, depends_on=[subnet.urn]))

    def _target(self, kind: str, zone_index: int) -> dict[str, Any]:
        """Where a subnet's traffic to the internet goes; nowhere for an isolated one, or a private one without NAT."""
        if kind == "Public":
            return {"gatewayId": self.gateway.id}
        if kind == "Private" and self.nat != "None":
            return {"natGatewayId": self.gateways[0 if self.nat == "Single" else zone_index].id}
        return {}

    def of_type(self, kind: str) -> list[Child]:
        """The subnets of a type."""
        return [child for planned, child in self.subnets if planned.type == kind]

    def one_each_zone(self) -> list[Ref]:
        """One subnet of each zone for interface endpoints: the private one where there is one."""
        chosen: dict[str, Ref] = {}
        for kind in ("Private", "Isolated", "Public"):
            for planned, child in self.subnets:
                if planned.type == kind:
                    chosen.setdefault(planned.zone, child.id)
        return [chosen[zone] for zone in dict.fromkeys(planned.zone for planned, _ in self.subnets)]

    def outputs(self) -> dict[str, Any]:
        """The component's outputs."""
        listed = {
            "subnets": [child for _, child in self.subnets],
            "publicSubnets": self.of_type("Public"),
            "privateSubnets": self.of_type("Private"),
            "isolatedSubnets": self.of_type("Isolated"),
            "routeTables": self.tables,
            "routeTableAssociations": self.associations,
            "routes": self.routes,
            "natGateways": self.gateways,
            "eips": self.addresses,
        }
        ids = {
            f"{kind.lower()}SubnetIds": [c.id for c in self.of_type(kind)] for kind in ("Public", "Private", "Isolated")
        }
        return {
            "vpcId": self.vpc.id,
            "vpc": self.vpc.reference,
            "internetGateway": self.gateway.reference,
            **ids,
            **{key: [child.reference for child in found] for key, found in listed.items()},
        }


def _zones(component: Component) -> list[str]:
    args = component.args
    if refused := [key for key in _NOT_EXPANDED if args.get(key)]:
        raise UnsupportedError(f"{component.resource.urn}: {', '.join(refused)}: not expanded in the local run")
    names, count = args.get("availabilityZoneNames"), args.get("numberOfAvailabilityZones")
    if names and count:
        raise ComponentInputError(
            component.name, ["availabilityZoneNames and numberOfAvailabilityZones: give only one of the two"]
        )
    if names:
        return list(names)
    found = list(component.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {}).get("names") or [])
    wanted = int(count or 3)
    if len(found) < wanted:
        raise ComponentInputError(
            component.name,
            [f"numberOfAvailabilityZones: found {wanted}; the region has {len(found)}: {', '.join(found)}"],
        )
    return found[:wanted]


def _nat_strategy(component: Component, zone_count: int) -> str:
    args = component.args.get("natGateways") or {}
    strategy, given = args.get("strategy") or "OnePerAz", args.get("elasticIpAllocationIds") or []
    if strategy not in _NAT_STRATEGIES:
        allowed = ", ".join(_NAT_STRATEGIES)
        raise ComponentInputError(component.name, [f"natGateways.strategy: found {strategy!r}; allowed: {allowed}"])
    expected = {"None": 0, "Single": 1, "OnePerAz": zone_count}[strategy]
    if given and len(given) != expected:
        fault = f"natGateways.elasticIpAllocationIds: found {len(given)}; allowed with {strategy!r}: {expected} or none"
        raise ComponentInputError(component.name, [fault])
    return strategy


def _endpoint_dns(args: values.Properties) -> dict[str, Any]:
    """`Auto` interface endpoints with private DNS need both DNS attributes of the VPC, and switch them on."""
    specs = args.get("vpcEndpointSpecs") or ()
    private = any(_interface(spec) and spec.get("privateDnsEnabled") is not False for spec in specs)
    if args.get("vpcEndpointStrategy") != "Auto" or not private:
        return {}
    return {key: True for key in ("enableDnsHostnames", "enableDnsSupport") if args.get(key) is None}


def _endpoint(component: Component, vpc: Child, network: _Network, spec: Mapping[str, Any]) -> Child:
    """A VPC endpoint; with the strategy `Auto`, what its spec leaves out is filled in from the VPC itself."""
    inputs: dict[str, Any] = {key: value for key, value in spec.items() if key != "tags"}
    inputs |= {"vpcId": vpc.id, "tags": {**network.shared, **(spec.get("tags") or {})}}
    inputs.setdefault("region", component.args.get("region"))
    if component.args.get("vpcEndpointStrategy") == "Auto":
        if _interface(spec):
            if spec.get("subnetIds") is None and spec.get("subnetConfigurations") is None:
                inputs["subnetIds"] = network.one_each_zone()
            if spec.get("privateDnsEnabled") is None:
                inputs["privateDnsEnabled"] = True
            if spec.get("securityGroupIds") is None:
                inputs["securityGroupIds"] = [_endpoint_security_group(component, vpc, inputs)]
        elif str(spec.get("vpcEndpointType") or "Gateway").lower() == "gateway" and spec.get("routeTableIds") is None:
            inputs["routeTableIds"] = [table.id for table in network.tables]
    return component.add(
        "aws:ec2/vpcEndpoint:VpcEndpoint", spec["serviceName"], inputs, parent=vpc.urn, depends_on=[vpc.urn]
    )


def _endpoint_security_group(component: Component, vpc: Child, endpoint: Mapping[str, Any]) -> Ref:
    service, region = endpoint["serviceName"], {"region": endpoint.get("region")}
    group = component.add(
        "aws:ec2/securityGroup:SecurityGroup",
        f"{service}-sg",
        region | {"vpcId": vpc.id, "tags": endpoint["tags"]},
        parent=vpc.urn,
        depends_on=[vpc.urn],
    )
    component.add(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        f"{service}-ingress",
        region
        | {
            "type": "ingress",
            "securityGroupId": group.id,
            "protocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrBlocks": [vpc.output("cidrBlock")],
        },
        parent=vpc.urn,
        depends_on=[group.urn],
    )
    return group.id


def _interface(spec: Mapping[str, Any]) -> bool:
    return str(spec.get("vpcEndpointType") or "").lower() == "interface"
