"""The pipeline `tune`: `train` with a search of hyper-parameters where it trains, made of its compiled definition.

SDK v3's tuner drops the volume key, the encryption between containers, the isolation and the tags that its trainer was
given. Made of the compiled training step, a trial carries what a training job carries, whatever that comes to be; the
gate of `harden` is asked of the result all the same.

What differs, beside the search itself:
- A trial has no entry point (API reference, HyperParameterAlgorithmSpecification): the image's own `train` is run.
- The instance type is no parameter: the budget is a time, by the price of the type that was named beside it.
- Trials share one place for checkpoints; each has a directory of its own there (`workloads.training.container`).
- It is not cached: the key of a tuning step holds where the trials write, which is another place in every execution.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from workloads.pipeline.graph import steps_of
from workloads.pipeline.tokens import TOKENS

#: Parameters of `train` that a search has not: it chooses the first three, and trains all it registers, from nothing.
WITHOUT = frozenset({"NumRound", "Eta", "MaxDepth", "TrainingInstanceType", "ImportedModelUri", "FormerModelUri"})
_BROUGHT = ("imported", "former")
#: What a training job says of the model that it keeps, as `workloads.training` logs it when it ends: the loss at the
#: best round, which is that of the model; the last round's is not.
OBJECTIVE = {"Name": "validation:best-loss", "Regex": r'"validation_loss": ([-+0-9.e]+)'}
_BEST = {"Get": "Steps.Tune.BestTrainingJob.TrainingJobName"}
_SEED = 7


def tuned(train: Mapping[str, Any]) -> dict[str, Any]:
    """The definition `tune` of the compiled, hardened definition `train`, with tokens as that has."""
    definition = copy.deepcopy(dict(train))
    definition["Parameters"] = [each for each in definition["Parameters"] if each["Name"] not in WITHOUT]
    (step,) = [each for each in steps_of(definition["Steps"]) if each["Name"] == "Train"]
    outputs = copy.deepcopy(step["Arguments"]["OutputDataConfig"]["S3OutputPath"])
    _values(outputs)[-2] = "Tune"
    position = definition["Steps"].index(step)
    definition["Steps"][position] = _search(step, outputs)
    model = {"Std:Join": {"On": "/", "Values": [outputs, _BEST, "output/model.tar.gz"]}}
    return _instead(
        definition,
        {"Steps.Train.ModelArtifacts.S3ModelArtifacts": model, "Steps.Train.TrainingJobName": _BEST},
    )


def _search(step: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The Tuning step of the Training step."""
    job = copy.deepcopy(step["Arguments"])
    tags = job.pop("Tags")
    del job["HyperParameters"]
    del job["AlgorithmSpecification"]["ContainerEntrypoint"]
    job["AlgorithmSpecification"]["MetricDefinitions"].append(OBJECTIVE)
    job["InputDataConfig"] = [each for each in job["InputDataConfig"] if each["ChannelName"] not in _BROUGHT]
    job["OutputDataConfig"]["S3OutputPath"] = outputs
    job["ResourceConfig"]["InstanceType"] = _token("tuning_instance_type")
    _values(job["CheckpointConfig"]["S3Uri"])[-1] = "tuning"
    return {
        "Name": "Tune",
        "Type": "Tuning",
        "Arguments": {
            "HyperParameterTuningJobConfig": {
                "Strategy": _token("tuning_strategy"),
                "HyperParameterTuningJobObjective": {"MetricName": OBJECTIVE["Name"], "Type": "Minimize"},
                "ResourceLimits": {
                    "MaxNumberOfTrainingJobs": _token("tuning_jobs"),
                    "MaxParallelTrainingJobs": _token("tuning_parallel_jobs"),
                    "MaxRuntimeInSeconds": _token("tuning_seconds"),
                },
                "ParameterRanges": {
                    "ContinuousParameterRanges": [_range("eta", "Logarithmic")],
                    "IntegerParameterRanges": [_range("max_depth", "Linear"), _range("num_round", "Logarithmic")],
                },
                "RandomSeed": _SEED,
            },
            "TrainingJobDefinition": job,
            "Tags": tags,
        },
        "RetryPolicies": copy.deepcopy(step["RetryPolicies"]),
    }


def _range(name: str, scaling: str) -> dict[str, str]:
    ends = {f"{end}Value": _token(f"tuning_{name}_{end.lower()}") for end in ("Min", "Max")}
    return {"Name": name, **ends, "ScalingType": scaling}


def _token(name: str) -> str:
    return TOKENS[name].placeholder


def _values(join: Mapping[str, Any]) -> list[Any]:
    return join["Std:Join"]["Values"]


def _instead(node: Any, values: Mapping[str, Any]) -> Any:
    """`node` with other values in the place of references, by their text."""
    if isinstance(node, dict):
        if set(node) == {"Get"} and node["Get"] in values:
            return copy.deepcopy(values[node["Get"]])
        return {key: _instead(item, values) for key, item in node.items()}
    return [_instead(item, values) for item in node] if isinstance(node, list) else node
