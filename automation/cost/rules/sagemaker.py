"""What SageMaker costs: instances of endpoints by the hour of the week, jobs, pipelines, the online feature store."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from automation.cost.charge import Charge, Context, Rule
from automation.cost.document import Document, Resource
from automation.cost.rules.jobs import (
    MONITORING,
    PIPELINE,
    SCHEDULE,
    job,
    monitoring_runs,
    pipeline_runs,
    scheduled_job,
    scheduled_runs,
    scheduled_transform,
)
from automation.cost.schedules import hours_of_week
from automation.cost.traffic import HOURS_A_WEEK, KB_OF_GB, Traffic
from automation.operations.errors import RefusedError
from contracts.prices import HOURS_A_MONTH

CONFIG: Final = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
SCALED: Final = "aws:appautoscaling/target:Target"
_SCALING: Final = "aws:appautoscaling/policy:Policy"
_TIMED: Final = "aws:appautoscaling/scheduledAction:ScheduledAction"
_OBJECT: Final = "aws:s3/bucketObjectv2:BucketObjectv2"
_CONTRACT: Final = "/contract.json"
_INVOCATIONS: Final = "SageMakerVariantInvocationsPerInstance"
#: GB of an instance's volume where the configuration names none.
VOLUME_GB: Final = 30
#: Of the platform's metrics those that have no feature: DriftScore and ScoreDrift of an endpoint.
_METRICS_OF_ENDPOINT: Final = 2


def _endpoint(resource: Resource, context: Context) -> Iterator[Charge]:
    config = context.document.one(CONFIG, name=resource.inputs["endpointConfigName"])
    variants = [*config.list("productionVariants"), *config.list("shadowProductionVariants")]
    weights = sum(each.get("initialVariantWeight", 1) for each in config.list("productionVariants"))
    for variant in variants:
        share = variant.get("initialVariantWeight", 1) / (weights or 1)
        if serverless := variant.get("serverlessConfig"):
            yield from _serverless(serverless, share, context.traffic)
            continue
        if "instanceType" not in variant:
            raise RefusedError(
                f"{resource.name}: found a variant without instances; give its kind a rule in {__name__}"
            )
        hours = _instance_hours(
            f"endpoint/{resource.inputs['name']}/variant/{variant['variantName']}", variant, share, context
        )
        yield Charge("sagemaker", f"instance {variant['instanceType']}", hours)
        volume = variant.get("volumeSizeInGb") or VOLUME_GB
        yield Charge("sagemaker", "endpoint and training storage", volume * hours / HOURS_A_MONTH)
    traffic = context.traffic
    moved = traffic.served * (traffic.request_kb + traffic.response_kb) / KB_OF_GB
    served_by = "serverless" if all("serverlessConfig" in variant for variant in variants) else "endpoint"
    yield Charge("sagemaker", f"{served_by} data in and out", moved, traffic=True)


def _serverless(config: Mapping[str, Any], share: float, traffic: Traffic) -> Iterator[Charge]:
    """Memory by the seconds of requests, and by those that executions are kept warm, whether asked or not."""
    gigabytes = config["memorySizeInMb"] / 1024
    seconds = traffic.served * share * traffic.serverless_ms / 1000
    yield Charge("sagemaker", "serverless inference compute", gigabytes * seconds, traffic=True)
    warm = gigabytes * config.get("provisionedConcurrency", 0) * traffic.endpoint_hours * 3600
    yield Charge("sagemaker", "serverless provisioned concurrency", warm)


def _instance_hours(scaled: str, variant: Mapping[str, Any], share: float, context: Context) -> float:
    """Hours of instances in a month: of a fixed fleet, or of one that scales with the hour and the load.

    One that goes to zero has an instance in every hour with requests: it goes after a quarter of one without.
    """
    document, traffic = context
    hours = traffic.running_hours()
    if not hours:
        return 0
    targets = document.all(SCALED, resourceId=scaled)
    if not targets:
        return variant["initialInstanceCount"] * traffic.endpoint_hours
    within = limits(targets[0], document)
    takes = _invocations_held(scaled, document)
    fleet = [
        min(max(least, traffic.rate(hour) > 0, math.ceil(traffic.rate(hour) * share / takes)), most)
        for hour in hours
        for least, most in [within[hour]]
    ]
    return sum(fleet) / len(fleet) * traffic.endpoint_hours


def _invocations_held(scaled: str, document: Document) -> float:
    """Invocations a minute that an instance is to take; without end where the fleet scales by something else."""
    tracked = (
        policy.inputs.get("targetTrackingScalingPolicyConfiguration") or {}
        for policy in document.all(_SCALING, resourceId=scaled)
    )
    held = [
        each["targetValue"]
        for each in tracked
        if (each.get("predefinedMetricSpecification") or {}).get("predefinedMetricType") == _INVOCATIONS
    ]
    return min(held, default=math.inf)


def limits(target: Resource, document: Document) -> Sequence[tuple[int, int]]:
    """Fewest and most of a target in each hour of the week: what the last scheduled action said."""
    said: dict[int, tuple[int, int]] = {}
    for action in document.all(_TIMED, resourceId=target.inputs["resourceId"]):
        limit = action.inputs["scalableTargetAction"]
        for hour in hours_of_week(action.inputs["schedule"]):
            said[hour] = (limit["minCapacity"], limit["maxCapacity"])
    now = said[max(said)] if said else (target.inputs["minCapacity"], target.inputs["maxCapacity"])
    found: list[tuple[int, int]] = []
    for hour in range(HOURS_A_WEEK):
        now = said.get(hour, now)
        found.append(now)
    return found


def fewest(target: Resource, context: Context) -> float:
    """The fewest of a target, on average over the hours in which endpoints run; 0 where they never do."""
    within, hours = limits(target, context.document), context.traffic.running_hours()
    return sum(within[hour][0] for hour in hours) / len(hours) if hours else 0


def _schedule(resource: Resource, context: Context) -> Iterator[Charge]:
    runs = scheduled_runs(resource, context)
    yield Charge("scheduler", "invocations", runs / 1_000_000)
    if scored := scheduled_transform(resource):
        yield from job(scored["TransformResources"], runs, context)
    if started := scheduled_job(resource):
        yield from job(started["ProcessingResources"]["ClusterConfig"], runs, context)
        if "--publish" in started["AppSpecification"].get("ContainerArguments", ()):
            metrics = _METRICS_OF_ENDPOINT + _features(resource, context.document)
            yield Charge("cloudwatch", "custom metric", metrics * context.traffic.running)


def _features(resource: Resource, document: Document) -> int:
    """How many features the contract of the resource's workload has; each has a metric of its own."""
    for found in document.all(_OBJECT):
        if found.workload == resource.workload and found.inputs["key"].endswith(_CONTRACT):
            return len(json.loads(found.inputs["content"])["features"])
    raise RefusedError(
        f"{resource.name}: found no contract of {resource.workload}, whose features it publishes; add it"
    )


def _monitoring(resource: Resource, context: Context) -> Iterator[Charge]:
    definition = context.document.one(
        "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
        name=resource.inputs["monitoringScheduleConfig"]["monitoringJobDefinitionName"],
    )
    cluster = definition.inputs["jobResources"]["clusterConfig"]
    words = {
        "InstanceType": cluster["instanceType"],
        "InstanceCount": cluster["instanceCount"],
        "VolumeSizeInGB": cluster["volumeSizeInGb"],
    }
    yield from job(words, monitoring_runs(resource, context), context)


def _pipeline(resource: Resource, context: Context) -> Iterator[Charge]:
    """Every step that has instances, at the price on demand: Spot is cheaper, by what nobody knows before."""
    definition = json.loads(resource.inputs["pipelineDefinition"])
    parameters = {each["Name"]: each.get("DefaultValue") for each in definition["Parameters"]}
    runs = pipeline_runs(resource, context)
    for step in definition["Steps"]:
        arguments, times = step["Arguments"], 1
        if step["Type"] == "Processing":
            cluster, storage = arguments["ProcessingResources"]["ClusterConfig"], "processing storage"
        elif step["Type"] == "Training":
            cluster, storage = arguments["ResourceConfig"], "endpoint and training storage"
        elif step["Type"] == "Tuning":
            times = arguments["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"]
            cluster = arguments["TrainingJobDefinition"]["ResourceConfig"]
            storage = "endpoint and training storage"
        else:
            continue
        words = {name: _resolved(value, parameters) for name, value in cluster.items()}
        yield from job(words, runs * times, context, storage)


def _resolved(value: Any, parameters: Mapping[str, Any]) -> Any:
    """A value of a pipeline definition, by the default of the parameter that it gets."""
    return parameters[value["Get"].removeprefix("Parameters.")] if isinstance(value, dict) else value


def _feature_group(resource: Resource, context: Context) -> Iterator[Charge]:
    if (resource.inputs.get("onlineStoreConfig") or {}).get("enableOnlineStore"):
        traffic = context.traffic
        yield Charge("sagemaker", "feature store online write", traffic.delivered_rows / 1_000_000, traffic=True)
        yield Charge(
            "sagemaker", "feature store online storage", traffic.online_rows * traffic.row_kb / KB_OF_GB, traffic=True
        )


RULES: Final[Mapping[str, Rule]] = {
    "aws:sagemaker/endpoint:Endpoint": _endpoint,
    "aws:sagemaker/featureGroup:FeatureGroup": _feature_group,
    MONITORING: _monitoring,
    PIPELINE: _pipeline,
    SCHEDULE: _schedule,
}

#: What costs nothing, or is counted with another resource.
FREE: Final = frozenset(
    {
        "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",  # its schedule starts the jobs
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",  # its endpoint runs the instances
        "aws:sagemaker/model:Model",
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
    }
)
