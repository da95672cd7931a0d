"""Tuning jobs: a search of hyper-parameters, whose trials are training jobs; the best one's model goes on.

Trials are drawn at random by the job's seed, whatever the strategy, and follow each other: SageMaker's Bayesian search
and the trials that it runs at the same time are not here. The rest is as there: a trial that fails is no candidate, and
no trial starts after the time limit.
"""

from __future__ import annotations

import math
import random
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.images import IMAGES, TRAINING
from local.executor import jobs, training
from local.executor.errors import StepFailure
from local.executor.results import Done

#: What an image runs where a request names no entry point, as this one cannot. Here is no image to look into.
ENTRY = IMAGES[TRAINING].entry
#: Of a trial's definition, what a training job's request has too.
_OF_TRAINING = (
    "CheckpointConfig",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "EnableNetworkIsolation",
    "Environment",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "RoleArn",
    "StoppingCondition",
    "VpcConfig",
)


def run(work: jobs.Work, step: Mapping[str, Any], arguments: Mapping[str, Any], directory: Path) -> Done:
    """Run a Tuning step with resolved arguments in a new `directory`; StepFailure where no trial succeeds."""
    jobs.check(step, arguments)
    config, definition = arguments["HyperParameterTuningJobConfig"], arguments["TrainingJobDefinition"]
    limits, objective = config["ResourceLimits"], config["HyperParameterTuningJobObjective"]
    name = f"{work.execution_id}-{step['Name'][:8]}-{secrets.token_hex(5)}"  # at most 32 characters: API
    started, trials, failures = time.monotonic(), list[tuple[float, dict[str, Any], Done]](), list[str]()
    for number, chosen in enumerate(draws(config, limits["MaxNumberOfTrainingJobs"]), start=1):
        if time.monotonic() - started > limits.get("MaxRuntimeInSeconds", math.inf):
            break
        trial = f"{name}-{number:03}-{secrets.token_hex(4)}"
        try:
            done = training.run(work, _step(trial), _request(definition, chosen), directory / str(number), name=trial)
            trials.append((_value(done, objective["MetricName"]), chosen, done))
        except StepFailure as failure:
            failures.append(failure.reason)
    if not trials:
        raise StepFailure(f"No trial of the search succeeded; the first one: {failures[0]}")
    best_of = min if objective["Type"] == "Minimize" else max
    value, chosen, done = best_of(trials, key=lambda trial: trial[0])
    arn = work.arn("hyper-parameter-tuning-job", name)
    best = {
        "TrainingJobName": done.properties["TrainingJobName"],
        "TrainingJobArn": done.properties["TrainingJobArn"],
        "TrainingJobStatus": "Completed",
        "TunedHyperParameters": chosen,
        "FinalHyperParameterTuningJobObjectiveMetric": {**objective, "Value": value},
        "ObjectiveStatus": "Succeeded",
    }
    properties = {
        **arguments,
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobArn": arn,
        "HyperParameterTuningJobStatus": "Completed",
        "BestTrainingJob": best,
        "TrainingJobStatusCounters": {"Completed": len(trials), "NonRetryableError": len(failures)},
    }
    return Done(properties=properties, metadata={"TuningJob": {"Arn": arn}}, log=done.log)


def draws(config: Mapping[str, Any], count: int) -> Iterator[dict[str, str]]:
    """So many choices of hyper-parameters within the ranges, as texts; the same for the same seed."""
    numbers, ranges = random.Random(config.get("RandomSeed", 0)), config["ParameterRanges"]  # noqa: S311 - no secret
    for _ in range(count):
        chosen = {
            each["Name"]: f"{_between(each, numbers):.6g}" for each in ranges.get("ContinuousParameterRanges", [])
        }
        for each in ranges.get("IntegerParameterRanges", []):
            chosen[each["Name"]] = str(round(_between(each, numbers)))
        for each in ranges.get("CategoricalParameterRanges", []):
            chosen[each["Name"]] = numbers.choice(each["Values"])
        yield chosen


def _between(given: Mapping[str, str], numbers: random.Random) -> float:
    low, high = float(given["MinValue"]), float(given["MaxValue"])
    if given.get("ScalingType") == "Logarithmic":
        return math.exp(numbers.uniform(math.log(low), math.log(high)))
    return numbers.uniform(low, high)


def _step(name: str) -> dict[str, str]:
    return {"Name": name, "Type": "Training"}


def _request(definition: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """The request of a trial's training job."""
    return {
        **{member: definition[member] for member in _OF_TRAINING if member in definition},
        "AlgorithmSpecification": {**definition["AlgorithmSpecification"], "ContainerEntrypoint": list(ENTRY)},
        "HyperParameters": {**definition.get("StaticHyperParameters", {}), **chosen},
    }


def _value(trial: Done, metric: str) -> float:
    found = {each["MetricName"]: each["Value"] for each in trial.properties["FinalMetricDataList"]}
    if metric not in found:
        raise StepFailure(f"AlgorithmError: the log says nothing of the objective metric {metric}")
    return found[metric]
