"""An endpoint of SageMaker as the release sees it, where no emulator is needed to say so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from contracts.release.live import Configured, Live
from contracts.release.sagemaker import SageMaker
from tests.contracts.release.records import package

LIVE = Live(
    endpoint="churn-prod-live",
    status="InService",
    config="churn-prod-live-0123456789-aa",
    release="0123456789",
    counts={},
    weights={"champion": 100.0},
    changed=datetime(2026, 11, 29, tzinfo=UTC),
    failure="",
)


class Described:
    """A client whose endpoint configuration has these variants, each with a model of the first package."""

    def __init__(self, *variants: dict[str, Any], shadows: tuple[dict[str, Any], ...] = ()) -> None:
        self.config = {"ProductionVariants": list(variants), "ShadowProductionVariants": list(shadows)}

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert EndpointConfigName == LIVE.config
        return self.config

    def describe_model(self, ModelName: str) -> dict[str, Any]:  # noqa: N803
        assert ModelName == "model"
        return {"PrimaryContainer": {"ModelPackageName": package(1)}}


def configured(*variants: dict[str, Any], **more: Any) -> dict[str, Configured]:
    return SageMaker(LIVE.endpoint, Described(*variants, **more)).configured(LIVE)


def test_a_serverless_variant_has_no_instances_of_its_own() -> None:
    serverless = {"VariantName": "champion", "ModelName": "model", "ServerlessConfig": {"MemorySizeInMB": 1024}}
    assert configured(serverless) == {"champion": Configured(package=package(1), weight=1.0, instances=None)}


def test_shadows_are_among_what_is_configured() -> None:
    variant = {"ModelName": "model", "InitialInstanceCount": 3, "InitialVariantWeight": 100.0}
    found = configured(
        {"VariantName": "champion", **variant},
        shadows=({"VariantName": "shadow", **variant, "InitialVariantWeight": 10.0},),
    )
    assert {name: (each.weight, each.instances) for name, each in found.items()} == {
        "champion": (100.0, 3),
        "shadow": (10.0, 3),
    }
