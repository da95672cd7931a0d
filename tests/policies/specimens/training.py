"""The training pipeline, as SageMaker pipeline and as state machine."""

from __future__ import annotations

from typing import Any

from tests.policies.support import Specimen

KEY_ARN = Specimen("kms/key", "data-key").arn
_SECURE_JOB = {
    "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "EnableInterContainerTrafficEncryption": True,
    "EnableNetworkIsolation": True,
}


def definition() -> dict[str, Any]:
    """A pipeline definition: process, train on spot, register pending behind a condition."""
    cluster = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30, "VolumeKmsKeyId": KEY_ARN}
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelApprovalStatus": {"Get": "Parameters.ModelApprovalStatus"},
            "ModelCard": {"ModelCardStatus": "Draft", "ModelCardContent": "{}"},
        },
    }
    return {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "ModelApprovalStatus", "Type": "String", "DefaultValue": "PendingManualApproval"}],
        "Steps": [
            {
                "Name": "Prepare",
                "Type": "Processing",
                "Arguments": {
                    "ProcessingResources": {"ClusterConfig": cluster},
                    "ProcessingOutputConfig": {"KmsKeyId": KEY_ARN, "Outputs": []},
                    "NetworkConfig": _SECURE_JOB,
                },
            },
            {
                "Name": "Train",
                "Type": "Training",
                "Arguments": {
                    "ResourceConfig": cluster,
                    "OutputDataConfig": {"S3OutputPath": "s3://artifacts/", "KmsKeyId": KEY_ARN},
                    "EnableManagedSpotTraining": True,
                    "CheckpointConfig": {"S3Uri": "s3://artifacts/checkpoints"},
                    **_SECURE_JOB,
                },
            },
            {
                "Name": "Gate",
                "Type": "Condition",
                "Arguments": {"Conditions": [], "IfSteps": [register], "ElseSteps": []},
            },
        ],
    }


def machine() -> dict[str, Any]:
    """A state machine with the jobs of the pipeline; what starts with a dollar sign comes from its input."""
    prepare, train, _ = (step["Arguments"] for step in definition()["Steps"])
    train["ResourceConfig"]["VolumeKmsKeyId.$"] = train["ResourceConfig"].pop("VolumeKmsKeyId") and "$.key"
    sync = "arn:aws:states:::sagemaker"
    return {
        "StartAt": "Both",
        "States": {
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {
                        "StartAt": "Prepare",
                        "States": {
                            "Prepare": {
                                "Type": "Task",
                                "Resource": f"{sync}:createProcessingJob.sync",
                                "Parameters": prepare,
                            }
                        },
                    }
                ],
                "Next": "Train",
            },
            "Train": {"Type": "Task", "Resource": f"{sync}:createTrainingJob.sync", "Parameters": train},
            "Register": {
                "Type": "Task",
                "Resource": f"{sync}:createModelPackage",
                "Parameters": {"ModelApprovalStatus": "PendingManualApproval"},
            },
            "Done": {"Type": "Succeed"},
        },
    }


def scheduled() -> dict[str, Any]:
    """The request of the pipeline's processing job, as a schedule sends it."""
    (prepare, *_) = (step["Arguments"] for step in definition()["Steps"])
    return prepare
