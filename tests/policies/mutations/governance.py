"""Machine-learning governance: what breaks each policy, and what it says."""

from __future__ import annotations

from policies.guardrails.themes.cost import SAGEMAKER_INSTANCES
from tests.policies.mutation import IMAGE, Mutation, drop, link, machine, pipeline, put, remove, rollback_on, scheduled
from tests.policies.specimens import access, compute

#: A parameter whose type takes a key for its volume, and which nobody has budgeted for.
LARGE = {"Name": "Type", "DefaultValue": "ml.p3.16xlarge", "EnumValues": ["ml.p3.16xlarge"]}

MUTATIONS = [
    Mutation(
        put("approved", "state", "DISABLED").then(drop("delivery", "stages")),
        {
            "sagemaker-approval-gate": (
                "sagemaker/modelPackageGroup 'packages': nothing in the stack waits for the approval of its packages"
            )
        },
    ),
    Mutation(
        scheduled(lambda request: request.pop("NetworkConfig")),
        {
            "sagemaker-pipeline-step-hardening": (
                "step weekly (Processing) lacks VpcConfig, EnableInterContainerTrafficEncryption, "
                "EnableNetworkIsolation"
            )
        },
    ),
    Mutation(
        scheduled(lambda request: request["ProcessingResources"]["ClusterConfig"].pop("VolumeKmsKeyId")),
        {"sagemaker-pipeline-step-hardening": "step weekly (Processing) lacks VolumeKmsKeyId"},
    ),
    Mutation(
        machine(lambda states: states["Train"]["Parameters"].pop("EnableInterContainerTrafficEncryption")),
        {"sagemaker-pipeline-step-hardening": "step Train (Training) lacks EnableInterContainerTrafficEncryption"},
    ),
    Mutation(
        machine(lambda states: states["Both"]["Branches"][0]["States"]["Prepare"]["Parameters"].pop("NetworkConfig")),
        {
            "sagemaker-pipeline-step-hardening": (
                "step Prepare (Processing) lacks VpcConfig, EnableInterContainerTrafficEncryption, "
                "EnableNetworkIsolation"
            )
        },
    ),
    Mutation(
        machine(lambda states: states["Register"]["Parameters"].update(ModelApprovalStatus="Approved")),
        {
            "sagemaker-pipeline-registers-pending": (
                'definition.States.Register.Parameters.ModelApprovalStatus is "Approved"; '
                'it must be "PendingManualApproval"'
            )
        },
    ),
    Mutation(
        machine(lambda states: states["Train"]["Parameters"].pop("CheckpointConfig")),
        {
            "spot-training-with-checkpoints": (
                "definition.States.Train.Parameters.CheckpointConfig.S3Uri is not set; it must be an S3 URI"
            )
        },
    ),
    Mutation(
        put("model", "primaryContainer", {"image": IMAGE, "modelDataUrl": "s3://a/model.tar.gz"}),
        {
            "sagemaker-model-from-registry": [
                "primaryContainer.modelPackageName is not set; it must be the ARN of a model package",
                'primaryContainer.modelDataUrl is "s3://a/model.tar.gz"; it must be left out',
            ]
        },
    ),
    Mutation(
        remove("approved").then(drop("delivery", "stages")),
        {
            "sagemaker-approval-gate": (
                "sagemaker/modelPackageGroup 'packages': nothing in the stack waits for the approval of its packages"
            )
        },
    ),
    Mutation(
        pipeline(
            lambda d: d["Steps"][2]["Arguments"]["IfSteps"][0]["Arguments"].update(ModelApprovalStatus="Approved")
        ),
        {
            "sagemaker-pipeline-registers-pending": (
                "pipelineDefinition.Steps[2].Arguments.IfSteps[0].Arguments.ModelApprovalStatus is "
                '"Approved"; it must be "PendingManualApproval"'
            )
        },
    ),
    Mutation(
        pipeline(lambda d: d["Parameters"][0].update(DefaultValue="Approved")),
        {
            "sagemaker-pipeline-registers-pending": (
                'pipelineDefinition.Parameters[0].DefaultValue is "Approved"; it must be "PendingManualApproval"'
            )
        },
    ),
    Mutation(
        pipeline(lambda d: d["Steps"].append(d["Steps"].pop()["Arguments"]["IfSteps"][0])),
        {
            "sagemaker-pipeline-registers-pending": ("step Register registers without a condition before it"),
        },
    ),
    Mutation(
        pipeline(lambda d: d["Steps"][0]["Arguments"]["ProcessingResources"]["ClusterConfig"].pop("VolumeKmsKeyId")),
        {
            "sagemaker-pipeline-step-hardening": [
                "step Prepare (Processing) lacks VolumeKmsKeyId",
                "step Train (Training) lacks VolumeKmsKeyId",
            ]
        },
    ),
    # An instance with drives of its own takes no key for its volume; but nobody has budgeted for it.
    Mutation(
        pipeline(
            lambda d: d["Steps"][1]["Arguments"].update(
                ResourceConfig={"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30}
            )
        ),
        {
            "sagemaker-instance-allow-list": (
                'pipelineDefinition.Steps[1].Arguments.ResourceConfig.InstanceType is "ml.g5.xlarge"; it must be '
                f"one of {', '.join(SAGEMAKER_INSTANCES)}"
            )
        },
    ),
    Mutation(
        pipeline(
            lambda d: (
                d["Parameters"].append(LARGE)
                or d["Steps"][1]["Arguments"]["ResourceConfig"].update(InstanceType={"Get": "Parameters.Type"})
            )
        ),
        {
            "sagemaker-instance-allow-list": 2  # both steps have the cluster
            * [
                'pipelineDefinition.Parameters[1].DefaultValue is "ml.p3.16xlarge"; it must be '
                f"one of {', '.join(SAGEMAKER_INSTANCES)}"
            ]
        },
    ),
    Mutation(
        pipeline(lambda d: d["Steps"][1]["Arguments"].update(EnableNetworkIsolation=False, VpcConfig=None)),
        {
            "sagemaker-pipeline-step-hardening": ("step Train (Training) lacks VpcConfig, EnableNetworkIsolation"),
        },
    ),
    Mutation(
        drop("endpoint-config", "dataCaptureConfig"),
        {
            "endpoint-data-capture": [
                "dataCaptureConfig.enableCapture is not set; it must be true",
                "dataCaptureConfig.initialSamplingPercentage is not set; it must be at least 100 %",
                "dataCaptureConfig.destinationS3Uri is not set; it must be an S3 URI",
                "dataCaptureConfig.captureOptions does not capture both Input and Output",
            ]
        },
    ),
    Mutation(
        put("endpoint-config", "dataCaptureConfig.enableCapture", False),
        {"endpoint-data-capture": "dataCaptureConfig.enableCapture is false; it must be true"},
    ),
    Mutation(
        put("endpoint-config", "dataCaptureConfig.initialSamplingPercentage", 10.0),
        {"endpoint-data-capture": "dataCaptureConfig.initialSamplingPercentage is 10; it must be at least 100 %"},
    ),
    Mutation(
        put("endpoint-config", "dataCaptureConfig.captureOptions", [{"captureMode": "Input"}]),
        {"endpoint-data-capture": "dataCaptureConfig.captureOptions does not capture both Input and Output"},
    ),
    Mutation(
        remove("quality-schedule"),
        {
            "endpoint-has-monitoring-schedule": (
                "sagemaker/endpoint 'endpoint': no schedule starts a processing job for it, "
                "and no monitoringSchedule runs its job definition"
            )
        },
    ),
    Mutation(
        remove("data-quality"),
        {
            "endpoint-has-monitoring-schedule": (
                "sagemaker/endpoint 'endpoint': no schedule starts a processing job for it, "
                "and it has no monitoring job definition"
            )
        },
    ),
    Mutation(
        drop("data-quality", "dataQualityBaselineConfig"),
        {
            "monitoring-has-baseline": [
                "dataQualityBaselineConfig.constraintsResource.s3Uri is not set; it must be an S3 URI",
                "dataQualityBaselineConfig.statisticsResource.s3Uri is not set; it must be an S3 URI",
            ]
        },
    ),
    Mutation(
        drop("data-quality", "stoppingCondition"),
        {
            "monitoring-runtime-bounded": (
                "stoppingCondition.maxRuntimeInSeconds is not set; it must be at most 3600 seconds"
            ),
        },
    ),
    Mutation(
        put("endpoint", "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.type", "ALL_AT_ONCE"),
        {
            "endpoint-deployment-guardrails": (
                "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.type is "
                '"ALL_AT_ONCE"; it must be "CANARY" or "LINEAR"'
            )
        },
    ),
    Mutation(
        drop("endpoint", "deploymentConfig.autoRollbackConfiguration"),
        {
            "endpoint-deployment-guardrails": (
                "deploymentConfig.autoRollbackConfiguration.alarms is not set; it must be a list of alarms"
            )
        },
    ),
    Mutation(
        drop("endpoint", "deploymentConfig"),
        {
            "endpoint-deployment-guardrails": [
                (
                    "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.type is not set; "
                    'it must be "CANARY" or "LINEAR"'
                ),
                ("deploymentConfig.autoRollbackConfiguration.alarms is not set; it must be a list of alarms"),
            ]
        },
    ),
    Mutation(
        link("endpoint", "deploymentConfig", rollback_on("latency-alarm"), ["latency-alarm"]),
        {"endpoint-rollback-alarms-exist": "none of its rollback alarms watches Invocation5XXErrors"},
    ),
    Mutation(
        link(
            "endpoint",
            "deploymentConfig",
            rollback_on("errors-alarm", "latency-alarm", "no-such-alarm"),
            ["errors-alarm", "latency-alarm"],
        ),
        {
            "endpoint-rollback-alarms-exist": (
                'deploymentConfig.autoRollbackConfiguration.alarms[2].alarmName is "no-such-alarm"; '
                "it must be the name of an alarm of the stack"
            )
        },
    ),
    Mutation(
        put("notebook", "rootAccess", "Enabled"),
        {"notebook-root-access-off": 'rootAccess is "Enabled"; it must be "Disabled"'},
    ),
    Mutation(
        drop("notebook", "instanceMetadataServiceConfiguration"),
        {
            "notebook-imdsv2-lifecycle": (
                'instanceMetadataServiceConfiguration.minimumInstanceMetadataServiceVersion is not set; it must be "2"'
            )
        },
    ),
    Mutation(put("studio", "authMode", "IAM"), {"studio-domain-sso": 'authMode is "IAM"; it must be "SSO"'}),
    Mutation(
        put(
            "packages-policy",
            "resourcePolicy",
            access.document(
                {
                    "Sid": "Writers",
                    "Principal": {"AWS": "arn:aws:iam::444455556666:role/deploy"},
                    "Action": "sagemaker:*",
                    "Resource": "*",
                }
            ),
        ),
        {
            "model-package-group-access": (
                "resourcePolicy Writers lets other accounts call sagemaker:CreateModelPackage, "
                "sagemaker:UpdateModelPackage, sagemaker:DeleteModelPackage"
            )
        },
    ),
    Mutation(
        remove("card").then(pipeline(lambda d: d["Steps"][2]["Arguments"]["IfSteps"][0]["Arguments"].pop("ModelCard"))),
        {
            "model-card-present": (
                "sagemaker/modelPackageGroup 'packages': neither a modelCard nor the ModelCard of a "
                "RegisterModel step describes its models"
            )
        },
    ),
    Mutation(
        drop("customers", "offlineStoreConfig"),
        {"feature-group-offline-store": "offlineStoreConfig.s3StorageConfig.s3Uri is not set; it must be an S3 URI"},
    ),
    Mutation(
        put("preprocess-model", "containers.0.image", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:latest"),
        {
            "image-pinned-by-digest": (
                'containers[0].image is "111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:latest"; '
                "it must be pinned by digest (@sha256:)"
            )
        },
    ),
    Mutation(
        put("task", "containerDefinitions", compute.task(image="churn:latest")),
        {
            "image-pinned-by-digest": (
                'containerDefinitions[0].image is "churn:latest"; it must be pinned by digest (@sha256:)'
            )
        },
    ),
]
