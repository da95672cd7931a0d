"""EventBridge that delivers: events of the platform's services, and rules whose targets really act.

moto matches patterns, but delivers to few targets, ignores `Input` and `InputPath`, sends the events of disabled rules
and gives up on a rule's later targets when one is unknown to it. Here every target is tried; one that fails goes to its
dead-letter queue with the reason (EventBridge user guide, "Using dead-letter queues").
"""

from __future__ import annotations

import copy
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from jsonpath_ng.ext import parse as jsonpath
from moto.core.exceptions import ServiceException
from moto.events.models import Rule, events_backends
from moto.logs.exceptions import ResourceNotFoundException as LogsNotFound
from moto.logs.models import logs_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sns.exceptions import TopicNotFound
from moto.sns.models import sns_backends

from local.emulator.context import Context
from local.emulator.delivery import lambdas, machines, permissions, queues
from local.emulator.delivery.log import Status
from local.emulator.extension import replace

_VARIABLE = re.compile(r"<([\w.-]+)>")
#: The texts of a JSON document are every second part.
_TEXTS = re.compile(r'("(?:[^"\\]|\\.)*")')


class TargetError(RuntimeError):
    """A target could not be reached; `code` as EventBridge names it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def emit(
    context: Context,
    account: str,
    region: str,
    *,
    source: str,
    detail_type: str,
    resources: list[str],
    detail: dict[str, Any],
) -> None:
    """Put an event of an AWS service on the default bus."""
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": resources,
        "detail": json.loads(json.dumps(detail, default=_json)),
    }
    for rule in list(events_backends[account][region].event_buses["default"].rules.values()):
        _deliver(context, rule, event)


def _json(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(f"{type(value).__name__} has no place in an event")


def _deliver(context: Context, rule: Rule, event: dict[str, Any]) -> None:
    """Send a matching event to every target of an enabled rule."""
    if rule.state != "ENABLED" or rule.event_pattern.dump() is None or not _matches(rule, event):
        return
    matched = context.log.add(f"event:{event['source']}/{event['detail-type']}", rule.arn, Status.DELIVERED)
    with context.log.causing(matched):
        for target in list(rule.targets):
            try:
                _send(context, rule, target, event)
            except TargetError as error:
                context.log.add(rule.arn, target["Arn"], Status.FAILED, error=str(error))
                _dead_letter(context, rule, target, event, error)


def _matches(rule: Rule, event: dict[str, Any]) -> bool:
    return rule.event_pattern.matches_event(event)  # pyright: ignore[reportArgumentType]  moto's type is a closed dict


def target_input(target: dict[str, Any], event: dict[str, Any]) -> Any:
    """What a target receives: the event, or what `Input`, `InputPath` or `InputTransformer` make of it."""
    if target.get("Input"):
        return json.loads(target["Input"])
    if target.get("InputPath"):
        return _at(event, target["InputPath"])
    if transformer := target.get("InputTransformer"):
        values = {name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
        return _filled(transformer["InputTemplate"], values)
    return event


def _filled(template: str, values: Mapping[str, Any]) -> Any:
    """A template with its variables: within a text as they are, outside of one as JSON, which moto leaves to whoever
    wrote it (EventBridge user guide, "Input transformation", notes on quotes).
    """

    def put_in(text: str, write: Callable[[Any], str]) -> str:
        return _VARIABLE.sub(lambda found: write(values.get(found[1])), text)

    def within(value: Any) -> str:
        return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]

    parts = [put_in(part, within if number % 2 else json.dumps) for number, part in enumerate(_TEXTS.split(template))]
    return json.loads("".join(parts))


def _at(event: dict[str, Any], path: str) -> Any:
    found = jsonpath(path).find(event)
    return found[0].value if found else None


def _send(context: Context, rule: Rule, target: dict[str, Any], event: dict[str, Any]) -> None:
    arn = target["Arn"]
    service, region, account, resource = arn.split(":", 5)[2:6]
    payload = target_input(target, event)
    if service == "lambda":
        refusal = lambdas.invoke_later(
            context, account, region, arn, payload, source=rule.arn, service=permissions.RULES
        )
        if refusal:
            _dead_letter(context, rule, target, event, TargetError("NO_PERMISSIONS", refusal))
    elif service == "sqs":
        _to_queue(rule, arn, payload, target.get("SqsParameters", {}).get("MessageGroupId"))
        context.log.add(rule.arn, arn, Status.DELIVERED)
    elif service == "sns":
        _to_topic(context, rule, arn, payload)
    elif service == "sagemaker" and resource.startswith("pipeline/"):
        _to_pipeline(context, rule, target, event)
    elif service == "states":
        _to_machine(context, rule, arn, payload)
    elif service == "logs":
        _to_log_group(account, region, resource.removeprefix("log-group:").removesuffix(":*"), payload)
        context.log.add(rule.arn, arn, Status.DELIVERED)
    else:
        context.log.add(rule.arn, arn, Status.NOT_EMULATED, reason=f"{service} as a rule target")


def _to_queue(rule: Rule, arn: str, payload: Any, group: str | None) -> None:
    if refused := queues.refusal(arn, permissions.RULES, rule.arn):
        raise TargetError("NO_PERMISSIONS" if queues.exists(arn) else "RESOURCE_NOT_FOUND", refused)
    queues.put(arn, json.dumps(payload), group=group)


def _to_log_group(account: str, region: str, name: str, payload: Any) -> None:
    backend = logs_backends[account][region]
    stream = str(uuid.uuid4())
    try:
        backend.create_log_stream(name, stream)
    except LogsNotFound as error:
        raise TargetError("RESOURCE_NOT_FOUND", f"log group {name} does not exist") from error
    backend.put_log_events(name, stream, [{"timestamp": int(time.time() * 1000), "message": json.dumps(payload)}])


def _to_topic(context: Context, rule: Rule, arn: str, payload: Any) -> None:
    region, account = arn.split(":")[3:5]
    topics = sns_backends[account][region]
    try:
        refusal = permissions.to_topic(topics.get_topic(arn), permissions.RULES, rule.arn)
    except TopicNotFound as error:
        raise TargetError("RESOURCE_NOT_FOUND", f"topic {arn} does not exist") from error
    if refusal:
        raise TargetError("NO_PERMISSIONS", refusal)
    with context.log.causing(context.log.add(rule.arn, arn, Status.DELIVERED)):
        topics.publish(json.dumps(payload), arn=arn)


def _to_pipeline(context: Context, rule: Rule, target: dict[str, Any], event: dict[str, Any]) -> None:
    """Start an execution; a parameter value that is a JSON path is read from the event."""
    region, account, resource = target["Arn"].split(":", 5)[3:6]
    declared = target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
    parameters = [{"Name": p["Name"], "Value": _parameter(p["Value"], event)} for p in declared]
    try:
        started = sagemaker_backends[account][region].start_pipeline_execution(
            pipeline_name=resource.removeprefix("pipeline/"),
            pipeline_execution_display_name="",
            pipeline_parameters=parameters,
            pipeline_execution_description=f"started by rule {rule.name}",
            parallelism_configuration={},
            client_request_token=str(uuid.uuid4()),
        )
    except ServiceException as error:
        raise TargetError("INVALID_PARAMETER", error.message) from error
    context.log.add(rule.arn, target["Arn"], Status.DELIVERED, execution=started["PipelineExecutionArn"])


def _to_machine(context: Context, rule: Rule, arn: str, payload: Any) -> None:
    region, account = arn.split(":")[3:5]
    try:
        execution = machines.start(account, region, arn, payload)
    except ServiceException as error:
        raise TargetError("RESOURCE_NOT_FOUND", error.message) from error
    context.log.add(rule.arn, arn, Status.DELIVERED, execution=execution)


def _parameter(value: str, event: dict[str, Any]) -> str:
    return str(_at(event, value)) if value.startswith("$.") else value


def _dead_letter(
    context: Context, rule: Rule, target: dict[str, Any], event: dict[str, Any], error: TargetError
) -> None:
    attributes = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": str(error),
    }
    queues.bury(
        context,
        target.get("DeadLetterConfig", {}).get("Arn"),
        json.dumps(event),
        source=rule.arn,
        service=permissions.RULES,
        error=str(error),
        attributes=attributes,
    )


def install(context: Context) -> None:
    """Deliver events here."""

    def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:
        event = copy.deepcopy(dict(original_event))
        event.pop("ingestion-time", None)
        if isinstance(event["time"], int | float):
            event["time"] = datetime.fromtimestamp(event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        _deliver(context, self, event)

    replace(Rule, "send_to_targets", send_to_targets)
