"""Training jobs: channels, hyper-parameters and checkpoints in, the model out.

Contract: SageMaker developer guide, "How Amazon SageMaker AI provides training information"; the SM_* variables are
those of the sagemaker-training toolkit, which images of one's own usually follow.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.emulator.sagemaker.single_jobs import model_uri
from local.executor import jobs
from local.executor.container import Container
from local.executor.results import Done

FAILURE_FILE = "/opt/ml/output/failure"
MODEL, OUTPUT = "/opt/ml/model", "/opt/ml/output/data"
CHECKPOINTS = "/opt/ml/checkpoints"  # API, CheckpointConfig: the default LocalPath


def run(
    work: jobs.Work, step: Mapping[str, Any], arguments: Mapping[str, Any], directory: Path, *, name: str | None = None
) -> Done:
    """Run a Training step with resolved arguments in a new `directory`; StepFailure if it fails.

    `name` is the job's, where it is no pipeline that names it.
    """
    jobs.check(step, arguments)
    jobs.require_volume(arguments["ResourceConfig"])
    specification = arguments["AlgorithmSpecification"]
    jobs.require_entrypoint(specification)
    for channel in arguments.get("InputDataConfig", []):
        jobs.require_s3("channel", channel["ChannelName"], channel["DataSource"], "S3DataSource")
    name = name or work.job_name(step["Name"])
    arn = work.arn("training-job", name)
    hosts = jobs.hosts(arguments["ResourceConfig"]["InstanceCount"])
    containers = [
        Container(directory / f"host-{number}" if number else directory, failure_file=FAILURE_FILE)
        for number in range(len(hosts))
    ]
    told = {"TRAINING_JOB_NAME": name, "TRAINING_JOB_ARN": arn, "SM_HOSTS": json.dumps(hosts)}
    environments = [
        _prepare(container, work, arguments, told | {"SM_CURRENT_HOST": host})
        for container, host in zip(containers, hosts, strict=True)
    ]
    argv = [*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", [])]
    seconds = arguments["StoppingCondition"].get("MaxRuntimeInSeconds")
    try:
        _run_together(work, argv, containers, environments, seconds)
    finally:
        for container in containers:
            _save_checkpoints(container, work, arguments)
    first = containers[0]
    for container in containers[1:]:
        for inside in (MODEL, OUTPUT):
            shutil.copytree(container.path(inside), first.path(inside), dirs_exist_ok=True)
    model = model_uri(arguments, name)
    work.storage.upload_archive(first.path(MODEL), model, directory / "model.tar.gz")
    data = first.path(OUTPUT)
    if any(data.iterdir()):
        work.storage.upload_archive(data, model.replace("model.tar.gz", "output.tar.gz"), directory / "output.tar.gz")
    properties = {
        **arguments,
        "TrainingJobName": name,
        "TrainingJobArn": arn,
        "TrainingJobStatus": "Completed",
        "ModelArtifacts": {"S3ModelArtifacts": model},
        "FinalMetricDataList": _metrics(specification.get("MetricDefinitions", []), first.log),
    }
    return Done(properties=properties, metadata={"TrainingJob": {"Arn": arn}}, log=first.log)


def _run_together(
    work: jobs.Work,
    argv: Sequence[str],
    containers: Sequence[Container],
    environments: Sequence[Mapping[str, str]],
    seconds: float | None,
) -> None:
    """The containers at the same time, each on its host, to the end of all; StepFailure of the first that fails.

    Here a host that has lost another ends by itself: SageMaker ends it.
    """
    with ThreadPoolExecutor(len(containers), thread_name_prefix="host") as pool:
        running = [
            pool.submit(container.run, work, argv, environment, seconds=seconds)
            for container, environment in zip(containers, environments, strict=True)
        ]
    for each in running:
        each.result()


def outputs_of(properties: Mapping[str, Any]) -> list[str]:
    """The S3 URIs that a finished job wrote to."""
    return [properties["ModelArtifacts"]["S3ModelArtifacts"]]


def _prepare(
    container: Container, work: jobs.Work, arguments: Mapping[str, Any], told: Mapping[str, str]
) -> dict[str, str]:
    """Fill the container's directories; returns the environment that tells of them, with what is `told` of its job."""
    hyperparameters = {key: str(value) for key, value in arguments.get("HyperParameters", {}).items()}
    channels = {channel["ChannelName"]: channel for channel in arguments.get("InputDataConfig", [])}
    instance_type = arguments["ResourceConfig"]["InstanceType"]
    hosts, host = json.loads(told["SM_HOSTS"]), told["SM_CURRENT_HOST"]
    container.write_json("/opt/ml/input/config/hyperparameters.json", hyperparameters)
    container.write_json("/opt/ml/input/config/resourceconfig.json", jobs.resource_config(instance_type, hosts, host))
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
    for inside in (MODEL, OUTPUT):
        container.make(inside)
    for channel_name, channel in channels.items():
        place = container.make(f"/opt/ml/input/data/{channel_name}")
        work.storage.download(channel["DataSource"]["S3DataSource"]["S3Uri"], place)
    checkpoints = container.make(arguments.get("CheckpointConfig", {}).get("LocalPath", CHECKPOINTS))
    if "CheckpointConfig" in arguments and work.storage.keys(arguments["CheckpointConfig"]["S3Uri"]):
        work.storage.download(arguments["CheckpointConfig"]["S3Uri"], checkpoints)
    given = {
        "SM_MODEL_DIR": str(container.path(MODEL)),
        "SM_OUTPUT_DATA_DIR": str(container.path(OUTPUT)),
        "SM_CHECKPOINT_DIR": str(checkpoints),
        "SM_HPS": json.dumps(hyperparameters, sort_keys=True),
        "SM_NUM_GPUS": "0",
        "SM_CHANNELS": json.dumps(sorted(channels)),
        **{f"SM_CHANNEL_{c.upper()}": str(container.path(f"/opt/ml/input/data/{c}")) for c in channels},
    }
    isolated = arguments.get("EnableNetworkIsolation")
    return container.environment(
        {**arguments.get("Environment", {}), **told, **given},
        region=work.region,
        access={} if isolated else work.access(arguments["RoleArn"], arguments.get("VpcConfig")),
    )


def _save_checkpoints(container: Container, work: jobs.Work, arguments: Mapping[str, Any]) -> None:
    """Also after a failure: the next attempt goes on from there."""
    if config := arguments.get("CheckpointConfig"):
        work.storage.upload(container.path(config.get("LocalPath", CHECKPOINTS)), config["S3Uri"])


def _metrics(definitions: list[Mapping[str, str]], log: Path) -> list[dict[str, Any]]:
    """The last value of each metric that the log states, as SageMaker reads it out of the log by regular expression."""
    text = log.read_text(encoding="utf-8", errors="replace")
    found = {d["Name"]: re.findall(d["Regex"], text) for d in definitions}
    return [{"MetricName": name, "Value": float(values[-1])} for name, values in found.items() if values]
