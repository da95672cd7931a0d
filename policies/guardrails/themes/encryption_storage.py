"""Encryption at rest: buckets, keys, registries, log groups, secrets and volumes."""

from __future__ import annotations

import re

from pulumi_policy import Severity

from ..finding import Finding, Findings
from ..levels import EVERYWHERE, FROM_STAGING, IN_PROD
from ..reading import Prop
from ..remediation import Draft
from ..resource import Resource, twins
from ..rule import Controls
from ..schema import text
from .theme import ENCRYPTION_AT_REST as THEME

KEY = "a customer-managed KMS key"
KEY_SETTING = {"kmsKeyArn": text("Key that a remediation sets; without one nothing is remediated.", pattern="|arn:.+")}
_AWS_MANAGED = re.compile(r"(?:^|:)alias/aws/")
_ENCRYPTION = twins("s3/bucketServerSideEncryptionConfiguration")
_LOGGING = twins("s3/bucketLogging")
_DEFAULT = "applyServerSideEncryptionByDefault"


def customer_key(prop: Prop) -> list[Finding]:
    """It is a key of the account, not one that AWS manages, whose policy nobody can narrow."""
    return prop.judged(lambda key: bool(key) and not _AWS_MANAGED.search(str(key)), KEY)


def set_key(draft: Draft, path: str) -> None:
    """Remediation: set the configured key at a path, when there is one and the path has no customer-managed key."""
    if draft.config["kmsKeyArn"] and customer_key(draft.prop(path)):
        draft.set(path, draft.config["kmsKeyArn"])


@THEME.policy(
    on=twins("s3/bucket"),
    reads=(*_ENCRYPTION, *_LOGGING),
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_145 CKV_AWS_19", fsbp="S3.17", guard="S3_DEFAULT_ENCRYPTION_KMS"),
    remedy="Attach a BucketServerSideEncryptionConfiguration with sse_algorithm 'aws:kms' and kms_master_key_id.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
)
def s3_bucket_kms_encryption(bucket: Resource) -> Findings:
    """Every bucket encrypts its objects with a customer-managed KMS key by default.

    A bucket that receives server access logs is the exception: S3 delivers them to SSE-S3 buckets only
    (Amazon S3 User Guide, "Enabling Amazon S3 server access logging").
    """
    is_log_target = bool(bucket.attached("targetBucket", *_LOGGING))
    allowed = ("AES256",) if is_log_target else ("aws:kms", "aws:kms:dsse")
    attached = bucket.attached("bucket", *_ENCRYPTION)
    defaults = [prop for each in attached for prop in each.props(f"rules[].{_DEFAULT}")]
    if not attached:
        defaults = [bucket.prop(f"serverSideEncryptionConfiguration.rule.{_DEFAULT}")]
    for default in defaults:
        yield from default.prop("sseAlgorithm").must_be(*allowed)
        if not is_log_target:
            yield from customer_key(default.prop("kmsMasterKeyId"))


@THEME.policy(
    on=_ENCRYPTION,
    mandatory=IN_PROD,
    severity=Severity.LOW,
    remedy="Set bucket_key_enabled=True on the encryption rule.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html",
)
def s3_bucket_key_enabled(encryption: Resource) -> Findings:
    """Buckets encrypted with KMS use a bucket key.

    Without one every object costs a KMS request; a training job over many small files then pays more for KMS than
    for S3, and can meet the request quota of KMS.
    """
    for rule in encryption.props("rules[]"):
        if rule.prop(f"{_DEFAULT}.sseAlgorithm").value == "aws:kms":
            yield from rule.prop("bucketKeyEnabled").must_be(True)


@s3_bucket_key_enabled.remediation
def _(draft: Draft) -> None:
    for index in range(len(draft.resource.props("rules[]"))):
        draft.set(f"rules.{index}.bucketKeyEnabled", True)


@THEME.policy(
    on="kms/key",
    mandatory=EVERYWHERE,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_7 CKV_AWS_227", fsbp="KMS.4", cis="3.6"),
    remedy="Set enable_key_rotation=True, and leave the key enabled.",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
)
def kms_key_rotation(key: Resource) -> Findings:
    """Customer-managed symmetric KMS keys are enabled and rotate every year.

    Asymmetric and HMAC keys cannot rotate by themselves and are left out.
    """
    yield from key.prop("isEnabled").must_be(True, when_missing=True)
    if key.prop("customerMasterKeySpec").value in (None, "SYMMETRIC_DEFAULT"):
        yield from key.prop("enableKeyRotation").must_be(True)


@kms_key_rotation.remediation
def _(draft: Draft) -> None:
    draft.set("enableKeyRotation", True)


@THEME.policy(
    on="ecr/repository",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_136"),
    remedy="Set encryption_configurations=[{encryption_type: 'KMS', kms_key: <key ARN>}]; it replaces the repository.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html",
)
def ecr_repository_kms(repository: Resource) -> Findings:
    """Image repositories are encrypted with a customer-managed KMS key."""
    configurations = repository.props("encryptionConfigurations[]")
    if not configurations:
        yield repository.violation("encryptionConfigurations is not set; images are encrypted with a key of AWS")
    for configuration in configurations:
        yield from configuration.prop("encryptionType").must_be("KMS", "KMS_DSSE")
        yield from customer_key(configuration.prop("kmsKey"))


@THEME.policy(
    on="cloudwatch/logGroup",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_158", guard="CLOUDWATCH_LOG_GROUP_ENCRYPTED"),
    remedy="Set kms_key_id to a key whose policy admits the logs service for this log group.",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    settings=KEY_SETTING,
)
def log_group_kms(group: Resource) -> Findings:
    """Log groups are encrypted with a customer-managed KMS key."""
    yield from customer_key(group.prop("kmsKeyId"))


@log_group_kms.remediation
def _(draft: Draft) -> None:
    set_key(draft, "kmsKeyId")


@THEME.policy(
    on="secretsmanager/secret",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_149", guard="SECRETSMANAGER_USING_CMK"),
    remedy="Set kms_key_id to a customer-managed key.",
    url="https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
    settings=KEY_SETTING,
)
def secret_customer_key(secret: Resource) -> Findings:
    """Secrets are encrypted with a customer-managed KMS key, so that reading one needs the key as well."""
    yield from customer_key(secret.prop("kmsKeyId"))


@secret_customer_key.remediation
def _(draft: Draft) -> None:
    set_key(draft, "kmsKeyId")


@THEME.policy(
    on="ec2/launchTemplate",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(fsbp="EC2.181"),
    remedy="Set encrypted=True (and kms_key_id) on every EBS block device of the template.",
    url="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
)
def launch_template_ebs_encrypted(template: Resource) -> Findings:
    """Every EBS volume of a launch template is encrypted with a customer-managed KMS key."""
    for device in template.props("blockDeviceMappings[]"):
        if not device.prop("ebs").missing:
            yield from device.prop("ebs.encrypted").judged(lambda value: value in (True, "true"), "true")
            yield from customer_key(device.prop("ebs.kmsKeyId"))


@launch_template_ebs_encrypted.remediation
def _(draft: Draft) -> None:
    for index, device in enumerate(draft.resource.props("blockDeviceMappings[]")):
        if not device.prop("ebs").missing:
            draft.set(f"blockDeviceMappings.{index}.ebs.encrypted", "true")
