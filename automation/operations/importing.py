"""A model that others made, brought into the registry: by a run of the training pipeline that is given it.

The run prepares the data, packages the model in place of training one, and judges it as any candidate: by the same test
rows, the same bounds and the same champion. Its package says what that of a trained model says. A model is an ONNX
file, or an image and the archive that it reads.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from automation.operations import training, uncredentialed
from automation.operations.errors import RefusedError
from contracts.names import WorkloadNames
from contracts.schema import Contract, contract_sha, to_json

#: The parameter of the training pipeline (`workloads.pipeline.definition`).
PARAMETER: Final = "ImportedModelUri"
_MOST: Final = 3000  # characters of what a process said that ended before it judged
#: What the run is given of an image, under these names (`workloads.training.container`).
_IMAGE_FILE, _ARCHIVE = "image.json", "model.tar.gz"


def start(
    names: WorkloadNames,
    model: Path,
    contract: Contract | None,
    display_name: str,
    *,
    s3: Any,
    sagemaker: Any,
    image: str | None = None,
) -> str:
    """Upload a model and start the run that judges it; returns the execution's ARN.

    `contract` is the one that the model was made for: RefusedError where the deployed pipeline has another, and for a
    file that is no ONNX model by its name, or with an `image` no archive.
    """
    if found := fault(model, image):
        raise RefusedError(found)
    if contract is not None:
        _require_deployed(names, contract, sagemaker)
    content = model.read_bytes()
    place = f"{names.layout.imported}{hashlib.sha256(content + (image or '').encode()).hexdigest()}/"
    key = f"{place}{model.name if image is None else _ARCHIVE}"
    s3.upload_file(str(model), names.artifacts_bucket, key)
    if image is not None:
        s3.put_object(
            Bucket=names.artifacts_bucket, Key=f"{place}{_IMAGE_FILE}", Body=json.dumps({"image": image}).encode()
        )
    uri = f"s3://{names.artifacts_bucket}/{key if image is None else place}"
    return training.start(names, display_name, parameters={PARAMETER: uri}, s3=s3, sagemaker=sagemaker)


def fault(model: Path, image: str | None) -> str | None:
    """Why `start` would take no such file, by its name."""
    ending, allowed = (".onnx", "a file <name>.onnx") if image is None else (".tar.gz", "a file <name>.tar.gz")
    if model.is_file() and model.name.endswith(ending):
        return None
    found = "a directory" if model.is_dir() else "a file" if model.is_file() else "nothing"
    return f"--artefact: found {found} at {str(model)!r}; allowed: {allowed}"


def judged(model: Path, contract: Contract, image: str | None, *, tell: Callable[[str], object]) -> list[str]:
    """Why the run's training job would refuse the model, as far as contract and file show it: by the job's own code
    (`workloads.rehearsal.imported`), in a process that has no credentials, as it opens what others made.

    What could not be looked at on this machine is told.
    """
    asked = ["--model", str(model.absolute()), *([] if image is None else ["--image"])]
    try:
        done = uncredentialed.run("workloads.rehearsal.imported", *asked, given=to_json(contract))
    except subprocess.TimeoutExpired:
        return [
            f"--artefact: {model}: it was not read, or did not answer a row of zeros, within {uncredentialed.SECONDS} s"
        ]
    if done.returncode:
        return [f"--artefact: {model}: what opens it ended with {done.returncode}: {done.stderr.strip()[-_MOST:]}"]
    found = json.loads(done.stdout)
    for each in found["unjudged"]:
        tell(each)
    return [f"--artefact: {each}" for each in found["faults"]]


def _require_deployed(names: WorkloadNames, contract: Contract, sagemaker: Any) -> None:
    deployed, given = training.deployed(names, sagemaker=sagemaker).get("contract_sha"), contract_sha(to_json(contract))
    if deployed != given:
        raise RefusedError(
            f"--contract: found one with the hash {given}; pipeline {names.pipeline} judges by {deployed}; deploy the "
            "contract with `up`, or give the one that is deployed"
        )
