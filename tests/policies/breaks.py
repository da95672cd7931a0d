"""Breaks of the prod stack as the program makes it: one at least for every policy that bears on it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.policies.changes import (
    Change,
    _append,
    add,
    approved,
    both,
    drop,
    grant,
    monitor,
    pipeline,
    put,
    quality,
    remove,
    the,
    unmonitored,
    unprotect,
)
from tests.policies.specimens import access
from tests.policies.support import Specimen


@dataclass(frozen=True)
class Break:
    """A change of the stack in words, the change, and the policies that must catch it."""

    what: str
    change: Change
    caught: tuple[str, ...]


RAW, KEY, CONFIG = the("s3/bucket", "lake-raw"), the("kms/key", "keys-raw"), the("sagemaker/endpointConfiguration")
ENDPOINT, FUNCTION = the("sagemaker/endpoint"), the("lambda/function", "rollback")
MODEL = the("sagemaker/model")
REPOSITORY, QUEUE, TOPIC = the("ecr/repository"), the("sqs/queue"), the("sns/topic", "alerts")
EVERYONE = {"Effect": "Allow", "Sid": "Everyone", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
PASSED = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
_HARDENING = ("sagemaker-pipeline-step-hardening",)
ENCRYPTION = "rules.0.applyServerSideEncryptionByDefault"

# A policy that no single change of the stack can break today, and why.
NOT_BREAKABLE = {"budget-with-alerts": "it is exempt until the cost component is there"}

BREAKS = [
    Break(
        "an AES256 bucket",
        put(the("s3/bucketServerSideEncryptionConfiguration", "raw"), f"{ENCRYPTION}.sseAlgorithm", "AES256"),
        ("s3-bucket-kms-encryption",),
    ),
    Break(
        "no bucket key",
        put(the("s3/bucketServerSideEncryptionConfiguration", "raw"), "rules.0.bucketKeyEnabled", False),
        ("s3-bucket-key-enabled",),
    ),
    Break("a key that never changes", put(KEY, "enableKeyRotation", False), ("kms-key-rotation",)),
    Break("images under a key of AWS", drop(REPOSITORY, "encryptionConfigurations"), ("ecr-repository-kms",)),
    Break("logs without a key", drop(the("cloudwatch/logGroup"), "kmsKeyId"), ("log-group-kms",)),
    Break("a plain endpoint volume", drop(CONFIG, "kmsKeyArn"), ("sagemaker-endpoint-config-kms",)),
    Break("plain captures", drop(CONFIG, "dataCaptureConfig.kmsKeyId"), ("sagemaker-data-capture-kms",)),
    Break(
        "plain reports",
        quality(lambda job: drop(job, "dataQualityJobOutputConfig.kmsKeyId")),
        ("sagemaker-monitoring-kms",),
    ),
    Break(
        "a plain online store",
        drop(the("sagemaker/featureGroup"), "onlineStoreConfig.securityConfig"),
        ("sagemaker-feature-store-kms",),
    ),
    Break("the topic key of AWS", put(TOPIC, "kmsMasterKeyId", "alias/aws/sns"), ("sns-topic-kms",)),
    Break("a plain queue", drop(QUEUE, "kmsMasterKeyId"), ("sqs-queue-encrypted",)),
    Break("plain variables", drop(FUNCTION, "kmsKeyArn"), ("lambda-env-kms",)),
    Break("a bucket over HTTP", remove(the("s3/bucketPolicy", "raw")), ("s3-bucket-tls-only",)),
    Break(
        "plain traffic",
        quality(lambda job: put(job, "networkConfig.enableInterContainerTrafficEncryption", False)),
        ("sagemaker-inter-container-encryption",),
    ),
    Break("a public subnet", put(the("ec2/subnet"), "mapPublicIpOnLaunch", True), ("subnet-no-auto-public-ip",)),
    Break(
        "a route out",
        put(the("ec2/routeTable"), "routes", [{"gatewayId": "igw-0123456789abcdef0"}]),
        ("workload-in-private-subnets",),
    ),
    Break("a model outside", drop(MODEL, "vpcConfig"), ("sagemaker-model-in-vpc",)),
    Break(
        "a model that calls out", put(MODEL, "enableNetworkIsolation", False), ("sagemaker-model-network-isolation",)
    ),
    Break(
        "a monitor that calls out",
        quality(lambda job: put(job, "networkConfig.enableNetworkIsolation", False)),
        ("sagemaker-job-network-isolation",),
    ),
    Break(
        "an open door",
        put(the("vpc/securityGroupIngressRule"), "cidrIpv4", "0.0.0.0/0"),
        ("security-group-no-open-ingress",),
    ),
    Break(
        "an open way out",
        put(the("vpc/securityGroupEgressRule", "each-other"), "cidrIpv4", "0.0.0.0/0"),
        ("security-group-restricted-egress",),
    ),
    Break(
        "a nameless rule",
        drop(the("vpc/securityGroupIngressRule"), "description"),
        ("security-group-rule-description",),
    ),
    Break("the default group", remove(the("ec2/defaultSecurityGroup")), ("default-security-group-closed",)),
    Break("no way to topics", remove(the("ec2/vpcEndpoint", "-sns")), ("vpc-endpoints-required",)),
    Break("an open endpoint", drop(the("ec2/vpcEndpoint"), "policy"), ("vpc-endpoint-policy-scoped",)),
    Break("a function outside", drop(FUNCTION, "vpcConfig"), ("lambda-in-vpc",)),
    Break("a public bucket", remove(the("s3/bucketPublicAccessBlock", "raw")), ("s3-public-access-block",)),
    Break(
        "a half-public bucket",
        put(the("s3/bucketPublicAccessBlock"), "blockPublicPolicy", False),
        ("s3-public-access-block-complete",),
    ),
    Break(
        "a bucket ACL", put(the("s3/bucketOwnershipControls"), "rule.objectOwnership", "ObjectWriter"), ("s3-no-acl",)
    ),
    Break(
        "a bucket for everyone",
        _append(the("s3/bucketPolicy", "raw"), "policy", EVERYONE),
        ("resource-policy-no-wildcard-principal",),
    ),
    Break("a function for any account", drop(the("lambda/permission"), "sourceArn"), ("lambda-permission-scoped",)),
    Break(
        "all of IAM",
        grant(Action="iam:*", Resource="arn:aws:iam::123456789012:role/a"),
        ("iam-no-admin-statement", "iam-no-service-wildcard", "iam-pass-role-scoped"),
    ),
    Break("all of S3", grant(Action="s3:*", Resource="arn:aws:s3:::a"), ("iam-no-service-wildcard",)),
    Break("every bucket", grant(Action="s3:PutObject", Resource="*"), ("iam-no-resource-star",)),
    Break(
        "every secret",
        grant(Action="secretsmanager:GetSecretValue", Resource="*"),
        ("iam-no-resource-star", "iam-no-data-exfiltration"),
    ),
    Break(
        "another function's code",
        grant(Action="lambda:UpdateFunctionCode", Resource="*"),
        ("iam-no-resource-star", "iam-no-privilege-escalation"),
    ),
    Break(
        "any role",
        grant(Action="iam:PassRole", Resource="arn:aws:iam::123456789012:role/*", Condition=PASSED),
        ("iam-pass-role-scoped",),
    ),
    Break("everything but", grant(NotAction="iam:*", Resource="arn:aws:s3:::a"), ("iam-no-not-action",)),
    Break(
        "a role for any account",
        put(
            the("iam/role", "training-training"),
            "assumeRolePolicy",
            access.document({"Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}),
        ),
        ("iam-trust-policy-scoped",),
    ),
    Break(
        "full access",
        put(the("iam/role"), "managedPolicyArns", ["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"]),
        ("iam-no-broad-managed-policy",),
    ),
    Break("a role without bounds", drop(the("iam/role"), "permissionsBoundary"), ("iam-permissions-boundary",)),
    Break("a password", put(FUNCTION, "environment.variables.DB_PASSWORD", "hunter2"), ("no-plaintext-secrets",)),
    Break("a missing tag", drop(ENDPOINT, "tagsAll.Owner"), ("required-tags",)),
    Break(
        "a tag of another stack", put(ENDPOINT, "tagsAll.Environment", "staging"), ("environment-tag-matches-stack",)
    ),
    Break("a cost centre that is none", put(ENDPOINT, "tagsAll.CostCenter", "?"), ("cost-center-tag-format",)),
    Break("a tag of two spellings", put(ENDPOINT, "tagsAll.owner", "me"), ("tag-keys-valid",)),
    Break("a tag of AWS", put(ENDPOINT, "tagsAll.Aws:Project", "me"), ("tag-keys-valid",)),
    Break("another name", put(the("sagemaker/pipeline"), "pipelineName", "churn"), ("resource-name-pattern",)),
    Break("logs of a week", put(the("cloudwatch/logGroup"), "retentionInDays", 7.0), ("log-retention",)),
    Break("no access logs", remove(the("s3/bucketLogging", "raw")), ("s3-access-logging",)),
    Break("no flow logs", remove(the("ec2/flowLog")), ("vpc-flow-logs",)),
    Break("no traces", drop(FUNCTION, "tracingConfig"), ("tracing-enabled",)),
    Break("no versions", remove(the("s3/bucketVersioning", "raw")), ("s3-versioning",)),
    Break("no lifecycle", remove(the("s3/bucketLifecycleConfiguration", "raw")), ("s3-lifecycle",)),
    Break("an unprotected bucket", unprotect(RAW), ("stateful-protected",)),
    Break("tags that move", put(REPOSITORY, "imageTagMutability", "MUTABLE"), ("ecr-immutable-tags",)),
    Break("no scan", put(REPOSITORY, "imageScanningConfiguration.scanOnPush", False), ("ecr-scan-on-push",)),
    Break("images for ever", remove(the("ecr/lifecyclePolicy")), ("ecr-lifecycle-policy",)),
    Break(
        "plain results of Spark",
        put(the("glue/securityConfiguration"), "encryptionConfiguration.s3Encryption.s3EncryptionMode", "SSE-S3"),
        ("glue-security-configuration-encrypted",),
    ),
    Break(
        "a plain catalogue",
        put(
            the("glue/dataCatalogEncryptionSettings"),
            "dataCatalogEncryptionSettings.encryptionAtRest.catalogEncryptionMode",
            "DISABLED",
        ),
        ("glue-data-catalog-encrypted",),
    ),
    Break("a bucket without a lock", put(RAW, "objectLockEnabled", False), ("artifact-bucket-object-lock",)),
    Break("an endpoint without capture", drop(CONFIG, "dataCaptureConfig"), ("endpoint-data-capture",)),
    Break("no monitoring", unmonitored, ("endpoint-has-monitoring-schedule",)),
    Break("no baseline", quality(lambda job: drop(job, "dataQualityBaselineConfig")), ("monitoring-has-baseline",)),
    Break("an endless monitor", quality(lambda job: drop(job, "stoppingCondition")), ("monitoring-runtime-bounded",)),
    Break(
        "all traffic at once",
        put(ENDPOINT, "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.type", "ALL_AT_ONCE"),
        ("endpoint-deployment-guardrails",),
    ),
    Break(
        "no rollback alarm",
        drop(ENDPOINT, "deploymentConfig.autoRollbackConfiguration"),
        ("endpoint-deployment-guardrails",),
    ),
    Break(
        "an alarm that is not there",
        put(ENDPOINT, "deploymentConfig.autoRollbackConfiguration.alarms", [{"alarmName": "gone"}]),
        ("endpoint-rollback-alarms-exist",),
    ),
    Break(
        "a plain job",
        pipeline(lambda steps: steps["Prepare"]["ProcessingResources"]["ClusterConfig"].pop("VolumeKmsKeyId")),
        ("sagemaker-pipeline-step-hardening",),
    ),
    Break("a plain monitor", monitor(lambda request: request["NetworkConfig"].pop("VpcConfig")), _HARDENING),
    Break(
        "a monitor on a costly instance",
        monitor(lambda request: request["ProcessingResources"]["ClusterConfig"].update(InstanceType="ml.p3.16xlarge")),
        ("sagemaker-instance-allow-list",),
    ),
    Break("models that approve themselves", pipeline(approved), ("sagemaker-pipeline-registers-pending",)),
    Break(
        "training on demand",
        pipeline(lambda steps: steps["Train"].update(EnableManagedSpotTraining=False)),
        ("spot-training-with-checkpoints",),
    ),
    Break(
        "a model from a file",
        put(MODEL, "primaryContainer", {"modelDataUrl": "s3://a/model.tar.gz"}),
        ("sagemaker-model-from-registry",),
    ),
    Break("an image by tag", put(MODEL, "primaryContainer.image", "churn:latest"), ("image-pinned-by-digest",)),
    Break("no approval", remove(the("cloudwatch/eventRule", "package-decided")), ("sagemaker-approval-gate",)),
    Break(
        "packages that others write",
        add(
            Specimen(
                "sagemaker/modelPackageGroupPolicy",
                "packages-policy",
                {
                    "modelPackageGroupName": "churn-prod",
                    "resourcePolicy": access.document(
                        {
                            "Principal": {"AWS": "444455556666"},
                            "Action": "sagemaker:UpdateModelPackage",
                            "Resource": "*",
                        }
                    ),
                },
            )
        ),
        ("model-package-group-access",),
    ),
    Break("no model card", pipeline(lambda steps: steps["Register"].pop("ModelCard", None)), ("model-card-present",)),
    Break(
        "features without history",
        drop(the("sagemaker/featureGroup"), "offlineStoreConfig"),
        ("feature-group-offline-store",),
    ),
    Break(
        "a costly instance",
        put(CONFIG, "productionVariants.0.instanceType", "ml.p3.16xlarge"),
        ("sagemaker-instance-allow-list",),
    ),
    Break("a hundred instances", put(the("appautoscaling/target"), "maxCapacity", 100.0), ("capacity-ceiling",)),
    Break(
        "NAT gateways",
        both(*(add(Specimen("ec2/natGateway", f"nat-{i}", tagged=True)) for i in range(4))),
        ("nat-gateway-count",),
    ),
    Break("one instance", put(CONFIG, "productionVariants.0.initialInstanceCount", 1.0), ("endpoint-min-instances",)),
    Break("no scaling", remove(the("appautoscaling/target")), ("endpoint-autoscaling",)),
    Break("an unwatched queue", remove(the("cloudwatch/metricAlarm", "dead-letters")), ("core-alarms-present",)),
    Break("a silent alarm", put(the("cloudwatch/metricAlarm"), "alarmActions", []), ("alarm-has-action",)),
    Break(
        "an unclear alarm", drop(the("cloudwatch/metricAlarm"), "treatMissingData"), ("alarm-missing-data-explicit",)
    ),
    Break("lost events", drop(FUNCTION, "deadLetterConfig"), ("async-dead-letter",)),
    Break(
        "a queue that never ends", add(Specimen("sqs/queue", "work", {"sqsManagedSseEnabled": True})), ("sqs-redrive",)
    ),
    Break("an old runtime", put(FUNCTION, "runtime", "python3.8"), ("supported-runtimes",)),
    Break(
        "one zone",
        both(*(put(the("ec2/subnet", zone), "availabilityZone", "eu-west-1a") for zone in ("-2", "-3"))),
        ("multi-az-subnets",),
    ),
]
