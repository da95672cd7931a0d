"""The subnet layout of `awsx.ec2.Vpc`: which subnets with which address ranges it makes in each availability zone.

Follows the component's documentation of `subnetStrategy`
(https://www.pulumi.com/registry/packages/awsx/api-docs/ec2/vpc/): `Auto` and `AutoMerge` share the range evenly
between the zones and lay the subnets out in the order given, `Exact` wants no gap, and explicit ranges are taken as
they are. `Legacy`, which awsx itself warns against, is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from itertools import pairwise
from typing import Any

from local.runtime.errors import ComponentInputError

STRATEGIES = ("Auto", "AutoMerge", "Exact")
UNUSED = "Unused"
_DEFAULT_TYPES = ("Private", "Public")
#: The smallest range of a zone that awsx lays the default subnets out in.
_SMALLEST_ZONE_PREFIX = 26


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """One subnet in one zone. `resource_name` is its Pulumi name, `name_tag` its `Name` tag on AWS."""

    zone: str
    type: str
    cidr: str
    resource_name: str
    name_tag: str
    tags: Mapping[str, Any] = field(default_factory=dict)


def plan(vpc: str, args: Mapping[str, Any], zones: Sequence[str]) -> list[Subnet]:
    """All subnets of a VPC, zone by zone, in the order of the specs; the `Unused` ranges are among them.

    `args` are the inputs of the component. Raises ComponentInputError, with every fault, for a layout that awsx
    refuses.
    """
    strategy = args.get("subnetStrategy") or "Legacy"
    if strategy not in STRATEGIES:
        allowed = ", ".join(STRATEGIES)
        raise ComponentInputError(vpc, [f"subnetStrategy: found {strategy!r}; the local run lays out {allowed}"])
    network = IPv4Network(args.get("cidrBlock") or "10.0.0.0/16")
    zone_prefix = int(args.get("availabilityZoneCidrMask") or network.prefixlen + _bits(len(zones)))
    specs = _specs(vpc, args.get("subnetSpecs"), strategy, zone_prefix, len(zones))
    ranges = _explicit(specs) or _allocated(vpc, specs, network, zone_prefix, len(zones))
    by_zone = (args.get("subnetNameTagStrategy") or "Legacy") == "AvailabilityZone"
    planned = [
        Subnet(
            zone=zone,
            type=spec["type"],
            cidr=str(cidr),
            resource_name=_name(vpc, spec, str(index + 1)),
            name_tag=_name(vpc, spec, _suffix(zone) if by_zone else str(index + 1)),
            tags=spec.get("tags") or {},
        )
        for index, zone in enumerate(zones)
        for spec, cidr in zip(specs, ranges[index], strict=True)
    ]
    _check(vpc, strategy, network, planned)
    return planned


def _specs(
    vpc: str, given: Sequence[Mapping[str, Any]] | None, strategy: str, zone_prefix: int, zone_count: int
) -> list[dict[str, Any]]:
    specs = [dict(spec) for spec in given or ()]
    faults: list[str] = []
    for index, spec in enumerate(specs):
        where = f"subnetSpecs[{index}]"
        if spec.get("size") is not None:
            prefix = 32 - math.log2(spec["size"])
            if not prefix.is_integer() or spec.get("cidrMask") not in (None, prefix):
                faults.append(f"{where}.size: found {spec['size']}; allowed: a power of two that agrees with cidrMask")
            spec["cidrMask"] = prefix
        blocks = spec.get("cidrBlocks")
        if (blocks is None) != (specs[0].get("cidrBlocks") is None):
            faults.append(f"{where}.cidrBlocks: give explicit ranges to all subnetSpecs or to none")
        if blocks is not None and len(blocks) != zone_count:
            faults.append(f"{where}.cidrBlocks: found {len(blocks)}; allowed: one for each of the {zone_count} zones")
    names = [(spec["type"].lower(), spec.get("name")) for spec in specs]
    faults += [
        f"subnetSpecs: found two of type {kind!r} and name {name!r}; give every one of a type its own name"
        for kind, name in sorted({found for found in names if names.count(found) > 1}, key=str)
    ]
    if faults:
        raise ComponentInputError(vpc, faults)
    return specs if specs and strategy != "AutoMerge" else _merged(vpc, specs, zone_prefix)


def _merged(vpc: str, specs: list[dict[str, Any]], zone_prefix: int) -> list[dict[str, Any]]:
    """The default private and public subnet, changed by the unnamed specs of their types, and then the other specs."""
    if zone_prefix > _SMALLEST_ZONE_PREFIX:
        raise ComponentInputError(
            vpc,
            [f"cidrBlock: leaves a /{zone_prefix} for each zone; the default subnets need a /{_SMALLEST_ZONE_PREFIX}"],
        )
    widest = max(zone_prefix, 16)
    merged = [{"type": kind, "cidrMask": widest + 1 + index} for index, kind in enumerate(_DEFAULT_TYPES)]
    others: list[dict[str, Any]] = []
    for spec in specs:
        default = next((own for own in merged if str(own["type"]).lower() == spec["type"].lower()), None)
        if default is None or spec.get("name") is not None:
            others.append(spec)
        else:
            default |= {key: value for key, value in spec.items() if value is not None}
    return [*merged, *others]


def _explicit(specs: list[dict[str, Any]]) -> list[list[IPv4Network]]:
    blocks = [spec["cidrBlocks"] for spec in specs if spec.get("cidrBlocks") is not None]
    return [[IPv4Network(cidr) for cidr in zone] for zone in zip(*blocks, strict=True)]


def _allocated(
    vpc: str, specs: list[dict[str, Any]], network: IPv4Network, zone_prefix: int, zone_count: int
) -> list[list[IPv4Network]]:
    """Ranges in the order of the specs; a range that is wider than the one before starts at its next own boundary."""
    even = zone_prefix + _bits(len(specs))
    prefixes = [int(spec.get("cidrMask") or even) for spec in specs]
    needed, available = sum(2 ** (32 - prefix) for prefix in prefixes), 2 ** (32 - zone_prefix)
    if needed > available:
        raise ComponentInputError(vpc, [f"subnetSpecs: need {needed} addresses in each zone, which has {available}"])
    zones: list[list[IPv4Network]] = []
    for zone in range(zone_count):
        start = int(network.network_address) + zone * available
        ranges: list[IPv4Network] = []
        for prefix in prefixes:
            size = 2 ** (32 - prefix)
            start = -(-start // size) * size
            ranges.append(IPv4Network((start, prefix)))
            start += size
        zones.append(ranges)
    return zones


def _check(vpc: str, strategy: str, network: IPv4Network, planned: list[Subnet]) -> None:
    ranges = sorted((IPv4Network(subnet.cidr), subnet.resource_name) for subnet in planned)
    faults = [
        f"subnets {first[1]} ({first[0]}) and {second[1]} ({second[0]}) overlap; widen cidrBlock or use smaller subnets"
        for first, second in pairwise(ranges)
        if first[0].overlaps(second[0])
    ]
    if strategy == "Exact" and not faults and sum(found.num_addresses for found, _ in ranges) != network.num_addresses:
        faults.append(f"subnetSpecs: leave a part of {network} free; name it as a spec of type {UNUSED!r}")
    if faults:
        raise ComponentInputError(vpc, faults)


def _bits(count: int) -> int:
    return math.ceil(math.log2(count)) if count > 1 else 0


def _name(vpc: str, spec: Mapping[str, Any], suffix: str) -> str:
    return f"{vpc}-{spec.get('name') or spec['type'].lower()}-{suffix}"


def _suffix(zone: str) -> str:
    """`eu-west-1a` -> `1a`: the zone without its region's words; the whole name where it has another form."""
    return re.sub(r"^[a-z]{2}(?:-[a-z]+)+-", "", zone)
