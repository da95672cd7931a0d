"""Whether the runs of a rendered pipeline are kept as an experiment."""

from __future__ import annotations

import json
from typing import Final

_EXPERIMENT: Final = "PipelineExperimentConfig"


def without_experiment(definition: str) -> str:
    """The definition, as `render` has them, whose runs are no trials of an experiment: without the part that says so
    SageMaker makes none (developer guide, "Disable Experiments Integration", read 2026-11-30).
    """
    document = json.loads(definition)
    document.pop(_EXPERIMENT, None)  # a state machine has none
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
