"""Lambda's two ways to invoke: wait for the result, or accept the event and retry it in the background.

An asynchronous event is tried up to three times (`MaximumRetryAttempts`, one and two minutes apart on the emulator's
scale); then it goes to the failure destination and the dead-letter queue with the error, as the Lambda developer guide
says under "Asynchronous invocation". Every attempt is in the delivery log.
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from moto.awslambda.exceptions import LambdaClientError, UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.sns.models import sns_backends

from local.emulator.cloudwatch import service_metrics
from local.emulator.context import Context
from local.emulator.delivery import environments, functions, permissions, queues
from local.emulator.delivery.functions import Outcome
from local.emulator.delivery.log import Delivery, Status
from local.emulator.extension import replace

_RETRY_WAITS_SECONDS = (60.0, 120.0)


def invoke_later(
    context: Context, account: str, region: str, arn: str, event: dict[str, Any], *, source: str, service: str | None
) -> str | None:
    """Invoke a function asynchronously; why that cannot be, or None.

    `service` is the AWS service that invokes for `source`, whose permission is asked for; None where a role does.
    """
    try:
        function = lambda_backends[account][region].get_function(arn)
    except UnknownFunctionException as error:
        refusal: str | None = error.message
    else:
        refusal = permissions.to_function(function, service, source) if service else None
        if refusal is None:
            context.background.submit(_attempts, context, function, json.dumps(event), source)
            return None
    context.log.add(source, arn, Status.FAILED, error=refusal)
    return refusal


def _attempts(context: Context, function: LambdaFunction, event: str, source: str) -> None:
    config = function.event_invoke_config[0].config if function.event_invoke_config else {}
    attempts = 1 + int(config.get("MaximumRetryAttempts", len(_RETRY_WAITS_SECONDS)))
    outcome, delivery = _attempt(context, function, event, source, 1)
    attempt = 1
    while outcome.failed and attempt < attempts:
        time.sleep(_RETRY_WAITS_SECONDS[attempt - 1] * context.clock.scale)
        attempt += 1
        outcome, delivery = _attempt(context, function, event, source, attempt)
    with context.log.causing(delivery):
        _to_destination(context, function, config, event, outcome, attempt)
        if outcome.failed:
            _to_dead_letters(context, function, event, outcome)


def _run(context: Context, function: LambdaFunction, event: str) -> Outcome:
    """Run a function once, with its log and its metrics."""
    began = time.perf_counter()
    name, aliases = function.function_name, list(environments.aliases(function))
    try:
        outcome = functions.run(context, function, event)
    except environments.ThrottledError:
        service_metrics.function_throttled(function.account_id, function.region, name, aliases)
        raise
    seconds = time.perf_counter() - began
    functions.log(function, outcome)
    service_metrics.function_invoked(
        function.account_id, function.region, name, aliases, failed=outcome.failed, seconds=seconds
    )
    return outcome


def _attempt(
    context: Context, function: LambdaFunction, event: str, source: str, number: int
) -> tuple[Outcome, Delivery]:
    outcome = _run(context, function, event)
    status = Status.FAILED if outcome.failed else Status.DELIVERED
    delivery = context.log.add(
        source,
        function.function_arn,
        status,
        attempt=number,
        request_id=outcome.request_id,
        result=json.loads(outcome.payload),
    )
    return outcome, delivery


def _to_destination(
    context: Context,
    function: LambdaFunction,
    config: dict[str, Any],
    event: str,
    outcome: Outcome,
    attempts: int,
) -> None:
    """Send the invocation record to the destination of the EventInvokeConfig, when there is one."""
    condition = "OnFailure" if outcome.failed else "OnSuccess"
    target = config.get("DestinationConfig", {}).get(condition, {}).get("Destination")
    if not target:
        return
    record = {
        "version": "1.0",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "requestContext": {
            "requestId": outcome.request_id,
            "functionArn": function.function_arn,
            "condition": "RetriesExhausted" if outcome.failed else "Success",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": json.loads(event),
        "responseContext": {"statusCode": 200, "executedVersion": str(function.version)}
        | ({"functionError": "Unhandled"} if outcome.failed else {}),
        "responsePayload": json.loads(outcome.payload),
    }
    status = Status.DEAD_LETTERED if outcome.failed else Status.DELIVERED
    _send(context, function.function_arn, target, json.dumps(record), {}, status)


def _to_dead_letters(context: Context, function: LambdaFunction, event: str, outcome: Outcome) -> None:
    target = getattr(function, "dead_letter_config", {}).get("TargetArn")
    if target:
        attributes = {
            "RequestID": outcome.request_id,
            "ErrorCode": "200",
            "ErrorMessage": json.loads(outcome.payload).get("errorMessage", "")[:1024],
        }
        _send(context, function.function_arn, target, event, attributes, Status.DEAD_LETTERED)


def _send(context: Context, source: str, target: str, body: str, attributes: dict[str, str], status: Status) -> None:
    """Put a message on a queue or a topic."""
    service, region, account = target.split(":")[2:5]
    if service == "sqs":
        queues.put(target, body, attributes)
    elif service == "sns":
        sns_typed = {key: {"Type": "String", "Value": value} for key, value in attributes.items()}
        sns_backends[account][region].publish(body, arn=target, message_attributes=sns_typed)
    elif service == "lambda":
        invoke_later(context, account, region, target, json.loads(body), source=source, service=None)
    else:
        context.log.add(source, target, Status.NOT_EMULATED, reason=f"{service} as a Lambda destination")
        return
    context.log.add(source, target, status)


def install(context: Context) -> None:
    """Run functions here."""

    def invoke(self: LambdaFunction, body: Any, request_headers: Any, response_headers: Any) -> str | bytes:
        event = body or "{}"
        try:
            parsed = json.loads(event)
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            raise LambdaClientError("InvalidRequestContentException", message) from error
        kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "Event":
            account, arn = self.account_id, self.function_arn
            invoke_later(context, account, self.region, arn, parsed, source="lambda:Invoke", service=None)
        if kind != "RequestResponse":
            return ""
        outcome = _run(context, self, json.dumps(parsed))
        if outcome.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        response_headers["x-amz-log-result"] = base64.b64encode(outcome.output.encode()[-4096:]).decode()
        return outcome.payload.encode()

    replace(LambdaFunction, "invoke", invoke)
    environments.install()
