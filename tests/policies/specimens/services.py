"""Functions, topics, queues, events, budgets, registries and delivery."""

from __future__ import annotations

import json

from tests.policies.specimens.network import PRIVATE
from tests.policies.specimens.serving import alarm
from tests.policies.specimens.training import KEY_ARN, scheduled
from tests.policies.support import ACCOUNT, Specimen

DLQ_ARN = Specimen("sqs/queue", "failures-dlq").arn


def specimens() -> list[Specimen]:
    """The services around the model."""
    return [
        Specimen("sns/topic", "alerts", {"kmsMasterKeyId": KEY_ARN}, {"kmsMasterKeyId": ["data-key"]}),
        Specimen(
            "sns/topicPolicy",
            "alerts-policy",
            {
                "arn": Specimen("sns/topic", "alerts").arn,
                "policy": json.dumps(
                    {
                        "Statement": [
                            {
                                "Sid": "Alarms",
                                "Effect": "Allow",
                                "Principal": "*",
                                "Action": "sns:Publish",
                                "Resource": "*",
                                "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}},
                            }
                        ]
                    }
                ),
            },
        ),
        Specimen("sqs/queue", "failures-dlq", {"sqsManagedSseEnabled": True}),
        Specimen(
            "sqs/queue",
            "requests",
            {"kmsMasterKeyId": KEY_ARN, "redrivePolicy": json.dumps({"deadLetterTargetArn": DLQ_ARN})},
            {"kmsMasterKeyId": ["data-key"], "redrivePolicy": ["failures-dlq"]},
        ),
        alarm("dlq-alarm", "ApproximateNumberOfMessagesVisible", "QueueName", "failures-dlq"),
        Specimen(
            "lambda/function",
            "rollback",
            {
                "runtime": "python3.12",
                "environment": {"variables": {"RELEASE_PARAMETER": "/mlplatform/prod/churn/release"}},
                "kmsKeyArn": KEY_ARN,
                "vpcConfig": {"subnetIds": PRIVATE, "securityGroupIds": ["workloads"]},
                "tracingConfig": {"mode": "Active"},
                "deadLetterConfig": {"targetArn": DLQ_ARN},
                "reservedConcurrentExecutions": 1.0,
            },
            {
                "kmsKeyArn": ["data-key"],
                "vpcConfig": [*PRIVATE, "workloads"],
                "deadLetterConfig": ["failures-dlq"],
            },
        ),
        alarm("rollback-alarm", "Errors", "FunctionName", "rollback"),
        Specimen(
            "lambda/permission",
            "rollback-permission",
            {"principal": "sns.amazonaws.com", "sourceArn": Specimen("sns/topic", "alerts").arn},
            {"sourceArn": ["alerts"]},
        ),
        Specimen("lambda/functionUrl", "function-url", {"authorizationType": "AWS_IAM"}),
        Specimen(
            "cloudwatch/eventTarget",
            "approved-target",
            {"deadLetterConfig": {"arn": DLQ_ARN}},
            {"deadLetterConfig": ["failures-dlq"]},
        ),
        Specimen(
            "scheduler/schedule",
            "weekly",
            {
                "scheduleExpression": "rate(7 days)",
                "target": {
                    "arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob",
                    "input": json.dumps(scheduled()),
                    "deadLetterConfig": {"arn": DLQ_ARN},
                },
            },
        ),
        Specimen(
            "budgets/budget",
            "budget",
            {
                "limitAmount": "1000",
                "notifications": [
                    {"threshold": 80.0, "subscriberSnsTopicArns": [Specimen("sns/topic", "alerts").arn]},
                ],
            },
        ),
        Specimen(
            "ecr/repository",
            "images",
            {
                "imageTagMutability": "IMMUTABLE",
                "imageScanningConfiguration": {"scanOnPush": True},
                "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY_ARN}],
            },
            protect=True,
        ),
        Specimen(
            "ecr/lifecyclePolicy",
            "images-lifecycle",
            {"repository": "images", "policy": json.dumps({"rules": [{"selection": {"tagStatus": "tagged"}}]})},
            {"repository": ["images"]},
        ),
        Specimen(
            "codepipeline/pipeline",
            "delivery",
            {
                "artifactStores": [{"location": "artifacts", "encryptionKey": {"id": KEY_ARN, "type": "KMS"}}],
                "stages": [{"name": "Approve", "actions": [{"name": "Approve", "category": "Approval"}]}],
            },
        ),
        Specimen(
            "codebuild/project",
            "build",
            {
                "encryptionKey": KEY_ARN,
                "buildTimeout": 60.0,
                "artifacts": {"type": "CODEPIPELINE"},
                "source": {"type": "CODEPIPELINE"},
                "environment": {
                    "computeType": "BUILD_GENERAL1_SMALL",
                    "environmentVariables": [{"name": "STACK", "value": "prod"}],
                },
            },
        ),
    ]
