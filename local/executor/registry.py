"""RegisterModel steps: the package is created through the API at the endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.executor import jobs
from local.executor.results import Done


def run(work: jobs.Work, step: Mapping[str, Any], arguments: Mapping[str, Any]) -> Done:
    """Create the model package; StepFailure if its arguments or the objects it names are not there."""
    jobs.check(step, arguments)
    for container in arguments["InferenceSpecification"]["Containers"]:
        work.storage.require(container["ModelDataUrl"])
    arn = work.sagemaker.create_model_package(**arguments)["ModelPackageArn"]
    return Done(properties={**arguments, "ModelPackageArn": arn}, metadata={"RegisterModel": {"Arn": arn}})
