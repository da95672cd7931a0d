"""From what `definition` says to a definition that may be committed: compiled, put right, hardened, checked."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from typing import Any

from workloads.pipeline.finish import finish
from workloads.pipeline.graph import steps_of
from workloads.pipeline.harden import gaps, harden
from workloads.pipeline.render import render
from workloads.pipeline.tokens import TOKENS, TUNING_EXAMPLES
from workloads.pipeline.tuning import tuned


class UnsafePipeline(ValueError):  # noqa: N818  (reads as what it says: raise UnsafePipeline)
    """A job lacks what every job must carry. The message lists what, one line each."""


def compile_train() -> dict[str, Any]:
    """The definition `train` with tokens. Needs the SageMaker SDK (.venv-pipeline); takes about 5 s, no network.

    The text is the same in every process: nothing of the clock, the machine or the hash seed gets into it (tested).
    """
    warnings.simplefilter("ignore")  # the SDK warns that a pipeline session starts no job, which is the point of it
    logging.disable(logging.WARNING)
    from workloads.pipeline import definition

    compiled: dict[str, Any] = json.loads(definition.build().definition())
    finish(compiled, entrypoints=definition.ENTRYPOINTS, defaults=definition.DEFAULTS)
    harden(compiled, kms_key=TOKENS["kms_key"].placeholder, connected=definition.CONNECTED)
    if missing := gaps(compiled, connected=definition.CONNECTED):
        raise UnsafePipeline("jobs lack what every job must carry:\n" + "\n".join(missing))
    return compiled


def compile_tune(train: Mapping[str, Any]) -> dict[str, Any]:
    """The definition `tune` of the compiled `train`, with tokens. Needs no SDK."""
    compiled = tuned(train)
    example = json.loads(render(to_text(compiled), TUNING_EXAMPLES))  # whether a volume takes a key, its type says
    connected = {step["Name"]: "as in train" for step in steps_of(train["Steps"]) if _is_connected(step)}
    if missing := gaps(example, connected=connected):
        raise UnsafePipeline("jobs lack what every job must carry:\n" + "\n".join(missing))
    return compiled


def _is_connected(step: Mapping[str, Any]) -> bool:
    return step["Arguments"].get("NetworkConfig", {}).get("EnableNetworkIsolation") is False


def to_text(definition: Mapping[str, Any]) -> str:
    """As it is committed: sorted and indented, for review. `render` makes it compact."""
    return json.dumps(definition, indent=2, sort_keys=True) + "\n"
