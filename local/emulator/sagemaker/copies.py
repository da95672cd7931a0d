"""Inference components at work: a model in copies, of which one process serves all; none of them, none.

SageMaker developer guide, "Scale an endpoint to zero instances": a request that finds no copy is refused, and counted.
A component outlives its endpoint (it has to be deleted by itself). What a copy asks for of an instance decides how many
instances there are; they come and go with the copies, at once.
"""

from __future__ import annotations

import math
import random
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from contracts import instances
from local.emulator.context import Context
from local.emulator.extension import store
from local.emulator.sagemaker.model_servers import INVOKE_SECONDS, Answer, Container, ModelServer

#: The header of a request that names the component.
COMPONENT = "x-amzn-sagemaker-inference-component"
NAMESPACE = "AWS/SageMaker"


class NoComponentError(LookupError):
    """A request names no component of the endpoint."""


class NoCapacityError(RuntimeError):
    """No copy is there."""


@dataclass(kw_only=True)
class Component:
    """An inference component. While a model takes over from another, a `share` of the requests goes to it (`green`)."""

    context: Context
    name: str
    arn: str
    account: str
    region: str
    endpoint: str
    endpoint_arn: str
    variant: str
    specification: dict[str, Any]
    desired: int
    current: int = 0
    status: str = "Creating"
    reason: str | None = None
    deployment_config: dict[str, Any] | None = None
    created: datetime = field(default_factory=utcnow)
    modified: datetime = field(default_factory=utcnow)
    tags: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    blue: ModelServer | None = None
    green: ModelServer | None = None
    share: float = 0.0
    deleted: bool = False
    under_way: int = 0
    peak: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, status: str, reason: str | None = None) -> None:
        """Change the status; a reason stays until the next change."""
        self.status, self.reason, self.modified = status, reason, utcnow()

    def servers(self) -> list[ModelServer]:
        """Those at work."""
        with self.lock:
            return [each for each in (self.blue, self.green) if each]

    def describe(self) -> dict[str, Any]:
        """The answer of DescribeInferenceComponent."""
        described = {
            "InferenceComponentName": self.name,
            "InferenceComponentArn": self.arn,
            "EndpointName": self.endpoint,
            "EndpointArn": self.endpoint_arn,
            "VariantName": self.variant,
            "FailureReason": self.reason,
            "Specification": self.specification,
            "RuntimeConfig": {"DesiredCopyCount": self.desired, "CurrentCopyCount": self.current},
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "InferenceComponentStatus": self.status,
            "LastDeploymentConfig": self.deployment_config,
        }
        return {key: value for key, value in described.items() if value is not None}


def of(backend: SageMakerModelBackend) -> dict[str, Component]:
    """The components of an account and region, by name."""
    return store(backend, "inference components")


def everywhere() -> list[Component]:
    """Every component of every account and region."""
    backends = [backend for account in list(sagemaker_backends.values()) for backend in list(account.values())]
    return [component for backend in backends for component in list(of(backend).values())]


class ComponentServer(ModelServer):
    """What serves a variant that names no model: the processes of the components on it."""

    def __init__(
        self, context: Context, backend: SageMakerModelBackend, endpoint: str, directory: Path, variant: str
    ) -> None:
        super().__init__(context, backend.region_name, directory, variant)
        self._backend, self._endpoint = backend, endpoint

    def _components(self) -> list[Component]:
        mine = (self._endpoint, self.variant)
        return [each for each in list(of(self._backend).values()) if (each.endpoint, each.variant) == mine]

    @property
    def parts(self) -> list[ModelServer]:
        """The processes of all components."""
        return [server for component in self._components() for server in component.servers()]

    @property
    def pid(self) -> int | None:
        """The process of the first component, if it has a copy."""
        return next((server.pid for server in self.parts), None)

    @property
    def alive(self) -> bool:
        """Whether a component has copies, and all processes run."""
        return bool(self.parts) and all(server.alive for server in self.parts)

    @property
    def address(self) -> str | None:
        """Where the first component answers without SageMaker."""
        return next((server.address for server in self.parts), None)

    def copies(self, name: str) -> int:
        """How many a component has; 1 where there is no such component."""
        return next((each.current for each in self._components() if each.name == name), 1) or 1

    def invoke(
        self, body: bytes, headers: dict[str, str], *, seconds: float = INVOKE_SECONDS, path: str = "/invocations"
    ) -> Answer:
        """Send one request to the component that its header names.

        Raises:
            NoComponentError: it names none.
            NoCapacityError: no copy is there.
            ServerGoneError, ServerSlowError: as of any server.
        """
        component = self._named(headers.get(COMPONENT))
        with component.lock:
            server = component.green if component.green and _falls(component.share) else component.blue
            if server is None:
                publish(component, {"NoCapacityInvocationFailures": 1.0})
                raise NoCapacityError(
                    "Inference Component has no capacity to process this request. ApplicationAutoScaling may be "
                    "in-progress (if configured) or try to increase the capacity by invoking "
                    "UpdateInferenceComponentRuntimeConfig API."
                )
            server.hold()  # one that is taken away meanwhile waits for the request
            component.under_way += 1
            component.peak = max(component.peak, component.under_way)
        try:
            return server.invoke(body, headers, seconds=seconds, path=path)
        finally:
            with component.lock:
                component.under_way -= 1
            server.release()

    def _named(self, name: str | None) -> Component:
        if name is None:
            raise NoComponentError(
                "Inference Component Name header is required for endpoints to which you plan to deploy inference "
                "components. Please include Inference Component Name header or consider using SageMaker models."
            )
        found = next((each for each in self._components() if each.name == name), None)
        if found is None:
            raise NoComponentError(f"Inference Component {name} of endpoint {self._endpoint} not found.")
        return found

    def drain(self) -> None:
        """Nothing: components outlive the fleet."""

    def stop(self) -> None:
        """Nothing: components outlive the fleet."""

    def kill(self) -> None:
        """End the processes of all components at once."""
        for server in self.parts:
            server.kill()


def _falls(share: float) -> bool:
    return random.random() < share  # noqa: S311 - spreads load, guards nothing


def start(component: Component, container: Container) -> ModelServer:
    """A process that serves a component's copies.

    Raises:
        StartError: it cannot serve.
    """
    context = component.context
    home = context.directory("components", component.name)
    directory = context.directory("components", component.name, f"copy-{len(list(home.glob('copy-*'))) + 1}")
    server = ModelServer(context, component.region, directory, component.variant)
    # What is captured is there with the answer, for whoever looks at it next.
    environment = {
        **({"CAPTURE_SECONDS": "0"} if "CAPTURE_URI" in container.environment else {}),
        **container.environment,
    }
    server.start(Container(image=container.image, model_data=container.model_data, environment=environment))
    return server


def instance_count(component: Component, instance_type: str) -> int:
    """The instances that its copies take."""
    asked, its = component.specification["ComputeResourceRequirements"], instances.instance(instance_type)
    by_cores = its.vcpus // asked.get("NumberOfCpuCoresRequired", 0.25)
    by_memory = its.memory_gib * 1024 // asked["MinMemoryRequiredInMb"]
    return math.ceil(component.current / max(1, min(by_cores, by_memory)))


def publish(component: Component, values: dict[str, float]) -> None:
    """Metrics of a component."""
    dimensions = [{"Name": "InferenceComponentName", "Value": component.name}]
    data: list[dict[str, Any]] = [
        {"MetricName": name, "Value": value, "Unit": "None", "Dimensions": dimensions} for name, value in values.items()
    ]
    cloudwatch_backends[component.account][component.region].put_metric_data(NAMESPACE, data)


def publish_all() -> None:
    """What each copy had at once since the last minute; of none nothing is told."""
    for component in everywhere():
        if component.current:
            with component.lock:
                peak, component.peak = max(component.peak, component.under_way), component.under_way
            publish(component, {"ConcurrentRequestsPerCopy": peak / component.current})
