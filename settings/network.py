"""Section `network`: the VPC."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final, Literal

from pydantic import Field

from settings.faults import Fault, repeated
from settings.section import Section

#: The AWS services that private subnets reach through interface endpoints; S3 has a gateway endpoint besides.
INTERFACE_ENDPOINTS: Final = (
    "ecr.api", "ecr.dkr", "events", "kms", "logs", "monitoring", "sagemaker.api", "sagemaker.featurestore-runtime",
    "sagemaker.runtime", "secretsmanager", "sns", "ssm", "states", "sts",
)  # fmt: skip


class Network(Section):
    """The VPC. Workloads reach AWS through VPC endpoints, so by default nothing has a way to the internet."""

    cidr: IPv4Network = IPv4Network("10.20.0.0/16")
    """Address range of the VPC, /16 to /24."""
    availability_zones: int = Field(default=3, ge=2, le=4)
    """Number of zones that the subnets spread over."""
    nat: Literal["none", "single", "per_az"] = "none"
    """NAT gateways: a way out to the internet that the platform does not need. Data may leave through it."""
    workload_subnets: Literal["private", "public"] = "private"
    """Where jobs, models and functions run. `public` gives them a route from and to the internet."""
    interface_endpoints: tuple[str, ...] = Field(default=INTERFACE_ENDPOINTS, min_length=1)
    """AWS services with an interface endpoint, by the last part of the service name. Each costs per zone and hour."""

    def faults(self) -> Iterator[Fault]:
        """Size of the network, NAT without private subnets, services named twice."""
        if not 16 <= self.cidr.prefixlen <= 24:
            yield Fault("cidr", str(self.cidr), "a prefix from /16 to /24", "leave room for the subnets of every zone")
        if self.nat != "none" and self.workload_subnets == "public":
            yield Fault("nat", self.nat, "none with workload_subnets: public", "public subnets need no NAT: drop one")
        yield from repeated("interface_endpoints", self.interface_endpoints)
