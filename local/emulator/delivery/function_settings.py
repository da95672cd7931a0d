"""Keeps what moto drops of a Lambda function's configuration, so that a refresh shows what was deployed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction

from local.emulator.extension import replace, wrap


def install() -> None:
    """Dead-letter queue, log group, tracing and key of functions; one event-invoke configuration instead of a list."""
    wrap(LambdaFunction, "__init__", _keeping)
    wrap(LambdaFunction, "update_configuration", _keeping_updates)
    wrap(LambdaFunction, "get_configuration", _describing)
    replace(LambdaBackend, "put_function_event_invoke_config", _replacing_event_invoke_config)


def _keep(function: Any, spec: dict[str, Any]) -> None:
    if "DeadLetterConfig" in spec:
        function.dead_letter_config = spec["DeadLetterConfig"] or {}
    if "LoggingConfig" in spec:
        function.logging_config = spec["LoggingConfig"]
        function.logs_group_name = spec["LoggingConfig"].get("LogGroup", function.logs_group_name)
    if "KMSKeyArn" in spec:
        function.kms_key_arn = spec["KMSKeyArn"]
    if "TracingConfig" in spec:
        function.tracing_config = spec["TracingConfig"]


def _keeping(
    original: Callable[..., None],
    self: LambdaFunction,
    account_id: str,
    spec: dict[str, Any],
    region: str,
    version: Any = 1,
) -> None:
    original(self, account_id, spec, region, version)
    _keep(self, spec)


def _keeping_updates(
    original: Callable[..., dict[str, Any]], self: LambdaFunction, config_updates: dict[str, Any]
) -> dict[str, Any]:
    _keep(self, config_updates)
    original(self, config_updates)
    return self.get_configuration()


def _describing(
    original: Callable[..., dict[str, Any]], self: LambdaFunction, on_create: bool = False
) -> dict[str, Any]:
    described = original(self, on_create)
    if letters := getattr(self, "dead_letter_config", None):
        described["DeadLetterConfig"] = letters
    described["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": self.logs_group_name} | getattr(
        self, "logging_config", {}
    )
    return described


def _replacing_event_invoke_config(self: LambdaBackend, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
    function = self.get_function(function_name)
    replacement = EventInvokeConfig(function.function_arn, function.last_modified, config)
    function.event_invoke_config = [replacement]  # moto appends and goes on answering with the first
    return replacement.response()
