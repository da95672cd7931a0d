"""CodeDeploy of functions: a deployment moves an alias from one version to another in steps, while alarms watch.

moto keeps deployments and does nothing. Played are CodeDeploy's own configurations of the Lambda compute platform
(AWS CodeDeploy user guide, "Deployment configurations on an AWS Lambda compute platform").
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.codedeploy import responses
from moto.codedeploy.models import CodeDeployBackend, DeploymentInfo, codedeploy_backends
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from local.emulator.cloudwatch.alarms import alarmed_since
from local.emulator.context import Context
from local.emulator.extension import add, store, wrap

_STEPS = re.compile(r"CodeDeployDefault\.Lambda(Canary|Linear)(\d+)Percent(?:Every)?(\d+)Minutes?")
_MINUTE = 60.0


def _steps(config: str) -> list[tuple[float, float]]:
    """Shares of the traffic that the new version has before it has all, each with how long in seconds."""
    found = _STEPS.fullmatch(config)
    if found is None:
        return []
    kind, share, seconds = found[1], int(found[2]) / 100, int(found[3]) * _MINUTE
    return [(share * number, seconds) for number in range(1, 2 if kind == "Canary" else round(1 / share))]


def _create_deployment(
    context: Context, original: Callable[..., str], self: CodeDeployBackend, *given: Any, **named: Any
) -> str:
    identity = original(self, *given, **named)
    deployment = self.deployments[identity]
    deployment.status, deployment.start_time = "InProgress", utcnow()
    context.background.detach(_shift, context, self, deployment)
    return identity


def _shift(context: Context, backend: CodeDeployBackend, deployment: DeploymentInfo) -> None:
    content = json.loads(deployment.revision["appSpecContent"]["content"])
    ((_, resource),) = content["Resources"][0].items()
    wanted = resource["Properties"]
    functions = lambda_backends[backend.account_id][backend.region_name]

    def move(version: str, others: dict[str, float]) -> None:
        functions.update_alias(
            name=wanted["Alias"],
            function_name=wanted["Name"],
            function_version=version,
            description=None,  # pyright: ignore[reportArgumentType] - as it is
            routing_config={"AdditionalVersionWeights": others},  # pyright: ignore[reportArgumentType]
        )

    began, group = time.time(), deployment.deployment_group
    alarms: Any = group.alarm_configuration or {}
    guards = [each["name"] for each in alarms.get("alarms", [])] if alarms.get("enabled") else []
    cloudwatch = cloudwatch_backends[backend.account_id][backend.region_name]

    def tripped() -> list[str]:
        return alarmed_since(cloudwatch, guards, began)

    for share, seconds in _steps(str(deployment.deployment_config_name)):
        move(wanted["CurrentVersion"], {wanted["TargetVersion"]: share})
        if context.clock.wait(seconds, lambda: bool(tripped())):
            break
    found = tripped()
    move(wanted["CurrentVersion" if found else "TargetVersion"], {})
    if found:
        message = (
            "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "
            f"affected deployments have been stopped. Activated alarms: <{', '.join(found)}>"
        )
        store(backend, "failures")[deployment.deployment_id] = {"code": "ALARM_ACTIVE", "message": message}
    deployment.complete_time = utcnow()
    deployment.status = "Stopped" if found else "Succeeded"


def _told(original: Callable[..., dict[str, Any]], deployment: DeploymentInfo) -> dict[str, Any]:
    failures = {
        key: value
        for account in codedeploy_backends.values()
        for backend in account.values()
        for key, value in store(backend, "failures").items()
    }
    return original(deployment) | {"errorInformation": failures.get(deployment.deployment_id, {})}


def _group_told(original: Callable[..., dict[str, Any]], group: Any) -> dict[str, Any]:
    return original(group) | {"alarmConfiguration": group.alarm_configuration or {}}


def _update_deployment_group(self: CodeDeployResponse) -> ActionResult:
    named = self._get_params()
    group = self.codedeploy_backend.get_deployment_group(named["applicationName"], named["currentDeploymentGroupName"])
    for member, attribute in (
        ("alarmConfiguration", "alarm_configuration"),
        ("autoRollbackConfiguration", "auto_rollback_configuration"),
        ("deploymentConfigName", "deployment_config_name"),
        ("serviceRoleArn", "service_role_arn"),
    ):
        if member in named:
            setattr(group, attribute, named[member])
    return ActionResult({})


def _delete_deployment_group(self: CodeDeployResponse) -> ActionResult:
    named = self._get_params()
    self.codedeploy_backend.deployment_groups.get(named["applicationName"], {}).pop(named["deploymentGroupName"], None)
    return ActionResult({})


def _delete_application(self: CodeDeployResponse) -> EmptyResult:
    name = self._get_params()["applicationName"]
    self.codedeploy_backend.applications.pop(name, None)
    self.codedeploy_backend.deployment_groups.pop(name, None)
    return EmptyResult()


def install(context: Context) -> None:
    """Deployments that move aliases."""
    wrap(CodeDeployBackend, "create_deployment", partial(_create_deployment, context))
    wrap(responses, "_deployment_info", _told)
    wrap(responses, "_deployment_group_info", _group_told)
    add(CodeDeployResponse, "update_deployment_group", _update_deployment_group)
    add(CodeDeployResponse, "delete_deployment_group", _delete_deployment_group)
    add(CodeDeployResponse, "delete_application", _delete_application)
