"""Services of ECS: tasks that run, deployments that move traffic in steps while alarms watch, and their end.

moto keeps services and runs nothing: its deployments never end, and it has no ListServiceDeployments. Played is what
the platform has: a service on Fargate behind an application load balancer, which ECS itself moves blue/green.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, Service, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import FakeLoadBalancer, elbv2_backends

from local.emulator.cloudwatch.alarms import alarmed_since
from local.emulator.context import Context
from local.emulator.ecs.listener import Listener
from local.emulator.ecs.tasks import Task, TaskSet
from local.emulator.extension import add, store, wrap
from local.emulator.sagemaker.model_servers import StartError

MEND_SECONDS = 0.2
_MINUTE = 60.0
_logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Running:
    """A service at work. During a deployment a `share` of the requests goes to the new tasks (`green`)."""

    context: Context
    backend: EC2ContainerServiceBackend
    service: Service
    request: dict[str, Any]
    blue: TaskSet
    green: TaskSet | None = None
    share: float = 0.0
    listener: Listener | None = None
    deployments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    ended: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    mending: threading.Lock = field(default_factory=threading.Lock)

    def sets(self) -> list[TaskSet]:
        """The sets of tasks at work, the one that serves first."""
        with self.lock:
            return [self.blue, *([self.green] if self.green else [])]

    def choose(self) -> Task | None:
        """The task for one request, held."""
        with self.lock:
            green = self.green if random.random() < self.share else None  # noqa: S311 - spreads load, guards nothing
            return (green or self.blue).next()

    def task_set(self, definition: str) -> TaskSet:
        """Tasks of a definition, none started yet."""
        found = self.backend.describe_task_definition(definition)
        home = self.context.directory("services", self.service.name, f"{found.family}-{uuid.uuid4().hex[:6]}")
        subnets = self.request["networkConfiguration"]["awsvpcConfiguration"]["subnets"]
        return TaskSet(self.context, self.backend.region_name, home, found, subnets)

    def deploys(self) -> dict[str, Any]:
        """A new deployment."""
        arn = self.service.arn.replace(":service/", ":service-deployment/")
        found = {
            "serviceDeploymentArn": f"{arn}/{uuid.uuid4().hex}",
            "serviceArn": self.service.arn,
            "clusterArn": self.service.cluster_arn,
            "createdAt": utcnow(),
            "startedAt": utcnow(),
            "status": "IN_PROGRESS",
        }
        self.deployments.insert(0, found)
        return found

    def told(self) -> None:
        """What runs, where moto tells it."""
        service = self.service
        service.running_count, service.pending_count = len(self.blue.tasks), 0
        service.task_definition = self.blue.definition.arn

    def count(self, status: int) -> None:
        """An answer of the load balancer's own, in CloudWatch."""
        if self.listener is None:
            return
        suffix = self.listener.balancer.arn.partition(":loadbalancer/")[2]
        datum = {
            "MetricName": f"HTTPCode_ELB_{status // 100}XX_Count",
            "Dimensions": [{"Name": "LoadBalancer", "Value": suffix}],
            "Unit": "Count",
            "Value": 1.0,
            "Timestamp": utcnow(),
        }
        cloudwatch = cloudwatch_backends[self.backend.account_id][self.backend.region_name]
        cloudwatch.put_metric_data("AWS/ApplicationELB", [datum])


def all_running() -> list[Running]:
    """Every service at work of every account and region."""
    backends = [backend for account in list(ecs_backends.values()) for backend in list(account.values())]
    return [running for backend in backends for running in list(store(backend, "running").values())]


def all_tasks() -> Iterator[tuple[Running, TaskSet, Task]]:
    """Every task of every service."""
    for running in all_running():
        for group in running.sets():
            for task in group.tasks:
                yield running, group, task


def flush() -> None:
    """Wait until what was answered is captured, as far as all of it is to be."""
    deadline = time.monotonic() + _MINUTE
    while any(task.waiting for _, _, task in all_tasks()):
        if time.monotonic() > deadline:
            raise TimeoutError("tasks have captured records that they cannot write; see their logs")
        time.sleep(0.02)


def mend(context: Context) -> None:
    """Start tasks in the place of those that ended by themselves."""
    for running in all_running():
        if not running.mending.locked() and any(group.lacks for group in running.sets()):
            context.background.detach(_mend, running)


def _mend(running: Running) -> None:
    if not running.mending.acquire(blocking=False):
        return
    try:
        for group in running.sets():
            group.mend()
        running.told()
    except StartError:
        _logger.exception("a task of %s could not be replaced", running.service.name)
    finally:
        running.mending.release()


# ---- deployments ----


def _steps(config: dict[str, Any]) -> list[tuple[float, float]]:
    """Shares of the traffic that the new tasks have, each with how long in seconds."""
    bake = config.get("bakeTimeInMinutes", 0) * _MINUTE
    match config.get("strategy"):
        case "CANARY":
            canary = config["canaryConfiguration"]
            first = (canary["canaryPercent"] / 100, canary["canaryBakeTimeInMinutes"] * _MINUTE)
            return [first, (1.0, bake)]
        case "LINEAR":
            linear = config["linearConfiguration"]
            step, wait = linear["stepPercent"] / 100, linear["stepBakeTimeInMinutes"] * _MINUTE
            count = round(1 / step)
            return [*((step * number, wait) for number in range(1, count)), (1.0, bake)]
        case _:
            return [(1.0, bake)]


def _first(running: Running, deployment: dict[str, Any]) -> None:
    """The tasks of a new service."""
    try:
        running.blue.scale(running.service.desired_count)
    except StartError as error:
        _over(deployment, "ROLLBACK_FAILED", f"(service {running.service.name}) tasks failed to start: {error}")
        return
    running.told()
    _over(deployment, "SUCCESSFUL", "")


def _move(running: Running, deployment: dict[str, Any], definition: str) -> None:
    """Another task definition takes over, or what serves stays."""
    green, config = running.task_set(definition), running.request.get("deploymentConfiguration", {})
    began = time.time()
    try:
        green.scale(running.service.desired_count)
    except StartError as error:
        running.told()
        _over(deployment, "ROLLBACK_SUCCESSFUL", f"Service deployment rolled back: tasks failed to start: {error}")
        return
    guards = config.get("alarms", {}).get("alarmNames", []) if config.get("alarms", {}).get("enable") else []
    cloudwatch = cloudwatch_backends[running.backend.account_id][running.backend.region_name]

    def tripped() -> list[str]:
        return alarmed_since(cloudwatch, guards, began)

    with running.lock:
        running.green = green
    for share, seconds in _steps(config):
        running.share = share
        if running.context.clock.wait(seconds, lambda: running.ended or bool(tripped())):
            break
    _settle(running, deployment, green, tripped())


def _settle(running: Running, deployment: dict[str, Any], green: TaskSet, tripped: list[str]) -> None:
    with running.lock:
        leaves = green if tripped else running.blue
        running.blue, running.green, running.share = running.blue if tripped else green, None, 0.0
    running.told()
    leaves.stop()
    if running.ended:
        green.stop()
    reason = f"Service deployment rolled back because of CloudWatch alarms: {', '.join(tripped)}"
    _over(deployment, "ROLLBACK_SUCCESSFUL" if tripped else "SUCCESSFUL", reason if tripped else "")


def _over(deployment: dict[str, Any], status: str, reason: str) -> None:
    deployment.update({"finishedAt": utcnow(), "statusReason": reason, "status": status})


def scale(running: Running, count: int) -> None:
    """Want so many tasks: `mend` starts those that are missing. No set loses any while another takes over."""
    running.service.desired_count = count
    for group in running.sets():
        if running.green is None or count > len(group.tasks):
            group.want(count)
    running.told()


# ---- the API ----


def find(backend: EC2ContainerServiceBackend, cluster: str, service: str) -> Running | None:
    """The service at work, by names or ARNs; None when there is none."""
    return store(backend, "running").get((cluster.rpartition("/")[2], service.rpartition("/")[2]))


def _create_service(
    context: Context, original: Callable[..., ActionResult], self: EC2ContainerServiceResponse
) -> ActionResult:
    request, backend = self._get_params(), self.ecs_backend
    answer = original(self)
    made: Any = answer.result
    service: Service = made["service"]
    running = Running(
        context=context,
        backend=backend,
        service=service,
        request=request,
        blue=None,  # pyright: ignore[reportArgumentType]
    )
    running.blue = running.task_set(request["taskDefinition"])
    running.listener = _listener(running)
    store(backend, "running")[service.cluster_name, service.name] = running
    _tell(running)
    context.background.detach(_first, running, running.deploys())
    return answer


def _update_service(
    context: Context, original: Callable[..., ActionResult], self: EC2ContainerServiceResponse
) -> ActionResult:
    request, backend = self._get_params(), self.ecs_backend
    running = find(backend, request.get("cluster", "default"), request["service"])
    if running is None:
        return original(self)
    definition = request.get("taskDefinition")
    wanted = backend.describe_task_definition(definition).arn if definition else running.blue.definition.arn
    moves, anew = wanted != running.blue.definition.arn, bool(request.get("forceNewDeployment"))
    if (moves or anew) and running.deployments[0]["status"] == "IN_PROGRESS":
        raise InvalidParameterException("The service has a deployment in progress.")
    answer = original(self)
    running.request |= request
    _tell(running)
    if moves:
        running.service.task_definition = wanted
        context.background.detach(_move, running, running.deploys(), wanted)
        return answer
    if "desiredCount" in request:
        scale(running, request["desiredCount"])
    if anew:  # by tasks that would be the same, so there is nothing to wait for
        _over(running.deploys(), "SUCCESSFUL", "")
    return answer


def _tell(running: Running) -> None:
    """What DescribeServices tells of a request, which moto drops."""
    service: Any = running.service
    service.deployment_configuration = running.request.get("deploymentConfiguration", {})
    service.capacity_provider_strategy = running.request.get("capacityProviderStrategy", [])
    service.launch_type = None if service.capacity_provider_strategy else service.launch_type


def _delete_service(original: Callable[..., ActionResult], self: EC2ContainerServiceResponse) -> ActionResult:
    request, backend = self._get_params(), self.ecs_backend
    running = find(backend, request.get("cluster", "default"), request["service"])
    answer = original(self)
    if running is not None:
        del store(backend, "running")[running.service.cluster_name, running.service.name]
        retire(running)
    return answer


def retire(running: Running) -> None:
    """Stop everything that serves a service."""
    running.ended = True
    if running.listener is not None:
        running.listener.close()
    for group in running.sets():
        group.stop()


def _list_service_deployments(self: EC2ContainerServiceResponse) -> ActionResult:
    request = self._get_params()
    running = find(self.ecs_backend, request.get("cluster", "default"), request["service"])
    return ActionResult({"serviceDeployments": [dict(each) for each in running.deployments] if running else []})


def _resetting(original: Callable[..., None], self: EC2ContainerServiceBackend) -> None:
    for running in list(store(self, "running").values()):
        running.ended = True
        if running.listener is not None:
            running.listener.close()
        for group in running.sets():
            group.kill()
    original(self)


def _listener(running: Running) -> Listener | None:
    """Of the load balancer whose rule the service moves; it answers at an address of this machine from then on."""
    behind = running.request.get("loadBalancers") or []
    rule = behind[0].get("advancedConfiguration", {}).get("productionListenerRule") if behind else None
    balancers: list[FakeLoadBalancer] = list(
        elbv2_backends[running.backend.account_id][running.backend.region_name].load_balancers.values()
    )
    found = next((each for each in balancers for part in each.listeners.values() if rule in part.rules), None)
    if found is None:
        return None
    home: Path = running.context.directory("services", running.service.name, "listener")
    listener = Listener(found, home, running.choose, running.count)
    found.dns_name = listener.address
    return listener


def install(context: Context) -> None:
    """Services that serve."""
    wrap(EC2ContainerServiceResponse, "create_service", partial(_create_service, context))
    wrap(EC2ContainerServiceResponse, "update_service", partial(_update_service, context))
    wrap(EC2ContainerServiceResponse, "delete_service", _delete_service)
    wrap(EC2ContainerServiceBackend, "reset", _resetting)
    add(EC2ContainerServiceResponse, "list_service_deployments", _list_service_deployments)
    context.ticker.every(MEND_SECONDS, lambda: mend(context))
