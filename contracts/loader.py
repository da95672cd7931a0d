"""From YAML to a checked `Contract`: `load(path)` or `loads(text)`.

Every fault of a contract is told at once, one per line: where, what was found, what is allowed, what to do. The shape
of the file is that of `contracts.schema`, except that columns, features and segments are mappings from name to
content, `quality` one from metric to bounds, and `missing` stands once for all columns or in one. Fields and defaults
are stated there, the legal ranges in `contracts.limits`, and what spans several fields in `contracts.checks`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pydantic

from contracts import checks, document, encodings, fairness, forms, invariant, labels, monotone, numerals, weights
from contracts.checks import show
from contracts.keys import MEANINGS, REQUIRED
from contracts.limits import MODELS, MOST_DESCRIBED
from contracts.metrics import DEFAULTS, METRICS
from contracts.schema import (
    MISSING_MARKS,
    Bounds,
    Column,
    ColumnType,
    Contract,
    Cost,
    Drift,
    EventTime,
    Feature,
    Incremental,
    Ingestion,
    Loss,
    ModelCard,
    Objective,
    Split,
    Task,
    Training,
)
from contracts.texts import BLANKS

_SECTIONS = {"ingestion": Ingestion, "split": Split, "drift": Drift, "training": Training}
#: Sections that mean something by being there.
_OPTIONAL = {"incremental": Incremental, "model_card": ModelCard}
_TEXTS = ("name", "entity", "label", "description")
#: The column that a contract gets whose event time is the moment of delivery.
DELIVERED_COLUMN = "event_time"
_MAPPINGS = ("columns", "features", "segments", "quality")
_DELIVERED = Column(name=DELIVERED_COLUMN, type=ColumnType.TIMESTAMP, description="When the row was delivered (UTC)")


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
        told = f"line 1: not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8"
        raise ContractError(str(path), [told]) from None
    return loads(text, source=str(path))


def loads(text: str, *, source: str = "contract") -> Contract:
    """The contract in a YAML text; `source` is how error messages call it."""
    read = document.read(text)
    reader = _Reader(read)
    draft = reader.draft() if isinstance(read.data, dict) else None
    if draft is None and not reader.faults:
        found = f"{show(read.data)} is found; a mapping with the keys {', '.join(MEANINGS)} is allowed"
        reader.faults.append(((), found))
    if draft is not None:
        reader.faults.extend(checks.run(draft))
    if draft is None or reader.faults:
        ordered = sorted(reader.faults, key=lambda fault: read.line(fault[0]))
        raise ContractError(source, [_sentence(read, path, fault) for path, fault in ordered])
    return Contract(
        **{key: read.data[key] for key in _TEXTS if key in read.data},
        **draft.sections,
        event_time=draft.roles["event_time"],
        event_time_from=draft.event_time_from,
        task=Task(read.data["task"]),
        objective=draft.objective,
        threshold=float(read.data.get("threshold", Contract.threshold)),
        cost=draft.cost,
        class_weights=weights.read(draft.class_weights, draft.columns[read.data["label"]]),
        monotone=monotone.read(draft.monotone),
        invariant=invariant.read(draft.invariant),
        fairness=fairness.read(draft.fairness),
        retrain_after_rows=read.data.get("retrain_after_rows"),
        encoding=read.data.get("encoding"),
        quality=draft.quality,
        columns=tuple(draft.columns.values()),
        features=draft.features,
        segments=draft.segments,
    )


def _sentence(read: document.Document, path: document.Path, fault: str) -> str:
    written = read.written.get(path)
    hint = ""
    if written and document.is_power(written):
        hint = f" (YAML reads a bare {written} as a text; a number has a point and a sign there, as 1.0e+6 has)"
    elif written:
        hint = f" (YAML reads a bare {written} so; a text stands in quotes)"
    return f"line {read.line(path)}, {'.'.join(map(str, path)) or 'contract'}: {fault}{hint}"


class _Reader:
    """Checks each field on its own; what has a fault is left out of the draft, the rest goes on to `checks`."""

    def __init__(self, read: document.Document) -> None:
        self.data: Any = read.data
        self.faults: list[tuple[document.Path, str]] = list(read.faults)

    def draft(self) -> checks.Draft:
        for key in self.data:
            if key not in MEANINGS:
                self._unknown((key,), key, MEANINGS)
        for key in REQUIRED:
            if key not in self.data:
                self._fault((key,), "is missing; add it")
        texts = {key: self._text(key) for key in _TEXTS}
        texts["event_time"], event_time_from = self._event_time()
        task = self._task()
        self._threshold(task)
        self._retrain_after_rows()
        self._encoding()
        cost, class_weights = self._cost(task), self._class_weights(task)
        objective = self._objective(task)
        written = {key: self._mapping(key) for key in _MAPPINGS}
        marks, signs = self._missing(), self._signs()
        columns = {name: self._column(name, item, marks, signs) for name, item in written["columns"].items()}
        if event_time_from is EventTime.DELIVERY and texts["event_time"] not in columns:
            columns[texts["event_time"]] = _DELIVERED
        kinds = _SECTIONS | {key: kind for key, kind in _OPTIONAL.items() if key in self.data}
        checked = {key: self._section((key,), kind, self.data.get(key, {})) for key, kind in kinds.items()}
        return checks.Draft(
            name=texts["name"],
            task=task,
            objective=objective,
            cost=cost,
            class_weights=class_weights,
            monotone=self._given("monotone"),
            invariant=self._given("invariant"),
            fairness=self._given("fairness"),
            roles={role: texts[role] for role in ("entity", "event_time", "label") if texts[role]},
            columns={name: column for name, column in columns.items() if column is not None},
            event_time_from=event_time_from,
            column_names=tuple(columns),
            features=self._expressions("features", written["features"]),
            segments=self._expressions("segments", written["segments"]),
            quality=self._quality(written["quality"], task or Task.BINARY_CLASSIFICATION),
            sections={key: kinds[key](**dict(model)) for key, model in checked.items() if model is not None},
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
            if len(value) > MOST_DESCRIBED:
                self._fault((key,), f"{len(value)} letters are found; at most {MOST_DESCRIBED} are allowed; shorten it")
            return value
        self._fault((key,), f"{show(value)} is found; a text is allowed")
        return ""

    def _event_time(self) -> tuple[str, EventTime]:
        """Name of the event time's column, and where its values are from."""
        value = self.data.get("event_time")
        if not isinstance(value, Mapping):
            return self._text("event_time"), EventTime.COLUMN
        for key in value:
            if key != "from":
                self._unknown(("event_time", key), key, ("from",))
        if value.get("from") != EventTime.DELIVERY:
            found = f"{show(value.get('from'))} is found; allowed is {EventTime.DELIVERY}, or a column's name instead"
            self._fault(("event_time", "from"), found)
        elif DELIVERED_COLUMN in (self.data.get("columns") or ()):
            clash = "is found, and so is the column called that is to hold the moment of delivery"
            remedy = f"write event_time: {DELIVERED_COLUMN} to take it from there, or rename it"
            self._fault(("columns", DELIVERED_COLUMN), f"{clash}; {remedy}")
        return DELIVERED_COLUMN, EventTime.DELIVERY

    def _task(self) -> Task | None:
        value = self.data.get("task")
        if value in list(Task):
            return Task(value)
        if "task" in self.data:
            self._fault(("task",), f"{show(value)} is found; allowed are {', '.join(Task)}")
        return None

    def _retrain_after_rows(self) -> None:
        value = self.data.get("retrain_after_rows", 1)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            self._fault(("retrain_after_rows",), f"{show(value)} is found; a whole number of rows from 1 is allowed")

    def _encoding(self) -> None:
        value = self.data.get("encoding", encodings.UTF_8)
        if not isinstance(value, str) or not encodings.is_known(value):
            allowed = "a text encoding of Python is allowed, such as cp1252, latin-1, utf-16, shift_jis"
            self._fault(("encoding",), f"{show(value)} is found; {allowed}")

    def _threshold(self, task: Task | None) -> None:
        value = self.data.get("threshold", Contract.threshold)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            self._fault(("threshold",), f"{show(value)} is found; a number above 0 and below 1 is allowed")
        elif "threshold" in self.data and task not in (None, Task.BINARY_CLASSIFICATION):
            self._fault(("threshold",), f"is found, while a {task} has no decision to act; remove it")

    def _cost(self, task: Task | None) -> Cost | None:
        """What wrong decisions cost; None where it is not said, or has a fault."""
        if "cost" not in self.data:
            return None
        if task not in (None, Task.BINARY_CLASSIFICATION):
            self._fault(("cost",), f"is found, while a {task} has no decision to act; remove it")
        elif "threshold" in self.data:
            chosen = "a threshold is either given, or chosen by its cost on the validation part"
            self._fault(("cost",), f"is found beside threshold; {chosen}; remove one")
        elif (checked := self._section(("cost",), Cost, self.data["cost"])) is not None:
            return Cost(**dict(checked))
        return None

    def _class_weights(self, task: Task | None) -> Any:
        """As written; that they are those of the classes is checked with the label's column."""
        if "class_weights" in self.data and task is Task.REGRESSION:
            self._fault(("class_weights",), f"is found, while a {task} has no classes; remove it")
            return None
        if "class_weights" in self.data and self.data["class_weights"] is None:
            return ""  # an empty value is none that is allowed
        return self.data.get("class_weights")

    def _given(self, key: str) -> Any:
        """As written, to be checked with what it names; an empty value is none that is allowed."""
        return {} if key in self.data and self.data[key] is None else self.data.get(key)

    def _objective(self, task: Task | None) -> Objective | None:
        """The loss of a regression; None of another task, and where it has a fault."""
        if "objective" not in self.data:
            return Objective(loss=Loss.SQUARED) if task is Task.REGRESSION else None
        if task not in (None, Task.REGRESSION):
            self._fault(("objective",), f"is found, while the objective of a {task} is the log loss; remove it")
            return None
        found = labels.objective(self.data["objective"])
        if isinstance(found, Objective):
            return found
        self._fault(("objective",), found)
        return None

    def _mapping(self, key: str) -> dict[str, Any]:
        value = self.data.get(key, {})
        if isinstance(value, dict) and (value or key not in self.data or key in ("segments", "quality")):
            return value
        self._fault((key,), f"{show(value)} is found; a mapping from name to content is allowed")
        return {}

    def _expressions(self, key: str, written: dict[str, Any]) -> tuple[Feature, ...]:
        for name, text in written.items():
            if not isinstance(text, str):
                self._fault((key, name), f"{show(text)} is found; an expression over columns is allowed")
        return tuple(Feature(name=n, expression=text.strip()) for n, text in written.items() if isinstance(text, str))

    def _missing(self) -> tuple[str, ...]:
        """The contract's marks of missing values, for the columns without some of their own."""
        value = self.data.get("missing", list(MISSING_MARKS))
        if not isinstance(value, list):
            self._fault(("missing",), f"{show(value)} is found; a list of texts and numbers is allowed")
            return ()
        for index, mark in enumerate(value):
            if isinstance(mark, bool) or not isinstance(mark, str | int | float):
                self._fault(("missing", index), f"{show(mark)} is found; a text or a number is allowed")
        return tuple(map(str, value))

    def _signs(self) -> forms.Signs:
        """The contract's signs of numbers, for the columns without some of their own."""
        found: list[str | None] = []
        for key, allowed in (("decimal", numerals.DECIMALS), ("thousands", tuple(filter(None, numerals.THOUSANDS)))):
            value = self.data.get(key)
            if key in self.data and value not in allowed:
                self._fault((key,), f"{show(value)} is found; allowed are {', '.join(map(repr, allowed))}")
                value = None
            found.append(value)
        decimal, thousands = found
        if thousands and (told := forms.clash((decimal, thousands))):
            self._fault(("thousands",), told)
            return decimal, None
        return decimal, thousands

    def _column(self, name: str, data: Any, marks: tuple[str, ...], signs: forms.Signs) -> Column | None:
        if isinstance(data, Mapping) and data.get("type") == "category":
            advice = f"write string: a feature that is {name} and nothing more is a category"
            self._fault(("columns", name, "type"), f"'category' is found; {advice}")
            return None
        checked = self._section(("columns", name), Column, data)
        if checked is None:
            return None
        values = {key: getattr(checked, key) for key in type(checked).model_fields}
        own, pairs = values.pop("missing"), values.pop("values")
        own_signs = values.pop("decimal"), values.pop("thousands")
        column = Column(
            name=name,
            **values,
            **forms.signs(values["type"], own_signs, signs),
            values=tuple((key.strip(BLANKS), value) for key, value in pairs.items()),
            missing=marks if own is None else tuple(map(str, own)),
        )
        self.faults.extend(forms.faults(column, says_signs=own_signs != (None, None)))
        return column

    def _quality(self, written: dict[str, Any], task: Task) -> tuple[Bounds, ...]:
        """The bounds in the contract, in place of the defaults of the same metrics; the other defaults as they are."""
        found = {bounds.metric: bounds for bounds in DEFAULTS[task]}
        metrics = METRICS[task]
        for metric, data in written.items():
            path = ("quality", metric)
            end, _, rest = metric.partition("_")
            if metric not in metrics and rest in metrics and end in ("min", "max"):
                self._fault(
                    path, f"unknown key; bounds stand below their metric; write {rest}: {{{end}: {show(data)}}}"
                )
            elif metric not in metrics:
                self._unknown(path, metric, metrics)
            elif (checked := self._section(path, Bounds, data)) is not None:
                found[metric] = Bounds(metric=metric, min=checked.min, max=checked.max)
        return tuple(found.values())

    def _section(self, path: document.Path, kind: type, data: Any) -> Any:
        """`data` checked as the model of the schema dataclass `kind`, or None where it has faults."""
        model = MODELS[kind]
        if not isinstance(data, Mapping):
            keys = ", ".join(model.model_fields)
            self._fault(path, f"{show(data)} is found; a mapping with the keys {keys} is allowed")
            return None
        try:
            return model.model_validate(data)
        except pydantic.ValidationError as error:
            for item in error.errors(include_url=False):
                self._invalid(path, model, item)
            return None

    def _invalid(self, path: document.Path, model: type[pydantic.BaseModel], item: Any) -> None:
        """One of pydantic's errors in our words."""
        location: document.Path = (*path, *item["loc"])
        if item["type"] == "extra_forbidden":
            self._unknown(location, str(item["loc"][-1]), model.model_fields)
        elif item["type"] == "missing":
            self._fault(location, "is missing; add it")
        elif (
            item["loc"][0] in ("allowed", "missing", "values") and len(item["loc"]) > 1
        ):  # one fault, not one for each member of the union
            fault = ((*path, *item["loc"][:2]), f"{show(item['input'])} is found; a text or a number is allowed")
            if fault not in self.faults:
                self.faults.append(fault)
        else:
            allowed = item["msg"].removeprefix("Input should be ").removeprefix("a valid ")
            allowed = allowed.replace("String should have", "a text of")
            self._fault(location, f"{show(item['input'])} is found; allowed is {allowed}")
