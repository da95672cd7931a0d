"""What is asked of whatever serves a model: requests, traffic, the model, and the people who run it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Pattern = Literal["steady", "business_hours", "spiky", "rare", "nightly"]
Framework = Literal["xgboost", "sklearn", "lightgbm", "onnx", "pytorch", "tensorflow", "transformers"]
Team = Literal["sagemaker", "containers", "kubernetes", "functions"]


class Needs(BaseModel):
    """The needs of an endpoint. What is not said is not held against any kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    payload_mb: float = Field(default=0.1, gt=0, le=1_000_000)
    """The largest request, in MiB."""
    seconds: float | None = Field(default=None, gt=0, le=86_400)
    """The longest time that a request may take, in seconds."""
    p99_ms: float | None = Field(default=None, gt=0, le=3_600_000)
    """99th percentile of the time to an answer that users bear, in ms; nothing where nobody waits."""
    rps: float = Field(default=10, gt=0, le=1_000_000)
    """Requests a second when most come."""
    pattern: Pattern = "business_hours"
    """When they come: contracts/advice/patterns.csv."""
    model_mb: float = Field(default=10, gt=0, le=1_000_000)
    """The model in memory, in MiB."""
    models: int = Field(default=1, ge=1, le=10_000)
    """Models of one contract that are asked by name."""
    framework: Framework = "xgboost"
    """What scores: contracts/advice/frameworks.csv says what a request takes."""
    request_ms: float | None = Field(default=None, gt=0, le=3_600_000)
    """Measured time of one request on one core, in ms, in place of the framework's."""
    team: Team = "sagemaker"
    """What the people who run it know beside SageMaker."""
    isolated: bool = False
    """Models stand in the network of the stack, without a way out."""
    gradual: bool = False
    """Releases take over by and by, and alarms turn them back meanwhile."""
