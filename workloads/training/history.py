"""What a training job leaves beside its model: the loss of every round, and what was trained with what.

SageMaker packs the directory into output.tar.gz beside model.tar.gz (developer guide, "Amazon S3 folders that SageMaker
AI uses for training": output data), read 2026-11-30. It is small, so that whoever compares runs
(`workloads.tracking`) need not unpack models. Nothing in it depends on the clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workloads.tracking.record import HISTORY
from workloads.training.train import Fitted


def leave(directory: Path, fitted: Fitted, facts: Mapping[str, Any]) -> None:
    """Write `{"facts": metadata of the model, "first": round, "losses": [of that round on]}`."""
    directory.mkdir(parents=True, exist_ok=True)
    history = {"facts": facts, "first": fitted.first, "losses": fitted.history}
    (directory / HISTORY).write_text(json.dumps(history, sort_keys=True, indent=1, allow_nan=False))
