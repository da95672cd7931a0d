"""The partitions of AWS: which one a region belongs to, and where the hosts of its services are.

A copy of botocore's endpoint data (`partitions.json`), because the inference image has no botocore; a test holds it
against the original. Regions are told by pattern, so one that is newer than the data has its partition too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Partition:
    """`name` as ARNs spell it, `dns_suffix` of its services' hosts, `region` the pattern of its regions' names.

    `console` is the host of its console, that of a region below it; None where AWS publishes none (AWS General
    Reference, "AWS Management Console endpoints", and that of the European Sovereign Cloud; read 2026-11-30).
    """

    name: str
    dns_suffix: str
    region: str
    console: str | None = None

    @property
    def reverse_dns(self) -> str:
        """The suffix backwards, as names of VPC endpoint services may begin: `cn.com.amazonaws`."""
        return ".".join(reversed(self.dns_suffix.split(".")))


PARTITIONS: Final = (
    Partition(
        name="aws",
        dns_suffix="amazonaws.com",
        region=r"^(us|eu|ap|sa|ca|me|af|il|mx)\-\w+\-\d+$",
        console="console.aws.amazon.com",
    ),
    Partition(name="aws-cn", dns_suffix="amazonaws.com.cn", region=r"^cn\-\w+\-\d+$", console="console.amazonaws.cn"),
    Partition(
        name="aws-eusc",
        dns_suffix="amazonaws.eu",
        region=r"^eusc\-(de)\-\w+\-\d+$",
        console="console.amazonaws-eusc.eu",
    ),
    Partition(name="aws-iso", dns_suffix="c2s.ic.gov", region=r"^us\-iso\-\w+\-\d+$"),
    Partition(name="aws-iso-b", dns_suffix="sc2s.sgov.gov", region=r"^us\-isob\-\w+\-\d+$"),
    Partition(name="aws-iso-e", dns_suffix="cloud.adc-e.uk", region=r"^eu\-isoe\-\w+\-\d+$"),
    Partition(name="aws-iso-f", dns_suffix="csp.hci.ic.gov", region=r"^us\-isof\-\w+\-\d+$"),
    Partition(
        name="aws-us-gov",
        dns_suffix="amazonaws.com",
        region=r"^us\-gov\-\w+\-\d+$",
        console="console.amazonaws-us-gov.com",
    ),
)
#: What the name of a region of any partition matches; schemas know no escaped hyphen.
REGION: Final = "|".join(partition.region for partition in PARTITIONS).replace(r"\-", "-")
#: What the suffix of a host of any partition matches.
SUFFIX: Final = "|".join(sorted({re.escape(each.dns_suffix).replace(r"\-", "-") for each in PARTITIONS}))


class RegionError(ValueError):
    """A text that is no region: what was found, what is allowed, what to do."""


def of(region: str) -> Partition:
    """The partition of a region. Raises RegionError for a text that is no region of any."""
    for partition in PARTITIONS:
        if re.fullmatch(partition.region, region):
            return partition
    raise RegionError(f"region: found {region!r}; allowed: a region of AWS, such as eu-west-1; correct its name")
