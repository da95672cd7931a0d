"""`{kind: inference_pipeline}`."""

from __future__ import annotations

from typing import Literal

from settings.endpoints.realtime import RequestFleet


class InferencePipeline(RequestFleet):
    """A real-time endpoint whose instances run two containers: the first computes the features, the second scores.

    Both have the package and the inference image. It has no shadow (SageMaker developer guide, "Shadow tests",
    "Exclusions"), and answers no contributions.
    """

    kind: Literal["inference_pipeline"]
    """The kind of endpoint."""

    @property
    def stages(self) -> tuple[str, ...]:
        """What of the service each container does (`workloads.inference.settings`)."""
        return ("preprocess", "predict")
