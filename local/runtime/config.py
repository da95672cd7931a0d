"""The configuration of a stack, as the Pulumi CLI would hand it to the program.

Reads `Pulumi.yaml` (project name, program, config schema with types and defaults) and `Pulumi.<stack>.yaml`, and
gives flat `namespace:key -> text` pairs: keys without a namespace belong to the project, objects and lists are JSON
text. Rules: https://www.pulumi.com/docs/iac/concepts/config/#schema-structured-configuration
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from local.runtime.errors import ConfigError
from settings.files import moment

_STACK_FILE_KEYS = {"config", "encryptionsalt", "secretsprovider", "encryptedkey", "environment"}

_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str | int | float | bool),
    "integer": lambda value: _is_integer(value),
    "boolean": lambda value: isinstance(value, bool) or value in ("true", "false"),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


@dataclass(frozen=True, kw_only=True)
class Project:
    """What `Pulumi.yaml` says: name, program file, and the declared config with types and defaults."""

    name: str
    directory: Path
    program: Path
    stack_directory: Path
    schema: Mapping[str, Any]


def load_project(directory: Path) -> Project:
    """Read `Pulumi.yaml`. Raises ConfigError when the file is missing or does not name a project."""
    path = directory / "Pulumi.yaml"
    content = _mapping(path)
    faults: list[str] = []
    name = content.get("name")
    if not isinstance(name, str) or not name:
        faults.append(f"{path}: name: found {name!r}; write the project's name")
    declared = content.get("config") or {}
    if not isinstance(declared, dict):
        faults.append(f"{path}: config: found {type(declared).__name__}; write a mapping of config keys")
    if faults:
        raise ConfigError(faults)
    main = directory / str(content.get("main") or ".")
    return Project(
        name=str(name),
        directory=directory,
        program=main / "__main__.py" if main.is_dir() else main,
        stack_directory=directory / str(content.get("stackConfigDir") or "."),
        schema={_qualified(key, str(name)): spec for key, spec in declared.items()},
    )


def stack_names(project: Project) -> list[str]:
    """The stacks of a project: one for each `Pulumi.<stack>.yaml`."""
    return sorted(path.name[len("Pulumi.") : -len(".yaml")] for path in project.stack_directory.glob("Pulumi.*.yaml"))


#: What the program itself finds in its config, one line a fault that begins with the key.
Judge = Callable[[Mapping[str, str]], Sequence[str]]


def stack_config(
    project: Project,
    stack: str,
    overrides: Mapping[str, Any] | None = None,
    judge: Judge | None = None,
    file: Path | None = None,
) -> dict[str, str]:
    """The config of a stack as the program sees it: `overrides` (as `pulumi up -c`), the stack's file, then defaults.

    `file` is another file than the stack's, as `pulumi up --config-file` takes it.

    Raises ConfigError with one line for each fault: an unknown stack, a value of the wrong type, a declared value
    that is missing, a value that is encrypted, and what `judge` finds in all that can be read; of a key it is told
    once, in the words of the judge.
    """
    path = file or project.stack_directory / f"Pulumi.{stack}.yaml"
    if file is None and not path.is_file():
        known = ", ".join(stack_names(project)) or "none"
        raise ConfigError([f"stack {stack!r} is not known; stacks of this project: {known} (add one as {path.name})"])
    content = _mapping(path)
    faults = [f"{path}: {key}: not a key of a stack file" for key in sorted(set(content) - _STACK_FILE_KEYS)]
    written = content.get("config") or {}
    if not isinstance(written, dict):
        raise ConfigError([*faults, f"{path}: config: found {type(written).__name__}; write a mapping of config keys"])
    found = {_qualified(key, project.name): value for key, value in written.items()}
    found |= {_qualified(key, project.name): value for key, value in (overrides or {}).items()}
    resolved: dict[str, str] = {}
    mistyped: dict[str, str] = {}
    for key, value in (_declared_values(project.schema, faults) | found).items():
        if isinstance(value, dict) and set(value) == {"secure"}:
            faults.append(f"{path}: {key}: is encrypted, and the local run has no key; give it as an override")
        elif (expected := _type_of(project.schema.get(key))) and (problem := _mismatch(value, expected)):
            mistyped[key] = f"{path}: {key}: {problem}"
            resolved[key] = text(value)
        else:
            resolved[key] = text(value)
    told = [line.strip() for line in judge(resolved)] if judge else []
    faults += [
        fault for key, fault in mistyped.items() if not any(line.startswith((f"{key}:", f"{key}.")) for line in told)
    ] + told
    for key, spec in project.schema.items():
        if key not in resolved and isinstance(spec, dict) and not {"default", "value"} & set(spec) and key not in found:
            faults.append(f"{path}: {key}: missing; Pulumi.yaml declares it as {spec.get('type')} without a default")
    if faults:
        raise ConfigError(faults)
    return dict(sorted(resolved.items()))


def _declared_values(schema: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    """Defaults and fixed values of the project file; a bare value (`key: 5`) is a default as well."""
    values: dict[str, Any] = {}
    for key, spec in schema.items():
        if not isinstance(spec, dict):
            values[key] = spec
        elif "value" in spec:
            values[key] = spec["value"]
        elif "default" in spec:
            values[key] = spec["default"]
        if isinstance(spec, dict) and "type" in spec and spec["type"] not in _CHECKS:
            faults.append(f"Pulumi.yaml: {key}: type: found {spec['type']!r}; allowed: {', '.join(_CHECKS)}")
    return values


def _type_of(spec: Any) -> Mapping[str, Any] | None:
    """The declared type of a key, None where the schema does not state one that can be checked."""
    return spec if isinstance(spec, dict) and spec.get("type") in _CHECKS else None


def _mismatch(value: Any, spec: Mapping[str, Any], where: str = "") -> str | None:
    expected = spec["type"]
    if not _CHECKS[expected](value):
        return f"{where}expected {expected}, found {type(value).__name__} {value!r}"
    items = spec.get("items")
    if expected == "array" and (declared := _type_of(items)):
        problems = (_mismatch(item, declared, f"[{index}]: ") for index, item in enumerate(value))
        return next((problem for problem in problems if problem), None)
    return None


def _is_integer(value: Any) -> bool:
    if isinstance(value, str):
        return value.removeprefix("-").isdigit()
    return isinstance(value, int) and not isinstance(value, bool)


def text(value: Any) -> str:
    """A value as the CLI hands it to the program: objects and lists as JSON."""
    if isinstance(value, str | date):
        return value if isinstance(value, str) else moment(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=moment)


def _qualified(key: Any, project: str) -> str:
    return str(key) if ":" in str(key) else f"{project}:{key}"


def _mapping(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError([f"{path}: not found; the local run needs the project's own files"])
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        told = f"{path}: not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8"
        raise ConfigError([told]) from error
    except yaml.YAMLError as error:
        raise ConfigError([f"{path}: not YAML: {error}"]) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError([f"{path}: found {type(content).__name__}; write a mapping"])
    return content
