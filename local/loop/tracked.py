"""What MLflow was told of a training run, where a workload tracks its runs there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contracts.names import WorkloadNames
from local.emulator.client import Emulator
from local.loop.waiting import until


def told(names: WorkloadNames, run_uri: str, *, functions: Any, emulator: Emulator) -> Iterator[str]:
    """Line by line, once the evaluation of the run, whose steps wrote below `run_uri`, is there too."""
    try:
        functions.get_function_configuration(FunctionName=names.resource("tracking"))
    except functions.exceptions.ResourceNotFoundException:
        return

    def finished() -> list[dict[str, Any]]:
        runs = [each for each in emulator.tracked() if each["tags"]["source"].startswith(f"{run_uri}/")]
        whole = any(each["tags"]["source"] == f"{run_uri}/" and each["status"] == "FINISHED" for each in runs)
        return runs if whole else []

    for run in until(finished, emulator):
        rounds = run["metrics"].get("validation_loss", 0)
        yield (
            f"MLflow, experiment {run['experiment']}: run {run['name']} with {len(run['params'])} parameters, "
            f"{len(run['metrics'])} metrics, {rounds} rounds; gate: {run['tags'].get('gate', 'of its search')}"
        )
