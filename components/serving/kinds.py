"""The kinds of endpoints that the program draws, by the class of their settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from components.serving import (
    asynchronous,
    batch,
    fargate,
    inference_component,
    lambda_,
    multi_model,
    realtime,
    serverless,
)
from components.serving.kind import AnyDrawn
from settings import AnyKind

KINDS: Final[Mapping[type[AnyKind], AnyDrawn]] = {
    drawn.settings: drawn
    for drawn in (
        *(realtime.KIND, realtime.PIPELINE, multi_model.KIND, inference_component.KIND, serverless.KIND),
        *(asynchronous.KIND, batch.KIND, fargate.KIND, lambda_.KIND),
    )
}


def drawn(settings: AnyKind) -> AnyDrawn:
    """How an endpoint with these settings is drawn and watched."""
    return KINDS[type(settings)]
