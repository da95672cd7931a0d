"""Encryption at rest: SageMaker endpoints, captures, monitors, jobs, feature store and Studio."""

from __future__ import annotations

from pulumi_policy import Severity

from ..facts import takes_volume_key
from ..finding import Findings
from ..levels import FROM_STAGING
from ..reading import Prop
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from .encryption_storage import KEY_SETTING, customer_key, set_key
from .theme import ENCRYPTION_AT_REST as THEME

_NO_KEY = "Leave the key out: the volumes of this type are disks of the instance, and the API refuses a key for them."
_SCHEDULE_JOB = "monitoringScheduleConfig.monitoringJobDefinition"


@THEME.policy(
    on="sagemaker/endpointConfiguration",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_98", guard="SAGEMAKER_ENDPOINT_CONFIGURATION_KMS_KEY_CONFIGURED"),
    remedy="Set kms_key_arn of the endpoint configuration.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest.html",
    settings=KEY_SETTING,
)
def sagemaker_endpoint_config_kms(config: Resource) -> Findings:
    """The storage volumes of an endpoint are encrypted with a customer-managed KMS key.

    Serverless variants and instance types with local NVMe drives have no such volume, and the API refuses a key there.
    """
    variants = [*config.props("productionVariants[]"), *config.props("shadowProductionVariants[]")]
    key = config.prop("kmsKeyArn")
    found, refused = customer_key(key), key.must_be(None, fix=_NO_KEY)
    if found and any(_has_volume(variant) for variant in variants):
        yield from found
    if refused and any(not variant.prop("instanceType").missing and not _has_volume(variant) for variant in variants):
        yield from refused


def _has_volume(variant: Prop) -> bool:
    serverless = variant.prop("serverlessConfig").value is not None
    return not serverless and takes_volume_key(variant.prop("instanceType").value)


def _volume_key(cluster: Prop) -> Findings:
    """The key of a job's volume is set where there is such a volume, and left out where the API refuses one."""
    instance, key = cluster.prop("instanceType"), cluster.prop("volumeKmsKeyId")
    yield from instance.when(takes_volume_key, customer_key(key))
    yield from instance.when(lambda name: not takes_volume_key(name), key.must_be(None, fix=_NO_KEY))


@sagemaker_endpoint_config_kms.remediation
def _(draft: Draft) -> None:
    set_key(draft, "kmsKeyArn")


@THEME.policy(
    on="sagemaker/endpointConfiguration",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    remedy="Set kms_key_id of the data capture and of the asynchronous output.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html",
    settings=KEY_SETTING,
)
def sagemaker_data_capture_kms(config: Resource) -> Findings:
    """Captured requests and asynchronous results are encrypted with a customer-managed KMS key.

    They hold what customers sent and what the model answered. The key of the volume does not cover them.
    """
    if not config.prop("dataCaptureConfig").missing:
        yield from customer_key(config.prop("dataCaptureConfig.kmsKeyId"))
    if not config.prop("asyncInferenceConfig").missing:
        yield from customer_key(config.prop("asyncInferenceConfig.outputConfig.kmsKeyId"))


@sagemaker_data_capture_kms.remediation
def _(draft: Draft) -> None:
    for block, path in (
        ("dataCaptureConfig", "dataCaptureConfig.kmsKeyId"),
        ("asyncInferenceConfig", "asyncInferenceConfig.outputConfig.kmsKeyId"),
    ):
        if not draft.prop(block).missing:
            set_key(draft, path)


@THEME.policy(
    on=("sagemaker/dataQualityJobDefinition", "sagemaker/monitoringSchedule"),
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_367 CKV_AWS_368"),
    remedy="Set volume_kms_key_id of the cluster and kms_key_id of the output.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor.html",
    settings=KEY_SETTING,
)
def sagemaker_monitoring_kms(monitor: Resource) -> Findings:
    """Monitoring jobs encrypt their volume and their reports with a customer-managed KMS key."""
    for cluster, output in _monitoring_jobs(monitor):
        yield from _volume_key(monitor.prop(cluster))
        yield from customer_key(monitor.prop(output))


@sagemaker_monitoring_kms.remediation
def _(draft: Draft) -> None:
    for cluster, output in _monitoring_jobs(draft.resource):
        if takes_volume_key(draft.prop(f"{cluster}.instanceType").raw):
            set_key(draft, f"{cluster}.volumeKmsKeyId")
        set_key(draft, output)


def _monitoring_jobs(monitor: Resource) -> list[tuple[str, str]]:
    """Where the cluster of the job that it describes stands, and the key of the job's output."""
    if monitor.type.endswith(":DataQualityJobDefinition"):
        return [("jobResources.clusterConfig", "dataQualityJobOutputConfig.kmsKeyId")]
    if monitor.prop(_SCHEDULE_JOB).missing:
        return []  # the schedule names a job definition, which is judged by itself
    return [(f"{_SCHEDULE_JOB}.monitoringResources.clusterConfig", f"{_SCHEDULE_JOB}.monitoringOutputConfig.kmsKeyId")]


@THEME.policy(
    on="sagemaker/featureGroup",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    remedy="Set the KMS key of both stores when the group is created; a later change replaces the group and its data.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-security.html",
)
def sagemaker_feature_store_kms(group: Resource) -> Findings:
    """The online and the offline store of a feature group are encrypted with a customer-managed KMS key."""
    if not group.prop("offlineStoreConfig").missing:
        yield from customer_key(group.prop("offlineStoreConfig.s3StorageConfig.kmsKeyId"))
    if not group.prop("onlineStoreConfig").missing:
        found = customer_key(group.prop("onlineStoreConfig.securityConfig.kmsKeyId"))
        yield from group.prop("onlineStoreConfig.enableOnlineStore").when(lambda on: on is not False, found)


@THEME.policy(
    on="sagemaker/trainingJob",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(prowler="sagemaker_training_jobs_volume_and_output_encryption_enabled"),
    remedy="Set resource_config.volume_kms_key_id and output_data_config.kms_key_id.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest.html",
    settings=KEY_SETTING,
)
def sagemaker_training_kms(job: Resource) -> Findings:
    """Training jobs encrypt their volume and the trained model with a customer-managed KMS key."""
    yield from _volume_key(job.prop("resourceConfig"))
    yield from customer_key(job.prop("outputDataConfig.kmsKeyId"))


@sagemaker_training_kms.remediation
def _(draft: Draft) -> None:
    if takes_volume_key(draft.prop("resourceConfig.instanceType").raw):
        set_key(draft, "resourceConfig.volumeKmsKeyId")
    set_key(draft, "outputDataConfig.kmsKeyId")


@THEME.policy(
    on=("sagemaker/domain", "sagemaker/notebookInstance"),
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_187 CKV_AWS_22", guard="SAGEMAKER_NOTEBOOK_INSTANCE_KMS_KEY_CONFIGURED"),
    remedy="Set kms_key_id when the domain or notebook is created; a later change replaces it.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest.html",
)
def sagemaker_domain_notebook_kms(workplace: Resource) -> Findings:
    """Studio domains and notebooks encrypt their storage with a customer-managed KMS key."""
    yield from customer_key(workplace.prop("kmsKeyId"))
