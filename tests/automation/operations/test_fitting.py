"""What the program says of a network, key and bucket that exist, as findings."""

from __future__ import annotations

import pytest

from automation.operations.findings import Finding
from automation.operations.fitting import findings, named

NAMES = ["network.existing", "keys.existing"]


def test_what_the_config_names_of_the_account_is_found() -> None:
    assert named({"ml-platform:network": {"create": {"zones": 2}}, "ml-platform:keys": {}}) == []
    config = {
        "ml-platform:network": {"existing": {"vpc_id": "vpc-1"}},
        "ml-platform:keys": {"existing": "arn:aws:kms:eu-west-1:1:key/1"},
        "ml-platform:lake": {"access_log_bucket": "logs"},
    }
    assert named(config) == ["network.existing", "keys.existing", "lake.access_log_bucket"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("", [("network.existing, keys.existing", True, "the program takes it as it is", "")]),
        (
            "network.existing: the workloads cannot run in vpc-1:\n"
            "  subnet_ids: found subnets in a only; allowed: 2 zones or more; name a subnet in another zone\n"
            "  vpc_id: found vpc-1 with DNS off; allowed: both on; have its owner do that",
            [
                (
                    "network.existing",
                    False,
                    "subnet_ids: found subnets in a only; allowed: 2 zones or more",
                    "name a subnet in another zone",
                ),
                (
                    "network.existing",
                    False,
                    "vpc_id: found vpc-1 with DNS off; allowed: both on",
                    "have its owner do that",
                ),
            ],
        ),
        (
            "keys.existing: found arn:1; allowed: a key of account 2 in eu-west-1; name such a key",
            [("keys.existing", False, "found arn:1; allowed: a key of account 2 in eu-west-1", "name such a key")],
        ),
        (
            "DescribeVpcs: ec2 DescribeVpcs answered UnauthorizedOperation: no",
            [
                (
                    "network.existing, keys.existing",
                    None,
                    "DescribeVpcs: ec2 DescribeVpcs answered UnauthorizedOperation: no",
                    "allow it for who runs preflight, or look it up by hand",
                )
            ],
        ),
        (
            "something\n  else",
            [
                (
                    "network.existing, keys.existing",
                    None,
                    "something else",
                    "give the same command again; if it stays, `up` says it in the program's words",
                )
            ],
        ),
    ],
)
def test_each_fault_is_a_finding_with_its_remedy(said: str, found: list[tuple[str, bool | None, str, str]]) -> None:
    assert [*findings(NAMES, said)] == [
        Finding(subject=subject, holds=holds, found=text, fix=fix) for subject, holds, text, fix in found
    ]
