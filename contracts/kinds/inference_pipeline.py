"""Inference pipelines: real-time endpoints of two containers, one that computes the features and one that scores."""

from __future__ import annotations

import dataclasses
from typing import Final

from contracts.kinds.kind import Kind
from contracts.kinds.realtime import REALTIME

#: SageMaker developer guide, "Inference pipelines in Amazon SageMaker AI" (requests are a sequence of the containers of
#: one model; limits are those of real-time endpoints), "Shadow tests", "Exclusions" (multiple-container endpoints) and
#: "Deployment guardrails", "Exclusions" (none of several containers); read 2026-11-29.
INFERENCE_PIPELINE: Final[Kind] = dataclasses.replace(
    REALTIME, name="inference_pipeline", shadow=False, stages=2, becomes=("realtime",)
)
