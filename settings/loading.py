"""Reads the config of the running stack."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import pulumi
from pydantic import ValidationError

from contracts import kinds
from contracts.names import Names, NamesError, WorkloadNames, clashes
from settings.faults import Fault, Location, Reporter
from settings.judging import judge
from settings.stack import Settings

PROJECT: Final = "ml-platform"


def load() -> Settings:
    """The settings of the running stack. Raises what `read` raises, and for a project of another name.

    Such a one (`pulumi new` asks for a name) has the keys of Pulumi.yaml under its own, where nothing would read them.
    """
    project = pulumi.get_project()
    if project != PROJECT and (unread := config_keys(project)):
        raise pulumi.RunError(
            f"the project: found {project!r}, with config that nothing reads ({project}:{unread[0]} and others); "
            f"allowed: {PROJECT}; write `name: {PROJECT}` in Pulumi.yaml, and keys as {PROJECT}:<key>"
        )
    keys = config_keys(PROJECT)
    secret = {key for key in keys if pulumi.runtime.is_config_secret(f"{PROJECT}:{key}")}
    texts = {key: "" if key in secret else pulumi.Config(PROJECT).require(key) for key in keys}
    return read(pulumi.get_stack(), texts, secret)


def read(stack: str, texts: Mapping[str, str], secret: Collection[str] = ()) -> Settings:
    """The settings of a stack, from the texts of its config keys without the project's name.

    Raises pulumi.RunError (shown without a stack trace) that lists every fault, one a line: the config key, the value
    found, what is allowed and what to do.
    """
    values, lines = _written(texts, secret)
    lines += [_reporter().line(fault) for fault in _stack_faults(stack, values.get("stack", ""))]
    workloads = values.get("workloads")
    lines += [_reporter().line(fault) for fault in _name_faults(stack, workloads)]
    kinds_refused = dict(_kind_faults(workloads))
    lines += [_reporter().line(fault) for fault in kinds_refused.values()]
    try:
        settings = Settings.model_validate_json(json.dumps(values))
    except ValidationError:
        wrong, between = judge(values)
        for found in wrong:
            if found["loc"][:4] not in kinds_refused:
                lines += _reporter().lines(found)
        lines += map(_reporter().line, between)
    else:
        if not lines:
            return settings
    raise pulumi.RunError(f"the config of stack {stack} (Pulumi.{stack}.yaml) has faults:\n" + "\n".join(lines))


@functools.cache
def _reporter() -> Reporter:
    """Made for the first fault: the schema is a tenth of the time of a run that has none."""
    return Reporter(PROJECT, Settings.model_json_schema())


def config_keys(namespace: str) -> list[str]:
    """Names of the config keys that are set in a namespace; pulumi.Config can look up a key but not list them."""
    known = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    return sorted(key.removeprefix(f"{namespace}:") for key in known if key.startswith(f"{namespace}:"))


def _written(texts: Mapping[str, str], secret: Collection[str]) -> tuple[dict[str, Any], list[str]]:
    """The config of the project by key, and a line for each value that cannot be one."""
    values: dict[str, Any] = {}
    lines: list[str] = []
    for key, text in texts.items():
        if key in secret:
            lines.append(_reporter().secret(key))
            continue
        field = Settings.model_fields.get(key)
        try:
            values[key] = text if field and field.annotation is str else json.loads(text)
        except json.JSONDecodeError:
            if field:
                lines.append(_reporter().wrong_type(key, text))
            else:
                values[key] = text
    return values, lines


def _stack_faults(stack: str, written: Any) -> Iterator[Fault]:
    """A stack that is not called what its file says. Names follow the stack: a new one replaces all that has a name."""
    if not written:
        advice = f"set it, `pulumi config set stack {stack}`: every name follows it, and a renamed stack is noticed"
        yield Fault("stack", "nothing", stack, advice)
    elif written != stack:
        advice = (
            f"every bucket, key and endpoint of {written} would be replaced: rename the stack back, "
            f"`pulumi stack rename {written}`; if it is a new one with a copy of that file, set its own name there"
        )
        yield Fault("stack", written, stack, advice)


def _kind_faults(workloads: Any) -> Iterator[tuple[Location, Fault]]:
    """Endpoints of a kind that the platform does not serve, by place; what else they say is not judged."""
    for workload, endpoint, written in _below(workloads, "endpoints"):
        kind = written.get("kind", "nothing") if isinstance(written, Mapping) else None
        if kind is not None and kind not in kinds.KINDS:
            advice = (
                "it comes with a later version: take one of these" if kind in kinds.PLANNED else "name one of these"
            )
            where = ("workloads", workload, "endpoints", endpoint)
            yield where, Fault(f"{'.'.join(where)}.kind", kind, ", ".join(kinds.KINDS), advice)


def _below(workloads: Any, kind: str) -> Iterator[tuple[str, str, Any]]:
    """Workload, name of an endpoint or source (`kind`) and what is written of it, where the config has that shape."""
    for name, workload in workloads.items() if isinstance(workloads, Mapping) else ():
        found = workload.get(kind) if isinstance(workload, Mapping) else None
        for key, written in found.items() if isinstance(found, Mapping) else ():
            yield name, key, written


def _name_faults(stack: str, workloads: Any) -> Iterator[Fault]:
    """Stack, workloads, endpoints and sources that cannot be called so, alone or beside each other."""
    if not isinstance(workloads, Mapping):
        return
    try:
        ground = Names(stack=stack, account="0" * 12, region="")
    except NamesError as error:
        yield Fault(error.what, error.found, error.allowed, error.advice)
        return
    for name in workloads:
        try:
            ground.of_workload(name)
        except NamesError as error:
            yield Fault(f"workloads.{name}", error.found, error.allowed, error.advice)
    for kind, call in (("endpoints", WorkloadNames.of_endpoint), ("sources", WorkloadNames.pull)):
        for name, key, _ in _below(workloads, kind):
            with contextlib.suppress(NamesError):  # told above
                names = ground.of_workload(name)
                try:
                    call(names, key)
                except NamesError as error:
                    yield Fault(f"workloads.{name}.{kind}.{key}", error.found, error.allowed, error.advice)
    for first, second in clashes(stack, workloads):
        advice = f"rename one: the roles of {first} would reach what is {second}'s"
        yield Fault("workloads", [first, second], f"names that do not begin with {first}-{stack}-", advice)
