"""SageMaker jobs: what all of them share, whichever component starts them.

A job of this platform runs in the private network, encrypts its volume, and has a role of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi

from components import access
from components.access import Statement
from contracts import instances
from contracts.names import Names

SAGEMAKER: Final = "sagemaker.amazonaws.com"
#: Log groups that SageMaker shares between all jobs of an account (developer guide, "Log groups and streams").
PROCESSING_LOGS: Final = "/aws/sagemaker/ProcessingJobs"
TRAINING_LOGS: Final = "/aws/sagemaker/TrainingJobs"
VOLUME_GB: Final = 30


def statements(
    names: Names, *, volume_key: pulumi.Input[str], log_group: str, repository_arn: str | None = None
) -> list[Statement]:
    """What every job needs whatever it does: its image, its network, its logs and an encrypted volume."""
    return [
        *access.pull_images(names, repository_arn),
        *access.network_interfaces(names),
        access.write_logs(names, [log_group], create=True),
        access.grant_key("EncryptVolumes", [volume_key]),
    ]


def volume_key(instance_type: str, key_arn: pulumi.Input[str]) -> pulumi.Input[str] | None:
    """The key of a job's or variant's volume; None where the volumes are local disks, which encrypt themselves.

    SageMaker refuses a key there (API reference, ProcessingClusterConfig, ResourceConfig and CreateEndpointConfig).
    """
    return None if instances.has_local_storage(instance_type) else key_arn


def cluster(instance_type: str, key_arn: pulumi.Input[str]) -> dict[str, Any]:
    """One instance and its volume, as the ClusterConfig of a processing request."""
    key = volume_key(instance_type, key_arn)
    return {
        "InstanceCount": 1,
        "InstanceType": instance_type,
        "VolumeSizeInGB": VOLUME_GB,
        **({} if key is None else {"VolumeKmsKeyId": key}),
    }


def request_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as a request carries them: what is started by name, not declared, gets no default tags of the provider."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
