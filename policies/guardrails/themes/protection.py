"""Data protection: versions, lifecycle, deletion and images."""

from __future__ import annotations

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import EVERYWHERE, FROM_STAGING, IN_PROD, NOWHERE
from ..reading import Prop
from ..remediation import Draft
from ..resource import Resource, twins
from ..rule import Controls
from ..schema import number, strings
from .theme import PROTECTION as THEME

BUCKETS = twins("s3/bucket")
_VERSIONING = twins("s3/bucketVersioning")
_LIFECYCLE = twins("s3/bucketLifecycleConfiguration")


@THEME.policy(
    on=BUCKETS,
    reads=_VERSIONING,
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_21", fsbp="S3.14"),
    remedy="Attach a BucketVersioning with status 'Enabled'.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
)
def s3_versioning(bucket: Resource) -> Findings:
    """Every bucket keeps the versions of its objects."""
    attached = bucket.attached("bucket", *_VERSIONING)
    for versioning in attached:
        yield from versioning.prop("versioningConfiguration.status").must_be("Enabled")
    if not attached and bucket.prop("versioning.enabled").value is not True:
        yield bucket.violation("no bucketVersioning is attached")


@THEME.policy(
    on=BUCKETS,
    reads=_LIFECYCLE,
    mandatory=IN_PROD,
    severity=Severity.LOW,
    controls=Controls(checkov="CKV2_AWS_61 CKV_AWS_300", fsbp="S3.10 S3.13"),
    remedy="Attach a lifecycle that aborts incomplete uploads and expires noncurrent versions.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html",
)
def s3_lifecycle(bucket: Resource) -> Findings:
    """Every bucket has a lifecycle: old versions and broken uploads go, instead of costing for ever."""
    attached = bucket.attached("bucket", *_LIFECYCLE)
    if not attached:
        yield bucket.violation("no bucketLifecycleConfiguration is attached")
        return
    rules = [rule for each in attached for rule in each.props("rules[]")]
    for path, what in (
        ("abortIncompleteMultipartUpload.daysAfterInitiation", "aborts incomplete multipart uploads"),
        ("noncurrentVersionExpiration.noncurrentDays", "expires noncurrent versions"),
    ):
        settings = [(rule.prop("status"), rule.prop(path)) for rule in rules]
        if not any(status.value != "Disabled" and setting.value is not None for status, setting in settings):
            yield bucket.violation(f"no enabled rule of its lifecycle {what}")


@THEME.policy(
    on=(*BUCKETS, "sagemaker/featureGroup", "kms/key", "ecr/repository"),
    gathered=True,
    mandatory=IN_PROD,
    severity=Severity.HIGH,
    controls=Controls(fsbp="KMS.3"),
    remedy="Set the resource option protect=True, leave force deletion off, and keep a deletion window.",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",
    settings={
        "windowDays": number("Fewest days in which deleting a key can be called off.", 30, minimum=7, maximum=30)
    },
)
def stateful_protected(store: Resource) -> Findings:
    """What cannot be made again is protected: data, features, images and the keys to them."""
    if not store.protected:
        yield store.violation("the resource option protect is off")
    yield from store.prop("forceDestroy").must_be(False, when_missing=False)
    yield from store.prop("forceDelete").must_be(False, when_missing=False)
    if store.type.endswith(":Key"):
        window = store.prop("deletionWindowInDays")
        yield from window.must_be_at_least(store.config["windowDays"], "days", when_missing=30)


@THEME.policy(
    on="secretsmanager/secret",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    remedy="Set recovery_window_in_days to 7 or more; 0 deletes at once.",
    url="https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html",
    settings={"windowDays": number("Fewest days in which deleting can be called off.", 7, minimum=7, maximum=30)},
)
def secret_recovery_window(secret: Resource) -> Findings:
    """A deleted secret can be brought back for a week."""
    window = secret.prop("recoveryWindowInDays")
    yield from window.must_be_at_least(secret.config["windowDays"], "days", when_missing=30)


@secret_recovery_window.remediation
def _(draft: Draft) -> None:
    draft.set("recoveryWindowInDays", draft.config["windowDays"])


@THEME.policy(
    on="secretsmanager/secret",
    reads="secretsmanager/secretRotation",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV2_AWS_57 CKV_AWS_304", fsbp="SecretsManager.1 SecretsManager.4"),
    remedy="Attach a SecretRotation with rotation_rules.automatically_after_days.",
    url="https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html",
    settings={"maximumDays": number("Most days between two rotations.", 90, minimum=1, maximum=1000)},
)
def secret_rotation(secret: Resource) -> Findings:
    """Secrets rotate by themselves."""
    rotations = secret.attached("secretId", "secretsmanager/secretRotation")
    if not rotations:
        yield secret.violation("no secretRotation is attached")
    for rotation in rotations:
        days = rotation.prop("rotationRules.automaticallyAfterDays")
        found = days.must_be_set("a number of days") or days.must_be_at_most(secret.config["maximumDays"], "days")
        yield from rotation.prop("rotationRules.scheduleExpression").when_unset(found)


@THEME.policy(
    on="ecr/repository",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_51", fsbp="ECR.2"),
    remedy="Set image_tag_mutability='IMMUTABLE'.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
)
def ecr_immutable_tags(repository: Resource) -> Findings:
    """A tag of an image always means the same image."""
    yield from repository.prop("imageTagMutability").must_be("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")


@ecr_immutable_tags.remediation
def _(draft: Draft) -> None:
    draft.set("imageTagMutability", "IMMUTABLE")


@THEME.policy(
    on="ecr/repository",
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_163", fsbp="ECR.1"),
    remedy="Set image_scanning_configuration.scan_on_push=True.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html",
)
def ecr_scan_on_push(repository: Resource) -> Findings:
    """Images are scanned for known vulnerabilities when they are pushed."""
    yield from repository.prop("imageScanningConfiguration.scanOnPush").must_be(True)


@ecr_scan_on_push.remediation
def _(draft: Draft) -> None:
    draft.set("imageScanningConfiguration.scanOnPush", True)


@THEME.policy(
    on="ecr/repository",
    reads="ecr/lifecyclePolicy",
    mandatory=IN_PROD,
    severity=Severity.LOW,
    controls=Controls(fsbp="ECR.3"),
    remedy="Attach a LifecyclePolicy that keeps the newest of the tagged images and names no others.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html",
)
def ecr_lifecycle_policy(repository: Resource) -> Findings:
    """Repositories expire the images that nothing uses any more, and no signature before its image.

    Signatures and bills of materials are artifacts without a tag. ECR takes them away after their image, by itself; a
    rule for untagged images, or for any, would do so while the image serves.
    """
    policies = repository.attached("repository", "ecr/lifecyclePolicy")
    if not policies:
        yield repository.violation("no lifecyclePolicy is attached")
    for policy in policies:
        rules = Prop(policy, "policy", policy.prop("policy").parsed()).prop("rules")
        yield from rules.when(lambda found: not found, [repository.violation("its lifecyclePolicy has no rules")])
        for rule in rules.each():
            yield from rule.prop("selection.tagStatus").must_be("tagged")


@THEME.policy(
    on=("lb/loadBalancer", "alb/loadBalancer", "eks/cluster"),
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_150", fsbp="ELB.6"),
    remedy="Turn deletion protection on.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html",
)
def deletion_protection(front: Resource) -> Findings:
    """Load balancers and clusters cannot be deleted by one call."""
    yield from front.prop(_protection_path(front)).must_be(True)


@deletion_protection.remediation
def _(draft: Draft) -> None:
    draft.set(_protection_path(draft.resource), True)


def _protection_path(front: Resource) -> str:
    return "deletionProtection" if front.type.endswith(":Cluster") else "enableDeletionProtection"


@THEME.policy(
    on=BUCKETS,
    mandatory=NOWHERE,
    severity=Severity.LOW,
    controls=Controls(checkov="CKV_AWS_143", fsbp="S3.15"),
    remedy="Set object_lock_enabled=True when the bucket is created.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
    settings={"buckets": strings("Parts of logical names whose buckets are locked.", ["audit", "trail", "raw"])},
)
def artifact_bucket_object_lock(bucket: Resource) -> Findings:
    """Raw data and audit logs cannot be overwritten or deleted, not even by an administrator."""
    if any(part in bucket.name for part in bucket.config["buckets"]):
        yield from bucket.prop("objectLockEnabled").must_be(True)
