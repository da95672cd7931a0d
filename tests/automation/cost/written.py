"""Synth documents written by hand: a stack with a workload `churn`, and what is put into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from automation.cost import Document, Estimate, Line, Traffic, estimate

ROOT = "root"
WORKLOAD = "workload"
PARTS: dict[str, dict[str, Any]] = {
    ROOT: {"type": "pulumi:pulumi:Stack", "name": "p-s", "parent": "", "inputs": {}},
    WORKLOAD: {"type": "mlplatform:workload:Workload", "name": "churn", "parent": ROOT, "inputs": {}},
}


def synth(*resources: Mapping[str, Any], region: str = "us-east-1", **outputs: Any) -> dict[str, Any]:
    """A synth document with these resources beside its provider."""
    provider = {"type": "pulumi:providers:aws", "name": "aws", "parent": "", "inputs": {"region": region}}
    parts = [{"urn": urn, **part} for urn, part in (*PARTS.items(), ("provider", provider))]
    return {"stack": "s", "resources": [*parts, *resources], "outputs": outputs}


def resource(kind: str, name: str = "it", /, *, within: str = ROOT, **inputs: Any) -> dict[str, Any]:
    """A resource of AWS below the stack or its workload."""
    return {"urn": f"{kind}::{name}", "type": f"aws:{kind}", "name": name, "parent": within, "inputs": inputs}


def estimated(*resources: Mapping[str, Any], traffic: Traffic | None = None, region: str = "us-east-1") -> Estimate:
    """The estimate of a stack with these resources."""
    return estimate(Document.of(synth(*resources, region=region)), traffic)


def items(found: Estimate, name: str = "it") -> dict[str, float]:
    """Quantities of what a resource uses, by item."""
    return {line.item: round(line.quantity, 6) for line in found.lines if line.resource == name}


def usd(found: Estimate) -> float:
    return round(found.total.usd, 2)


def line(found: Estimate, item: str) -> Line:
    (only,) = (each for each in found.lines if each.item == item)
    return only


def endpoint(*variants: Mapping[str, Any], name: str = "churn-s-live") -> list[dict[str, Any]]:
    """An endpoint and its configuration; a variant names what differs from three ml.m5.large."""
    base = {"variantName": "champion", "instanceType": "ml.m5.large", "initialInstanceCount": 3}
    config = resource(
        "sagemaker/endpointConfiguration:EndpointConfiguration",
        f"{name}-config",
        within=WORKLOAD,
        name=f"{name}-1",
        dataCaptureConfig={"enableCapture": True, "initialSamplingPercentage": 100},
        productionVariants=[{**base, "initialVariantWeight": 100, **each} for each in variants or ({},)],
    )
    made = resource("sagemaker/endpoint:Endpoint", within=WORKLOAD, name=name, endpointConfigName=f"{name}-1")
    return [config, made]


def scaled(least: int, most: int, *, holds: int | None = None, **actions: tuple[int, int]) -> list[dict[str, Any]]:
    """Autoscaling of the champion: limits, invocations a minute to hold, and limits from `at_<HH>` on."""
    target = {"resourceId": "endpoint/churn-s-live/variant/champion"}
    made = [
        resource(
            "appautoscaling/target:Target", "target", within=WORKLOAD, minCapacity=least, maxCapacity=most, **target
        )
    ]
    for name, (fewest, greatest) in actions.items():
        made.append(
            resource(
                "appautoscaling/scheduledAction:ScheduledAction",
                name,
                within=WORKLOAD,
                schedule=f"cron(0 {int(name.removeprefix('at_'))} * * ? *)",
                scalableTargetAction={"minCapacity": fewest, "maxCapacity": greatest},
                **target,
            )
        )
    if holds:
        metric = {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        tracking = {"targetValue": holds, "predefinedMetricSpecification": metric}
        made.append(
            resource(
                "appautoscaling/policy:Policy",
                "policy",
                within=WORKLOAD,
                policyType="TargetTrackingScaling",
                targetTrackingScalingPolicyConfiguration=tracking,
                **target,
            )
        )
    return made


def drift_schedule(expression: str = "cron(0 * * * ? *)", *, publish: bool = False) -> dict[str, Any]:
    """An hourly processing job on one ml.m5.large, started by a schedule itself."""
    job = {
        "AppSpecification": {
            "ContainerArguments": ["detect", "--endpoint", "churn-s-live", *(["--publish"] if publish else [])]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
        },
    }
    return resource(
        "scheduler/schedule:Schedule",
        within=WORKLOAD,
        scheduleExpression=expression,
        target={"arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob", "input": json.dumps(job)},
    )
