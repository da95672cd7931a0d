"""The kinds of steps our pipelines are made of, each with everything that SageMaker lets us set on it.

Thin helpers over SDK v3 for `definition`. Code is never uploaded: the workloads are in the images, so a step is a
module of theirs, its inputs and its outputs. Retries cover what another attempt can cure (no capacity, a limit, a
service fault) and never an error of the algorithm.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workloads.pipeline.offline import OfflineSession  # isort: skip  (sets the SDK's environment: first)
from sagemaker.core.drift_check_baselines import DriftCheckBaselines
from sagemaker.core.metadata_properties import MetadataProperties
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    MetricDefinition,
    ModelPackageModelCard,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    StoppingCondition,
    Tag,
)
from sagemaker.core.training.configs import CheckpointConfig, Compute, InputData, Networking, OutputDataConfig
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, PropertyFile, TrainingStep
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer

from workloads.pipeline.tokens import TOKENS

HOURS = 3600
PROCESSING = "/opt/ml/processing"

_JOB_RETRIES = [
    SageMakerJobStepRetryPolicy(
        exception_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
        failure_reason_types=[
            SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
            SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
        ],
        interval_seconds=60,
        backoff_rate=2.0,
        max_attempts=5,
    )
]
_SERVICE_RETRIES = [
    StepRetryPolicy(
        exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
        interval_seconds=10,
        backoff_rate=2.0,
        max_attempts=3,
    )
]


def token(name: str) -> str:
    """The placeholder of a deploy-time value."""
    return TOKENS[name].placeholder


#: On every job. Its name is SageMaker's own, so the tag is what roles of the workload are bound to.
_TAGS = {"Workload": token("workload")}


def new_session() -> OfflineSession:
    """The session that every step of one compile shares."""
    return OfflineSession(bucket=token("artifacts_bucket"))


def cached(days: int) -> CacheConfig:
    """Reuse the outputs of the same work (see `definition`) for so many days."""
    return CacheConfig(enable_caching=True, expire_after=f"P{days}D")


def input_path(name: str) -> str:
    """Where a processing job finds its input `name`."""
    return f"{PROCESSING}/input/{name}"


def output_path(name: str = "") -> str:
    """Where a processing job writes its output `name`, or the directory of all its outputs."""
    return f"{PROCESSING}/output/{name}".rstrip("/")


def output_uri(step: ProcessingStep, name: str) -> Any:
    """The S3 URI of the output `name` of a processing step, known when it has run (or was found in the cache)."""
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def run_uri(*parts: str) -> Join:
    """s3://<artifacts>/runs/<workload>/<execution>/<parts>: outputs of one execution lie together, never rewritten."""
    return Join(
        on="/",
        values=[
            f"s3://{token('artifacts_bucket')}/runs/{token('workload')}",
            ExecutionVariables.PIPELINE_EXECUTION_ID,
            *parts,
        ],
    )


def processing(
    name: str,
    *,
    session: OfflineSession,
    role: str,
    module: Sequence[str],
    inputs: Mapping[str, Any],
    outputs: Sequence[str],
    arguments: Sequence[Any],
    instance_type: Any,
    hours: int,
    isolated: bool,
    environment: Mapping[str, Any] | None = None,
    cache: CacheConfig | None = None,
    property_files: Sequence[PropertyFile] = (),
) -> ProcessingStep:
    """A job that runs `python3 -m <module> <arguments>` in the training image.

    Input `n` is at /opt/ml/processing/input/n; what the job writes to /opt/ml/processing/output/o becomes output `o`.
    An `isolated` job has no network at all: SageMaker moves its inputs and outputs from outside the container.
    """
    processor = Processor(
        role=role,
        image_uri=token("training_image"),
        entrypoint=["python3", "-m", *module],
        instance_count=1,
        instance_type=instance_type,
        volume_size_in_gb=30,
        volume_kms_key=token("kms_key"),
        output_kms_key=token("kms_key"),
        max_runtime_in_seconds=hours * HOURS,
        env=dict(environment) if environment else None,
        tags=[{"Key": key, "Value": value} for key, value in _TAGS.items()],
        network_config=NetworkConfig(
            subnets=[token("subnets")],
            security_group_ids=[token("security_groups")],
            encrypt_inter_container_traffic=True,
            enable_network_isolation=isolated,
        ),
        sagemaker_session=session,
    )
    run = processor.run(
        inputs=[_processing_input(input_name, uri) for input_name, uri in inputs.items()],
        outputs=[_processing_output(name, output_name) for output_name in outputs],
        arguments=list(arguments),
    )
    return ProcessingStep(
        name,
        step_args=run,
        cache_config=cache,
        property_files=list(property_files),
        retry_policies=[*_JOB_RETRIES, *_SERVICE_RETRIES],
    )


def _processing_input(name: str, uri: Any) -> ProcessingInput:
    source = ProcessingS3Input(
        s3_uri=uri,
        local_path=input_path(name),
        s3_data_type="S3Prefix",
        s3_input_mode="File",
        s3_data_distribution_type="FullyReplicated",
    )
    return ProcessingInput(input_name=name, s3_input=source)


def _processing_output(step: str, name: str) -> ProcessingOutput:
    target = ProcessingS3Output(s3_uri=run_uri(step, name), local_path=output_path(name), s3_upload_mode="EndOfJob")
    return ProcessingOutput(output_name=name, s3_output=target)


def training(
    name: str,
    *,
    session: OfflineSession,
    channels: Mapping[str, Any],
    hyperparameters: Mapping[str, Any],
    checkpoints: Any,
    metrics: Mapping[str, str],
    instance_type: Any,
    hours: int,
    wait_hours: int,
    cache: CacheConfig,
) -> TrainingStep:
    """A training job on spot capacity in the training image, isolated from any network.

    `hours` bounds the time it runs, `wait_hours` that and the time it waits for spot capacity. Interrupted, it starts
    again from `checkpoints` (a URI), which SageMaker keeps equal to /opt/ml/checkpoints. `metrics` are name -> regular
    expression over the log, with the value as its group.
    """
    trainer = ModelTrainer(
        training_image=token("training_image"),
        role=token("training_role"),
        sagemaker_session=session,
        compute=Compute(
            instance_type=instance_type,
            instance_count=1,
            volume_size_in_gb=30,
            volume_kms_key_id=token("kms_key"),
            enable_managed_spot_training=True,
        ),
        networking=Networking(
            subnets=[token("subnets")],
            security_group_ids=[token("security_groups")],
            enable_inter_container_traffic_encryption=True,
            enable_network_isolation=True,
        ),
        stopping_condition=StoppingCondition(
            max_runtime_in_seconds=hours * HOURS, max_wait_time_in_seconds=wait_hours * HOURS
        ),
        checkpoint_config=CheckpointConfig(s3_uri=checkpoints, local_path="/opt/ml/checkpoints"),
        output_data_config=OutputDataConfig(s3_output_path=run_uri(name, "output"), kms_key_id=token("kms_key")),
        hyperparameters=dict(hyperparameters),
        # A waiting OpenMP thread gives its core away instead of spinning: where cores are shared, XGBoost's barriers
        # otherwise stall for a scheduler slice.
        environment={"OMP_WAIT_POLICY": "passive"},
        tags=[Tag(key=key, value=value) for key, value in _TAGS.items()],
    ).with_metric_definitions([MetricDefinition(name=n, regex=regex) for n, regex in metrics.items()])
    data = [InputData(channel_name=channel, data_source=uri) for channel, uri in channels.items()]
    return TrainingStep(
        name,
        step_args=trainer.train(input_data_config=data, wait=False, logs=False),
        cache_config=cache,
        retry_policies=[*_JOB_RETRIES, *_SERVICE_RETRIES],
    )


def register(
    name: str,
    *,
    session: OfflineSession,
    model_data: Any,
    evaluation: Any,
    statistics: Any,
    constraints: Any,
    approval: Any,
    commit: Any,
    metadata: Mapping[str, Any],
) -> ModelStep:
    """The model as a new version in the package group, with the files that judged it and those it is watched by.

    `evaluation`, `statistics` and `constraints` are URIs: the first becomes the model-quality metrics, the other two
    the data-quality metrics and, the same files, the baselines that the data-quality monitor checks live data against.
    """
    builder = ModelBuilder(
        image_uri=token("inference_image"),
        s3_model_data_url=model_data,
        role_arn=token("training_role"),
        sagemaker_session=session,
    )
    package = builder.register(
        model_package_group_name=token("package_group"),
        content_types=["text/csv", "application/json"],
        response_types=["application/json"],
        inference_instances=["ml.m5.large", "ml.m5.xlarge", "ml.c5.large", "ml.c5.xlarge"],
        transform_instances=["ml.m5.large", "ml.m5.xlarge"],
        approval_status=approval,
        model_metrics=ModelMetrics(
            model_statistics=_json(evaluation),
            model_data_statistics=_json(statistics),
            model_data_constraints=_json(constraints),
        ),
        drift_check_baselines=DriftCheckBaselines(
            model_data_statistics=_json(statistics), model_data_constraints=_json(constraints)
        ),
        metadata_properties=MetadataProperties(
            commit_id=commit,
            generated_by=ExecutionVariables.PIPELINE_EXECUTION_ARN,
            project_id=token("workload"),
        ),
        customer_metadata_properties=dict(metadata),
        model_card=ModelPackageModelCard(model_card_status="Draft", model_card_content=token("model_card")),
    )
    return ModelStep(name, step_args=package, retry_policies=_SERVICE_RETRIES)


def _json(uri: Any) -> MetricsSource:
    return MetricsSource(s3_uri=uri, content_type="application/json")
