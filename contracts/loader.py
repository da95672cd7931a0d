"""From YAML to a checked `Contract`: `load(path)` or `loads(text)`.

Every fault of a contract is told at once, one per line: where, what was found, what is allowed, what to do. The shape of
the file is the shape of `contracts.schema`, except that columns, features and segments are mappings from name to content,
so defaults and fields are stated there and only the legal ranges are stated here.
"""

from __future__ import annotations

import dataclasses
import difflib
import keyword
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import pydantic
from pydantic import Field

from contracts import document, expression
from contracts.schema import (
    Column,
    ColumnType,
    Contract,
    Drift,
    Feature,
    Ingestion,
    Pii,
    Quality,
    Split,
    Task,
    Training,
)

# SageMaker Feature Store's rule for feature names, narrowed to what expressions can name (CreateFeatureGroup,
# FeatureDefinition: [a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}), and the names it and our own ETL keep for themselves.
NAME = re.compile(r"[a-zA-Z](_*[a-zA-Z0-9]){0,63}")
RESERVED = frozenset({"is_deleted", "write_time", "api_invocation_time", "split"})
# The workload's name begins the name of every AWS resource; SageMaker allows 63 characters for the whole.
WORKLOAD_NAME = re.compile(r"[a-z](-?[a-z0-9]){0,29}")

_SHARE = Field(ge=0, le=1)
_LIMITS: dict[type, dict[str, Any]] = {
    Column: {},
    Ingestion: {
        "max_bad_row_share": _SHARE,
        "max_lateness_days": Field(ge=0),
        "max_future_minutes": Field(ge=0),
        "max_label_rate_jump": _SHARE,
        "max_mean_jump": Field(gt=0),
    },
    Split: {"train": Field(ge=1, le=98), "validation": Field(ge=1, le=98), "test": Field(ge=1, le=98)},
    Quality: {
        "min_auc": _SHARE,
        "min_accuracy": _SHARE,
        "min_f1": _SHARE,
        "max_calibration_error": _SHARE,
        "max_auc_loss": _SHARE,
        "max_latency_ms": Field(gt=0),
    },
    Drift: {"max_score": Field(gt=0), "min_rows": Field(ge=1)},
    Training: {  # XGBoost's own ranges (parameter documentation), and bounds that keep a typing error from a week of cost
        "num_round": Field(ge=1, le=100_000),
        "eta": Field(gt=0, le=1),
        "max_depth": Field(ge=1, le=64),
        "min_child_weight": Field(ge=0),
        "subsample": Field(gt=0, le=1),
        "early_stopping_rounds": Field(ge=1),
        "seed": Field(ge=0, le=2**31 - 1),
    },
}


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
    return _Reader(document.read(text)).contract(source)


def _model(kind: type) -> type[pydantic.BaseModel]:
    """A strict pydantic model with the fields and defaults of a schema dataclass and the limits of `_LIMITS`."""
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {}
    for item in dataclasses.fields(kind):
        if kind is Column and item.name == "name":
            continue  # the key of the mapping
        hint: Any = hints[item.name]
        if hint not in (int, float, str, bool):  # enums and tuples are written as texts and lists
            hint = Annotated[hint, pydantic.Strict(False)]
        if item.name in _LIMITS[kind]:
            hint = Annotated[hint, _LIMITS[kind][item.name]]
        fields[item.name] = (hint, ... if item.default is dataclasses.MISSING else item.default)
    config = pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return pydantic.create_model(kind.__name__, __config__=config, **fields)


_MODELS = {kind: _model(kind) for kind in _LIMITS}
_SECTIONS = {"ingestion": Ingestion, "split": Split, "quality": Quality, "drift": Drift, "training": Training}
_KEYS = tuple(item.name for item in dataclasses.fields(Contract))
_REQUIRED = ("name", "task", "entity", "event_time", "label", "columns", "features")


class _Reader:
    """One reading: every method adds what it finds to `faults` and returns what is usable in spite of them."""

    def __init__(self, source: document.Document) -> None:
        self.document = source
        self.faults: list[tuple[document.Path, str]] = list(source.faults)

    def contract(self, source: str) -> Contract:
        data: Any = self.document.data
        if isinstance(data, dict):
            values = self._values(data)
        elif data is not None or not self.faults:
            self._fault((), f"{_show(data)} is found; a mapping with the keys {', '.join(_KEYS)} is allowed")
        if self.faults:
            ordered = sorted(self.faults, key=lambda fault: self.document.line(fault[0]))
            raise ContractError(source, [self._sentence(path, text) for path, text in ordered])
        return Contract(**values)  # pyright: ignore[reportPossiblyUnboundVariable]

    def _sentence(self, path: document.Path, text: str) -> str:
        name = ".".join(map(str, path)) or "contract"
        return f"line {self.document.line(path)}, {name}: {text}"

    def _fault(self, path: document.Path, text: str) -> None:
        self.faults.append((path, text))

    # ---- shape ----

    def _values(self, data: dict[str, Any]) -> dict[str, Any]:
        for key in data:
            if key not in _KEYS:
                self._unknown((key,), key, _KEYS)
        for key in _REQUIRED:
            if key not in data:
                self._fault((key,), "is missing; add it")
        values: dict[str, Any] = {key: self._text(data, key) for key in ("name", "entity", "event_time", "label")}
        values["description"] = self._text(data, "description") if "description" in data else ""
        values["task"] = self._task(data)
        values["threshold"] = self._threshold(data)
        for key, kind in _SECTIONS.items():
            values[key] = self._section((key,), kind, data.get(key, {}))
        columns = self._columns(data.get("columns", {}))
        values["columns"] = tuple(columns.values())
        values["features"] = self._expressions(data, "features")
        values["segments"] = self._expressions(data, "segments")
        self._check_name(values["name"])
        self._check_roles(values, columns)
        self._check_split(values["split"])
        self._check_expressions(values, columns)
        return values

    def _text(self, data: dict[str, Any], key: str) -> str | None:
        value = data.get(key)
        if key in data and not (isinstance(value, str) and value.strip()):
            self._fault((key,), f"{_show(value)} is found; a text is allowed")
            return None
        return value

    def _task(self, data: dict[str, Any]) -> Task | None:
        value = data.get("task")
        if value in set(Task):
            return Task(value)
        if "task" in data:
            self._fault(
                ("task",),
                f"the task {_show(value)} is not supported; supported is {', '.join(Task)} "
                "(a label of two values); make the label binary, or train this task elsewhere",
            )
        return None

    def _threshold(self, data: dict[str, Any]) -> float:
        value = data.get("threshold", Contract.threshold)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            self._fault(("threshold",), f"{_show(value)} is found; a number between 0 and 1 (both excluded) is allowed")
            return Contract.threshold
        return float(value)

    def _section(self, path: document.Path, kind: type, data: Any, **more: Any) -> Any:
        """`data` as the schema dataclass `kind`, or None where it has faults."""
        model = _MODELS[kind]
        if not isinstance(data, Mapping):
            self._fault(
                path, f"{_show(data)} is found; a mapping with the keys {', '.join(model.model_fields)} is allowed"
            )
            return None
        try:
            checked = model.model_validate(data)
        except pydantic.ValidationError as error:
            for item in error.errors(include_url=False):
                self._pydantic_fault(path, model, item)
            return None
        return kind(**more, **{name: getattr(checked, name) for name in model.model_fields})

    def _pydantic_fault(self, path: document.Path, model: type[pydantic.BaseModel], item: Any) -> None:
        location: document.Path = (*path, *item["loc"])
        if item["type"] == "extra_forbidden":
            self._unknown(location, str(item["loc"][-1]), tuple(model.model_fields))
        elif item["type"] == "missing":
            self._fault(location, "is missing; add it")
        elif item["loc"][0] == "allowed" and len(item["loc"]) > 1:  # one line, not one for each member of the union
            location = (*path, *item["loc"][:2])
            if location not in (fault[0] for fault in self.faults):
                self._fault(location, f"{_show(item['input'])} is found; a text, a number or a boolean is allowed")
        else:
            allowed = item["msg"].removeprefix("Input should be ").replace("a valid ", "a ")
            self._fault(location, f"{_show(item['input'])} is found; allowed is {allowed}")

    def _unknown(self, path: document.Path, key: str, known: tuple[str, ...]) -> None:
        close = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "remove it"
        self._fault(path, f"unknown key {key!r}; allowed are {', '.join(known)}; {hint}")

    # ---- columns ----

    def _columns(self, data: Any) -> dict[str, Column]:
        if not isinstance(data, dict) or (not data and "columns" in self.document.data):
            self._fault(("columns",), f"{_show(data)} is found; a mapping from column name to its content is allowed")
            return {}
        columns: dict[str, Column] = {}
        folded: dict[str, str] = {}
        for name, content in data.items():
            path = ("columns", name)
            self._check_column_name(path, name, folded)
            column = self._section(path, Column, content, name=name)
            if column is not None:
                columns[name] = column
                self._check_bounds(path, column)
                self._check_allowed(path, column)
        return columns

    def _check_column_name(self, path: document.Path, name: str, folded: dict[str, str]) -> None:
        if not NAME.fullmatch(name) or keyword.iskeyword(name):
            self._fault(
                path,
                f"the name {name!r} is found; allowed are up to 64 letters, digits and _, a letter first, "
                "no _ last, no Python keyword; rename it",
            )
        elif name.lower() in RESERVED:
            self._fault(path, f"the name {name!r} is reserved (reserved are {', '.join(sorted(RESERVED))}); rename it")
        elif name.lower() in folded:
            self._fault(
                path,
                f"differs from {folded[name.lower()]!r} in case only, and Athena, Glue and duckdb see no case; rename one",
            )
        folded.setdefault(name.lower(), name)

    def _check_bounds(self, path: document.Path, column: Column) -> None:
        bounds = {"minimum": column.minimum, "maximum": column.maximum}
        for key, value in bounds.items():
            if value is None:
                continue
            if column.type not in (ColumnType.INTEGER, ColumnType.NUMBER):
                self._fault(
                    (*path, key),
                    f"{value:g} is found on a {column.type} column; only integer and number columns have bounds; remove it",
                )
            elif column.type is ColumnType.INTEGER and value != int(value):
                self._fault((*path, key), f"{value:g} is found on an integer column; a whole number is allowed")
        if column.minimum is not None and column.maximum is not None and column.minimum > column.maximum:
            self._fault(path, f"minimum {column.minimum:g} is above maximum {column.maximum:g}; swap or correct them")

    def _check_allowed(self, path: document.Path, column: Column) -> None:
        if not column.allowed:
            return
        path = (*path, "allowed")
        kinds = {ColumnType.STRING: str, ColumnType.INTEGER: int, ColumnType.NUMBER: (int, float)}
        if column.type not in kinds:
            self._fault(
                path, f"is found on a {column.type} column; string, integer and number columns may have it; remove it"
            )
            return
        for value in column.allowed:
            if isinstance(value, bool) or not isinstance(value, kinds[column.type]):
                self._fault(
                    path, f"{_show(value)} is found in the list of a {column.type} column; allowed is a {column.type}"
                )
        if len(set(column.allowed)) < len(column.allowed):
            self._fault(path, f"a value stands twice in {list(column.allowed)}; remove one")
        if column.minimum is not None or column.maximum is not None:
            self._fault(
                path, "is found beside minimum or maximum; a list of legal values needs no bounds; remove one of them"
            )

    # ---- what spans several fields ----

    def _check_name(self, name: str | None) -> None:
        if name is not None and not WORKLOAD_NAME.fullmatch(name):
            self._fault(
                ("name",),
                f"{name!r} is found; allowed are up to 30 lower-case letters, digits and single inner -, "
                "a letter first (it begins every resource's name)",
            )

    def _check_roles(self, values: dict[str, Any], columns: dict[str, Column]) -> None:
        """Entity, event time and label exist, differ, and are of legal types."""
        roles = {role: values[role] for role in ("entity", "event_time", "label") if values[role] is not None}
        for role, name in roles.items():
            if name not in self.document.data.get("columns", {}):
                self._fault((role,), f"{name!r} is found, which is no column; columns are {', '.join(columns)}")
                continue
            others = [other for other, its in roles.items() if its == name and other != role]
            if others:
                self._fault((role,), f"{name!r} is found, which is the {others[0]} too; name another column")
            elif name in columns:
                getattr(self, f"_check_{role}")(columns[name])

    def _check_entity(self, column: Column) -> None:
        path = ("columns", column.name)
        if column.type not in (ColumnType.STRING, ColumnType.INTEGER):
            self._fault((*path, "type"), f"{column.type} is found; the entity is a string or an integer")
        if column.pii is Pii.DROP:
            self._fault((*path, "pii"), "drop is found; the entity is needed as a key: use hash")
        self._check_not_null(column, "entity")

    def _check_event_time(self, column: Column) -> None:
        path = ("columns", column.name)
        if column.type is not ColumnType.TIMESTAMP:
            self._fault((*path, "type"), f"{column.type} is found; the event time is a timestamp")
        self._check_no_pii(column, "event time")
        self._check_not_null(column, "event time")

    def _check_label(self, column: Column) -> None:
        path = ("columns", column.name)
        binary = column.type is ColumnType.INTEGER and sorted(map(str, column.allowed)) == ["0", "1"]
        if column.type is not ColumnType.BOOLEAN and not binary:
            found = f"type {column.type} with allowed {list(column.allowed)}"
            self._fault(
                path, f"{found} is found; a binary label is {{type: integer, allowed: [0, 1]}} or {{type: boolean}}"
            )
        self._check_no_pii(column, "label")
        self._check_not_null(column, "label")

    def _check_no_pii(self, column: Column, role: str) -> None:
        if column.pii is not None:
            self._fault(
                ("columns", column.name, "pii"), f"{column.pii} is found; the {role} cannot be removed; drop this key"
            )

    def _check_not_null(self, column: Column, role: str) -> None:
        if column.nullable:
            self._fault(
                ("columns", column.name, "nullable"), f"true is found; the {role} of a row is never null; remove it"
            )

    def _check_split(self, split: Split | None) -> None:
        if split is not None and split.train + split.validation + split.test != 100:
            total = split.train + split.validation + split.test
            self._fault(
                ("split",),
                f"{split.train} + {split.validation} + {split.test} = {total} is found; the shares must add up to 100",
            )

    # ---- expressions ----

    def _expressions(self, data: dict[str, Any], key: str) -> tuple[Feature, ...]:
        content = data.get(key, {})
        if not isinstance(content, dict) or (key == "features" and key in data and not content):
            self._fault((key,), f"{_show(content)} is found; a mapping from name to expression is allowed")
            return ()
        found: list[Feature] = []
        for name, text in content.items():
            if isinstance(text, str):
                found.append(Feature(name=name, expression=text.strip()))
            else:
                self._fault((key, name), f"{_show(text)} is found; an expression over columns is allowed")
        return tuple(found)

    def _check_expressions(self, values: dict[str, Any], columns: dict[str, Column]) -> None:
        inputs = self._usable(values, columns)
        folded = {name.lower(): name for name in self.document.data.get("columns") or {}}
        taken: dict[str, str] = {}
        for key in ("features", "segments"):
            for feature in values[key]:
                path = (key, feature.name)
                if feature.name.lower() in folded:
                    if feature.expression != feature.name:
                        self._fault(
                            path,
                            f"is the name of a column, and {feature.expression!r} is more than that column; rename it",
                        )
                else:
                    self._check_column_name(path, feature.name, taken)
                self._check_expression(path, feature, inputs, values, allow_text=key == "segments")

    def _usable(self, values: dict[str, Any], columns: dict[str, Column]) -> dict[str, ColumnType]:
        others = {values["entity"], values["event_time"], values["label"]}
        return {name: column.type for name, column in columns.items() if name not in others and column.pii is None}

    def _check_expression(
        self,
        path: document.Path,
        feature: Feature,
        inputs: dict[str, ColumnType],
        values: dict[str, Any],
        *,
        allow_text: bool,
    ) -> None:
        try:
            expression.parse(feature.expression, inputs, allow_text=allow_text)
        except expression.ExpressionError as error:
            for fault in error.faults:
                self._fault(path, fault + self._why_not_usable(fault, values))

    def _why_not_usable(self, fault: str, values: dict[str, Any]) -> str:
        """A word on columns that exist but are kept from expressions, or that have a fault of their own."""
        match = re.search(r"unknown column '(\w+)'", fault)
        name = match.group(1) if match else None
        if name is None or name not in (self.document.data.get("columns") or {}):
            return ""
        for role in ("label", "entity", "event_time"):
            if values[role] == name:
                return f" ({name} is the {role.replace('_', ' ')} and never a model input)"
        return f" ({name} has a fault of its own, or is marked as pii and never a model input)"


def _show(value: Any) -> str:
    """A value as the reader of a YAML file knows it, shortened."""
    if value is None:
        return "nothing"
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else text[:57] + "..."
