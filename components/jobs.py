"""SageMaker jobs: what all of them share, whichever component starts them.

A job of this platform has a role of its own, runs in the private network, and encrypts what it stores. Here is how it
is wired; what it is to do stands in its component.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import pulumi

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.watch import Event
from contracts import instances
from contracts.names import EndpointNames, Names

SAGEMAKER: Final = "sagemaker.amazonaws.com"
#: Log groups that SageMaker shares between all jobs of an account (developer guide, "Log groups and streams"); the
#: metrics of their instances are in namespaces of the same names.
PROCESSING_LOGS: Final = "/aws/sagemaker/ProcessingJobs"
TRAINING_LOGS: Final = "/aws/sagemaker/TrainingJobs"
TRANSFORM_LOGS: Final = "/aws/sagemaker/TransformJobs"
VOLUME_GB: Final = 30
INPUT, OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"


def role(
    name: str,
    *,
    ground: Ground,
    names: Names,
    job: str,
    description: str,
    statements: Sequence[Statement],
    opts: pulumi.ResourceOptions,
    boundary: pulumi.Input[str] | None = None,
) -> access.Role:
    """The role of a kind of job, `<prefix>-<job>`, for SageMaker to take, within the boundary of jobs or another."""
    args = access.RoleArgs(
        names=names,
        job=job,
        service=SAGEMAKER,
        description=description,
        statements=statements,
        permissions_boundary=ground.permissions_boundary if boundary is None else boundary,
    )
    return access.Role(name, args, opts)


def statements(
    names: Names,
    *,
    volume_key: pulumi.Input[str],
    log_group: str,
    namespaces: Sequence[str],
    makes_log_group: bool = True,
    repository_arn: str | None = None,
) -> list[Statement]:
    """What every job and model needs whatever it does: image, network, logs, metrics and an encrypted volume."""
    return [
        *access.pull_images(names, repository_arn),
        *access.network_interfaces(names),
        access.write_logs(names, [log_group], create=makes_log_group),
        access.put_metrics(namespaces),
        access.grant_key("EncryptVolumes", [volume_key]),
    ]


def monitor_statements(
    names: EndpointNames,
    *,
    models_key: pulumi.Input[str],
    processed_key: pulumi.Input[str],
    repository_arn: str,
    namespace: str,
    captured: str,
    compared_with: Sequence[str],
    reports: str,
) -> list[Statement]:
    """What a monitor of an endpoint may do: read what is `captured` and what it compares it with, write its reports.

    `captured` is a prefix of the processed bucket, `compared_with` and `reports` are prefixes of the artifacts bucket.
    """
    return [
        *statements(
            names,
            volume_key=models_key,
            log_group=PROCESSING_LOGS,
            namespaces=[PROCESSING_LOGS, namespace],
            repository_arn=repository_arn,
        ),
        *access.read_objects("ReadCapture", names, names.processed_bucket, [captured]),
        access.use_key("DecryptCapture", [processed_key], write=False),
        *access.read_objects("ReadReference", names, names.artifacts_bucket, compared_with),
        access.write_objects("WriteReports", names, names.artifacts_bucket, [reports]),
        access.use_key("EncryptArtifacts", [models_key], write=True),
    ]


def volume_key(instance_type: str, key_arn: pulumi.Input[str]) -> pulumi.Input[str] | None:
    """The key of a job's or variant's volume; None where the volumes are local disks, which encrypt themselves.

    SageMaker refuses a key there (API reference, ProcessingClusterConfig, ResourceConfig and CreateEndpointConfig).
    """
    return None if instances.has_local_storage(instance_type) else key_arn


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where jobs run: the key of what they store, and the private network."""

    key_arn: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]

    @classmethod
    def of(cls, ground: Ground) -> Self:
        """That of all jobs on this ground."""
        return cls(
            key_arn=ground.keys[Domain.MODELS].arn,
            subnet_ids=ground.network.subnet_ids,
            security_group_id=ground.network.security_group_id,
        )


def failed(names: Names, job: str, description: str) -> Event:
    """People hear when a processing job whose role is called so, or begins so, failed or was stopped."""
    return Event(
        name=names.resource(f"{job}-failed"),
        description=description,
        pattern={
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Processing Job State Change"],
            "detail": {
                "ProcessingJobName": [{"prefix": names.resource(f"{job}-")}],
                "ProcessingJobStatus": ["Failed", "Stopped"],
            },
        },
    )


def processing_request(
    site: Site,
    *,
    name: str,
    role_arn: pulumi.Input[str],
    image_uri: str,
    command: Sequence[str],
    arguments: Sequence[str],
    region: str,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    instance_type: str,
    minutes: int,
    isolated: bool,
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """The request of CreateProcessingJob (SageMaker API reference): a job of an image on one instance.

    `command` is the job's module, and its own command where it has several. Input `n` is at INPUT/n, what the job
    writes to OUTPUT/o becomes output `o`; both map names to S3 addresses. An isolated container makes no call at all;
    the way out of the others is the VPC's endpoints and nothing else.
    """
    key = volume_key(instance_type, site.key_arn)
    cluster = {
        "InstanceCount": 1,
        "InstanceType": instance_type,
        "VolumeSizeInGB": VOLUME_GB,
        **({} if key is None else {"VolumeKmsKeyId": key}),
    }
    return {
        "ProcessingJobName": name,
        "RoleArn": role_arn,
        "AppSpecification": {
            "ImageUri": image_uri,
            "ContainerEntrypoint": ["python3", "-m", *command],
            "ContainerArguments": list(arguments),
        },
        "Environment": {"AWS_DEFAULT_REGION": region},  # a job is given AWS_REGION, which boto3 does not read
        "ProcessingInputs": [_input(of, uri) for of, uri in inputs.items()],
        "ProcessingOutputConfig": {
            "KmsKeyId": site.key_arn,
            "Outputs": [_output(of, uri) for of, uri in outputs.items()],
        },
        "ProcessingResources": {"ClusterConfig": cluster},
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": isolated,
            "VpcConfig": {"Subnets": site.subnet_ids, "SecurityGroupIds": [site.security_group_id]},
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": minutes * 60},
        # What is started by name, not declared, gets no default tags of the provider.
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }


def _input(name: str, uri: str) -> dict[str, Any]:
    source = {
        "S3Uri": uri,
        "LocalPath": f"{INPUT}/{name}",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
        "S3CompressionType": "None",
    }
    return {"InputName": name, "S3Input": source}


def _output(name: str, uri: str) -> dict[str, Any]:
    return {
        "OutputName": name,
        "S3Output": {"S3Uri": uri, "LocalPath": f"{OUTPUT}/{name}", "S3UploadMode": "EndOfJob"},
    }
