"""A search of hyper-parameters as the loop tells of it: its limits, what its trials found, which one is kept."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from contracts.names import WorkloadNames
from local.loop import LoopError

#: Of a workload whose stack config has no `tuning`: a few trials, for they follow each other here.
FEW: Final = {"max_jobs": 4}
_SEARCHED: Final = ("num_round", "eta", "max_depth")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A training job of a search by its name: the loss of its model on the validation rows, and what was chosen."""

    job: str
    loss: float
    chosen: str


@dataclass(frozen=True, kw_only=True)
class Search:
    """The limits of a search, as its pipeline has them, and its trials, the best one first."""

    limits: str
    trials: list[Trial]

    def told(self) -> Iterator[str]:
        """Line by line."""
        yield self.limits
        for trial in self.trials:
            yield f"{trial.chosen}: loss {trial.loss:.4f}{' (kept)' if trial is self.trials[0] else ''}"

    def check(self, package: dict[str, Any]) -> None:
        """LoopError for a package that has another model than the best one."""
        kept = package["CustomerMetadataProperties"]["training_job"]
        if kept != self.trials[0].job:
            raise LoopError(f"registered is the model of {kept}; the best one is that of {self.trials[0].job}")


def read(names: WorkloadNames, run_uri: str, *, s3: Any, sagemaker: Any) -> Search:
    """That of an execution of the pipeline that searches, whose steps write below `run_uri`."""
    definition = json.loads(sagemaker.describe_pipeline(PipelineName=names.tuning_pipeline)["PipelineDefinition"])
    (step,) = [each for each in definition["Steps"] if each["Type"] == "Tuning"]
    limits = step["Arguments"]["HyperParameterTuningJobConfig"]["ResourceLimits"]
    bucket, _, prefix = f"{run_uri}/Tune/output/".removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    models = [
        each["Key"] for page in pages for each in page.get("Contents", []) if each["Key"].endswith("/model.tar.gz")
    ]
    trials = [_trial(key, s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in models]
    return Search(
        limits=f"{len(trials)} trials of at most {limits['MaxNumberOfTrainingJobs']}, "
        f"in at most {limits['MaxRuntimeInSeconds']} s, by its budget",
        trials=sorted(trials, key=lambda trial: trial.loss),
    )


def _trial(key: str, archive: bytes) -> Trial:
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        member = packed.extractfile("metadata.json")
        if member is None:
            raise LoopError(f"{key} has no metadata.json")
        metadata = json.loads(member.read())
    chosen = ", ".join(f"{name} {metadata['hyperparameters'][name]:g}" for name in _SEARCHED)
    return Trial(job=key.split("/")[-3], loss=metadata["validation_loss"], chosen=chosen)
