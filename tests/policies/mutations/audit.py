"""Logging and audit: what breaks each policy, and what it says."""

from __future__ import annotations

from tests.policies.mutation import Mutation, drop, put, remove
from tests.policies.specimens import compute

MUTATIONS = [
    Mutation(
        drop("trail-logs", "retentionInDays"),
        {"log-retention": "retentionInDays is not set; it must be at least 365 days"},
    ),
    Mutation(
        put("trail-logs", "retentionInDays", 7.0),
        {"log-retention": "retentionInDays is 7; it must be at least 365 days"},
    ),
    Mutation(
        remove("raw-logging"),
        {
            "s3-bucket-kms-encryption": [
                (
                    "s3/bucketServerSideEncryptionConfiguration 'access-logs-encryption': rules[0]."
                    'applyServerSideEncryptionByDefault.sseAlgorithm is "AES256"; it must be "aws:kms" '
                    'or "aws:kms:dsse"'
                ),
                (
                    "s3/bucketServerSideEncryptionConfiguration 'access-logs-encryption': rules[0]."
                    "applyServerSideEncryptionByDefault.kmsMasterKeyId is not set; it must be a "
                    "customer-managed KMS key"
                ),
            ],
            "s3-access-logging": [
                "s3/bucket 'access-logs': no bucketLogging is attached",
                "s3/bucket 'raw': no bucketLogging is attached",
            ],
        },
    ),
    Mutation(remove("flow-log"), {"vpc-flow-logs": "ec2/vpc 'vpc': no flowLog is declared for it"}),
    Mutation(
        put("flow-log", "trafficType", "ACCEPT"),
        {"vpc-flow-logs": 'trafficType is "ACCEPT"; it must be "ALL" or "REJECT"'},
    ),
    Mutation(
        put("rollback", "tracingConfig.mode", "PassThrough"),
        {"tracing-enabled": 'tracingConfig.mode is "PassThrough"; it must be "Active"'},
    ),
    Mutation(
        put("audit-trail", "enableLogFileValidation", False),
        {"cloudtrail-hardened": "enableLogFileValidation is false; it must be true"},
    ),
    Mutation(
        drop("audit-trail", "cloudWatchLogsGroupArn"),
        {"cloudtrail-hardened": "cloudWatchLogsGroupArn is not set; it must be a log group"},
    ),
    Mutation(
        drop("audit-trail", "eventSelectors"), {"cloudtrail-data-events": "no event selector records AWS::S3::Object"}
    ),
    Mutation(
        drop("balancer", "accessLogs"),
        {
            "alb-access-logs": [
                "accessLogs.enabled is not set; it must be true",
                "accessLogs.bucket is not set; it must be a bucket for access logs",
            ]
        },
    ),
    Mutation(
        put("kubernetes", "enabledClusterLogTypes", ["api"]),
        {"eks-control-plane-logs": "enabledClusterLogTypes lacks audit, authenticator, controllerManager, scheduler"},
    ),
    Mutation(drop("cluster", "settings"), {"ecs-logging-and-insights": "settings has no containerInsights"}),
    Mutation(
        put("task", "containerDefinitions", compute.task(logConfiguration=None)),
        {
            "ecs-logging-and-insights": (
                "containerDefinitions[0].logConfiguration.logDriver is not set; it must be a log driver"
            )
        },
    ),
    Mutation(
        put("build", "logsConfig.cloudwatchLogs.status", "DISABLED"),
        {"codebuild-logging": 'logsConfig.cloudwatchLogs.status is "DISABLED"; it must be "ENABLED"'},
    ),
    Mutation(
        drop("etl", "defaultArguments.--enable-continuous-cloudwatch-log"),
        {"glue-job-logging": 'defaultArguments.--enable-continuous-cloudwatch-log is not set; it must be "true"'},
    ),
]
