from __future__ import annotations

import logging
from typing import Any

import pytest

from automation.operations import unscaling
from tests.components.engine import LIVE

TARGET = "endpoint/churn-staging-live/variant/"


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
    return unscaling.make_way(LIVE, "old", "new", sagemaker=cloud, scaling=cloud)


SMALL, LARGE = "ml.m5.large", "ml.m5.xlarge"


@pytest.mark.parametrize(
    ("scaled", "old", "new", "ended"),
    [
        (["champion"], {"champion": SMALL}, {"champion": LARGE}, ["champion"]),
        (["champion"], {"champion": SMALL}, {"champion": SMALL}, []),
        ([], {"champion": SMALL}, {"champion": LARGE}, []),
        (["champion", "challenger"], {"champion": SMALL, "challenger": SMALL}, {"champion": SMALL}, ["challenger"]),
        (["champion"], {"champion": SMALL}, {"champion": SMALL, "challenger": LARGE}, []),
    ],
)
def test_variants_that_scale_are_let_go_where_they_do_not_keep_their_type(
    scaled: list[str], old: dict[str, str], new: dict[str, str], ended: list[str]
) -> None:
    cloud = Cloud(*scaled, old=old, new=new)
    assert made(cloud) == ended
    assert cloud.scaled == [f"{TARGET}{variant}" for variant in scaled if variant not in ended]


def test_where_nobody_can_be_asked_it_is_told_and_the_update_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from botocore.exceptions import NoCredentialsError

    def refused(**_: Any) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(unscaling, "session", refused)
    make = unscaling.way_made(region="eu-west-1", profile=None, roles=())
    with caplog.at_level(logging.WARNING):
        make(LIVE, "same", "same")
        assert caplog.messages == []
        make(LIVE, "old", "new")
    assert caplog.messages == [
        "endpoint churn-staging-live: it is not known whether its instance types change and whether it scales "
        "(Unable to locate credentials); SageMaker refuses another type of a variant that does"
    ]
