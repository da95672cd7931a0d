"""What both stacks of the platform consist of, read from `synth`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from contracts.names import RESERVED_ENDPOINTS
from local.runtime import synth
from local.runtime.sdk import takes_tags
from local.values import UNKNOWN

ROOT = Path(__file__).parents[2]
REQUIRED_TAGS = {"Project", "Environment", "Owner", "CostCenter", "DataClassification", "ManagedBy"}
MODEL = "aws:sagemaker/model:Model"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
ENDPOINT_CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
PIPELINE = "aws:sagemaker/pipeline:Pipeline"
SUBNET = "aws:ec2/subnet:Subnet"


def of_type(document: dict[str, Any], type_token: str) -> list[dict[str, Any]]:
    return [resource for resource in document["resources"] if resource["type"] == type_token]


def references(resource: dict[str, Any]) -> Iterable[str]:
    yield from resource["dependencies"]
    yield from (urn for urns in resource["propertyDependencies"].values() for urn in urns)
    yield from filter(None, (resource["parent"], resource["options"].get("provider")))


def test_every_reference_leads_to_a_resource_of_the_stack(steady: dict[str, Any]) -> None:
    urns = [resource["urn"] for resource in steady["resources"]]
    assert urns == sorted(set(urns))
    missing = {urn for resource in steady["resources"] for urn in references(resource)} - set(urns)
    assert missing == set()


def test_every_value_is_known(steady: dict[str, Any], bootstrap: dict[str, Any]) -> None:
    for document in (steady, bootstrap):
        text = synth.text(document)
        assert UNKNOWN not in text
        assert "[unknown]" not in text


def test_nothing_in_it_is_of_this_machine(steady: dict[str, Any]) -> None:
    assert str(ROOT) not in synth.text(steady)


@pytest.mark.parametrize("stack", ["staging"], indirect=True)
def test_the_command_gives_the_same_bytes_in_another_process(steady: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "local", "synth", "--stack", "staging", "--out", "-"]
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == synth.text(steady)


def test_every_resource_that_takes_tags_has_the_required_ones(steady: dict[str, Any]) -> None:
    untagged = {
        resource["urn"]: sorted(REQUIRED_TAGS - set(resource["inputs"].get("tagsAll", {})))
        for resource in steady["resources"]
        if takes_tags(resource["type"]) and not set(resource["inputs"].get("tagsAll", {})) >= REQUIRED_TAGS
    }
    assert untagged == {}


def test_every_custom_resource_is_made_by_the_platforms_own_provider(steady: dict[str, Any]) -> None:
    providers = {
        resource["options"].get("provider", "none").rpartition("::")[2]
        for resource in steady["resources"]
        if resource["type"].startswith("aws:")
    }
    assert providers == {"aws"}


def test_a_stack_in_its_steady_state_serves_the_live_release_and_keeps_the_good_one(steady: dict[str, Any]) -> None:
    counts = Counter(resource["type"] for resource in steady["resources"])
    assert (counts[ENDPOINT], counts[ENDPOINT_CONFIG], counts[MODEL], counts[PIPELINE]) == (1, 2, 2, 1)
    (endpoint,) = of_type(steady, ENDPOINT)
    names = {config["inputs"]["name"]: config["urn"] for config in of_type(steady, ENDPOINT_CONFIG)}
    serving = names[endpoint["inputs"]["endpointConfigName"]]
    assert serving in endpoint["propertyDependencies"]["endpointConfigName"]
    assert steady["outputs"]["workloads"]["churn"]["endpoints"]["live"]["name"] == endpoint["inputs"]["name"]
    assert steady["outputs"]["waiting_for"] == []


def test_the_first_run_leaves_out_what_waits_and_says_so(steady: dict[str, Any], bootstrap: dict[str, Any]) -> None:
    types = {resource["type"] for resource in bootstrap["resources"]}
    assert types & {ENDPOINT, ENDPOINT_CONFIG, MODEL, PIPELINE} == set()
    assert len(bootstrap["outputs"]["waiting_for"]) == 3
    later = {resource["urn"] for resource in steady["resources"]}
    assert {resource["urn"] for resource in bootstrap["resources"]} <= later


def test_no_subnet_is_public(steady: dict[str, Any]) -> None:
    subnets = of_type(steady, SUBNET)
    assert {subnet["inputs"]["mapPublicIpOnLaunch"] for subnet in subnets} == {False}
    assert len({subnet["inputs"]["availabilityZone"] for subnet in subnets}) == len(subnets) >= 2


def test_data_is_protected_in_prod_and_free_to_go_in_staging(steady: dict[str, Any], stack: str) -> None:
    buckets = of_type(steady, "aws:s3/bucket:Bucket")
    assert len(buckets) == 4
    assert {bucket["options"].get("protect", False) for bucket in buckets} == {stack == "prod"}


def test_no_endpoint_can_have_a_name_that_its_workloads_own_names_begin_with(
    stack: str, steady: dict[str, Any]
) -> None:
    text = json.dumps(steady["resources"])
    words = set(re.findall(rf"churn-{stack}-([a-z]+)", text))
    assert "live" in words
    assert words - {"live"} <= RESERVED_ENDPOINTS


def test_a_configuration_that_was_called_by_its_release_alone_is_the_same_one(steady: dict[str, Any]) -> None:
    for config in of_type(steady, ENDPOINT_CONFIG):
        stem = config["name"].rpartition("-")[0]
        assert config["options"]["aliases"] == [config["urn"].replace(config["name"], stem)]
