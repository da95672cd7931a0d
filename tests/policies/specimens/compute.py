"""Containers, Kubernetes and load balancers."""

from __future__ import annotations

import json
from typing import Any

from tests.policies.specimens.network import PRIVATE
from tests.policies.support import ACCOUNT, REGION, Specimen

CONTAINER: dict[str, Any] = {
    "name": "inference",
    "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/churn@sha256:{'0' * 64}",
    "user": "10001",
    "readonlyRootFilesystem": True,
    "privileged": False,
    "logConfiguration": {"logDriver": "awslogs"},
    "environment": [{"name": "LOG_LEVEL", "value": "INFO"}],
}


def task(**changes: Any) -> str:
    """The containers of a task definition, with changes to the one there is."""
    return json.dumps([{**CONTAINER, **changes}])


def specimens() -> list[Specimen]:
    """ECS, EKS and a load balancer."""
    return [
        Specimen("ecs/cluster", "cluster", {"settings": [{"name": "containerInsights", "value": "enabled"}]}),
        Specimen(
            "ecs/taskDefinition",
            "task",
            {
                "containerDefinitions": task(),
                "networkMode": "awsvpc",
                "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/execution",
                "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/inference",
                "volumes": [{"name": "shared", "efsVolumeConfiguration": {"transitEncryption": "ENABLED"}}],
            },
        ),
        Specimen(
            "ecs/service",
            "service",
            {
                "desiredCount": 2.0,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "deploymentMinimumHealthyPercent": 100.0,
                "networkConfiguration": {"subnets": PRIVATE, "assignPublicIp": False},
            },
            {"networkConfiguration": PRIVATE},
        ),
        Specimen(
            "lb/loadBalancer",
            "balancer",
            {
                "internal": True,
                "subnets": PRIVATE,
                "accessLogs": {"enabled": True, "bucket": "access-logs"},
                "enableDeletionProtection": True,
                "dropInvalidHeaderFields": True,
            },
            {"subnets": PRIVATE},
        ),
        Specimen("lb/listener", "listener", {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}),
        Specimen(
            "lb/listener",
            "redirect-listener",
            {"protocol": "HTTP", "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS"}}]},
        ),
        Specimen(
            "lb/targetGroup",
            "targets",
            {"protocol": "HTTPS", "targetType": "ip", "healthCheck": {"path": "/ready", "enabled": True}},
        ),
        Specimen(
            "eks/cluster",
            "kubernetes",
            {
                "version": "1.33",
                "deletionProtection": True,
                "encryptionConfig": {"provider": {"keyArn": "arn:key"}, "resources": ["secrets"]},
                "vpcConfig": {"endpointPrivateAccess": True, "endpointPublicAccess": False, "subnetIds": PRIVATE},
                "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
            },
        ),
        Specimen(
            "eks/nodeGroup",
            "nodes",
            {
                "subnetIds": PRIVATE,
                "instanceTypes": ["m5.large"],
                "scalingConfig": {"minSize": 2.0, "maxSize": 4.0},
                "remoteAccess": {"ec2SshKey": "ops", "sourceSecurityGroupIds": ["sg-ops"]},
            },
            {"subnetIds": PRIVATE},
        ),
    ]
