"""Operations of inference components: create, update in batches under alarms, other numbers of copies, delete.

moto has none. Sources: SageMaker API reference, CreateInferenceComponent, UpdateInferenceComponent (a rolling update
whose AutoRollbackConfiguration turns it back) and UpdateInferenceComponentRuntimeConfig.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partialmethod
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.emulator.cloudwatch.alarms import Alarms, alarmed_since
from local.emulator.context import Context
from local.emulator.extension import add, wrap
from local.emulator.sagemaker import copies, fleets, rollout
from local.emulator.sagemaker.copies import Component
from local.emulator.sagemaker.endpoints import hosted
from local.emulator.sagemaker.model_servers import ModelServer, StartError
from local.emulator.sagemaker.models import arn, described_model

_IN_PROGRESS = {"Creating", "Updating", "Deleting"}
_logger = logging.getLogger(__name__)


def find(backend: SageMakerModelBackend, name: str) -> Component:
    """The component of that name.

    Raises:
        ValidationError: there is none.
    """
    found = copies.of(backend).get(name)
    if found is None:
        raise ValidationError(f'Could not find inference component "{arn(backend, "inference-component", name)}".')
    return found


def set_copies(backend: SageMakerModelBackend, name: str, wanted: int) -> None:
    """Have a component be in so many copies. ValidationError while it is on its way to something else."""
    component = find(backend, name)
    _settled(component)
    component.desired = wanted
    component.enter("Updating")
    component.context.background.detach(_scale, backend, component)


def _settled(component: Component) -> None:
    if component.status in _IN_PROGRESS:
        raise ValidationError(f'Cannot update in-progress inference component "{component.arn}".')


def _scale(backend: SageMakerModelBackend, component: Component) -> None:
    """The first copy starts the process, the last one ends it."""
    try:
        if component.desired and component.blue is None:
            component.blue = copies.start(component, _container(backend, component.specification))
    except StartError as error:
        component.desired = component.current
        component.enter("InService", str(error))
        return
    leaves: ModelServer | None = None
    with component.lock:
        if not component.desired:
            leaves, component.blue = component.blue, None
    component.current = component.desired
    if leaves:
        leaves.drain()
    _counted(backend, component)
    if component.deleted:
        end(component)
    component.enter("InService")


def _counted(backend: SageMakerModelBackend, component: Component) -> None:
    """The instances that the endpoint has for the copies (managed instance scaling)."""
    endpoint = hosted(backend, component.endpoint)
    declared = next(v for v in endpoint.config["ProductionVariants"] if v["VariantName"] == component.variant)
    within = declared.get("ManagedInstanceScaling") or {}
    wanted = copies.instance_count(component, declared["InstanceType"])
    bounded = min(max(wanted, within.get("MinInstanceCount", 1)), within.get("MaxInstanceCount", wanted))
    if endpoint.traffic:
        endpoint.traffic.blue.change(component.variant, weight=None, instances=bounded)


def _container(backend: SageMakerModelBackend, specification: dict[str, Any]) -> Any:
    (found,) = fleets.containers(backend, specification["ModelName"])
    return found


def _create(backend: SageMakerModelBackend, component: Component) -> None:
    try:
        if component.desired:
            component.blue = copies.start(component, _container(backend, component.specification))
    except StartError as error:
        component.enter("Failed", str(error))
        return
    except Exception:
        _logger.exception("inference component %s could not be created", component.name)
        component.enter("Failed", "the emulator failed to start the component's server; see its log")
        return
    component.current = component.desired
    _counted(backend, component)
    component.enter("InService")


def _update(backend: SageMakerModelBackend, component: Component, specification: dict[str, Any], count: int) -> None:
    """Another specification takes over batch by batch, or what serves stays and says why."""
    began = time.time()
    if not count:  # nothing runs that could be replaced
        component.specification, component.desired = specification, 0
        component.enter("InService")
        return
    try:
        green = copies.start(component, _container(backend, specification))
    except StartError as error:
        component.enter("InService", f"The update was rolled back: {error}")
        return
    except Exception:
        _logger.exception("inference component %s could not be updated", component.name)
        component.enter("InService", "the emulator failed to start the new copies; see its log")
        return
    planned = rollout.plan(component.deployment_config, count)
    cloudwatch = cloudwatch_backends[component.account][component.region]

    def tripped() -> list[str]:
        return alarmed_since(cloudwatch, list(planned.alarms), began)

    with component.lock:
        component.green = green
    for shift in planned.shifts:
        component.share = shift.share
        if component.context.clock.wait(shift.wait_seconds, lambda: component.deleted or bool(tripped())):
            break
    _settle(backend, component, green, specification, count, tripped())


def _settle(
    backend: SageMakerModelBackend,
    component: Component,
    green: ModelServer,
    specification: dict[str, Any],
    count: int,
    tripped: list[str],
) -> None:
    with component.lock:
        leaves = green if tripped else component.blue
        if not tripped:
            component.blue, component.specification = green, specification
        component.green, component.share = None, 0.0
    if not tripped:
        component.current = component.desired = count
        _counted(backend, component)
    if leaves:
        leaves.drain()
    if component.deleted:
        end(component)
    alarms = f"alarm(s) {', '.join(tripped)} went to ALARM during the deployment"
    component.enter("InService", f"The update was rolled back: {alarms}." if tripped else None)


def end(component: Component) -> None:
    """Stop everything that serves a component."""
    for server in component.servers():
        server.drain()


def _create_inference_component(self: SageMakerResponse, context: Context) -> ActionResult:
    request, backend = self._get_params(), self.sagemaker_backend
    name, endpoint = request["InferenceComponentName"], hosted(backend, request["EndpointName"])
    if name in copies.of(backend):
        found = arn(backend, "inference-component", name)
        raise ValidationError(f'Cannot create already existing inference component "{found}".')
    declared = {variant["VariantName"]: variant for variant in endpoint.config["ProductionVariants"]}
    if declared.get(request.get("VariantName", ""), {"ModelName": ""}).get("ModelName") is not None:
        raise ValidationError(f"Variant {request.get('VariantName')} of {endpoint.arn} takes no inference components.")
    described_model(backend, request["Specification"]["ModelName"])  # answers with AWS's error when there is none
    component = Component(
        context=context,
        name=name,
        arn=arn(backend, "inference-component", name),
        account=backend.account_id,
        region=backend.region_name,
        endpoint=endpoint.endpoint_name,
        endpoint_arn=endpoint.arn,
        variant=request["VariantName"],
        specification=request["Specification"],
        desired=request.get("RuntimeConfig", {}).get("CopyCount", 1),
        tags=request.get("Tags") or [],
    )
    copies.of(backend)[name] = component
    context.background.detach(_create, backend, component)
    return ActionResult({"InferenceComponentArn": component.arn})


def _update_inference_component(self: SageMakerResponse) -> ActionResult:
    request, backend = self._get_params(), self.sagemaker_backend
    component = find(backend, request["InferenceComponentName"])
    _settled(component)
    specification = request.get("Specification") or component.specification
    described_model(backend, specification["ModelName"])
    count = (request.get("RuntimeConfig") or {}).get("CopyCount", component.desired)
    given = request.get("DeploymentConfig")
    found = rollout.faults(given, max(count, 1), 1) if given else []
    alarms = cloudwatch_backends[component.account][component.region].alarms
    for alarm in ((given or {}).get("AutoRollbackConfiguration") or {}).get("Alarms", []):
        if alarm["AlarmName"] not in alarms:
            found.append(f"alarm {alarm['AlarmName']} of AutoRollbackConfiguration does not exist")
    if found:
        raise ValidationError(f"Invalid DeploymentConfig: {'; '.join(found)}.")
    component.deployment_config = given
    component.enter("Updating")
    component.context.background.detach(_update, backend, component, specification, count)
    return ActionResult({"InferenceComponentArn": component.arn})


def _update_runtime_config(self: SageMakerResponse) -> ActionResult:
    request, backend = self._get_params(), self.sagemaker_backend
    name = request["InferenceComponentName"]
    set_copies(backend, name, request["DesiredRuntimeConfig"]["CopyCount"])
    return ActionResult({"InferenceComponentArn": find(backend, name).arn})


def _describe_inference_component(self: SageMakerResponse) -> ActionResult:
    return ActionResult(find(self.sagemaker_backend, self._get_param("InferenceComponentName")).describe())


def _delete_inference_component(self: SageMakerResponse) -> EmptyResult:
    backend = self.sagemaker_backend
    component = find(backend, self._get_param("InferenceComponentName"))
    if component.status in _IN_PROGRESS:
        raise ValidationError(f"Cannot delete inference component {component.arn} while it is {component.status}.")
    component.deleted = True
    del copies.of(backend)[component.name]
    end(component)
    return EmptyResult()


def _resetting(original: Callable[..., None], self: SageMakerModelBackend) -> None:
    for component in list(copies.of(self).values()):
        component.deleted = True
        for server in component.servers():
            server.kill()
    original(self)


def install(context: Context, alarms: Alarms) -> None:
    """Inference components that serve."""
    for name, operation in (
        ("create_inference_component", partialmethod(_create_inference_component, context)),
        ("update_inference_component", _update_inference_component),
        ("update_inference_component_runtime_config", _update_runtime_config),
        ("describe_inference_component", _describe_inference_component),
        ("delete_inference_component", _delete_inference_component),
    ):
        add(SageMakerResponse, name, operation)
    wrap(SageMakerModelBackend, "reset", _resetting)
    alarms.each_minute(copies.publish_all)
