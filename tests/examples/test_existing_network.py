"""`examples/existing-network/`: the platform stands on a network and a key that were there before."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from automation.operations.findings import Finding
from automation.operations.fitting import findings, named
from automation.stacks import local as automation_local
from local.emulator import Emulator, start
from local.judge.runner import PolicyRunner
from local.loop.kept import cloud_of
from local.runtime import Stack
from local.runtime.model import Cloud, Deployment

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "existing-network"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    started = start(tmp_path_factory.mktemp("emulator"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def cloud(emulator: Emulator) -> Cloud:
    return cloud_of(emulator)


@pytest.fixture(scope="module")
def before(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """What the other team has deployed."""
    return Stack("staging", EXAMPLE, home=tmp_path_factory.mktemp("landing-zone")).up(cloud)


@pytest.fixture(scope="module")
def config(before: Deployment) -> dict[str, Any]:
    return before.outputs["config"]


def strict(dry_run: bool) -> PolicyRunner:
    levels = ROOT / "policies" / "config" / "strict.json"
    return PolicyRunner(ROOT / "policies", stack="staging", project="ml-platform", config_path=levels, dry_run=dry_run)


def test_the_platform_stands_on_it_by_strict_policies_and_makes_no_network_of_its_own(
    cloud: Cloud, emulator: Emulator, before: Deployment, config: dict[str, Any], tmp_path: Path
) -> None:
    inventory = _network(emulator)
    deployed = Stack("staging", home=tmp_path, config_overrides=config).up(cloud, strict)
    kinds = {each["type"] for each in deployed.resources.values()}
    assert {kind for kind in kinds if kind.startswith("aws:ec2/")} == {"aws:ec2/securityGroup:SecurityGroup"}
    assert not {kind for kind in kinds if kind.startswith("aws:kms/")}
    functions = [each for each in deployed.resources.values() if each["type"] == "aws:lambda/function:Function"]
    existing = config["network"]["existing"]
    assert {tuple(each["inputs"]["vpcConfig"]["subnetIds"]) for each in functions} == {tuple(existing["subnet_ids"])}
    logged = [each for each in deployed.resources.values() if each["type"] == "aws:s3/bucketLogging:BucketLogging"]
    assert {each["inputs"]["targetBucket"] for each in logged} == {config["lake"]["access_log_bucket"]}
    assert len(logged) == 3
    assert {each["inputs"]["kmsKeyArn"] for each in functions} == {config["keys"]["existing"]}
    assert _network(emulator) == inventory
    again = Stack("staging", home=tmp_path, config_overrides=config).preview(cloud).changes
    assert [op.value for op, urns in again.items() if urns] == ["same"]


def _network(emulator: Emulator) -> dict[str, Any]:
    """All that the other team owns, as AWS describes it."""
    ec2, kms, s3 = (emulator.client(service) for service in ("ec2", "kms", "s3"))
    keys = [key["KeyId"] for key in kms.list_keys()["Keys"]]
    return {
        "subnets": ec2.describe_subnets()["Subnets"],
        "tables": ec2.describe_route_tables()["RouteTables"],
        "endpoints": ec2.describe_vpc_endpoints()["VpcEndpoints"],
        "log_bucket": s3.get_bucket_policy(Bucket="123456789012-all-access-logs")["Policy"],
        "policies": [kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] for key in keys],
    }


def changed(config: dict[str, Any], **existing: Any) -> dict[str, Any]:
    written = copy.deepcopy(config)
    written["network"]["existing"] |= existing
    return written


def refusal(cloud: Cloud, config: dict[str, Any], home: Path) -> list[str]:
    """What an update says before it makes anything."""
    stack = Stack("staging", home=home, config_overrides=config)
    with pytest.raises(pulumi.RunError) as caught:
        stack.up(cloud)
    assert not stack.state_path.exists() or '"resources": {}' in stack.state_path.read_text()
    first, *lines = str(caught.value).splitlines()
    assert first == f"network.existing: the workloads cannot run in {config['network']['existing']['vpc_id']}:"
    return lines


def preflight(emulator: Emulator, config: dict[str, Any], file: Path) -> list[Finding]:
    """What preflight says of the stack in that account, whose own names and quotas nobody asks about here."""
    file.write_text(yaml.safe_dump({"config": config}))
    account = {"access_key": "x", "secret_key": "x", "token": None, "endpoint_url": emulator.url}
    return [*findings(named(config), automation_local.judged("staging", ROOT, account, config_file=file))]


def test_preflight_judges_it_beforehand_in_the_programs_words(
    emulator: Emulator, before: Deployment, config: dict[str, Any], tmp_path: Path
) -> None:
    inventory, file = _network(emulator), tmp_path / "Pulumi.staging.yaml"
    written = yaml.safe_load((ROOT / file.name).read_text())["config"]
    written |= {f"ml-platform:{key}": value for key, value in config.items()}
    (found,) = preflight(emulator, written, file)
    assert (found.subject, found.holds) == ("network.existing, keys.existing, lake.access_log_bucket", True)
    private, public = config["network"]["existing"]["subnet_ids"][0], before.outputs["public_subnet"]
    wrong = changed(config, subnet_ids=[private, public])
    first, *_ = preflight(emulator, written | {"ml-platform:network": wrong["network"]}, file)
    assert (first.subject, first.holds, first.fix) == (
        "network.existing",
        False,
        "name subnets whose route table has no internet gateway",
    )
    assert first.found.startswith(f"subnet_ids: found {public}, which is public: rtb-")
    assert _network(emulator) == inventory


def test_a_public_subnet_is_refused(cloud: Cloud, before: Deployment, config: dict[str, Any], tmp_path: Path) -> None:
    private, public = config["network"]["existing"]["subnet_ids"][0], before.outputs["public_subnet"]
    lines = refusal(cloud, changed(config, subnet_ids=[private, public]), tmp_path)
    assert f"  subnet_ids: found {public}, which is public: rtb-" in lines[0]
    assert "leads to igw-" in lines[0]


def test_a_single_zone_is_refused(cloud: Cloud, before: Deployment, config: dict[str, Any], tmp_path: Path) -> None:
    subnets = [config["network"]["existing"]["subnet_ids"][0], before.outputs["same_zone_subnet"]]
    assert refusal(cloud, changed(config, subnet_ids=subnets), tmp_path) == [
        "  subnet_ids: found subnets in eu-west-1a only; allowed: 2 zones or more; name a subnet in another zone"
    ]


def test_a_missing_endpoint_is_refused_unless_the_network_has_another_way(
    cloud: Cloud, config: dict[str, Any], tmp_path: Path
) -> None:
    wanting = copy.deepcopy(config)
    wanting["network"]["also_reach"] = ["secretsmanager"]
    assert refusal(cloud, wanting, tmp_path) == [
        "  endpoints: found none for secretsmanager, which also_reach calls; allowed: one with private DNS, or "
        "missing_endpoints: accept where the network has another way; have its owner add it"
    ]
    wanting["network"]["existing"]["missing_endpoints"] = "accept"
    foreseen = Stack("staging", home=tmp_path, config_overrides=wanting).preview(cloud).changes
    assert [op.value for op, urns in foreseen.items() if urns] == ["create"]


def test_what_does_not_exist_is_refused(cloud: Cloud, config: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        Stack("staging", home=tmp_path, config_overrides=changed(config, vpc_id="vpc-00000000")).up(cloud)
    assert str(caught.value) == (
        "network.existing.vpc_id: found vpc-00000000, which does not exist; allowed: one of the stack's account and "
        "region; correct it"
    )


def test_a_key_whose_policy_shuts_the_logs_out_is_refused(
    cloud: Cloud, emulator: Emulator, config: dict[str, Any], tmp_path: Path
) -> None:
    key = emulator.client("kms").create_key(Description="for its account only")["KeyMetadata"]["Arn"]
    stack = Stack("staging", home=tmp_path, config_overrides={**config, "keys": {"existing": key}})
    with pytest.raises(pulumi.RunError) as caught:
        stack.up(cloud)
    assert f"keys.existing: {key} cannot encrypt what the stack keeps:" in str(caught.value)
    assert "  KeyPolicy: does not let in logs.eu-west-1.amazonaws.com; have its owner add {" in str(caught.value)


def test_a_bucket_that_takes_no_logs_is_refused(
    cloud: Cloud, emulator: Emulator, config: dict[str, Any], tmp_path: Path
) -> None:
    def said(bucket: str) -> str:
        written = {**config, "lake": {"access_log_bucket": bucket}}
        with pytest.raises(pulumi.RunError) as caught:
            Stack("staging", home=tmp_path, config_overrides=written).up(cloud)
        return str(caught.value)

    assert said("nobodys-logs") == (
        "lake.access_log_bucket: found nobodys-logs, which does not exist; allowed: a bucket of the stack's account "
        "and region; correct it"
    )
    region = {"LocationConstraint": "eu-west-1"}
    emulator.client("s3").create_bucket(Bucket="closed-logs", CreateBucketConfiguration=region)
    first, *lines = said("closed-logs").splitlines()
    assert first == "lake.access_log_bucket: closed-logs takes no access logs:"
    assert [line.partition(";")[0] for line in lines] == [
        f"  PolicyDocument: does not let logging.s3.amazonaws.com put the logs of {source} under {source}/"
        for source in (f"123456789012-staging-ai-{role}" for role in ("raw-data", "processed-data", "artifacts"))
    ]
