"""The children of `awsx:ec2:Vpc`: the VPC, its subnets with route tables and routes, and the gateways.

Carried over is what the platform's network asks for: zones by name, the strategy `Auto` with a name and a size for
every subnet, public and private ones (awsx/ec2/vpc.ts, awsx/ec2/subnetDistributorNew.ts). Everything else is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from local.runtime.awsx.component import Child, Component
from local.runtime.errors import ComponentInputError

_VPC_INPUTS = ("cidrBlock", "enableDnsHostnames", "enableDnsSupport")
_REQUIRED = ("availabilityZoneCidrMask", "availabilityZoneNames", "cidrBlock", "subnetSpecs")
_EXPANDED = {*_VPC_INPUTS, *_REQUIRED, "natGateways", "subnetStrategy", "tags"}
_SPEC = ("cidrMask", "name", "type")
_NAT_STRATEGIES = ("None", "Single", "OnePerAz")
#: In the order in which awsx makes them.
_TYPES = ("Public", "Private")
_UNUSED = "Unused"
_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """One subnet in one zone. `name` is its Pulumi name and its `Name` tag."""

    zone: int
    type: str
    cidr: str
    name: str
    tags: Mapping[str, Any]


def expand(component: Component) -> dict[str, Any]:
    """Register the children of a VPC and give its outputs."""
    _refuse(component)
    args, name = component.args, component.name
    planned = list(plan(component))
    shared = {"Name": name} | (args.get("tags") or {})
    vpc = component.add(
        "aws:ec2/vpc:Vpc",
        name,
        {key: args.get(key) for key in _VPC_INPUTS} | {"tags": shared},
        parent=component.resource.urn,
    )
    gateway = component.add(
        "aws:ec2/internetGateway:InternetGateway",
        name,
        {"vpcId": vpc.id, "tags": shared},
        parent=vpc.urn,
        depends_on=[vpc.urn],
    )
    network = _Network(component=component, vpc=vpc, gateway=gateway, shared=shared)
    for zone in range(len(args["availabilityZoneNames"])):
        here = [subnet for subnet in planned if subnet.zone == zone and subnet.type != _UNUSED]
        for subnet in sorted(here, key=lambda subnet: _TYPES.index(subnet.type)):
            network.add_subnet(subnet)
    return network.outputs()


def plan(component: Component) -> Iterator[Subnet]:
    """All subnets, zone by zone in the order of the specs, those that are unused among them.

    A range that is wider than the one before it starts at its own next boundary.
    """
    args, specs = component.args, component.args["subnetSpecs"]
    zone_size = 2 ** (32 - int(args["availabilityZoneCidrMask"]))
    needed = sum(2 ** (32 - int(spec["cidrMask"])) for spec in specs)
    if needed > zone_size:
        fault = f"subnetSpecs: need {needed} addresses in each zone, which has {zone_size}"
        raise ComponentInputError(component.name, [fault])
    for zone in range(len(args["availabilityZoneNames"])):
        start = int(IPv4Network(args["cidrBlock"]).network_address) + zone * zone_size
        for spec in specs:
            size = 2 ** (32 - int(spec["cidrMask"]))
            start = -(-start // size) * size
            yield Subnet(
                zone=zone,
                type=spec["type"],
                cidr=str(IPv4Network((start, int(spec["cidrMask"])))),
                name=f"{component.name}-{spec['name']}-{zone + 1}",
                tags=spec.get("tags") or {},
            )
            start += size


@dataclass(frozen=True, kw_only=True)
class _Network:
    """The subnets of a VPC with what belongs to each, as far as they are registered."""

    component: Component
    vpc: Child
    gateway: Child
    shared: Mapping[str, Any]
    subnets: list[tuple[Subnet, Child]] = field(default_factory=list)
    tables: list[Child] = field(default_factory=list)
    associations: list[Child] = field(default_factory=list)
    routes: list[Child] = field(default_factory=list)
    gateways: list[Child] = field(default_factory=list)
    addresses: list[Child] = field(default_factory=list)

    @property
    def nat(self) -> str:
        """Which NAT gateways there are."""
        return self.component.args["natGateways"]["strategy"]

    def _add(self, kind: str, name: str, inputs: Mapping[str, Any], under: Child) -> Child:
        token = f"aws:ec2/{kind[0].lower()}{kind[1:]}:{kind}"
        return self.component.add(token, name, inputs, parent=under.urn, depends_on=[under.urn])

    def add_subnet(self, planned: Subnet) -> None:
        """Register a subnet with its route table, association and route, and a public one with its NAT gateway."""
        name, tags = planned.name, {"Name": planned.name, "SubnetType": planned.type}
        inputs = {
            "vpcId": self.vpc.id,
            "availabilityZone": self.component.args["availabilityZoneNames"][planned.zone],
            "mapPublicIpOnLaunch": planned.type == "Public",
            "cidrBlock": planned.cidr,
            "assignIpv6AddressOnCreation": False,
            "tags": {**self.shared, **planned.tags, **tags},
        }
        subnet = self._add("Subnet", name, inputs, self.vpc)
        self.subnets.append((planned, subnet))
        table = self._add("RouteTable", name, {"vpcId": self.vpc.id, "tags": {**self.shared, **tags}}, subnet)
        self.tables.append(table)
        joined = {"routeTableId": table.id, "subnetId": subnet.id}
        self.associations.append(self._add("RouteTableAssociation", name, joined, table))
        wanted = {"None": 0, "Single": 1, "OnePerAz": planned.zone + 1}[self.nat]
        if planned.type == "Public" and len(self.gateways) < wanted:
            self._add_nat(subnet, planned.zone)
        if target := self._target(planned):
            route = target | {"routeTableId": table.id, "destinationCidrBlock": _ANYWHERE}
            self.routes.append(self._add("Route", name, route, table))

    def _add_nat(self, subnet: Child, zone: int) -> None:
        name = f"{self.component.name}-{zone + 1}"
        tags = {**(self.component.args.get("tags") or {}), "Name": name}
        address = self._add("Eip", name, {"tags": tags}, subnet)
        inputs = {"subnetId": subnet.id, "allocationId": address.output("allocationId"), "tags": tags}
        self.addresses.append(address)
        self.gateways.append(self._add("NatGateway", name, inputs, subnet))

    def _target(self, planned: Subnet) -> dict[str, Any]:
        """Where a subnet's traffic to the internet goes; nowhere for a private one without NAT."""
        if planned.type == "Public":
            return {"gatewayId": self.gateway.id}
        return {} if self.nat == "None" else {"natGatewayId": self.gateways[-1].id}

    def outputs(self) -> dict[str, Any]:
        """The component's outputs."""
        listed = {
            "subnets": [child for _, child in self.subnets],
            "routeTables": self.tables,
            "routeTableAssociations": self.associations,
            "routes": self.routes,
            "natGateways": self.gateways,
            "eips": self.addresses,
        }
        of_type = {kind: [c for s, c in self.subnets if s.type == kind] for kind in (*_TYPES, "Isolated")}
        return {
            "vpcId": self.vpc.id,
            "vpc": self.vpc.reference,
            "internetGateway": self.gateway.reference,
            "vpcEndpoints": [],
            "subnetLayout": [{k: s[k] for k in ("type", "cidrMask")} for s in self.component.args["subnetSpecs"]],
            **{f"{kind.lower()}SubnetIds": [child.id for child in found] for kind, found in of_type.items()},
            **{f"{kind.lower()}Subnets": [child.reference for child in found] for kind, found in of_type.items()},
            **{key: [child.reference for child in found] for key, found in listed.items()},
        }


def _refuse(component: Component) -> None:
    """Raise what stands against the expansion: what is not carried over here, and what awsx itself refuses."""
    args, specs = component.args, component.args.get("subnetSpecs") or []
    faults = [f"{key}: not expanded in the local run" for key in sorted(set(args) - _EXPANDED)]
    faults += [f"{key}: missing; the local run has no default" for key in _REQUIRED if not args.get(key)]
    if (strategy := args.get("subnetStrategy")) != "Auto":
        faults.append(f"subnetStrategy: found {strategy!r}; the local run lays out 'Auto'")
    for index, spec in enumerate(specs):
        where = f"subnetSpecs[{index}]"
        faults += [f"{where}.{key}: not expanded in the local run" for key in sorted({*spec} - {*_SPEC, "tags"})]
        faults += [f"{where}.{key}: missing; the local run has no default" for key in _SPEC if not spec.get(key)]
        if (kind := spec.get("type")) not in (*_TYPES, _UNUSED):
            faults.append(f"{where}.type: found {kind!r}; the local run lays out {', '.join((*_TYPES, _UNUSED))}")
    gateways = args.get("natGateways") or {}
    faults += [f"natGateways.{key}: not expanded in the local run" for key in sorted({*gateways} - {"strategy"})]
    if (nat := gateways.get("strategy")) not in _NAT_STRATEGIES:
        faults.append(f"natGateways.strategy: found {nat!r}; allowed: {', '.join(_NAT_STRATEGIES)}")
    elif nat != "None" and not set(_TYPES) <= {spec.get("type") for spec in specs}:
        faults.append(f"natGateways.strategy: found {nat!r}; it needs public and private subnets")
    if faults:
        raise ComponentInputError(component.name, faults)
