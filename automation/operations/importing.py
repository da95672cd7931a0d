"""A model that others made, brought into the registry: by a run of the training pipeline that is given it.

The run prepares the data, packages the model in place of training one, and judges it as any candidate: by the same test
rows, the same bounds and the same champion. Its package says what that of a trained model says.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from automation.operations import training
from automation.operations.errors import RefusedError
from contracts.names import WorkloadNames
from contracts.schema import Contract, contract_sha, to_json

#: The parameter of the training pipeline (`workloads.pipeline.definition`).
PARAMETER: Final = "ImportedModelUri"


def start(
    names: WorkloadNames, model: Path, contract: Contract | None, display_name: str, *, s3: Any, sagemaker: Any
) -> str:
    """Upload a model and start the run that judges it; returns the execution's ARN.

    `contract` is the one that the model was made for: RefusedError where the deployed pipeline has another, and for a
    file that is no ONNX model by its name.
    """
    if not model.is_file() or model.suffix != ".onnx":
        found = "a directory" if model.is_dir() else "a file" if model.is_file() else "nothing"
        raise RefusedError(f"--artefact: found {found} at {str(model)!r}; allowed: a file <name>.onnx")
    if contract is not None:
        _require_deployed(names, contract, sagemaker)
    content = model.read_bytes()
    key = f"{names.layout.imported}{hashlib.sha256(content).hexdigest()}/{model.name}"
    s3.upload_file(str(model), names.artifacts_bucket, key)
    uri = f"s3://{names.artifacts_bucket}/{key}"
    return training.start(names, display_name, parameters={PARAMETER: uri}, s3=s3, sagemaker=sagemaker)


def _require_deployed(names: WorkloadNames, contract: Contract, sagemaker: Any) -> None:
    deployed, given = training.deployed(names, sagemaker=sagemaker).get("contract_sha"), contract_sha(to_json(contract))
    if deployed != given:
        raise RefusedError(
            f"--contract: found one with the hash {given}; pipeline {names.pipeline} judges by {deployed}; deploy the "
            "contract with `up`, or give the one that is deployed"
        )
