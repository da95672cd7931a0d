"""Monitoring schedules: created over an existing job definition, started, stopped, changed and deleted.

moto has the job definitions and not the schedules. A schedule here is kept, not run: the analyzer's container is AWS's
own, and the platform's drift job reads the captured data itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.emulator.extension import add, store
from local.emulator.sagemaker.models import arn

_DEFINITIONS = {
    "DataQuality": "data_quality_job_definitions",
    "ModelQuality": "model_quality_job_definitions",
    "ModelBias": "model_bias_job_definitions",
    "ModelExplainability": "model_explainability_job_definitions",
}


@dataclass(kw_only=True)
class Schedule:
    """A monitoring schedule."""

    name: str
    arn: str
    config: dict[str, Any]
    endpoint: str | None
    tags: list[dict[str, str]]
    status: str = "Scheduled"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    def describe(self) -> dict[str, Any]:
        """The answer of DescribeMonitoringSchedule; the API demands `MonitoringScheduleConfig` even when empty."""
        described = {
            "MonitoringScheduleName": self.name,
            "MonitoringScheduleArn": self.arn,
            "MonitoringScheduleStatus": self.status,
            "MonitoringScheduleConfig": self.config,
            "MonitoringType": self.config.get("MonitoringType", "DataQuality"),
            "MonitoringJobDefinitionName": self.config.get("MonitoringJobDefinitionName"),
            "EndpointName": self.endpoint,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
        }
        return {key: value for key, value in described.items() if value is not None}


def _schedules(backend: SageMakerModelBackend) -> dict[str, Schedule]:
    return store(backend, "monitoring schedules")


def _find(self: SageMakerResponse) -> Schedule:
    name = self._get_param("MonitoringScheduleName")
    schedule = _schedules(self.sagemaker_backend).get(name)
    if schedule is None:
        raise ResourceNotFound(f"Monitoring Schedule with name: {name} does not exist")
    return schedule


def _monitored_endpoint(backend: SageMakerModelBackend, config: dict[str, Any]) -> str | None:
    """The endpoint of the job definition a configuration names, which must exist; None with an inline definition."""
    name = config.get("MonitoringJobDefinitionName")
    if not name:
        inline = config.get("MonitoringJobDefinition")
        if not inline:
            raise ValidationError("One of MonitoringJobDefinition and MonitoringJobDefinitionName must be provided.")
        inputs = [i["EndpointInput"] for i in inline.get("MonitoringInputs", []) if "EndpointInput" in i]
        return inputs[0]["EndpointName"] if inputs else None
    kind = config.get("MonitoringType")
    if kind not in _DEFINITIONS:
        raise ValidationError("MonitoringType is required with MonitoringJobDefinitionName.")
    definition = getattr(backend, _DEFINITIONS[kind]).get(name)
    if definition is None:
        raise ValidationError(f"Could not find {kind} job definition {name}.")
    for attribute in ("data_quality_job_input", "model_quality_job_input", "model_bias_job_input"):
        endpoint_input = getattr(definition, attribute, {}).get("EndpointInput")
        if endpoint_input:
            return endpoint_input["EndpointName"]
    return getattr(definition, "endpoint_name", None)


def create_monitoring_schedule(self: SageMakerResponse) -> ActionResult:
    """CreateMonitoringSchedule."""
    request, backend = self._get_params(), self.sagemaker_backend
    name = request["MonitoringScheduleName"]
    if name in _schedules(backend):
        raise ResourceInUseException(f"Monitoring Schedule with name: {name} already exists")
    schedule = Schedule(
        name=name,
        arn=arn(backend, "monitoring-schedule", name.lower()),
        config=request["MonitoringScheduleConfig"],
        endpoint=_monitored_endpoint(backend, request["MonitoringScheduleConfig"]),
        tags=request.get("Tags") or [],
    )
    _schedules(backend)[name] = schedule
    return ActionResult({"MonitoringScheduleArn": schedule.arn})


def describe_monitoring_schedule(self: SageMakerResponse) -> ActionResult:
    """DescribeMonitoringSchedule."""
    return ActionResult(_find(self).describe())


def update_monitoring_schedule(self: SageMakerResponse) -> ActionResult:
    """UpdateMonitoringSchedule."""
    schedule, config = _find(self), self._get_param("MonitoringScheduleConfig")
    schedule.endpoint = _monitored_endpoint(self.sagemaker_backend, config)
    schedule.config, schedule.modified = config, datetime.now(UTC)
    return ActionResult({"MonitoringScheduleArn": schedule.arn})


def delete_monitoring_schedule(self: SageMakerResponse) -> EmptyResult:
    """DeleteMonitoringSchedule."""
    del _schedules(self.sagemaker_backend)[_find(self).name]
    return EmptyResult()


def start_monitoring_schedule(self: SageMakerResponse) -> EmptyResult:
    """StartMonitoringSchedule."""
    _find(self).status = "Scheduled"
    return EmptyResult()


def stop_monitoring_schedule(self: SageMakerResponse) -> EmptyResult:
    """StopMonitoringSchedule."""
    _find(self).status = "Stopped"
    return EmptyResult()


def list_monitoring_schedules(self: SageMakerResponse) -> ActionResult:
    """ListMonitoringSchedules, of one endpoint or of all."""
    request = self._get_params()
    chosen = [
        schedule.describe()
        for schedule in _schedules(self.sagemaker_backend).values()
        if request.get("EndpointName") in (None, schedule.endpoint)
        and (request.get("NameContains") or "") in schedule.name
        and request.get("MonitoringTypeEquals") in (None, schedule.config.get("MonitoringType"))
    ]
    return ActionResult({"MonitoringScheduleSummaries": chosen})


def list_monitoring_executions(self: SageMakerResponse) -> ActionResult:
    """ListMonitoringExecutions: none, since no schedule runs here."""
    del self
    return ActionResult({"MonitoringExecutionSummaries": []})


def install() -> None:
    """Add the operations."""
    for operation in (
        create_monitoring_schedule,
        describe_monitoring_schedule,
        update_monitoring_schedule,
        delete_monitoring_schedule,
        start_monitoring_schedule,
        stop_monitoring_schedule,
        list_monitoring_schedules,
        list_monitoring_executions,
    ):
        add(SageMakerResponse, operation.__name__, operation)
