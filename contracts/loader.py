"""From YAML to a checked `Contract`: `load(path)` or `loads(text)`.

Every fault of a contract is told at once, one per line: where, what was found, what is allowed, what to do. The shape
of the file is that of `contracts.schema`, except that columns, features and segments are mappings from name to
content; fields and defaults are stated there, the legal ranges in `contracts.limits`, and what spans several fields in
`contracts.checks`.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pydantic

from contracts import checks, document
from contracts.checks import show
from contracts.limits import MODELS
from contracts.schema import Column, Contract, Drift, Feature, Ingestion, Quality, Split, Task, Training

_SECTIONS = {"ingestion": Ingestion, "split": Split, "quality": Quality, "drift": Drift, "training": Training}
_KEYS = tuple(item.name for item in dataclasses.fields(Contract))
_TEXTS = ("name", "entity", "event_time", "label", "description")
_MAPPINGS = ("columns", "features", "segments")
_REQUIRED = ("name", "task", "entity", "event_time", "label", "columns", "features")


class ContractError(ValueError):
    """The faults of one contract; `faults` holds a sentence for each, in the order of the file."""

    def __init__(self, source: str, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        count = f"{len(self.faults)} fault{'s' if len(self.faults) > 1 else ''}"
        super().__init__("\n".join((f"{source}: {count}", *(f"  {fault}" for fault in self.faults))))


def load(path: Path | str) -> Contract:
    """The contract in the YAML file `path`. Raises ContractError with every fault, OSError if it cannot be read."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ContractError(str(path), [f"line 1: not UTF-8 ({error.reason} at byte {error.start})"]) from None
    return loads(text, source=str(path))


def loads(text: str, *, source: str = "contract") -> Contract:
    """The contract in a YAML text; `source` is how error messages call it."""
    read = document.read(text)
    reader = _Reader(read)
    draft = reader.draft() if isinstance(read.data, dict) else None
    if draft is None and not reader.faults:
        found = f"{show(read.data)} is found; a mapping with the keys {', '.join(_KEYS)} is allowed"
        reader.faults.append(((), found))
    if draft is not None:
        reader.faults.extend(checks.run(draft))
    if draft is None or reader.faults:
        ordered = sorted(reader.faults, key=lambda fault: read.line(fault[0]))
        raise ContractError(source, [_sentence(read, path, fault) for path, fault in ordered])
    return Contract(
        **{key: read.data[key] for key in _TEXTS if key in read.data},
        **draft.sections,
        task=Task(read.data["task"]),
        threshold=float(read.data.get("threshold", Contract.threshold)),
        columns=tuple(draft.columns.values()),
        features=draft.features,
        segments=draft.segments,
    )


def _sentence(read: document.Document, path: document.Path, fault: str) -> str:
    return f"line {read.line(path)}, {'.'.join(map(str, path)) or 'contract'}: {fault}"


class _Reader:
    """Checks each field on its own; what has a fault is left out of the draft, the rest goes on to `checks`."""

    def __init__(self, read: document.Document) -> None:
        self.data: Any = read.data
        self.faults: list[tuple[document.Path, str]] = list(read.faults)

    def draft(self) -> checks.Draft:
        for key in self.data:
            if key not in _KEYS:
                self._unknown((key,), key, _KEYS)
        for key in _REQUIRED:
            if key not in self.data:
                self._fault((key,), "is missing; add it")
        texts = {key: self._text(key) for key in _TEXTS}
        self._task()
        self._threshold()
        written = {key: self._mapping(key) for key in _MAPPINGS}
        columns = {name: self._section(("columns", name), Column, item) for name, item in written["columns"].items()}
        sections = {key: self._section((key,), kind, self.data.get(key, {})) for key, kind in _SECTIONS.items()}
        return checks.Draft(
            name=texts["name"],
            roles={role: texts[role] for role in ("entity", "event_time", "label") if texts[role]},
            columns={name: column for name, column in columns.items() if column is not None},
            column_names=tuple(written["columns"]),
            features=self._expressions("features", written["features"]),
            segments=self._expressions("segments", written["segments"]),
            sections={key: section for key, section in sections.items() if section is not None},
        )

    def _fault(self, path: document.Path, text: str) -> None:
        self.faults.append((path, text))

    def _unknown(self, path: document.Path, key: str, known: Iterable[str]) -> None:
        close = difflib.get_close_matches(key, list(known), n=1)
        hint = f"did you mean {close[0]!r}?" if close else "remove it"
        self._fault(path, f"unknown key; allowed are {', '.join(known)}; {hint}")

    def _text(self, key: str) -> str:
        value = self.data.get(key, "")
        if isinstance(value, str) and (value.strip() or key not in self.data or key == "description"):
            return value
        self._fault((key,), f"{show(value)} is found; a text is allowed")
        return ""

    def _task(self) -> None:
        value = self.data.get("task")
        if "task" in self.data and value not in list(Task):
            self._fault(
                ("task",),
                f"the task {show(value)} is not supported; supported is {', '.join(Task)} (a label of two values); "
                "make the label binary, or train this task elsewhere",
            )

    def _threshold(self) -> None:
        value = self.data.get("threshold", Contract.threshold)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            self._fault(("threshold",), f"{show(value)} is found; a number above 0 and below 1 is allowed")

    def _mapping(self, key: str) -> dict[str, Any]:
        value = self.data.get(key, {})
        if isinstance(value, dict) and (value or key not in self.data or key == "segments"):
            return value
        self._fault((key,), f"{show(value)} is found; a mapping from name to content is allowed")
        return {}

    def _expressions(self, key: str, written: dict[str, Any]) -> tuple[Feature, ...]:
        for name, text in written.items():
            if not isinstance(text, str):
                self._fault((key, name), f"{show(text)} is found; an expression over columns is allowed")
        return tuple(Feature(name=n, expression=text.strip()) for n, text in written.items() if isinstance(text, str))

    def _section(self, path: document.Path, kind: type, data: Any) -> Any:
        """`data` as the schema dataclass `kind`, or None where it has faults."""
        model = MODELS[kind]
        if not isinstance(data, Mapping):
            keys = ", ".join(model.model_fields)
            self._fault(path, f"{show(data)} is found; a mapping with the keys {keys} is allowed")
            return None
        try:
            checked = model.model_validate(data)
        except pydantic.ValidationError as error:
            for item in error.errors(include_url=False):
                self._invalid(path, model, item)
            return None
        named = {"name": path[-1]} if kind is Column else {}
        return kind(**named, **{name: getattr(checked, name) for name in model.model_fields})

    def _invalid(self, path: document.Path, model: type[pydantic.BaseModel], item: Any) -> None:
        """One of pydantic's errors in our words."""
        location: document.Path = (*path, *item["loc"])
        if item["type"] == "extra_forbidden":
            self._unknown(location, str(item["loc"][-1]), model.model_fields)
        elif item["type"] == "missing":
            self._fault(location, "is missing; add it")
        elif item["loc"][0] == "allowed" and len(item["loc"]) > 1:  # one fault, not one for each member of the union
            fault = ((*path, *item["loc"][:2]), f"{show(item['input'])} is found; a text or a number is allowed")
            if fault not in self.faults:
                self.faults.append(fault)
        else:
            allowed = item["msg"].removeprefix("Input should be ").removeprefix("a valid ")
            self._fault(location, f"{show(item['input'])} is found; allowed is {allowed}")
