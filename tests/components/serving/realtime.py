"""A real-time endpoint, deployed as tests ask for it."""

from __future__ import annotations

import functools
from typing import Any

from components.serving.kind import EndpointArgs
from components.serving.realtime import Realtime
from contracts.release import Record
from contracts.release.live import Serving
from settings import Realtime as RealtimeSettings
from tests.components.engine import LIVE, Declared, Deployment, deploy, ground
from tests.components.serving.test_plan import record

CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
MODEL = "aws:sagemaker/model:Model"
TARGET = "aws:appautoscaling/target:Target"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/"


def serving(
    found: Record | None = None,
    *,
    alarms: tuple[str, ...] = ("a-5xx", "a-latency"),
    preview: bool = False,
    protect: bool = False,
    now: Serving | None = None,
    **section: Any,
) -> Deployment:
    def program() -> None:
        Realtime(
            "serving",
            EndpointArgs(
                ground=ground(protect=protect),
                names=LIVE,
                settings=RealtimeSettings.model_validate(section),
                record=found or record(),
                rollback_alarms=alarms,
                see_through=lambda _, __, ___: "",
                serving=now,
            ),
        )

    return deploy(program, preview=preview)


@functools.cache
def default() -> Deployment:
    return serving()


@functools.cache
def ab_test() -> Deployment:
    return serving(record(split=True))


def live(deployment: Deployment) -> Declared:
    name = deployment.one("serving-endpoint").inputs["endpointConfigName"]
    return next(config for config in deployment.all(CONFIG) if config.inputs["name"] == name)
