from __future__ import annotations

from typing import Any

import pytest

from automation.operations import capacity
from automation.operations.capacity import Scaled
from automation.operations.errors import RefusedError
from contracts.release.lock import BusyError
from tests.automation.conftest import Platform
from tests.automation.operations.test_releases import deployed


def scale(platform: Platform, to: int, variant: str = "champion") -> Scaled:
    clients = {"sagemaker": platform.client("sagemaker"), "scaling": platform.client("application-autoscaling")}
    return capacity.scale(platform.names, variant, to, **clients)


def test_a_variant_gets_as_many_instances_as_a_person_says_between_its_limits(platform: Platform) -> None:
    deployed(platform, platform.register())
    assert scale(platform, 8) == Scaled(variant="champion", before=3, after=8, limits=None)
    target = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": f"endpoint/{platform.names.prefix}/variant/champion",
    }
    platform.client("application-autoscaling").register_scalable_target(**target, MinCapacity=2, MaxCapacity=9)
    assert scale(platform, 9) == Scaled(variant="champion", before=8, after=9, limits=(2, 9))
    assert scale(platform, 9).before == 9
    for beyond in (1, 10):
        with pytest.raises(RefusedError) as refused:
            scale(platform, beyond)
        assert str(refused.value) == (
            f"--to: found {beyond}; allowed: 2 to 9, between which champion of {platform.names.prefix} scales now; "
            "choose such a number, or change autoscaling and its schedules in the stack's file"
        )
    (variant,) = platform.settled()["ProductionVariants"]
    assert variant["DesiredInstanceCount"] == 9
    with pytest.raises(RefusedError, match=r"^--variant: found shadow; allowed: champion; name a variant that serves$"):
        scale(platform, 4, "shadow")


def test_without_an_endpoint_there_is_nothing_to_scale(platform: Platform) -> None:
    with pytest.raises(RefusedError, match=r"is not there: it has no release yet, or is stopped \(`wake`\)$"):
        scale(platform, 4)


@pytest.mark.parametrize(
    ("status", "variants", "error", "says"),
    [
        ("Updating", [{"VariantName": "champion", "DesiredInstanceCount": 3}], BusyError, "is Updating; wait until"),
        (
            "InService",
            [{"VariantName": "champion"}],
            RefusedError,
            "allowed: none: its kind has no instances of its own",
        ),
    ],
)
def test_what_is_on_its_way_or_has_no_instances_is_left_alone(
    platform: Platform, status: str, variants: list[dict[str, Any]], error: type[Exception], says: str
) -> None:
    class SageMaker:
        """One endpoint."""

        def describe_endpoint(self, **_: Any) -> dict[str, Any]:
            return {
                "EndpointName": platform.names.prefix,
                "EndpointConfigName": "c",
                "EndpointStatus": status,
                "LastModifiedTime": None,
                "ProductionVariants": variants,
            }

    with pytest.raises(error, match=says):
        capacity.scale(platform.names, "champion", 4, sagemaker=SageMaker(), scaling=None)
