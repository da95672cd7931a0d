"""The provider's schema, read from its SDK."""

from __future__ import annotations

from typing import Any

import pytest

from local.adapter import provider
from local.adapter.values import UNKNOWN

CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
VALID = {
    "productionVariants": [{"variantName": "champion", "initialInstanceCount": 2.0}],
    "dataCaptureConfig": {
        "destinationS3Uri": "s3://bucket/capture",
        "initialSamplingPercentage": 100.0,
        "captureOptions": [{"captureMode": "Input"}],
    },
}


def test_inputs_and_outputs_of_a_type() -> None:
    assert sorted(provider.inputs_of("aws:sqs/queuePolicy:QueuePolicy")) == ["policy", "queueUrl", "region"]
    assert {"arn", "url", "tagsAll", "name"} <= provider.outputs_of("aws:sqs/queue:Queue")
    with pytest.raises(KeyError):
        provider.inputs_of("aws:sqs/queue:Kueue")


def test_a_type_whose_arguments_share_their_name_with_an_input_type() -> None:
    assert "versioningConfiguration" in provider.inputs_of("aws:s3/bucketVersioning:BucketVersioning")


def test_valid_inputs_have_no_fault() -> None:
    assert provider.faults(CONFIGURATION, VALID) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"nam": "x"}, "nam = 'x': is no input of the provider; did you mean name? It knows productionVariants,"),
        (
            {"productionVariants": [{"initial_instance_count": 2.0}]},
            "productionVariants[0].initial_instance_count = 2.0: is no input of the provider; did you mean "
            "initialInstanceCount? It knows",
        ),
        ({"productionVariants": {}}, "productionVariants = {}: must be a list"),
        ({"productionVariants": None}, "productionVariants: is required by the provider"),
        ({"dataCaptureConfig": []}, "dataCaptureConfig = []: must be an object with captureOptions,"),
        ({"kmsKeyArn": 5.0}, "kmsKeyArn = 5.0: must be a text"),
        (
            {"productionVariants": [{"initialInstanceCount": 1.5}]},
            "productionVariants[0].initialInstanceCount = 1.5: must be a whole number",
        ),
        (
            {"productionVariants": [{"initialVariantWeight": "9"}]},
            "productionVariants[0].initialVariantWeight = '9': must be a number",
        ),
        (
            {"productionVariants": [{"enableSsmAccess": 1.0}]},
            "productionVariants[0].enableSsmAccess = 1.0: must be true or false",
        ),
        ({"tags": {"a": 1.0}}, "tags.a = 1.0: must be a text"),
        ({"tags": ["a"]}, "tags = ['a']: must be an object of names and values"),
    ],
)
def test_what_the_provider_does_not_have(changes: dict[str, Any], fault: str) -> None:
    texts = [str(found) for found in provider.faults(CONFIGURATION, {**VALID, **changes})]
    assert [text[: len(fault)] for text in texts] == [fault]


def test_unknown_values_are_skipped_and_the_runtimes_tags_accepted() -> None:
    inputs = {"productionVariants": [{"initialInstanceCount": UNKNOWN}], "dataCaptureConfig": UNKNOWN, "tagsAll": {}}
    assert provider.faults(CONFIGURATION, inputs) == []
