"""Training jobs: channels, hyper-parameters and checkpoints in, the model out.

Contract: SageMaker developer guide, "How Amazon SageMaker AI provides training information"; the SM_* variables are
those of the sagemaker-training toolkit, which images of one's own usually follow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.emulator.sagemaker.single_jobs import model_uri
from local.executor import jobs
from local.executor.container import Container
from local.executor.results import Done

FAILURE_FILE = "/opt/ml/output/failure"
CHECKPOINTS = "/opt/ml/checkpoints"  # API, CheckpointConfig: the default LocalPath


def run(
    work: jobs.Work, step: Mapping[str, Any], arguments: Mapping[str, Any], directory: Path, *, name: str | None = None
) -> Done:
    """Run a Training step with resolved arguments in a new `directory`; StepFailure if it fails.

    `name` is the job's, where it is no pipeline that names it.
    """
    jobs.check(step, arguments)
    jobs.one_host(arguments["ResourceConfig"]["InstanceCount"])
    jobs.require_volume(arguments["ResourceConfig"])
    specification = arguments["AlgorithmSpecification"]
    jobs.require_entrypoint(specification)
    for channel in arguments.get("InputDataConfig", []):
        jobs.require_s3("channel", channel["ChannelName"], channel["DataSource"], "S3DataSource")
    name = name or work.job_name(step["Name"])
    arn = work.arn("training-job", name)
    container = Container(directory, failure_file=FAILURE_FILE)
    environment = container.environment(
        {**arguments.get("Environment", {}), **_prepare(container, work, arguments, name, arn)},
        region=work.region,
        access={}
        if arguments.get("EnableNetworkIsolation")
        else work.access(arguments["RoleArn"], arguments.get("VpcConfig")),
    )
    argv = [*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", [])]
    try:
        seconds = arguments["StoppingCondition"].get("MaxRuntimeInSeconds")
        container.run(work, argv, environment, seconds=seconds)
    finally:
        _save_checkpoints(container, work, arguments)
    model = model_uri(arguments, name)
    work.storage.upload_archive(container.path("/opt/ml/model"), model, directory / "model.tar.gz")
    data = container.path("/opt/ml/output/data")
    if any(data.iterdir()):
        work.storage.upload_archive(data, model.replace("model.tar.gz", "output.tar.gz"), directory / "output.tar.gz")
    properties = {
        **arguments,
        "TrainingJobName": name,
        "TrainingJobArn": arn,
        "TrainingJobStatus": "Completed",
        "ModelArtifacts": {"S3ModelArtifacts": model},
        "FinalMetricDataList": _metrics(specification.get("MetricDefinitions", []), container.log),
    }
    return Done(properties=properties, metadata={"TrainingJob": {"Arn": arn}}, log=container.log)


def outputs_of(properties: Mapping[str, Any]) -> list[str]:
    """The S3 URIs that a finished job wrote to."""
    return [properties["ModelArtifacts"]["S3ModelArtifacts"]]


def _prepare(
    container: Container, work: jobs.Work, arguments: Mapping[str, Any], name: str, arn: str
) -> dict[str, str]:
    """Fill the container's directories; returns the environment that tells of them."""
    hyperparameters = {key: str(value) for key, value in arguments.get("HyperParameters", {}).items()}
    channels = {channel["ChannelName"]: channel for channel in arguments.get("InputDataConfig", [])}
    instance_type = arguments["ResourceConfig"]["InstanceType"]
    container.write_json("/opt/ml/input/config/hyperparameters.json", hyperparameters)
    container.write_json("/opt/ml/input/config/resourceconfig.json", jobs.resource_config(instance_type))
    container.write_json(
        "/opt/ml/input/config/inputdataconfig.json",
        {
            channel_name: {
                "ContentType": channel.get("ContentType"),
                "TrainingInputMode": channel.get("InputMode", "File"),
                "S3DistributionType": channel["DataSource"]["S3DataSource"].get("S3DataDistributionType"),
                "RecordWrapperType": "None",
            }
            for channel_name, channel in channels.items()
        },
    )
    for inside in ("/opt/ml/model", "/opt/ml/output/data"):
        container.make(inside)
    for channel_name, channel in channels.items():
        place = container.make(f"/opt/ml/input/data/{channel_name}")
        work.storage.download(channel["DataSource"]["S3DataSource"]["S3Uri"], place)
    checkpoints = container.make(arguments.get("CheckpointConfig", {}).get("LocalPath", CHECKPOINTS))
    if "CheckpointConfig" in arguments and work.storage.keys(arguments["CheckpointConfig"]["S3Uri"]):
        work.storage.download(arguments["CheckpointConfig"]["S3Uri"], checkpoints)
    return {
        "TRAINING_JOB_NAME": name,
        "TRAINING_JOB_ARN": arn,
        "SM_MODEL_DIR": str(container.path("/opt/ml/model")),
        "SM_OUTPUT_DATA_DIR": str(container.path("/opt/ml/output/data")),
        "SM_CHECKPOINT_DIR": str(checkpoints),
        "SM_HPS": json.dumps(hyperparameters, sort_keys=True),
        "SM_NUM_GPUS": "0",
        "SM_CURRENT_HOST": jobs.HOST,
        "SM_HOSTS": json.dumps([jobs.HOST]),
        "SM_CHANNELS": json.dumps(sorted(channels)),
        **{f"SM_CHANNEL_{c.upper()}": str(container.path(f"/opt/ml/input/data/{c}")) for c in channels},
    }


def _save_checkpoints(container: Container, work: jobs.Work, arguments: Mapping[str, Any]) -> None:
    """Also after a failure: the next attempt goes on from there."""
    if config := arguments.get("CheckpointConfig"):
        work.storage.upload(container.path(config.get("LocalPath", CHECKPOINTS)), config["S3Uri"])


def _metrics(definitions: list[Mapping[str, str]], log: Path) -> list[dict[str, Any]]:
    """The last value of each metric that the log states, as SageMaker reads it out of the log by regular expression."""
    text = log.read_text(encoding="utf-8", errors="replace")
    found = {d["Name"]: re.findall(d["Regex"], text) for d in definitions}
    return [{"MetricName": name, "Value": float(values[-1])} for name, values in found.items() if values]
