"""What every kind of job needs of the execution it belongs to, and what every job checks first."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from contracts.instances import has_local_storage
from local.executor.errors import StepFailure
from local.executor.storage import Storage
from local.identity import ACCESS_KEY, SECRET_KEY, Caller
from workloads.pipeline import shapes

HOST = "algo-1"


@dataclass(frozen=True, kw_only=True)
class Work:
    """The surroundings of one step of one execution.

    `sagemaker` is a boto3 client; `directory` is the execution's. `called` is the name of its job where it is one that
    no pipeline starts.
    """

    execution_id: str
    pipeline_arn: str
    storage: Storage
    sagemaker: Any
    endpoint_url: str
    directory: Path
    called: str | None = None

    @property
    def region(self) -> str:
        """Of the pipeline."""
        return self.pipeline_arn.split(":")[3]

    def access(self, role_arn: str, vpc: Mapping[str, Any] | None) -> dict[str, str]:
        """What leads a job with this role in these subnets to the emulated AWS, as the AWS SDKs read it.

        Of the region SageMaker says nothing to them. The credentials are of no account.
        """
        return {
            **Caller.of(role_arn, vpc).environment(),
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    def job_name(self, step: str) -> str:
        """As SageMaker names the jobs of pipelines; a new one for each attempt."""
        return self.called or f"pipelines-{self.execution_id}-{step}-{secrets.token_hex(5)}"

    def arn(self, kind: str, name: str) -> str:
        """ARN of a job, in the account and region of the pipeline."""
        return ":".join([*self.pipeline_arn.split(":")[:5], f"{kind}/{name}"])


def check(step: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """StepFailure if the API would refuse the resolved arguments, with all its reasons."""
    if faults := shapes.check({**step, "Arguments": dict(arguments)}, {}):
        raise StepFailure("ClientError: ValidationException: " + "; ".join(faults))


def require_volume(cluster: Mapping[str, Any]) -> None:
    """StepFailure for a volume key where the API refuses one (API reference, ResourceConfig, VolumeKmsKeyId)."""
    instance_type = cluster["InstanceType"]
    if "VolumeKmsKeyId" in cluster and has_local_storage(instance_type):
        raise StepFailure(
            f"ClientError: ValidationException: VolumeKmsKeyId is given with {instance_type}, whose volumes are disks "
            "of its own, encrypted by themselves; leave it out, or take a type without"
        )


def one_host(count: int) -> None:
    """StepFailure for more than one instance: here is one machine."""
    if count != 1:
        raise StepFailure(f"ClientError: InstanceCount is {count}; the local executor runs jobs on one host")


def hosts(count: int) -> list[str]:
    """Names of a job's hosts. Several are processes here, and each is called by an address of the loopback of its own,
    chosen at random, for no resolver would know algo-2.
    """
    if count == 1:
        return [HOST]
    first = int(IPv4Address("127.1.0.0")) + secrets.randbelow(2**23)
    return sorted(str(IPv4Address(first + number)) for number in range(count))


def require_entrypoint(specification: Mapping[str, Any]) -> None:
    """StepFailure without one: there is no image here whose own entry point could be run."""
    if "ContainerEntrypoint" not in specification:
        raise StepFailure(
            "ClientError: no ContainerEntrypoint; the local executor has no image that would say what to run"
        )


def require_s3(what: str, name: str, source: Mapping[str, Any], member: str) -> None:
    """StepFailure for data that does not come from S3 (file systems, dataset definitions)."""
    if member not in source:
        raise StepFailure(f"ClientError: {what} {name!r} has no {member}; the local executor reads from S3 only")


def resource_config(instance_type: str, names: Sequence[str] = (HOST,), current: str = HOST) -> dict[str, Any]:
    """resourceconfig.json (developer guide, "How Amazon SageMaker AI provides training information")."""
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": list(names)}
    return {
        "current_host": current,
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": list(names),
        "instance_groups": [group],
        "network_interface_name": "lo",
    }
