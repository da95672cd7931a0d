"""Puts every extension in place, once per process and before the first request.

The order matters where one builds on another: what delivers (Lambda, SNS, EventBridge, S3) before what emits (alarms,
registry, pipelines, endpoints); models before endpoints; validation last, so that it sees a request before any of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.emulator import validation
from local.emulator.asynchronous import queues
from local.emulator.cloudwatch import alarms, dashboards, queries, service_metrics
from local.emulator.cloudwatch.alarms import Alarms
from local.emulator.context import Context
from local.emulator.delivery import buckets, builds, events, function_settings, lambdas, machines, shifting, topics
from local.emulator.ecs import services
from local.emulator.sagemaker import (
    capture,
    endpoint_logs,
    endpoints,
    feature_groups,
    feature_records,
    host_metrics,
    inference_components,
    invocation_metrics,
    models,
    offline_store,
    packages,
    pipelines,
    tags,
    transform_jobs,
)
from local.emulator.sagemaker.capture import Capture
from local.emulator.sagemaker.executions import Executions
from local.emulator.sagemaker.invocation_metrics import InvocationMetrics
from local.emulator.scaling import policies
from local.emulator.storage import access_logs, bucket_policies, conditional_writes, container_images, lake_tags


@dataclass(frozen=True, kw_only=True)
class Installed:
    """The parts of the emulator that go on working after installation."""

    alarms: Alarms
    executions: Executions
    capture: Capture
    metrics: InvocationMetrics


def install(context: Context) -> Installed:
    """Extend the moto of this process."""
    function_settings.install()
    lambdas.install(context)
    topics.install(context)
    machines.install(context)
    events.install(context)
    buckets.install(context)
    builds.install()
    shifting.install(context)
    access_logs.install()
    container_images.install()
    bucket_policies.install()
    conditional_writes.install()
    lake_tags.install()
    queries.install()
    dashboards.install()
    installed_alarms = alarms.install(context)
    feature_groups.install()
    feature_records.install()
    offline_store.install(context)
    models.install()
    packages.install(context)
    tags.install()
    executions = pipelines.install(context)
    endpoints.install(context)
    inference_components.install(context, installed_alarms)
    services.install(context)
    transform_jobs.install(context)
    captured = capture.install(context)
    metrics = invocation_metrics.install(context)
    endpoint_logs.install(context)
    installed_alarms.each_minute(service_metrics.publish_queue_depths)
    installed_alarms.each_minute(queues.install(context, captured).publish)
    installed_alarms.each_minute(host_metrics.HostMetrics().publish)
    policies.install(context, installed_alarms)
    validation.install()
    return Installed(alarms=installed_alarms, executions=executions, capture=captured, metrics=metrics)
