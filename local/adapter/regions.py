"""Regions and partitions of AWS, as botocore's data has them, for what the emulated AWS answers about itself."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import botocore.session

from contracts import partitions
from local.adapter.errors import ApiRefused

_ZONES = "abcdef"


@functools.cache
def _endpoint_data() -> list[dict[str, Any]]:
    return botocore.session.Session().get_data("endpoints")["partitions"]


def partition(region: str) -> Mapping[str, str]:
    """The answer of getPartition. Raises ApiRefused for a text that is no region."""
    try:
        found = partitions.of(region)
    except partitions.RegionError as error:
        raise ApiRefused("getRegion", "ec2", "DescribeRegions", "InvalidParameterValue", str(error)) from error
    return {
        "dnsSuffix": found.dns_suffix,
        "id": found.name,
        "partition": found.name,
        "reverseDnsPrefix": found.reverse_dns,
    }


def description(region: str) -> str:
    """What AWS calls a region, for example `Europe (Ireland)`."""
    return next((p["regions"][region]["description"] for p in _endpoint_data() if region in p["regions"]), region)


def endpoint_service(args: Mapping[str, Any], region: str) -> dict[str, Any]:
    """The answer of getVpcEndpointService for names among its filters. Raises ApiRefused where none is offered.

    botocore does not know which services have VPC endpoints: here every service that it knows has one, in every zone,
    and in a partition with a DNS suffix of its own all names begin with that.
    """
    wanted = [name for item in args.get("filters") or () if item["name"] == "service-name" for name in item["values"]]
    prefix = f"{partition(region)['reverseDnsPrefix']}.{region}."
    names = [
        name
        for name in wanted
        if (name.startswith(prefix) and _is_service(name.removeprefix(prefix), region))
        or name == f"aws.sagemaker.{region}.experiments"
    ]
    if len(names) != 1:
        many = "multiple EC2 VPC Endpoint Services matched" if names else "no matching EC2 VPC Endpoint Service found"
        raise ApiRefused("getVpcEndpointService", "ec2", "DescribeVpcEndpointServices", "InvalidServiceName", many)
    return {
        **args,
        "acceptanceRequired": False,
        "availabilityZones": [f"{region}{letter}" for letter in _ZONES],
        "baseEndpointDnsNames": [],
        "id": names[0],
        "managesVpcEndpoints": False,
        "owner": "amazon",
        "region": region,
        "serviceName": names[0],
        "serviceRegion": region,
        "serviceType": args.get("serviceType", "Interface"),
        "vpcEndpointPolicySupported": True,
    }


def _is_service(name: str, region: str) -> bool:
    """Whether botocore has the service: `sagemaker.api` is its `api.sagemaker`, `kms-fips` the FIPS form of `kms`."""
    plain = name.removesuffix("-fips")
    known = _services(partition(region)["id"])
    return bool({plain, ".".join(reversed(plain.split("."))), plain.replace(".", "-")} & known)


@functools.cache
def _services(name: str) -> frozenset[str]:
    """What botocore knows, and Docker's API of ECR, which it does not speak."""
    endpoints = {s for p in _endpoint_data() if p["partition"] == name for s in p["services"]}
    return frozenset({"ecr.dkr", *endpoints, *botocore.session.Session().get_available_services()})
