"""A stack file checked where it lies, before there is a stack: the same faults that the running program would have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pulumi
import yaml

from settings.loading import PROJECT, read
from settings.stack import Settings


def check(path: Path) -> Settings:
    """The settings of `Pulumi.<stack>.yaml`. Raises pulumi.RunError with every fault, OSError for no file."""
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        told = f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8"
        raise pulumi.RunError(told) from error
    except yaml.YAMLError as error:
        raise pulumi.RunError(f"{path} is not YAML: {error}") from error
    content = _mapping({} if written is None else written, f"{path}: ")
    config = _mapping(content.get("config") or {}, f"{path}: config: ")
    own = f"{PROJECT}:"
    keys = {key.removeprefix(own): value for key, value in config.items() if str(key).startswith(own)}
    secret = {key for key, value in keys.items() if isinstance(value, dict) and set(value) == {"secure"}}
    return read(path.stem.removeprefix("Pulumi."), {key: _text(value) for key, value in keys.items()}, secret)


def _mapping(found: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise pulumi.RunError(f"{where}found {type(found).__name__}; write a mapping")
    return found


def _text(value: Any) -> str:
    """As the engine hands a value over: what is no text as JSON."""
    if isinstance(value, str | date):
        return value if isinstance(value, str) else moment(value)
    return json.dumps(value, default=moment)


def moment(value: object) -> str:
    """A date that YAML has read, as the engine writes it (Go's time.Time.String). Raises TypeError for all else."""
    if not isinstance(value, date):
        raise TypeError(f"{type(value).__name__} is nothing that a config can have")
    at = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} +0000 UTC"
