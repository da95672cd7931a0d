"""Processing jobs: inputs in, one command line, outputs out.

Contract: SageMaker developer guide, "How Amazon SageMaker Processing configures your processing container".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.executor import jobs
from local.executor.container import Container
from local.executor.results import Done

#: Where a processing container may say why it fails (API, DescribeProcessingJob, ExitMessage).
MESSAGE_FILE = "/opt/ml/output/message"


def run(work: jobs.Work, step: Mapping[str, Any], arguments: Mapping[str, Any], directory: Path) -> Done:
    """Run a Processing step with resolved arguments in a new `directory`; StepFailure if it fails."""
    jobs.check(step, arguments)
    cluster = arguments["ProcessingResources"]["ClusterConfig"]
    jobs.one_host(cluster["InstanceCount"])
    jobs.require_volume(cluster)
    jobs.require_entrypoint(arguments["AppSpecification"])
    for item in arguments.get("ProcessingInputs", []):
        jobs.require_s3("input", item["InputName"], item, "S3Input")
    name = work.job_name(step["Name"])
    arn = work.arn("processing-job", name)
    container = Container(directory, failure_file=MESSAGE_FILE)
    container.make("/opt/ml/output")
    container.write_json("/opt/ml/config/processingjobconfig.json", {"ProcessingJobArn": arn, **arguments})
    container.write_json("/opt/ml/config/resourceconfig.json", jobs.resource_config(cluster["InstanceType"]))
    for item in arguments.get("ProcessingInputs", []):
        work.storage.download(item["S3Input"]["S3Uri"], container.make(item["S3Input"]["LocalPath"]))
    outputs = arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
    for item in outputs:
        container.make(item["S3Output"]["LocalPath"])
    network = arguments.get("NetworkConfig", {})
    isolated = network.get("EnableNetworkIsolation", False)
    environment = container.environment(
        {**arguments.get("Environment", {}), "PROCESSING_JOB_NAME": name, "PROCESSING_JOB_ARN": arn},
        region=work.region,
        access={} if isolated else work.access(arguments["RoleArn"], network.get("VpcConfig")),
    )
    specification = arguments["AppSpecification"]
    argv = [*specification["ContainerEntrypoint"], *specification.get("ContainerArguments", [])]
    seconds = arguments.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    container.run(work, argv, environment, seconds=seconds)
    for item in outputs:
        work.storage.upload(container.path(item["S3Output"]["LocalPath"]), item["S3Output"]["S3Uri"])
    properties = {
        **arguments,
        "ProcessingJobName": name,
        "ProcessingJobArn": arn,
        "ProcessingJobStatus": "Completed",
    }
    return Done(properties=properties, metadata={"ProcessingJob": {"Arn": arn}}, log=container.log)


def outputs_of(properties: Mapping[str, Any]) -> list[str]:
    """The S3 URIs that a finished job wrote to."""
    return [item["S3Output"]["S3Uri"] for item in properties.get("ProcessingOutputConfig", {}).get("Outputs", [])]
