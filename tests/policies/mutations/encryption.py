"""Encryption at rest: what breaks each policy, and what it says."""

from __future__ import annotations

from tests.policies.mutation import Mutation, drop, put, remove

MUTATIONS = [
    Mutation(
        put("raw-encryption", "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256"),
        {
            "s3-bucket-kms-encryption": (
                'rules[0].applyServerSideEncryptionByDefault.sseAlgorithm is "AES256"; it must be '
                '"aws:kms" or "aws:kms:dsse"'
            )
        },
    ),
    Mutation(
        drop("raw-encryption", "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId"),
        {
            "s3-bucket-kms-encryption": (
                "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId is not set; it must be a "
                "customer-managed KMS key"
            )
        },
    ),
    Mutation(
        put("raw-encryption", "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId", "alias/aws/s3"),
        {
            "s3-bucket-kms-encryption": (
                'rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId is "alias/aws/s3"; it must be a '
                "customer-managed KMS key"
            )
        },
    ),
    Mutation(
        put("one-off-training", "outputDataConfig.kmsKeyId", "arn:aws:kms:eu-west-1:111122223333:alias/aws/sagemaker"),
        {
            "sagemaker-training-kms": (
                'outputDataConfig.kmsKeyId is "arn:aws:kms:eu-west-1:111122223333:alias/aws/sagemaker"; it must be a '
                "customer-managed KMS key"
            )
        },
    ),
    Mutation(
        remove("raw-encryption"),
        {
            "s3-bucket-kms-encryption": [
                (
                    "s3/bucket 'raw': serverSideEncryptionConfiguration.rule."
                    'applyServerSideEncryptionByDefault.sseAlgorithm is not set; it must be "aws:kms" or '
                    '"aws:kms:dsse"'
                ),
                (
                    "s3/bucket 'raw': serverSideEncryptionConfiguration.rule."
                    "applyServerSideEncryptionByDefault.kmsMasterKeyId is not set; it must be a "
                    "customer-managed KMS key"
                ),
            ]
        },
    ),
    Mutation(
        put("access-logs-encryption", "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", "aws:kms"),
        {
            "s3-bucket-kms-encryption": (
                'rules[0].applyServerSideEncryptionByDefault.sseAlgorithm is "aws:kms"; it must be "AES256"'
            )
        },
    ),
    Mutation(
        put("raw-encryption", "rules.0.bucketKeyEnabled", False),
        {"s3-bucket-key-enabled": "rules[0].bucketKeyEnabled is false; it must be true"},
    ),
    Mutation(
        put("data-key", "enableKeyRotation", False), {"kms-key-rotation": "enableKeyRotation is false; it must be true"}
    ),
    Mutation(put("data-key", "isEnabled", False), {"kms-key-rotation": "isEnabled is false; it must be true"}),
    Mutation(
        put("images", "encryptionConfigurations.0.encryptionType", "AES256"),
        {
            "ecr-repository-kms": (
                'encryptionConfigurations[0].encryptionType is "AES256"; it must be "KMS" or "KMS_DSSE"'
            )
        },
    ),
    Mutation(
        drop("images", "encryptionConfigurations"),
        {"ecr-repository-kms": "encryptionConfigurations is not set; images are encrypted with a key of AWS"},
    ),
    Mutation(
        drop("trail-logs", "kmsKeyId"), {"log-group-kms": "kmsKeyId is not set; it must be a customer-managed KMS key"}
    ),
    Mutation(
        drop("salt", "kmsKeyId"), {"secret-customer-key": "kmsKeyId is not set; it must be a customer-managed KMS key"}
    ),
    Mutation(
        put("nodes-template", "blockDeviceMappings.0.ebs.encrypted", "false"),
        {"launch-template-ebs-encrypted": 'blockDeviceMappings[0].ebs.encrypted is "false"; it must be true'},
    ),
    Mutation(
        drop("nodes-template", "blockDeviceMappings.0.ebs.kmsKeyId"),
        {
            "launch-template-ebs-encrypted": (
                "blockDeviceMappings[0].ebs.kmsKeyId is not set; it must be a customer-managed KMS key"
            )
        },
    ),
    Mutation(
        put("alerts", "kmsMasterKeyId", "alias/aws/sns"),
        {
            "sns-topic-kms": (
                'kmsMasterKeyId is "alias/aws/sns"; it must be a customer-managed KMS key, not the '
                "AWS-managed alias/aws/sns"
            )
        },
    ),
    Mutation(
        drop("alerts", "kmsMasterKeyId"),
        {
            "sns-topic-kms": (
                "kmsMasterKeyId is not set; it must be a customer-managed KMS key, not the AWS-managed alias/aws/sns"
            )
        },
    ),
    Mutation(
        put("failures-dlq", "sqsManagedSseEnabled", False),
        {"sqs-queue-encrypted": "sqsManagedSseEnabled is false; it must be true"},
    ),
    Mutation(
        drop("failures-dlq", "sqsManagedSseEnabled"),
        {"sqs-queue-encrypted": "neither kmsMasterKeyId nor sqsManagedSseEnabled is set"},
    ),
    Mutation(
        drop("rollback", "kmsKeyArn"), {"lambda-env-kms": "kmsKeyArn is not set; it must be a customer-managed KMS key"}
    ),
    Mutation(
        drop("etl", "securityConfiguration"),
        {
            "glue-security-configuration-attached": (
                "securityConfiguration is not set; it must be the name of a security configuration"
            ),
        },
    ),
    Mutation(
        drop("crawler", "securityConfiguration"),
        {
            "glue-security-configuration-attached": (
                "securityConfiguration is not set; it must be the name of a security configuration"
            ),
        },
    ),
    Mutation(
        put("glue-security", "encryptionConfiguration.s3Encryption.s3EncryptionMode", "SSE-S3"),
        {
            "glue-security-configuration-encrypted": (
                'encryptionConfiguration.s3Encryption.s3EncryptionMode is "SSE-S3"; it must be "SSE-KMS"'
            )
        },
    ),
    Mutation(
        put("glue-security", "encryptionConfiguration.jobBookmarksEncryption.jobBookmarksEncryptionMode", "DISABLED"),
        {
            "glue-security-configuration-encrypted": (
                "encryptionConfiguration.jobBookmarksEncryption.jobBookmarksEncryptionMode is "
                '"DISABLED"; it must be "CSE-KMS"'
            )
        },
    ),
    Mutation(
        put("catalog", "dataCatalogEncryptionSettings.encryptionAtRest.catalogEncryptionMode", "DISABLED"),
        {
            "glue-data-catalog-encrypted": (
                'dataCatalogEncryptionSettings.encryptionAtRest.catalogEncryptionMode is "DISABLED"; '
                'it must be "SSE-KMS" or "SSE-KMS-WITH-SERVICE-ROLE"'
            )
        },
    ),
    Mutation(
        drop("delivery", "artifactStores.0.encryptionKey"),
        {
            "codepipeline-codebuild-cmk": (
                "artifactStores[0].encryptionKey.id is not set; it must be a customer-managed KMS key"
            ),
        },
    ),
    Mutation(
        drop("build", "encryptionKey"),
        {"codepipeline-codebuild-cmk": "encryptionKey is not set; it must be a customer-managed KMS key"},
    ),
    Mutation(
        put("build", "artifacts.encryptionDisabled", True),
        {"codepipeline-codebuild-cmk": "artifacts.encryptionDisabled is true; it must be false"},
    ),
    Mutation(
        put("kubernetes", "encryptionConfig.resources", []),
        {"eks-secrets-encrypted": 'encryptionConfig.resources does not contain "secrets"'},
    ),
    Mutation(
        drop("endpoint-config", "kmsKeyArn"),
        {"sagemaker-endpoint-config-kms": "kmsKeyArn is not set; it must be a customer-managed KMS key"},
    ),
    Mutation(
        drop("endpoint-config", "dataCaptureConfig.kmsKeyId"),
        {"sagemaker-data-capture-kms": "dataCaptureConfig.kmsKeyId is not set; it must be a customer-managed KMS key"},
    ),
    Mutation(
        drop("async-config", "asyncInferenceConfig.outputConfig.kmsKeyId"),
        {
            "sagemaker-data-capture-kms": (
                "asyncInferenceConfig.outputConfig.kmsKeyId is not set; it must be a customer-managed KMS key"
            )
        },
    ),
    Mutation(
        drop("data-quality", "jobResources.clusterConfig.volumeKmsKeyId"),
        {
            "sagemaker-monitoring-kms": (
                "jobResources.clusterConfig.volumeKmsKeyId is not set; it must be a customer-managed KMS key"
            )
        },
    ),
    Mutation(
        drop("inline-schedule", "monitoringScheduleConfig.monitoringJobDefinition.monitoringOutputConfig"),
        {
            "sagemaker-monitoring-kms": (
                "monitoringScheduleConfig.monitoringJobDefinition.monitoringOutputConfig.kmsKeyId is "
                "not set; it must be a customer-managed KMS key"
            )
        },
    ),
    Mutation(
        drop("customers", "offlineStoreConfig.s3StorageConfig.kmsKeyId"),
        {
            "sagemaker-feature-store-kms": (
                "offlineStoreConfig.s3StorageConfig.kmsKeyId is not set; it must be a customer-managed KMS key"
            )
        },
    ),
    Mutation(
        drop("customers", "onlineStoreConfig.securityConfig"),
        {
            "sagemaker-feature-store-kms": (
                "onlineStoreConfig.securityConfig.kmsKeyId is not set; it must be a customer-managed KMS key"
            )
        },
    ),
    Mutation(
        drop("one-off-training", "resourceConfig.volumeKmsKeyId"),
        {"sagemaker-training-kms": "resourceConfig.volumeKmsKeyId is not set; it must be a customer-managed KMS key"},
    ),
    Mutation(
        drop("one-off-training", "outputDataConfig"),
        {"sagemaker-training-kms": "outputDataConfig.kmsKeyId is not set; it must be a customer-managed KMS key"},
    ),
    Mutation(
        drop("studio", "kmsKeyId"),
        {"sagemaker-domain-notebook-kms": "kmsKeyId is not set; it must be a customer-managed KMS key"},
    ),
    Mutation(
        drop("notebook", "kmsKeyId"),
        {"sagemaker-domain-notebook-kms": "kmsKeyId is not set; it must be a customer-managed KMS key"},
    ),
]
