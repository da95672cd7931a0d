"""Data protection: what breaks each policy, and what it says."""

from __future__ import annotations

from tests.policies.mutation import Mutation, drop, put, remove, unprotect

MUTATIONS = [
    Mutation(remove("raw-versioning"), {"s3-versioning": "s3/bucket 'raw': no bucketVersioning is attached"}),
    Mutation(
        put("raw-versioning", "versioningConfiguration.status", "Suspended"),
        {"s3-versioning": 'versioningConfiguration.status is "Suspended"; it must be "Enabled"'},
    ),
    Mutation(remove("raw-lifecycle"), {"s3-lifecycle": "s3/bucket 'raw': no bucketLifecycleConfiguration is attached"}),
    Mutation(
        drop("raw-lifecycle", "rules.0.abortIncompleteMultipartUpload"),
        {"s3-lifecycle": ("s3/bucket 'raw': no enabled rule of its lifecycle aborts incomplete multipart uploads")},
    ),
    Mutation(unprotect("raw"), {"stateful-protected": "the resource option protect is off"}),
    Mutation(put("raw", "forceDestroy", True), {"stateful-protected": "forceDestroy is true; it must be false"}),
    Mutation(unprotect("customers"), {"stateful-protected": "the resource option protect is off"}),
    Mutation(
        put("data-key", "deletionWindowInDays", 7.0),
        {"stateful-protected": "deletionWindowInDays is 7; it must be at least 30 days"},
    ),
    Mutation(put("images", "forceDelete", True), {"stateful-protected": "forceDelete is true; it must be false"}),
    Mutation(
        put("salt", "recoveryWindowInDays", 0.0),
        {"secret-recovery-window": "recoveryWindowInDays is 0; it must be at least 7 days"},
    ),
    Mutation(
        remove("salt-rotation"), {"secret-rotation": "secretsmanager/secret 'salt': no secretRotation is attached"}
    ),
    Mutation(
        put("salt-rotation", "rotationRules.automaticallyAfterDays", 365.0),
        {"secret-rotation": "rotationRules.automaticallyAfterDays is 365; it must be at most 90 days"},
    ),
    Mutation(
        put("images", "imageTagMutability", "MUTABLE"),
        {
            "ecr-immutable-tags": (
                'imageTagMutability is "MUTABLE"; it must be "IMMUTABLE" or "IMMUTABLE_WITH_EXCLUSION"'
            )
        },
    ),
    Mutation(
        put("images", "imageScanningConfiguration.scanOnPush", False),
        {"ecr-scan-on-push": "imageScanningConfiguration.scanOnPush is false; it must be true"},
    ),
    Mutation(
        remove("images-lifecycle"), {"ecr-lifecycle-policy": "ecr/repository 'images': no lifecyclePolicy is attached"}
    ),
    Mutation(
        put("images-lifecycle", "policy", "{}"),
        {"ecr-lifecycle-policy": "ecr/repository 'images': its lifecyclePolicy has no rules"},
    ),
    *(
        Mutation(
            put("images-lifecycle", "policy", f'{{"rules": [{{"selection": {{"tagStatus": "{status}"}}}}]}}'),
            {"ecr-lifecycle-policy": f'policy.rules[0].selection.tagStatus is "{status}"; it must be "tagged"'},
        )
        for status in ("untagged", "any")
    ),
    Mutation(
        put("balancer", "enableDeletionProtection", False),
        {"deletion-protection": "enableDeletionProtection is false; it must be true"},
    ),
    Mutation(
        drop("kubernetes", "deletionProtection"),
        {"deletion-protection": "deletionProtection is not set; it must be true"},
    ),
    Mutation(
        put("raw", "objectLockEnabled", False),
        {"artifact-bucket-object-lock": "objectLockEnabled is false; it must be true"},
    ),
]
