"""Deploy-time values into a compiled definition: pure standard library, so it is cheap inside an `Output.apply`.

    from workloads.pipeline import render
    body = render.render(render.read("train"), {"kms_key": "arn:aws:kms:...", "subnets": ["subnet-a", "subnet-b"], ...})

`TOKENS` says which values are asked for and what each must look like.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workloads.pipeline.tokens import EXAMPLES, MACHINE_EXAMPLES, MARK, SEARCHED, TOKENS, TUNING_EXAMPLES, Kind, Token

__all__ = [
    "EXAMPLES",
    "MACHINE_EXAMPLES",
    "SEARCHED",
    "TOKENS",
    "TUNING_EXAMPLES",
    "Kind",
    "RenderError",
    "Token",
    "read",
    "render",
]

DEFINITIONS = Path(__file__).parent / "definitions"
MAX_BYTES = 1_048_576  # of CreatePipeline's PipelineDefinition (API reference)
_BY_PLACEHOLDER = {token.placeholder: token for token in TOKENS.values()}
_PLACEHOLDER = re.compile("|".join(re.escape(p) for p in sorted(_BY_PLACEHOLDER, key=len, reverse=True)))


class RenderError(ValueError):
    """Values and tokens do not fit. The message lists every fault, one a line."""


def read(name: str) -> str:
    """The compiled definition called `name`, for example `train`, as committed by `make pipeline`."""
    path = DEFINITIONS / f"{name}.json"
    if not path.is_file():
        known = sorted(p.stem for p in DEFINITIONS.glob("*.json") if not p.stem.endswith(".inputs"))
        raise FileNotFoundError(
            f"there is no compiled pipeline {name!r}; there is {known}. Compile with `make pipeline`."
        )
    return path.read_text(encoding="utf-8")


def render(definition: str, values: Mapping[str, str | int | float | Sequence[str]]) -> str:
    """The definition with every token replaced, as compact JSON with sorted keys (the provider compares strings).

    Raises RenderError with all faults at once: a value missing, unknown or not of its token's form, one that the
    definition does not use, a token left over, or a result above the service's size limit.
    """
    used = {_BY_PLACEHOLDER[found].name for found in _PLACEHOLDER.findall(definition)}
    faults = [
        fault
        for token in TOKENS.values()
        if token.name in used or token.name in values
        for fault in _faults(token, values)
    ]
    faults += [
        f"{name}: no such token; the tokens are {', '.join(TOKENS)}" for name in sorted(set(values) - set(TOKENS))
    ]
    faults += [
        f"{name}: the definition has no {TOKENS[name].placeholder}; compile it again"
        for name in sorted((set(values) & set(TOKENS)) - used)
    ]
    if faults:
        raise RenderError("the pipeline definition cannot be rendered:\n" + "\n".join(faults))
    body = json.dumps(_replace(json.loads(definition), values), sort_keys=True, separators=(",", ":"))
    if left := sorted(set(re.findall(rf"{MARK}[\w-]*", body))):
        raise RenderError(f"tokens without an entry in TOKENS are left in the definition: {', '.join(left)}")
    if len(body.encode()) > MAX_BYTES:
        raise RenderError(
            f"the rendered definition has {len(body.encode())} bytes; SageMaker takes at most {MAX_BYTES}"
        )
    return body


def _faults(token: Token, values: Mapping[str, Any]) -> list[str]:
    if token.name not in values:
        return [f"{token.name}: no value ({token.meaning})"]
    value = values[token.name]
    if token.kind in (Kind.INTEGER, Kind.NUMBER):
        kinds = (int,) if token.kind is Kind.INTEGER else (int, float)
        number = isinstance(value, kinds) and not isinstance(value, bool)
        return [] if number else [f"{token.name}: {value!r} is not an {token.kind}"]
    if token.kind is Kind.TEXT:
        return _text_faults(token, token.name, value)
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        return [f"{token.name}: {value!r} is not a list with at least one element ({token.meaning})"]
    return [f for i, item in enumerate(value) for f in _text_faults(token, f"{token.name}[{i}]", item)]


def _text_faults(token: Token, where: str, value: object) -> list[str]:
    if not isinstance(value, str) or not re.fullmatch(token.pattern, value):
        return [f"{where}: {value!r} is not a legal value ({token.meaning}); for example {_example(token)!r}"]
    return [f"{where}: {value!r} contains {MARK!r}, which marks a token"] if MARK in value else []


def _example(token: Token) -> object:
    return token.example[0] if isinstance(token.example, list) else token.example


def _replace(node: Any, values: Mapping[str, Any]) -> Any:
    """`node` (parsed JSON) with the tokens in its strings replaced; keys are never tokens."""
    if isinstance(node, dict):
        return {key: _replace(item, values) for key, item in node.items()}
    if isinstance(node, list):
        return [element for item in node for element in _elements(item, values)]
    return _replace_text(node, values) if isinstance(node, str) and MARK in node else node


def _elements(item: Any, values: Mapping[str, Any]) -> list[Any]:
    """What takes the place of one list element: itself, or the elements of the list that its token stands for."""
    token = _BY_PLACEHOLDER.get(item) if isinstance(item, str) else None
    if token and token.kind is Kind.LIST:
        return list(values[token.name])
    return [_replace(item, values)]


def _replace_text(text: str, values: Mapping[str, Any]) -> Any:
    if (whole := _BY_PLACEHOLDER.get(text)) and whole.kind is not Kind.LIST:
        return values[whole.name]

    def value_of(match: re.Match[str]) -> str:
        token = _BY_PLACEHOLDER[match.group()]
        if token.kind is not Kind.TEXT:
            raise RenderError(f"{token.name}: a {token.kind} cannot stand inside the text {text!r}")
        return str(values[token.name])

    return _PLACEHOLDER.sub(value_of, text)
