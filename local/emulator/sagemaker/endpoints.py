"""The endpoint operations: create, update with a deployment, weights and counts, describe, delete.

moto calls an endpoint in service before it serves, lacks UpdateEndpoint, drops deployment configurations and loses
instance counts when only weights change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partialmethod
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from local.emulator.context import Context
from local.emulator.extension import add, replace, wrap
from local.emulator.sagemaker import deployments, rollout
from local.emulator.sagemaker.fleets import Fleet, Variant
from local.emulator.sagemaker.hosting import Hosted
from local.emulator.sagemaker.models import arn, variants

_IN_PROGRESS = {"Creating", "Updating", "RollingBack", "SystemUpdating", "Deleting"}
_RETAINABLE = {"DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"}


def hosted(backend: SageMakerModelBackend, name: str) -> Hosted:
    """The endpoint of that name.

    Raises:
        ValidationError: there is none.
    """
    endpoints: dict[str, Any] = backend.endpoints
    endpoint = endpoints.get(name)
    if endpoint is None:
        raise ValidationError(f'Could not find endpoint "{arn(backend, "endpoint", name)}".')
    return endpoint


def all_hosted() -> list[Hosted]:
    """Every endpoint of every account and region."""
    backends = [backend for account in list(sagemaker_backends.values()) for backend in list(account.values())]
    endpoints: list[Any] = [endpoint for backend in backends for endpoint in list(backend.endpoints.values())]
    return endpoints


def all_serving() -> Iterator[tuple[Hosted, Fleet, Variant]]:
    """Every variant of every fleet of every endpoint."""
    for endpoint in all_hosted():
        for fleet in endpoint.fleets():
            for variant in fleet.variants():
                yield endpoint, fleet, variant


def retained(endpoint: Hosted, config: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """What to deploy: with RetainAllVariantProperties, live weights and counts replace the configuration's own."""
    if not request.get("RetainAllVariantProperties") or endpoint.traffic is None:
        return config
    excluded = {p["VariantPropertyType"] for p in request.get("ExcludeRetainedVariantProperties") or []}
    kept = _RETAINABLE - excluded
    production: list[dict[str, Any]] = []
    for declared in config["ProductionVariants"]:
        live = endpoint.traffic.blue.production.get(declared["VariantName"])
        changed = dict(declared)
        if live is not None and "DesiredWeight" in kept:
            changed["InitialVariantWeight"] = live.weight
        if live is not None and live.instances is not None and "DesiredInstanceCount" in kept:
            changed["InitialInstanceCount"] = live.instances
        production.append(changed)
    merged = config | {"ProductionVariants": production}
    if "DataCaptureConfig" in kept and endpoint.config.get("DataCaptureConfig"):
        merged["DataCaptureConfig"] = endpoint.config["DataCaptureConfig"]
    return merged


def _deployment_faults(backend: SageMakerModelBackend, given: dict[str, Any], config: dict[str, Any]) -> list[str]:
    if any(variant.get("ServerlessConfig") for variant in variants(config)):
        return ["serverless endpoints take none"]
    found = rollout.faults(given, deployments.instance_count(config), len(variants(config)))
    alarms = cloudwatch_backends[backend.account_id][backend.region_name].alarms
    for alarm in (given.get("AutoRollbackConfiguration") or {}).get("Alarms", []):
        if alarm["AlarmName"] not in alarms:
            found.append(f"alarm {alarm['AlarmName']} of AutoRollbackConfiguration does not exist")
    return found


def _refuse_scaled(endpoint: Hosted, config: dict[str, Any]) -> None:
    """Developer guide, "Update endpoints that use auto scaling": a scalable target keeps its instance type."""
    targets = applicationautoscaling_backends[endpoint.account][endpoint.region].targets
    scaled = {name for named in targets.values() for name in named}
    types = {variant["VariantName"]: variant.get("InstanceType") for variant in variants(config)}
    for variant in variants(endpoint.config):
        name = variant["VariantName"]
        if f"endpoint/{endpoint.endpoint_name}/variant/{name}" in scaled and variant["InstanceType"] != types.get(name):
            raise ValidationError(
                f'Variant "{name}" of endpoint "{endpoint.arn}" is a scalable target, so it keeps its instance type '
                f"{variant['InstanceType']}: deregister it with Application Auto Scaling first."
            )


def _settled(endpoint: Hosted) -> None:
    if endpoint.endpoint_status in _IN_PROGRESS:
        raise ValidationError(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def describe_endpoint(self: SageMakerModelBackend, endpoint_name: str) -> dict[str, Any]:
    """DescribeEndpoint."""
    return hosted(self, endpoint_name).describe()


def _update_weights_and_capacities(
    self: SageMakerModelBackend,
    context: Context,
    endpoint_name: str,
    desired_weights_and_capacities: list[dict[str, Any]],
) -> str:
    """Changes what is given and keeps the rest. The endpoint is Updating, then InService again (API reference,
    UpdateEndpointWeightsAndCapacities, read 2026-11-30): scaling moves its LastModifiedTime as a rollout does.
    """
    endpoint = hosted(self, endpoint_name)
    _settled(endpoint)
    if endpoint.traffic is None:
        raise ValidationError(f'Cannot update endpoint "{endpoint.arn}", it is {endpoint.endpoint_status}.')
    fleet: Fleet = endpoint.traffic.blue
    names = [desired["VariantName"] for desired in desired_weights_and_capacities]
    found = [f'variant name "{n}" was non-unique within the request' for n in sorted(set(names)) if names.count(n) > 1]
    found += [
        f'variant name(s) "{name}" is/are not present within endpoint configuration "{endpoint.endpoint_config_name}"'
        for name in names
        if name not in fleet.production
    ]
    if found:
        raise ValidationError(f"The {'; the '.join(found)}.")
    for desired in desired_weights_and_capacities:
        weight, instances = desired.get("DesiredWeight"), desired.get("DesiredInstanceCount")
        fleet.change(desired["VariantName"], weight=weight, instances=instances)
    endpoint.enter(context, "Updating")
    context.background.detach(_changed, context, endpoint)
    return endpoint.arn


def _changed(context: Context, endpoint: Hosted) -> None:
    if not endpoint.deleted:
        endpoint.enter(context, "InService")


def _create_endpoint(self: SageMakerResponse, context: Context) -> ActionResult:
    request, backend = self._get_params(), self.sagemaker_backend
    name = request["EndpointName"]
    if name in backend.endpoints:
        raise ValidationError(f'Cannot create already existing endpoint "{arn(backend, "endpoint", name)}".')
    endpoint = Hosted(
        endpoint_name=name,
        arn=arn(backend, "endpoint", name),
        account=backend.account_id,
        region=backend.region_name,
        config=backend.describe_endpoint_config(request["EndpointConfigName"]),
        tags=request.get("Tags") or [],
        deployment_config=request.get("DeploymentConfig"),
    )
    endpoints: dict[str, Any] = backend.endpoints
    endpoints[name] = endpoint
    endpoint.enter(context, "Creating")
    context.background.detach(deployments.create, context, backend, endpoint)
    return ActionResult({"EndpointArn": endpoint.arn})


def _update_endpoint(self: SageMakerResponse, context: Context) -> ActionResult:
    request, backend = self._get_params(), self.sagemaker_backend
    endpoint = hosted(backend, request["EndpointName"])
    _settled(endpoint)
    if endpoint.traffic is None:
        raise ValidationError(f'Cannot update endpoint "{endpoint.arn}", it is {endpoint.endpoint_status}.')
    config = retained(endpoint, backend.describe_endpoint_config(request["EndpointConfigName"]), request)
    _refuse_scaled(endpoint, config)
    given = request.get("DeploymentConfig")
    found = _deployment_faults(backend, given, config) if given else []
    if found:
        raise ValidationError(f"Invalid DeploymentConfig: {'; '.join(found)}.")
    if given or not request.get("RetainDeploymentConfig"):
        endpoint.deployment_config = given
    endpoint.enter(context, "Updating")
    context.background.detach(deployments.update, context, backend, endpoint, config)
    return ActionResult({"EndpointArn": endpoint.arn})


def _delete_endpoint(self: SageMakerResponse, context: Context) -> EmptyResult:
    backend = self.sagemaker_backend
    endpoint = hosted(backend, self._get_param("EndpointName"))
    _settled(endpoint)
    endpoint.enter(context, "Deleting")
    del backend.endpoints[endpoint.endpoint_name]
    retire(endpoint)
    return EmptyResult()


def _resetting(original: Callable[..., None], self: SageMakerModelBackend) -> None:
    endpoints: list[Any] = list(self.endpoints.values())
    for endpoint in endpoints:
        endpoint.deleted = True
        for fleet in endpoint.fleets():
            fleet.kill()
    original(self)


def retire(endpoint: Hosted) -> None:
    """Stop everything that serves an endpoint."""
    endpoint.deleted = True
    for fleet in endpoint.fleets():
        fleet.stop()


def install(context: Context) -> None:
    """Endpoints that serve."""
    replace(SageMakerResponse, "create_endpoint", partialmethod(_create_endpoint, context))
    replace(SageMakerResponse, "delete_endpoint", partialmethod(_delete_endpoint, context))
    replace(SageMakerModelBackend, "describe_endpoint", describe_endpoint)
    changed = partialmethod(_update_weights_and_capacities, context)
    replace(SageMakerModelBackend, "update_endpoint_weights_and_capacities", changed)
    add(SageMakerResponse, "update_endpoint", partialmethod(_update_endpoint, context))
    wrap(SageMakerModelBackend, "reset", _resetting)
