"""An endpoint as the API tells it: what serves, what is on its way, and what became of the last deployment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.utils import utcnow

from local.emulator.context import Context
from local.emulator.delivery import events
from local.emulator.sagemaker.fleets import Fleet, Traffic

_EVENT_STATUS = {"InService": "IN_SERVICE", "Failed": "FAILED", "Deleting": "DELETING"}
_REASON_LENGTH = 1024


@dataclass(kw_only=True)
class Pending:
    """A deployment under way: the configuration it brings, its fleet once started, and the stage of its variants."""

    config: dict[str, Any]
    fleet: Fleet | None = None
    stage: str = "Creating"
    message: str = ""
    started: datetime = field(default_factory=utcnow)
    stage_started: datetime = field(default_factory=utcnow)

    def enter(self, stage: str, message: str) -> None:
        """Note a new stage (`Creating`, `ActivatingTraffic`, `Baking`)."""
        self.stage, self.message, self.stage_started = stage, message, utcnow()

    def describe(self) -> dict[str, Any]:
        """DescribeEndpoint's PendingDeploymentSummary."""
        status = {"Status": self.stage, "StatusMessage": self.message, "StartTime": self.stage_started}
        production = self.fleet.production.values() if self.fleet else ()
        variants = [variant.summary() | {"VariantStatus": [status]} for variant in production]
        if not variants:
            variants = [
                {"VariantName": declared["VariantName"], "VariantStatus": [status]}
                for declared in self.config["ProductionVariants"]
            ]
        return {
            "EndpointConfigName": self.config["EndpointConfigName"],
            "ProductionVariants": variants,
            "StartTime": self.started,
        }


@dataclass(kw_only=True)
class Hosted:
    """An endpoint. The names of its public members are those moto's lists and searches read."""

    endpoint_name: str
    arn: str
    account: str
    region: str
    config: dict[str, Any]
    tags: list[dict[str, str]]
    endpoint_status: str = "Creating"
    failure_reason: str | None = None
    creation_time: datetime = field(default_factory=utcnow)
    last_modified_time: datetime = field(default_factory=utcnow)
    deployment_config: dict[str, Any] | None = None
    traffic: Traffic | None = None
    pending: Pending | None = None
    deleted: bool = False

    def fleets(self) -> list[Fleet]:
        """The fleets at work; none before it is in service."""
        return self.traffic.fleets() if self.traffic else []

    @property
    def endpoint_config_name(self) -> str:
        """The configuration that serves."""
        return self.config["EndpointConfigName"]

    def enter(self, context: Context, status: str, reason: str | None = None) -> None:
        """Change the status and announce it (`SageMaker Endpoint State Change`)."""
        self.endpoint_status, self.last_modified_time = status, utcnow()
        self.failure_reason = reason[:_REASON_LENGTH] if reason else None
        detail = self.describe() | {
            "EndpointStatus": _EVENT_STATUS.get(status, status.upper()),
            "CreationTime": self.creation_time.replace(tzinfo=UTC).timestamp() * 1000,
            "LastModifiedTime": self.last_modified_time.replace(tzinfo=UTC).timestamp() * 1000,
            "Tags": {tag["Key"]: tag["Value"] for tag in self.tags},
        }
        events.emit(
            context,
            self.account,
            self.region,
            source="aws.sagemaker",
            detail_type="SageMaker Endpoint State Change",
            resources=[self.arn],
            detail=detail,
        )

    def describe(self) -> dict[str, Any]:
        """The answer of DescribeEndpoint."""
        blue = self.traffic.blue if self.traffic else None
        described = {
            "EndpointName": self.endpoint_name,
            "EndpointArn": self.arn,
            "EndpointConfigName": self.endpoint_config_name,
            "ProductionVariants": [variant.summary() for variant in blue.production.values()] if blue else None,
            "ShadowProductionVariants": [variant.summary() for variant in blue.shadow.values()] if blue else None,
            "DataCaptureConfig": _capture_summary(self.config.get("DataCaptureConfig")),
            "EndpointStatus": self.endpoint_status,
            "FailureReason": self.failure_reason,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
            "LastDeploymentConfig": self.deployment_config,
            "PendingDeploymentSummary": self.pending.describe() if self.pending else None,
            "AsyncInferenceConfig": self.config.get("AsyncInferenceConfig"),
            "ExplainerConfig": self.config.get("ExplainerConfig"),
        }
        return {key: value for key, value in described.items() if value not in (None, [], {})}

    def gen_response_object(self) -> dict[str, Any]:
        """The form in which moto's Search asks for it."""
        return self.describe()

    def summary(self) -> dict[str, Any]:
        """The form in which moto's ListEndpoints asks for it."""
        return {
            "EndpointName": self.endpoint_name,
            "EndpointArn": self.arn,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
            "EndpointStatus": self.endpoint_status,
        }


def _capture_summary(capture: dict[str, Any] | None) -> dict[str, Any] | None:
    if not capture:
        return None
    enabled = capture.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
