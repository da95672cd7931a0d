"""Reliability: what breaks each policy, and what it says."""

from __future__ import annotations

from tests.policies.mutation import Mutation, drop, link, put, remove
from tests.policies.specimens import compute

MUTATIONS = [
    Mutation(
        put("endpoint-config", "productionVariants.0.initialInstanceCount", 1.0),
        {"endpoint-min-instances": "productionVariants[0].initialInstanceCount is 1; it must be at least 2 instances"},
    ),
    Mutation(
        remove("scaling-target"),
        {"endpoint-autoscaling": "sagemaker/endpoint 'endpoint': no variant of it is a scalable target"},
    ),
    Mutation(
        remove("scaling-policy"),
        {"endpoint-autoscaling": "appautoscaling/target 'scaling-target': no scaling policy is attached"},
    ),
    Mutation(
        put("scaling-target", "minCapacity", 1.0),
        {"endpoint-autoscaling": "minCapacity is 1; it must be at least 2 instances"},
    ),
    Mutation(
        put("service", "desiredCount", 1.0), {"ecs-service-resilient": "desiredCount is 1; it must be at least 2 tasks"}
    ),
    Mutation(
        drop("service", "deploymentCircuitBreaker"),
        {"ecs-service-resilient": "deploymentCircuitBreaker.rollback is not set; it must be true"},
    ),
    Mutation(
        link("service", "networkConfiguration", {"subnets": ["private-a"], "assignPublicIp": False}, ["private-a"]),
        {"multi-az-subnets": "networkConfiguration.subnets[] covers 1 availability zone; it must be at least 2"},
    ),
    Mutation(
        drop("dlq-alarm", "alarmActions"), {"alarm-has-action": "alarmActions is not set; it must be a list of actions"}
    ),
    Mutation(
        put("dlq-alarm", "actionsEnabled", False), {"alarm-has-action": "actionsEnabled is false; it must be true"}
    ),
    Mutation(
        drop("dlq-alarm", "treatMissingData"),
        {
            "alarm-missing-data-explicit": (
                'treatMissingData is not set; it must be "notBreaching" or "breaching" or "ignore" or "missing"'
            )
        },
    ),
    Mutation(
        remove("rollback-alarm"), {"core-alarms-present": "lambda/function 'rollback': no alarm watches its Errors"}
    ),
    Mutation(
        remove("dlq-alarm"),
        {"core-alarms-present": "sqs/queue 'failures-dlq': no alarm watches its ApproximateNumberOfMessagesVisible"},
    ),
    Mutation(
        remove("latency-alarm"),
        {
            "endpoint-rollback-alarms-exist": [
                "sagemaker/endpoint 'endpoint': deploymentConfig.autoRollbackConfiguration.alarms[1].alarmName is "
                '"latency-alarm"; it must be the name of an alarm of the stack',
                "sagemaker/endpoint 'endpoint': none of its rollback alarms watches ModelLatency",
            ],
            "core-alarms-present": "sagemaker/endpoint 'endpoint': no alarm watches its ModelLatency",
        },
    ),
    Mutation(
        drop("rollback", "deadLetterConfig"),
        {"async-dead-letter": "deadLetterConfig.targetArn is not set; it must be the ARN of a queue or topic"},
    ),
    Mutation(
        drop("approved-target", "deadLetterConfig"),
        {"async-dead-letter": "deadLetterConfig.arn is not set; it must be the ARN of a queue"},
    ),
    Mutation(
        drop("weekly", "target"),
        {"async-dead-letter": "target.deadLetterConfig.arn is not set; it must be the ARN of a queue"},
    ),
    Mutation(
        drop("requests", "redrivePolicy"), {"sqs-redrive": "redrivePolicy is not set; it must be a dead-letter queue"}
    ),
    Mutation(
        drop("targets", "healthCheck.path"),
        {"target-group-health-check": "healthCheck.path is not set; it must be the path of a health page"},
    ),
    Mutation(
        put("rollback", "runtime", "python3.8"),
        {
            "supported-runtimes": (
                'runtime is "python3.8"; it must be "python3.11" or "python3.12" or "python3.13" or '
                '"python3.14" or "nodejs22.x" or "nodejs24.x" or "java17" or "java21" or "java25" or "provided.al2023"'
            )
        },
    ),
    Mutation(
        put("kubernetes", "version", "1.24"),
        {"supported-runtimes": 'version is "1.24"; it must be "1.32" or "1.33" or "1.34" or "1.35"'},
    ),
    Mutation(
        put("etl", "glueVersion", "2.0"), {"supported-runtimes": 'glueVersion is "2.0"; it must be "4.0" or "5.0"'}
    ),
    Mutation(
        put("task", "containerDefinitions", compute.task(user="root")),
        {"ecs-container-hardening": 'containerDefinitions[0].user is "root"; it must be a user but root'},
    ),
    Mutation(
        put("task", "containerDefinitions", compute.task(privileged=True, readonlyRootFilesystem=False)),
        {
            "ecs-container-hardening": [
                "containerDefinitions[0].privileged is true; it must be false",
                "containerDefinitions[0].readonlyRootFilesystem is false; it must be true",
            ]
        },
    ),
    Mutation(
        put("task", "networkMode", "host"), {"ecs-container-hardening": 'networkMode is "host"; it must be "awsvpc"'}
    ),
    Mutation(
        put("balancer", "dropInvalidHeaderFields", False),
        {"alb-hardening": "dropInvalidHeaderFields is false; it must be true"},
    ),
    Mutation(
        put("balancer", "desyncMitigationMode", "monitor"),
        {"alb-hardening": 'desyncMitigationMode is "monitor"; it must be "defensive" or "strictest"'},
    ),
]
