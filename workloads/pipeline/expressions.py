"""Values of a pipeline definition in the Amazon States Language: references, joins and files as paths and intrinsics.

What a run is asked is at `$.parameters`, what its jobs answered at `$.steps.<step>`, and the property files that they
left at `$.files.<file>`. Where a processing job writes is not asked of its answer: its own request says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workloads.pipeline.graph import is_variable, walk

#: What a pipeline calls a run's own variables -> the context object (Step Functions developer guide, "Context object").
_EXECUTION = {"PipelineExecutionId": "$$.Execution.Name", "PipelineExecutionArn": "$$.Execution.Id"}
_OUTPUT = re.compile(r"ProcessingOutputConfig\.Outputs\['([^']+)'\]\.S3Output\.S3Uri")
_SPECIAL = re.compile(r"([\\'{}])")


@dataclass(frozen=True)
class Path:
    """Of the state or of the context object."""

    text: str


class Expressions:
    """Reads the values of one definition, whose steps are given by name."""

    def __init__(self, steps: Mapping[str, Mapping[str, Any]], fixed: Mapping[str, Any]) -> None:
        """`fixed` are parameters that no run chooses, with their values."""
        self._steps, self._fixed = steps, fixed

    def payload(self, value: Any) -> Any:
        """A value as `Parameters` of a state: what is known in a run only stands behind a key that ends in `.$`."""
        if isinstance(value, list):
            return [self.payload(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        found: dict[str, Any] = {}
        for key, item in value.items():
            if isinstance(item, list) and any(map(is_variable, item)):
                found[f"{key}.$"] = f"States.Array({', '.join(map(self._argument, item))})"
            elif is_variable(item) and not isinstance(item := self._known(item), str | int | float):
                found[f"{key}.$"] = self.text(item)
            else:
                found[key] = self.payload(item)
        return found

    def text(self, value: Any) -> str:
        """A value as a path or an intrinsic function."""
        if isinstance(value, Mapping) and "Std:Join" not in (value := self._known(value)):
            (part,) = self._parts(value)
            return part.text if isinstance(part, Path) else _quoted(part)
        parts = list(self._parts(value))
        template = "".join("{}" if isinstance(part, Path) else _escaped(part) for part in parts)
        paths = [part.text for part in parts if isinstance(part, Path)]
        return f"States.Format('{template}', {', '.join(paths)})" if paths else f"'{template}'"

    def properties(self, step: str) -> dict[str, str]:
        """What others ask of a job's answer: name -> path within it."""
        prefix = f"Steps.{step}."
        gets = [node["Get"] for _, node in walk(list(self._steps.values())) if _is_get(node)]
        paths = (text.removeprefix(prefix) for text in gets if text.startswith(prefix))
        asked = {path for path in paths if not path.startswith("PropertyFiles.") and not _OUTPUT.fullmatch(path)}
        return {path.rpartition(".")[2]: f"$.{path}" for path in sorted(asked)}

    def output(self, step: str, name: str) -> Any:
        """Where a processing step writes an output."""
        outputs = self._steps[step]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
        return next(each["S3Output"]["S3Uri"] for each in outputs if each["OutputName"] == name)

    def _argument(self, value: Any) -> str:
        return self.text(value) if is_variable(value) else _quoted(str(value))

    def _known(self, value: Any) -> Any:
        """A reference to what the definition itself says, followed."""
        kind, _, rest = str(value.get("Get", "")).partition(".")
        if kind == "Parameters" and rest in self._fixed:
            return self._fixed[rest]
        step, _, path = rest.partition(".")
        if kind == "Steps" and (output := _OUTPUT.fullmatch(path)):
            return self.output(step, output[1])
        return value

    def _parts(self, value: Any) -> Iterator[str | Path]:
        """The texts and paths that a value is joined of."""
        value = self._known(value) if is_variable(value) else value
        if not is_variable(value):
            yield str(value)
        elif "Std:Join" in value:
            for index, item in enumerate(value["Std:Join"]["Values"]):
                yield from [str(value["Std:Join"]["On"])] if index else []
                yield from self._parts(item)
        elif "Std:JsonGet" in value:
            name = value["Std:JsonGet"]["PropertyFile"]["Get"].rpartition(".")[2]
            yield Path(f"$.files.{name}.content.{value['Std:JsonGet']['Path']}")
        else:
            yield Path(self._reference(value["Get"]))

    def _reference(self, text: str) -> str:
        kind, _, rest = text.partition(".")
        if kind == "Parameters":
            return f"$.parameters.{rest}"
        if kind == "Execution" and rest in _EXECUTION:
            return _EXECUTION[rest]
        if kind == "Steps":
            step, _, path = rest.partition(".")
            return f"$.steps.{step}.{path.rpartition('.')[2]}"
        raise ValueError(f"{text}: a state machine has no such value; it has {', '.join(_EXECUTION)}")


def _is_get(node: Any) -> bool:
    return isinstance(node, Mapping) and set(node) == {"Get"}


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _quoted(text: str) -> str:
    return f"'{_escaped(text)}'"
