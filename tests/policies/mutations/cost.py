"""Cost guard rails: what breaks each policy, and what it says."""

from __future__ import annotations

from typing import Any

from tests.policies.mutation import Mutation, add, drop, machine, pipeline, put, remove
from tests.policies.support import Specimen


def _eleven(request: dict[str, Any]) -> None:
    """The hosts of a training job."""
    request["ResourceConfig"] = {**request["ResourceConfig"], "InstanceCount": 11}


_GRAVITON = ", ".join(f"ml.{family}.*large" for family in ("m6g", "m8g", "c6g", "c7g", "c8g", "r6g", "r8g"))
MUTATIONS = [
    Mutation(
        put("endpoint-config", "productionVariants.0.instanceType", "ml.p3.16xlarge"),
        {
            "sagemaker-instance-allow-list": (
                'productionVariants[0].instanceType is "ml.p3.16xlarge"; it must be one of ml.t3.*, '
                "ml.m5.*large, ml.m6i.*large, ml.m7i.*large, ml.c5.*large, ml.c6i.*large, ml."
                f"c7i.*large, ml.r5.*large, {_GRAVITON}"
            )
        },
    ),
    Mutation(
        put("notebook", "instanceType", "ml.p3.2xlarge"),
        {
            "sagemaker-instance-allow-list": (
                'instanceType is "ml.p3.2xlarge"; it must be one of ml.t3.*, ml.m5.*large, ml.'
                f"m6i.*large, ml.m7i.*large, ml.c5.*large, ml.c6i.*large, ml.c7i.*large, ml.r5.*large, {_GRAVITON}"
            )
        },
    ),
    Mutation(
        put("etl", "workerType", "G.8X"),
        {
            "compute-instance-allow-list": (
                'workerType is "G.8X"; it must be one of t3.*, m5.*, m6i.*, m7i.*, c5.*, c6i.*, '
                "c7i.*, G.1X, G.2X, Standard, BUILD_GENERAL1_SMALL, BUILD_GENERAL1_MEDIUM, "
                "BUILD_LAMBDA_*"
            )
        },
    ),
    Mutation(
        put("etl", "numberOfWorkers", 500.0),
        {"compute-instance-allow-list": "numberOfWorkers is 500; it must be at most 10"},
    ),
    Mutation(
        put("nodes", "instanceTypes", ["p4d.24xlarge"]),
        {
            "compute-instance-allow-list": (
                'instanceTypes[0] is "p4d.24xlarge"; it must be one of t3.*, m5.*, m6i.*, m7i.*, '
                "c5.*, c6i.*, c7i.*, G.1X, G.2X, Standard, BUILD_GENERAL1_SMALL, "
                "BUILD_GENERAL1_MEDIUM, BUILD_LAMBDA_*"
            )
        },
    ),
    Mutation(
        put("endpoint-config", "productionVariants.0.initialInstanceCount", 50.0),
        {"capacity-ceiling": "productionVariants[0].initialInstanceCount is 50; it must be at most 10 instances"},
    ),
    Mutation(
        pipeline(lambda d: _eleven(d["Steps"][1]["Arguments"])),
        {
            "capacity-ceiling": (
                "pipelineDefinition.Steps[1].Arguments.ResourceConfig.InstanceCount is 11; "
                "it must be at most 10 instances"
            )
        },
    ),
    Mutation(
        machine(lambda states: _eleven(states["Train"]["Parameters"])),
        {
            "capacity-ceiling": (
                "definition.States.Train.Parameters.ResourceConfig.InstanceCount is 11; it must be at most 10 instances"
            )
        },
    ),
    Mutation(
        put("one-off-training", "resourceConfig.instanceCount", 11.0),
        {"capacity-ceiling": "resourceConfig.instanceCount is 11; it must be at most 10 instances"},
    ),
    Mutation(
        put("scaling-target", "maxCapacity", 100.0),
        {"capacity-ceiling": "maxCapacity is 100; it must be at most 10 instances"},
    ),
    Mutation(
        put("scaling-morning", "scalableTargetAction.maxCapacity", 100.0),
        {"capacity-ceiling": "scalableTargetAction.maxCapacity is 100; it must be at most 10 instances"},
    ),
    Mutation(
        put("nodes", "scalingConfig.maxSize", 100.0),
        {"capacity-ceiling": "scalingConfig.maxSize is 100; it must be at most 10 nodes"},
    ),
    Mutation(
        drop("rollback", "reservedConcurrentExecutions"),
        {"capacity-ceiling": "reservedConcurrentExecutions is not set; it must be set, to at most 100 executions"},
    ),
    Mutation(
        put("one-off-training", "enableManagedSpotTraining", False),
        {"spot-training-with-checkpoints": "enableManagedSpotTraining is false; it must be true"},
    ),
    Mutation(
        drop("one-off-training", "checkpointConfig"),
        {"spot-training-with-checkpoints": "checkpointConfig.s3Uri is not set; it must be an S3 URI"},
    ),
    Mutation(drop("etl", "timeout"), {"job-timeouts": "timeout is not set; it must be set, to at most 480 minutes"}),
    Mutation(
        put("build", "buildTimeout", 2000.0),
        {"job-timeouts": "buildTimeout is 2000; it must be set, to at most 480 minutes"},
    ),
    Mutation(
        drop("one-off-training", "stoppingCondition"),
        {
            "job-timeouts": (
                "stoppingCondition.maxRuntimeInSeconds is not set; it must be set, to at most 86400 seconds"
            )
        },
    ),
    Mutation(remove("budget"), {"budget-with-alerts": "stack 'prod': it declares no budget"}),
    Mutation(drop("budget", "notifications"), {"budget-with-alerts": "notifications is not set"}),
    Mutation(
        add(*(Specimen("ec2/natGateway", f"nat-{i}") for i in range(3))),
        {"nat-gateway-count": "stack 'prod': it has 4 NAT gateways; at most 3 are planned"},
    ),
]
