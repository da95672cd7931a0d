"""What is kept: buckets by class and age, images, keys, parameters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from automation.cost import Traffic
from tests.automation.cost.written import WORKLOAD, endpoint, estimated, items, resource

DAYS = 365 / 12


def bucket(role: str, *rules: dict[str, Any]) -> list[dict[str, Any]]:
    name = f"123456789012-s-ai-{role}"
    lifecycle = resource(
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "lifecycle", bucket=name, rules=list(rules)
    )
    return [resource("s3/bucket:Bucket", bucket=name), lifecycle, resource("sqs/queue:Queue", "q", within=WORKLOAD)]


TIERS = {
    "status": "Enabled",
    "filter": {"prefix": ""},
    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": 90, "storageClass": "GLACIER_IR"}],
}


def test_raw_data_lies_in_the_class_of_its_age() -> None:
    found = items(estimated(*bucket("raw-data", TIERS)))
    assert found["standard storage"] == pytest.approx(0.2 * 30 / DAYS, abs=1e-6)
    assert found["standard-IA storage"] == pytest.approx(0.2 * 60 / DAYS, abs=1e-6)
    assert found["glacier instant retrieval"] == pytest.approx(0.2 * (365 - 90) / DAYS, abs=1e-6)
    young = items(estimated(*bucket("raw-data", TIERS), traffic=Traffic(months=1)))
    assert set(young) == {"standard storage", "standard-IA storage", "PUT, COPY, POST, LIST", "GET"}
    off = items(estimated(*bucket("raw-data", {**TIERS, "status": "Disabled"})))
    assert off["standard storage"] == pytest.approx(0.2 * 12)


def test_captured_traffic_goes_after_its_days_and_accepted_data_stays() -> None:
    expire = {"status": "Enabled", "filter": {"prefix": "data-capture/"}, "expiration": {"days": 90}}
    found = items(estimated(*bucket("processed-data", expire), *endpoint()), "it")
    captured = 1_000_000 * (1 + 0.5 + 0.6) / 1_000_000
    assert found["standard storage"] == pytest.approx(0.2 * 12 + captured * 90 / DAYS, abs=1e-6)
    assert found["PUT, COPY, POST, LIST"] == 1 + 730 * 60 / 1000
    config, made = endpoint()
    config["inputs"]["dataCaptureConfig"] = {"enableCapture": True, "initialSamplingPercentage": 10}
    tenth = items(estimated(*bucket("processed-data", expire), config, made), "it")["standard storage"]
    assert tenth == pytest.approx(0.2 * 12 + captured / 10 * 90 / DAYS, abs=1e-6)
    config["inputs"]["dataCaptureConfig"] = {"enableCapture": False, "initialSamplingPercentage": 100}
    none = items(estimated(*bucket("processed-data", expire), config, made), "it")["standard storage"]
    assert none == pytest.approx(0.2 * 12)


def test_what_containers_capture_by_themselves_is_kept_as_well() -> None:
    """At once, an object a request; else one every ten seconds of an instance."""

    def puts(**environment: str) -> float:
        config, made = endpoint()
        config["inputs"].pop("dataCaptureConfig")
        model = config["inputs"]["productionVariants"][0]["modelName"] = "churn-1"
        container = {"environment": {"CAPTURE_URI": "s3://a/b", **environment}}
        served = resource("sagemaker/model:Model", "model", name=model, primaryContainer=container)
        return items(estimated(*bucket("processed-data"), config, made, served), "it")["PUT, COPY, POST, LIST"]

    assert puts(CAPTURE_PERCENT="100", CAPTURE_SECONDS="0") == 1 + 1000
    assert puts(CAPTURE_PERCENT="10", CAPTURE_SECONDS="0") == 1 + 100
    assert puts(CAPTURE_PERCENT="100") == 1 + 730 * 3 * 360 / 1000


def test_every_object_is_an_event_where_the_bucket_tells_eventbridge() -> None:
    name = "123456789012-s-ai-processed-data"
    told = resource("s3/bucketNotification:BucketNotification", bucket=name, eventbridge=True)
    assert items(estimated(told, *endpoint()), "it")["custom events"] == (1_000 + 730 * 60) / 1_000_000
    assert items(estimated({**told, "inputs": {"bucket": name}})) == {}


def test_a_repository_keeps_as_many_images_as_its_policy_says() -> None:
    policy = {"rules": [{"selection": {"countType": "imageCountMoreThan", "countNumber": 11}}]}
    kept = resource("ecr/lifecyclePolicy:LifecyclePolicy", "policy", repository="r", policy=json.dumps(policy))
    repository = resource("ecr/repository:Repository", name="r")
    assert items(estimated(repository, kept)) == {"storage": 1.0}
    assert items(estimated(repository)) == {"storage": pytest.approx(0.5 + 47 * 0.05)}


def test_the_inference_images_of_a_build_are_two_for_two_processors() -> None:
    repository = resource("ecr/repository:Repository", name="mlplatform-staging-inference")
    assert items(estimated(repository)) == {"storage": pytest.approx(2 * (0.5 + 47 * 0.05))}


@pytest.mark.parametrize(("months", "keys"), [(1, 1), (12, 1), (13, 2), (25, 3), (120, 3)])
def test_the_first_two_rotations_of_a_key_cost_as_much_as_the_key(months: int, keys: int) -> None:
    found = estimated(resource("kms/key:Key", enableKeyRotation=True), traffic=Traffic(months=months))
    assert items(found) == {"customer key": keys, "requests": 1}
    still = estimated(resource("kms/key:Key", enableKeyRotation=False), traffic=Traffic(months=months))
    assert items(still)["customer key"] == 1


def test_only_advanced_parameters_cost() -> None:
    assert items(estimated(resource("ssm/parameter:Parameter", type="String"))) == {}
    assert items(estimated(resource("ssm/parameter:Parameter", tier="Advanced"))) == {"advanced parameter": 1}


def test_a_request_of_an_asynchronous_endpoint_is_an_object_and_so_is_its_answer() -> None:
    processed = resource("s3/bucket:Bucket", bucket="1-s-ai-processed-data")
    config, made = endpoint()
    before = items(estimated(config, made, processed))["PUT, COPY, POST, LIST"]
    config["inputs"]["asyncInferenceConfig"] = {"outputConfig": {"s3OutputPath": "s3://1-s-ai-processed-data/"}}
    assert items(estimated(config, made, processed))["PUT, COPY, POST, LIST"] == pytest.approx(before + 2_000)
