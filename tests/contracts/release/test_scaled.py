from __future__ import annotations

from typing import Any

import pytest

from contracts.release import scaled

ENDPOINT = "churn-staging-live"
TARGET = f"endpoint/{ENDPOINT}/variant/"


class Cloud:
    """SageMaker's configurations and the scalable targets of Application Auto Scaling."""

    def __init__(self, *scaled: str, **configs: dict[str, str]) -> None:
        self._configs, self.scaled = configs, [f"{TARGET}{variant}" for variant in scaled]

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803
        types = self._configs[EndpointConfigName]
        return {"ProductionVariants": [{"VariantName": name, "InstanceType": each} for name, each in types.items()]}

    def describe_scalable_targets(self, *, ResourceIds: list[str], **_: str) -> dict[str, Any]:  # noqa: N803
        return {"ScalableTargets": [{"ResourceId": each} for each in self.scaled if each in ResourceIds]}

    def deregister_scalable_target(self, *, ResourceId: str, **_: str) -> None:  # noqa: N803
        self.scaled.remove(ResourceId)


def made(cloud: Cloud) -> list[str]:
    return scaled.make_way(ENDPOINT, "old", "new", sagemaker=cloud, scaling=cloud)


SMALL, LARGE = "ml.m5.large", "ml.m5.xlarge"


@pytest.mark.parametrize(
    ("registered", "old", "new", "ended"),
    [
        (["champion"], {"champion": SMALL}, {"champion": LARGE}, ["champion"]),
        (["champion"], {"champion": SMALL}, {"champion": SMALL}, []),
        ([], {"champion": SMALL}, {"champion": LARGE}, []),
        (["champion", "challenger"], {"champion": SMALL, "challenger": SMALL}, {"champion": SMALL}, ["challenger"]),
        (["champion"], {"champion": SMALL}, {"champion": SMALL, "challenger": LARGE}, []),
    ],
)
def test_variants_that_scale_are_let_go_where_they_do_not_keep_their_type(
    registered: list[str], old: dict[str, str], new: dict[str, str], ended: list[str]
) -> None:
    cloud = Cloud(*registered, old=old, new=new)
    assert made(cloud) == ended
    assert cloud.scaled == [f"{TARGET}{variant}" for variant in registered if variant not in ended]
