"""One test's bucket, its scripts, and definitions made of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.executor import ExecutionResult, Runner, StepResult

BUCKET = "bucket"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/demo"
ROLE = "arn:aws:iam::123456789012:role/job"
_RUN_URI = {"Std:Join": {"On": "/", "Values": [f"s3://{BUCKET}/runs", {"Get": "Execution.PipelineExecutionId"}]}}


@dataclass(kw_only=True)
class World:
    """One test's bucket (empty at first), scripts and executions."""

    endpoint: str
    root: Path
    s3: Any
    sagemaker: Any
    told: list[StepResult] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def put(self, key: str, body: str) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode())
        return f"s3://{BUCKET}/{key}"

    def keys(self, prefix: str = "") -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in listed]

    def text(self, key: str) -> str:
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()

    def script(self, body: str) -> str:
        path = self.root / f"script{next(self._ids)}.py"
        path.write_text("import json, os, pathlib, sys, time\n" + body)
        return str(path)

    @property
    def executions(self) -> list[str]:
        """Ids of those that have run, in their order."""
        return sorted(path.name for path in (self.root / "work" / "demo").glob("exec*"))

    def runner(
        self,
        steps: Sequence[Mapping[str, Any]],
        parameters: Sequence[Any] = (),
        selected: Sequence[str] | None = None,
        source: str | None = None,
        **given: str,
    ) -> Runner:
        definition = {"Version": "2020-12-01", "Parameters": list(parameters), "Steps": list(steps)}
        identity = f"exec{next(self._ids):08}"
        return Runner(
            definition,
            given,
            self.endpoint,
            self.root / "work",
            "demo",
            ARN,
            identity,
            self.told.append,
            selected,
            source,
            sleep=self.slept.append,
        )

    def run(self, steps: Sequence[Mapping[str, Any]], parameters: Sequence[Any] = (), **given: str) -> ExecutionResult:
        return self.runner(steps, parameters, **given).run()

    def processing(
        self,
        name: str,
        body: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Sequence[str] = (),
        arguments: Sequence[Any] = (),
        environment: Mapping[str, Any] | None = None,
        isolated: bool = True,
        seconds: int = 60,
        script: str | None = None,
        **members: Any,
    ) -> dict[str, Any]:
        """A Processing step whose job is a script; input `i` and output `o` are at .../input/i and .../output/o."""
        return {
            "Name": name,
            "Type": "Processing",
            "Arguments": {
                "RoleArn": ROLE,
                "AppSpecification": {
                    "ImageUri": "image",
                    "ContainerEntrypoint": ["python3", script or self.script(body)],
                    "ContainerArguments": list(arguments) or ["none"],
                },
                "Environment": dict(environment or {}),
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
                },
                "NetworkConfig": {"EnableNetworkIsolation": isolated},
                "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
                "ProcessingInputs": [_input(n, uri) for n, uri in (inputs or {}).items()],
                "ProcessingOutputConfig": {"Outputs": [_output(name, n) for n in outputs]},
            },
            **members,
        }

    def training(
        self,
        name: str,
        body: str,
        *,
        channels: Mapping[str, Any] | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        checkpoints: str | None = None,
        script: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        **members: Any,
    ) -> dict[str, Any]:
        """A Training step whose job is a script."""
        return {
            "Name": name,
            "Type": "Training",
            "Arguments": {
                "RoleArn": ROLE,
                "AlgorithmSpecification": {
                    "TrainingImage": "image",
                    "TrainingInputMode": "File",
                    "ContainerEntrypoint": ["python3", script or self.script(body)],
                    "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
                },
                "HyperParameters": dict(hyperparameters or {}),
                **({"InputDataConfig": [_channel(n, uri) for n, uri in channels.items()]} if channels else {}),
                "OutputDataConfig": {"S3OutputPath": _below(name)},
                "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                **({"CheckpointConfig": {"S3Uri": checkpoints}} if checkpoints else {}),
                **(arguments or {}),
            },
            **members,
        }


def output_uri(step: str, output: str) -> dict[str, str]:
    """A reference to where a step put its output."""
    return {"Get": f"Steps.{step}.ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri"}


def log_of(step: StepResult) -> str:
    """What the step's job printed."""
    assert step.log is not None
    return step.log.read_text()


def reason_of(result: StepResult | ExecutionResult) -> str:
    """Why it failed."""
    assert result.failure_reason is not None
    return result.failure_reason


def _below(*parts: str) -> dict[str, Any]:
    return {"Std:Join": {"On": "/", "Values": [_RUN_URI, *parts]}}


def _input(name: str, uri: Any) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/input/{name}", "S3DataType": "S3Prefix"}
    return {"InputName": name, "S3Input": {**source, "S3InputMode": "File"}}


def _output(step: str, name: str) -> dict[str, Any]:
    target = {"S3Uri": _below(step, name), "LocalPath": f"/opt/ml/processing/output/{name}"}
    return {"OutputName": name, "S3Output": {**target, "S3UploadMode": "EndOfJob"}}


def _channel(name: str, uri: Any) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
