"""The parameters of one execution: the given texts checked against what the definition declares."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_SHOWN = 10


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_READ: Mapping[str, Callable[[str], Any]] = {"String": str, "Integer": int, "Float": float, "Boolean": _boolean}


def bind(declared: Sequence[Mapping[str, Any]], given: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Name -> value of its declared type (the given text, else the default), and every fault.

    Faults: an unknown name, a text that is not of the type or not in EnumValues, a parameter with neither value nor
    default. (StartPipelineExecution takes all values as texts.)
    """
    names = [parameter["Name"] for parameter in declared]
    faults = [f"{n}: no such parameter; there are {', '.join(names)}" for n in sorted(set(given) - set(names))]
    values: dict[str, Any] = {}
    for parameter in declared:
        try:
            values[parameter["Name"]] = _value(parameter, given)
        except ValueError as error:
            faults.append(f"{parameter['Name']}: {error}")
    return values, faults


def _value(parameter: Mapping[str, Any], given: Mapping[str, str]) -> Any:
    if parameter["Name"] in given:
        text = given[parameter["Name"]]
        try:
            value = _READ[parameter["Type"]](text)
        except (KeyError, ValueError) as error:
            raise ValueError(f"found {text!r}, which is no {parameter['Type']}") from error
    elif "DefaultValue" in parameter:
        value = parameter["DefaultValue"]
    else:
        raise ValueError("no value given, and the definition has no default")
    if "EnumValues" in parameter and value not in parameter["EnumValues"]:
        raise ValueError(f"found {value!r}; allowed: {_shown(parameter['EnumValues'], str(value))}")
    return value


def _shown(allowed: Sequence[str], found: str) -> str:
    """A few values all; of many their number and those most like what was found."""
    if len(allowed) <= _SHOWN:
        return ", ".join(allowed)
    return f"{len(allowed)} values, such as {', '.join(difflib.get_close_matches(found, allowed, n=3, cutoff=0))}"
