"""Encryption at rest: topics, queues, functions, Glue, delivery and Kubernetes."""

from __future__ import annotations

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import EVERYWHERE, FROM_STAGING, IN_PROD
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from .encryption_storage import KEY, KEY_SETTING, customer_key, set_key
from .theme import ENCRYPTION_AT_REST as THEME


@THEME.policy(
    on="sns/topic",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_26", fsbp="SNS.1"),
    remedy="Set kms_master_key_id to a customer-managed key that admits the publishing services.",
    url="https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
    settings=KEY_SETTING,
)
def sns_topic_kms(topic: Resource) -> Findings:
    """Topics are encrypted with a customer-managed KMS key.

    The AWS-managed key alias/aws/sns silently breaks alarms and EventBridge rules: its policy cannot admit them.
    """
    yield from topic.prop("kmsMasterKeyId").judged(
        lambda key: bool(key) and not str(key).endswith("alias/aws/sns"), f"{KEY}, not the AWS-managed alias/aws/sns"
    )


@sns_topic_kms.remediation
def _(draft: Draft) -> None:
    if draft.config["kmsKeyArn"]:
        draft.set("kmsMasterKeyId", draft.config["kmsKeyArn"])


@THEME.policy(
    on="sqs/queue",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_27 CKV2_AWS_73", fsbp="SQS.1"),
    remedy="Set kms_master_key_id to a customer-managed key, or sqs_managed_sse_enabled=True.",
    url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html",
)
def sqs_queue_encrypted(queue: Resource) -> Findings:
    """Queues are encrypted, with a KMS key or the service's own."""
    key, managed = queue.prop("kmsMasterKeyId"), queue.prop("sqsManagedSseEnabled")
    if key.missing and managed.missing:
        yield queue.violation("neither kmsMasterKeyId nor sqsManagedSseEnabled is set")
    elif managed.raw is not True and (key.unknown or not key.raw):
        yield from (key if key.unknown else managed).must_be(True)


@sqs_queue_encrypted.remediation
def _(draft: Draft) -> None:
    draft.set("sqsManagedSseEnabled", True)


@THEME.policy(
    on="lambda/function",
    mandatory=IN_PROD,
    severity=Severity.LOW,
    controls=Controls(checkov="CKV_AWS_173"),
    remedy="Set kms_key_arn to a customer-managed key.",
    url="https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html",
    settings=KEY_SETTING,
)
def lambda_env_kms(function: Resource) -> Findings:
    """Functions with environment variables encrypt them with a customer-managed KMS key."""
    yield from function.prop("environment.variables").when(bool, customer_key(function.prop("kmsKeyArn")))


@lambda_env_kms.remediation
def _(draft: Draft) -> None:
    set_key(draft, "kmsKeyArn")


@THEME.policy(
    on=("glue/job", "glue/crawler"),
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_195", nag="AwsSolutions-GL1 AwsSolutions-GL3"),
    remedy="Set security_configuration to the name of an encrypting Glue SecurityConfiguration.",
    url="https://docs.aws.amazon.com/glue/latest/dg/encryption-security-configuration.html",
)
def glue_security_configuration_attached(worker: Resource) -> Findings:
    """Glue jobs and crawlers run under a security configuration."""
    yield from worker.prop("securityConfiguration").must_be_set("the name of a security configuration")


@THEME.policy(
    on="glue/securityConfiguration",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_99"),
    remedy="Set the S3 mode to SSE-KMS, the CloudWatch mode to SSE-KMS and the bookmark mode to CSE-KMS.",
    url="https://docs.aws.amazon.com/glue/latest/dg/encryption-security-configuration.html",
)
def glue_security_configuration_encrypted(configuration: Resource) -> Findings:
    """A Glue security configuration encrypts data, logs and job bookmarks with KMS."""
    encryption = configuration.prop("encryptionConfiguration")
    yield from encryption.prop("s3Encryption.s3EncryptionMode").must_be("SSE-KMS")
    yield from encryption.prop("cloudwatchEncryption.cloudwatchEncryptionMode").must_be("SSE-KMS")
    yield from encryption.prop("jobBookmarksEncryption.jobBookmarksEncryptionMode").must_be("CSE-KMS")


@THEME.policy(
    on="glue/dataCatalogEncryptionSettings",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_94"),
    remedy="Set catalog_encryption_mode to SSE-KMS and return_connection_password_encrypted=True.",
    url="https://docs.aws.amazon.com/glue/latest/dg/encrypt-glue-data-catalog.html",
)
def glue_data_catalog_encrypted(catalog: Resource) -> Findings:
    """The Glue data catalog is encrypted with KMS, passwords of connections included."""
    settings = catalog.prop("dataCatalogEncryptionSettings")
    yield from settings.prop("encryptionAtRest.catalogEncryptionMode").must_be("SSE-KMS", "SSE-KMS-WITH-SERVICE-ROLE")
    yield from settings.prop("connectionPasswordEncryption.returnConnectionPasswordEncrypted").must_be(True)


@THEME.policy(
    on=("codepipeline/pipeline", "codebuild/project"),
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_219 CKV_AWS_147 CKV_AWS_78 CKV_AWS_311", fsbp="CodeBuild.3"),
    remedy="Set encryption_key of the artifact store and of the project, and leave encryption_disabled off.",
    url="https://docs.aws.amazon.com/codepipeline/latest/userguide/S3-artifact-encryption.html",
    settings=KEY_SETTING,
)
def codepipeline_codebuild_cmk(delivery: Resource) -> Findings:
    """Delivery artifacts and build logs are encrypted with a customer-managed KMS key."""
    if delivery.type.endswith(":Pipeline"):
        for store in delivery.props("artifactStores[]"):
            yield from customer_key(store.prop("encryptionKey.id"))
        return
    yield from customer_key(delivery.prop("encryptionKey"))
    for path in ("artifacts.encryptionDisabled", "logsConfig.s3Logs.encryptionDisabled"):
        yield from delivery.prop(path).must_be(False, when_missing=False)


@codepipeline_codebuild_cmk.remediation
def _(draft: Draft) -> None:
    if draft.resource.type.endswith(":Project"):
        set_key(draft, "encryptionKey")
        for path in ("artifacts.encryptionDisabled", "logsConfig.s3Logs.encryptionDisabled"):
            if draft.prop(path).raw is True:
                draft.set(path, False)


@THEME.policy(
    on="eks/cluster",
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_58", fsbp="EKS.3"),
    remedy="Set encryption_config with resources ['secrets'] and the key ARN of the provider.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
)
def eks_secrets_encrypted(cluster: Resource) -> Findings:
    """Kubernetes secrets of a cluster are encrypted with a customer-managed KMS key."""
    yield from customer_key(cluster.prop("encryptionConfig.provider.keyArn"))
    resources = [prop.value for prop in cluster.props("encryptionConfig.resources[]")]
    if "secrets" not in resources:
        yield cluster.violation('encryptionConfig.resources does not contain "secrets"')
