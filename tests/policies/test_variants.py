"""Valid configurations of other forms than the specimens': no policy refuses them."""

from __future__ import annotations

import pytest

from tests.policies.mutation import Change, drop, link, put, remove
from tests.policies.specimens import platform
from tests.policies.support import UNKNOWN, judge

VALID = {specimen.name: specimen for specimen in platform()}
SERVERLESS = [{"variantName": "champion", "serverlessConfig": {"maxConcurrency": 5.0, "memorySizeInMb": 2048.0}}]

OF_THE_MODEL = [{**SERVERLESS[0], "modelName": "churn-1"}]
IN_NO_NETWORK = drop("model", "vpcConfig").then(drop("model", "enableNetworkIsolation"))
SERVED_WITHOUT_SERVER = link("endpoint-config", "productionVariants", OF_THE_MODEL, ["model"])
CAPTURES_ITSELF = put("model", "primaryContainer.environment", {"CAPTURE_URI": "s3://processed/data-capture/"})
ISOLATION = ["sagemaker-model-in-vpc", "sagemaker-model-network-isolation"]
SEVERAL = {
    "mode": "MultiModel",
    "modelDataUrl": "s3://artifacts/models/churn/churn-prod-live/0123456789/",
    "environment": {"CAPTURE_URI": "s3://processed/data-capture/churn/churn-prod-live"},
}
ON_INSTANCES = [{"instanceType": "ml.m5.large", "modelName": "churn-1"}]
SERVES_SEVERAL = put("model", "primaryContainer", SEVERAL).then(
    link("endpoint-config", "productionVariants", ON_INSTANCES, ["model"])
)
QUEUED = {"outputConfig": {"s3OutputPath": "s3://processed/asynchronous/"}}


@pytest.mark.parametrize(
    ("policy", "change"),
    [
        ("alb-listener-tls-policy", put("listener", "sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09")),
        (
            "endpoint-deployment-guardrails",
            drop("endpoint", "deploymentConfig").then(put("endpoint-config", "productionVariants", SERVERLESS)),
        ),
        (
            "endpoint-data-capture",
            drop("endpoint-config", "dataCaptureConfig").then(put("endpoint-config", "productionVariants", SERVERLESS)),
        ),
        *((policy, IN_NO_NETWORK.then(SERVED_WITHOUT_SERVER)) for policy in ISOLATION),
        ("sagemaker-model-network-isolation", drop("model", "enableNetworkIsolation").then(CAPTURES_ITSELF)),
        ("sagemaker-model-from-registry", SERVES_SEVERAL),
        ("endpoint-data-capture", drop("endpoint-config", "dataCaptureConfig").then(SERVES_SEVERAL)),
        ("sagemaker-model-network-isolation", drop("model", "enableNetworkIsolation").then(SERVES_SEVERAL)),
        (
            "endpoint-autoscaling",
            put("scaling-target", "minCapacity", 0.0).then(put("endpoint-config", "asyncInferenceConfig", QUEUED)),
        ),
        (
            "lambda-permission-scoped",
            put("rollback-permission", "principal", "*").then(put("rollback-permission", "principalOrgId", "o-1")),
        ),
        ("security-group-no-open-ingress", put("https-in", "cidrIpv4", "10.0.0.0/8")),
        ("security-group-no-open-ingress", put("https-in", "cidrIpv6", "fc00::/7")),
        ("workload-in-private-subnets", remove("association-a")),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_valid_variant_passes(policy: str, change: Change) -> None:
    verdict = judge(change.apply(VALID).values(), only=[policy])
    assert verdict.violations == []
    assert verdict.undecided == []


@pytest.mark.parametrize(
    "change",
    [
        IN_NO_NETWORK,  # served by nothing yet
        IN_NO_NETWORK.then(put("endpoint-config", "productionVariants", SERVERLESS)),  # another model's variants
        IN_NO_NETWORK.then(
            link(
                "endpoint-config",
                "productionVariants",
                [{"instanceType": "ml.m5.large", "modelName": "churn-1"}],
                ["model"],
            )
        ),
        IN_NO_NETWORK.then(SERVED_WITHOUT_SERVER).then(
            link(
                "async-config",
                "productionVariants",
                [{"instanceType": "ml.m5.large", "modelName": "churn-1"}],
                ["model"],
            )
        ),
        IN_NO_NETWORK.then(SERVED_WITHOUT_SERVER).then(
            link(
                "endpoint-config",
                "shadowProductionVariants",
                [{"instanceType": "ml.m5.large", "modelName": "churn-1"}],
                ["model"],
            )
        ),
    ],
    ids=["nothing", "another", "instances", "both", "shadow"],
)
def test_a_model_in_no_network_is_refused_unless_serverless_variants_alone_serve_it(change: Change) -> None:
    verdict = judge(change.apply(VALID).values(), only=ISOLATION)
    assert {finding.policy for finding in verdict.violations} == set(ISOLATION)


def test_whether_a_model_may_be_in_no_network_is_undecided_while_the_variants_are_unknown() -> None:
    unknown = put("endpoint-config", "productionVariants.0.serverlessConfig", UNKNOWN)
    change = IN_NO_NETWORK.then(SERVED_WITHOUT_SERVER).then(unknown)
    verdict = judge(change.apply(VALID).values(), only=ISOLATION)
    assert verdict.violations == []
    assert {finding.policy for finding in verdict.undecided} == set(ISOLATION)


def test_a_model_that_captures_itself_still_stands_in_the_network() -> None:
    found = judge(IN_NO_NETWORK.then(CAPTURES_ITSELF).apply(VALID).values(), only=ISOLATION)
    assert {each.policy for each in found.violations} == {"sagemaker-model-in-vpc"}


def test_a_model_that_sagemaker_captures_for_needs_no_way_out_of_its_own() -> None:
    served = link("endpoint-config", "productionVariants", ON_INSTANCES, ["model"])
    change = drop("model", "enableNetworkIsolation").then(CAPTURES_ITSELF).then(served)
    found = judge(change.apply(VALID).values(), only=ISOLATION)
    assert {each.policy for each in found.violations} == {"sagemaker-model-network-isolation"}


@pytest.mark.parametrize(
    "place",
    ["s3://artifacts/runs/churn/", "s3://artifacts/models/churn/churn-prod-live/", "s3://other/models/a.tar.gz"],
)
def test_several_models_are_served_from_the_place_of_a_release_alone(place: str) -> None:
    change = SERVES_SEVERAL.then(put("model", "primaryContainer.modelDataUrl", place))
    (found,) = judge(change.apply(VALID).values(), only=["sagemaker-model-from-registry"]).violations
    assert f'primaryContainer.modelDataUrl is "{place}"; it must be the place of one release' in found.message


def test_a_model_in_the_network_of_several_is_not_excused_from_it() -> None:
    found = judge(IN_NO_NETWORK.then(SERVES_SEVERAL).apply(VALID).values(), only=ISOLATION)
    assert {each.policy for each in found.violations} == {"sagemaker-model-in-vpc"}
