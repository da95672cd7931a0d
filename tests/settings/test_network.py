from __future__ import annotations

from typing import Any

import pytest

from settings import Network
from settings.network import MAX_ZONES, CreatedNetwork
from tests.settings.written import faults, load

VPC, SUBNETS = "vpc-0a1b2c3d", ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]


def test_without_a_word_the_stack_has_a_network_of_its_own() -> None:
    assert load().network == Network()
    assert Network().created == CreatedNetwork()
    assert load(network={"create": {"zones": 2}}).network.created.zones == 2


def test_an_existing_network_is_named_by_its_parts() -> None:
    existing = load(network={"existing": {"vpc_id": VPC, "subnet_ids": SUBNETS}}).network.existing
    assert existing is not None
    assert (existing.vpc_id, existing.subnet_ids) == (VPC, tuple(SUBNETS))
    assert (existing.security_group_id, existing.missing_endpoints) == (None, "refuse")


def test_a_range_has_room_for_every_zone_that_a_stack_may_ever_have() -> None:
    for prefix in (16, 24):
        network = CreatedNetwork.model_validate({"cidr": f"10.0.0.0/{prefix}", "zones": MAX_ZONES}, strict=False)
        # Two subnets a zone; EC2 wants a /28 or wider (Amazon VPC user guide, "Subnet sizing").
        assert network.cidr.prefixlen + (MAX_ZONES - 1).bit_length() + 1 <= 28


@pytest.mark.parametrize(
    ("section", "line"),
    [
        (
            {"create": {"cidr": "10.0.0.300/16"}},
            'create.cidr: found "10.0.0.300/16"; allowed: an IPv4 network such as 10.20.0.0/16; '
            'choose such a value, or remove the key for the default "10.20.0.0/16"',
        ),
        (
            {"create": {"cidr": "10.0.0.0/8"}},
            'create.cidr: found "10.0.0.0/8"; allowed: a prefix from /16 to /24; '
            "leave room for the subnets of every zone",
        ),
        (
            {"create": {"zones": 1, "endpoint_zones": 1}},
            "create.zones: found 1; allowed: 2 to 4; choose such a value, or remove the key for the default 3",
        ),
        ({"create": {"zones": "3"}}, 'create.zones: found "3"; allowed: 2 to 4; write it without quotes'),
        (
            {"create": {"zones": 2, "endpoint_zones": 3}},
            "create.endpoint_zones: found 3; allowed: at most zones (2); lower it, or add zones",
        ),
        (
            {"create": {"nat": "many"}},
            'create.nat: found "many"; allowed: none, single, per_az; '
            'choose such a value, or remove the key for the default "none"',
        ),
        (
            {"create": {"nat": "single", "workload_subnets": "public"}},
            'create.nat: found "single"; allowed: none with workload_subnets: public; '
            "public subnets need no NAT: drop one",
        ),
        (
            {"create": {"cider": "10.0.0.0/16"}},
            'create.cider: found "10.0.0.0/16"; allowed: cidr, zones, endpoint_zones, nat, workload_subnets; '
            "there is no such key: correct its name or remove it",
        ),
        (
            {"create": {}, "existing": {"vpc_id": VPC, "subnet_ids": SUBNETS}},
            'create: found "create and existing"; allowed: one of them; a stack has one network: drop the other',
        ),
        (
            {"existing": {"subnet_ids": SUBNETS}},
            "existing.vpc_id: found nothing; allowed: text like vpc-0123456789abcdef0; set it",
        ),
        (
            {"existing": {"vpc_id": "subnet-0a1b2c3d", "subnet_ids": SUBNETS}},
            'existing.vpc_id: found "subnet-0a1b2c3d"; allowed: text like vpc-0123456789abcdef0; choose such a value',
        ),
        (
            {"existing": {"vpc_id": VPC, "subnet_ids": SUBNETS[:1]}},
            'existing.subnet_ids: found ["subnet-0a1b2c3d"]; allowed: a list of at least 2; choose such a value',
        ),
        (
            {"existing": {"vpc_id": VPC, "subnet_ids": [SUBNETS[0], SUBNETS[0]]}},
            'existing.subnet_ids: found ["subnet-0a1b2c3d"]; allowed: each once; remove the repetition',
        ),
        (
            {"existing": {"vpc_id": VPC, "subnet_ids": SUBNETS, "missing_endpoints": "create"}},
            'existing.missing_endpoints: found "create"; allowed: refuse, accept; '
            'choose such a value, or remove the key for the default "refuse"',
        ),
        (
            {"also_reach": ["kms", "sts", "kms"]},
            'also_reach: found ["kms"]; allowed: each once; remove the repetition',
        ),
        (
            {"also_reach": ["SageMaker Runtime"]},
            'also_reach[0]: found "SageMaker Runtime"; allowed: text like sagemaker.runtime; choose such a value',
        ),
        ({"interface_endpoints": ["kms"]}, None),
    ],
)
def test_each_fault_says_what_to_do(section: dict[str, Any], line: str | None) -> None:
    expected = line or (
        'interface_endpoints: found ["kms"]; allowed: create, existing, also_reach; '
        "there is no such key: correct its name or remove it"
    )
    assert faults(network=section) == [f"ml-platform:network.{expected}"]
