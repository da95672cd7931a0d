"""What is known only at run time: parameters, execution variables, properties of steps, values of property files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local.executor.errors import StepFailure

_PART = re.compile(r"\.?([A-Za-z_][\w-]*)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(\d+)\]")
_NAMES = ("OutputName", "InputName", "ChannelName", "Name")


class Values:
    """Resolves the variables of a definition. `properties` and `files` grow as steps end."""

    def __init__(self, parameters: Mapping[str, Any], execution: Mapping[str, Callable[[], str]]) -> None:
        self.parameters = parameters
        self.execution = execution
        self.properties: dict[str, Mapping[str, Any]] = {}
        self.files: dict[tuple[str, str], Any] = {}

    def resolve(self, value: Any) -> Any:
        """`value` with every {"Get"}, {"Std:Join"} and {"Std:JsonGet"} replaced. StepFailure if one leads nowhere."""
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Get"}:
            return self._get(value["Get"])
        if set(value) == {"Std:Join"}:
            join = value["Std:Join"]
            return str(join.get("On", "")).join(_text(self.resolve(item)) for item in join["Values"])
        if set(value) == {"Std:JsonGet"}:
            return self._json_get(value["Std:JsonGet"])
        return {key: self.resolve(item) for key, item in value.items()}

    def _get(self, text: str) -> Any:
        kind, _, rest = text.partition(".")
        if kind == "Parameters" and rest in self.parameters:
            return self.parameters[rest]
        if kind == "Execution" and rest in self.execution:
            return self.execution[rest]()
        if kind == "Steps":
            name, _, path = rest.partition(".")
            if name in self.properties:
                return lookup(self.properties[name], path, text)
        raise StepFailure(f"ClientError: {text} is not known in this execution")

    def _json_get(self, function: Mapping[str, Any]) -> Any:
        if "PropertyFile" not in function:
            raise StepFailure(f"ClientError: Std:JsonGet needs a PropertyFile here, found {sorted(function)}")
        reference = function["PropertyFile"]["Get"]
        _, step, _, name = reference.split(".")
        if (step, name) not in self.files:
            raise StepFailure(f"ClientError: property file {reference} is not known in this execution")
        return lookup(self.files[step, name], function["Path"], f"{reference}: {function['Path']}")


def lookup(value: Any, path: str, whole: str) -> Any:
    """`a.b[0].c` or `a['x']` in nested dicts and lists; a list of named things takes a name too, as `Outputs['x']`.

    Raises StepFailure that cites `whole` and what there is instead.
    """
    position = 0
    for part in _PART.finditer(path.removeprefix("$.")):
        if part.start() != position:
            break
        position = part.end()
        word, single, double, index = part.groups()
        value = _member(value, int(index) if index else word or single or double, whole)
    if not path or position != len(path.removeprefix("$.")):
        raise StepFailure(f"ClientError: {whole} is not a path")
    return value


def _member(value: Any, key: str | int, whole: str) -> Any:
    if isinstance(value, dict) and key in value:
        return value[key]
    if isinstance(value, list):
        if isinstance(key, int) and key < len(value):
            return value[key]
        named = [item for item in value if isinstance(item, dict) and key in (item.get(n) for n in _NAMES)]
        if named:
            return named[0]
    there = sorted(value) if isinstance(value, dict) else f"a {type(value).__name__}"
    raise StepFailure(f"ClientError: {whole}: there is no {key!r}; there is {there}")


def _text(value: Any) -> str:
    """As SageMaker joins: JSON's words for booleans, else the plain text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
