"""One region of each partition of AWS: the same program, with nothing of another partition in what it declares."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from components.ground.collected import CONFIG
from contracts import partitions
from contracts.kinds import KINDS
from local.runtime import Stack, synth

REGIONS = (
    "eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1",
    "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1",
)  # fmt: skip


#: In which a stack with all that the platform can have is made at every run; the others take their time (`full`).
SHORT: Final = ("cn-north-1", "eusc-de-east-1")
EVERYTHING: Final = [pytest.param(each, marks=() if each in SHORT else pytest.mark.full) for each in REGIONS]
#: The example of a network, a key and a log bucket that the platform takes.
BEFORE: Final = Path(__file__).parents[2] / "examples" / "existing-network"
#: What says who a service is (`Principal`), in all partitions alike: without a region in it (IAM User Guide, "AWS JSON
#: policy elements: Principal").
_PRINCIPAL: Final = re.compile(r"(logging\.s3|([a-z-]*\.)?[a-z-]+)\.amazonaws\.com")

#: A type of each part that a plain stack lacks, so that none is left out unseen.
_OF_EACH_PART: Final = (
    "aws:codepipeline/pipeline:Pipeline", "aws:cloudformation/stack:Stack", "aws:codedeploy/application:Application",
    "aws:ecs/service:Service", "aws:glue/job:Job", "aws:glue/crawler:Crawler", "aws:lakeformation/resource:Resource",
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig", "aws:sfn/stateMachine:StateMachine",
    "aws:cloudtrail/trail:Trail",
)  # fmt: skip


def everything(region: str) -> dict[str, Any]:
    """The config of the stack that has every role, for a region of any partition, with a pipeline that delivers it,
    the kinds of endpoint that need no role of their own, and without what only some regions have.
    """
    partition = partitions.of(region)
    text = CONFIG.read_text(encoding="utf-8").replace("eu-west-1", region).replace("arn:aws:", f"arn:{partition.name}:")
    config = yaml.safe_load(text)["config"]
    config["ml-platform:monitoring"] = {"engine": "platform"}  # the other one's image is of SageMaker's own registries
    config["ml-platform:delivery"] = {
        "codepipeline": {
            "source": {"kind": "codecommit", "repository": "ml-platform"},
            "production": {"stack": "prod", "region": region},
            "image": f"123456789012.dkr.ecr.{region}.{partition.dns_suffix}/delivery@sha256:{'0' * 64}",
        },
        "state_bucket": "example-pulumi-state",
        "state_key": f"arn:{partition.name}:kms:{region}:123456789012:key/11111111-2222-3333-4444-555555555555",
    }
    workload = config["ml-platform:workloads"]["theworkload"]
    del workload["tuning"]  # its budget asks for prices, which eu-west-1 and us-east-1 have
    workload["endpoints"] |= {"l": {"kind": "serverless"}, "p": {"kind": "inference_pipeline"}}
    return config


def foreign(region: str, text: str) -> list[str]:
    """What of a synth is of another partition or region: ARNs, hosts, consoles, names. A service's name is of all."""
    partition = partitions.of(region)
    suffixes = "|".join(re.escape(each.dns_suffix) for each in partitions.PARTITIONS)
    consoles = "|".join(re.escape(each.console) for each in partitions.PARTITIONS if each.console)
    arns = [f"arn:{name}:" for name in set(re.findall(r"\barn:([a-z-]+):", text)) - {partition.name}]
    text = text.replace(f"{partition.reverse_dns}.{region}.", "").replace(f"com.amazonaws.{region}.", "")
    hosts = [
        host
        for host in set(re.findall(rf"[\w.-]+\.(?:{suffixes})(?![\w-]|\.\w)", text))
        if not (host.endswith(f".{region}.{partition.dns_suffix}") or _PRINCIPAL.fullmatch(host))
    ]
    links = [each for each in set(re.findall(rf"\b(?:{consoles})\b", text)) if each != partition.console]
    names = "|".join(each.region.strip("^$") for each in partitions.PARTITIONS)
    places = {found[1] for found in re.finditer(rf"(?<![\w-])((?:{names}))[a-z]?(?![\w-])", text)}
    return sorted({*arns, *hosts, *links, *places} - {region})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("arn:aws-cn:s3:::raw arn:aws:s3:::raw", ["arn:aws:"]),
        ("1.dkr.ecr.cn-north-1.amazonaws.com.cn/a 1.dkr.ecr.cn-north-1.amazonaws.com/b", [
            "1.dkr.ecr.cn-north-1.amazonaws.com"
        ]),
        ("https://cn-north-1.console.aws.amazon.com/x", ["console.aws.amazon.com"]),
        ("https://cn-north-1.console.amazonaws.cn/x", []),
        ("cn.com.amazonaws.cn-north-1.ecr.api com.amazonaws.cn-north-1.s3 com.amazonaws.eu-west-1.s3", ["eu-west-1"]),
        ("cn-north-1a eu-west-1b", ["eu-west-1"]),
        ("s3.cn-north-1.amazonaws.com raw.s3.amazonaws.com", ["raw.s3.amazonaws.com", "s3.cn-north-1.amazonaws.com"]),
        ("logging.s3.amazonaws.com ecs.application-autoscaling.amazonaws.com logs.cn-north-1.amazonaws.com.cn", []),
        ("logs.amazonaws.com.cn", ["logs.amazonaws.com.cn"]),
    ],
)  # fmt: skip
def test_what_is_foreign_is_found(text: str, found: list[str]) -> None:
    assert foreign("cn-north-1", text) == found


@pytest.fixture(scope="module", params=REGIONS)
def region(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def document(region: str) -> dict[str, Any]:
    return Stack("staging", config_overrides={"aws:region": region}).synth()


def test_no_partition_is_left_out() -> None:
    assert {partitions.of(region) for region in REGIONS} == set(partitions.PARTITIONS)


def test_every_arn_is_of_the_regions_partition(region: str, document: dict[str, Any]) -> None:
    found = set(re.findall(r"\barn:([a-z-]+):", synth.text(document)))
    assert found == {partitions.of(region).name}


def test_nothing_of_a_plain_stack_is_of_another_partition(region: str, document: dict[str, Any]) -> None:
    assert foreign(region, synth.text(document)) == []


@pytest.mark.parametrize("place", SHORT)
def test_nothing_of_the_network_that_was_there_before_is_of_another_partition(place: str, tmp_path: Path) -> None:
    example = Stack("staging", BEFORE, home=tmp_path, config_overrides={"aws:region": place})
    text = synth.text(example.synth())
    assert f"{partitions.of(place).reverse_dns}.{place}.s3" in text
    assert foreign(place, text) == []


@pytest.mark.parametrize("place", EVERYTHING)
def test_nothing_of_a_stack_with_everything_is_of_another_partition(place: str, tmp_path: Path) -> None:
    config = everything(place)
    kinds = {
        endpoint["kind"]
        for workload in config["ml-platform:workloads"].values()
        for endpoint in workload["endpoints"].values()
    }
    assert kinds == set(KINDS)
    file = tmp_path / "everything.yaml"
    file.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    made = Stack("thestack", config_file=file, home=tmp_path).synth()
    assert {resource["type"] for resource in made["resources"]} >= set(_OF_EACH_PART)
    text = synth.text(made)
    assert f".{place}.{partitions.of(place).dns_suffix}" in text
    assert foreign(place, text) == []
