"""A stack with a pipeline, for the tests of what it consists of."""

from __future__ import annotations

from typing import Any

from components.delivery.stages import Delivered
from settings import CodePipeline
from tests.components.engine import LIVE, NAMES

IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/delivery@sha256:{'0' * 64}"
PIPELINE: dict[str, Any] = {"source": {"kind": "codecommit", "repository": "ml-platform"}, "image": IMAGE}
CONNECTION = "arn:aws:codeconnections:eu-west-1:123456789012:connection/01234567-89ab-cdef-0123-456789abcdef"
CONNECTED = {"kind": "codeconnections", "connection": CONNECTION, "repository": "example/ml-platform"}
ARCHIVE = {"kind": "s3", "bucket": "example-source", "key": "ml-platform.zip"}


def delivered(**settings: Any) -> Delivered:
    """What the pipelines of staging need to know."""
    return Delivered(
        names=NAMES,
        production=NAMES.elsewhere("prod"),
        settings=CodePipeline.model_validate(PIPELINE | settings),
        state_bucket="example-pulumi-state",
        approvals=NAMES.arn("sns", "mlplatform-staging-delivery-approvals"),
        workloads=[LIVE.of_its_workload],
    )
