"""The keys of a contract's sections: what each may hold and what it means, as strict pydantic models.

The models are made from the schema's dataclasses, which state the defaults.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal, get_type_hints

import pydantic
from pydantic import Field

from contracts.schema import Bounds, Column, Cost, Drift, Incremental, Ingestion, ModelCard, Split, Training

_Key = dict[str, Any]


def _share(meaning: str) -> Any:
    return Field(ge=0, le=1, description=meaning)


def _percent(part: str) -> Any:
    return Field(ge=1, le=98, description=f"entities in the {part} part, in percent; the three add up to 100")


#: Letters of a description: the model card, which repeats it, takes 2,048.
MOST_DESCRIBED = 2000
#: Letters of a text that shares a field of the model card, which takes 2,048, with another.
_SHARED = 1000


def _text(most: int, meaning: str) -> Any:
    return Field(min_length=1, max_length=most, description=meaning)


_KEYS: dict[type, _Key] = {
    Column: {
        "type": Field(description="what a value is; integer and number have 64 bits, a timestamp is UTC"),
        "nullable": Field(description="whether a row may lack a value"),
        "minimum": Field(description="least legal value"),
        "maximum": Field(description="greatest legal value"),
        "allowed": Field(description="the only legal values; instead of minimum and maximum"),
        "source": Field(min_length=1, description="the column's name in delivered files, where it is another"),
        "values": Field(description="delivered texts and the value that each means, such as {'Yes': 1, 'No': 0}"),
        "missing": Field(description="texts (or numbers) that stand for no value, in place of the contract's"),
        "pii": Field(description="the column identifies a person: it is dropped, or hashed, before a row is stored"),
        "description": Field(description="what the column means"),
        "decimal": Field(
            description="decimal sign of its numbers in texts; with `thousands` in place of the contract's"
        ),
        "thousands": Field(description="what separates thousands there; empty: nothing does"),
        "format": Field(
            min_length=1, description="how a timestamp is written in texts, in letters of strptime: `%d.%m.%Y %H:%M`"
        ),
        "epoch": Field(description="a timestamp is a number of these since 1970-01-01 (UTC)"),
        "timezone": Field(
            min_length=1,
            description="place whose time it is in texts that say no offset, such as Europe/Berlin; else UTC",
        ),
    },
    Bounds: {
        "min": Field(description="least value with which a model may be registered"),
        "max": Field(description="greatest value with which a model may be registered"),
    },
    # their sums over all rows, and the share that one has in both, are no infinity and no whole 0 or 1 within these
    Cost: {
        "false_positive": Field(ge=1e-6, le=1e9, description="of an act where the label is negative"),
        "false_negative": Field(ge=1e-6, le=1e9, description="of no act where the label is positive"),
    },
    Ingestion: {
        "max_bad_row_share": _share("share of bad rows above which a whole file is refused"),
        "max_lateness_days": Field(ge=0, description="age in days above which a row comes too late"),
        "max_future_minutes": Field(ge=0, description="minutes that an event may lie ahead of the clock"),
        "max_label_rate_jump": _share(
            "change of the positive rate, or of a class's share, above which a file is held for a person"
        ),
        "max_mean_jump": Field(
            gt=0, description="change of a numeric column's mean, in standard deviations, above which a file is held"
        ),
    },
    Split: {"train": _percent("training"), "validation": _percent("validation"), "test": _percent("test")},
    Drift: {
        "max_score": Field(gt=0, description="drift score (Jensen-Shannon distance, 0 to 1) above which data drifted"),
        "min_rows": Field(ge=1, description="rows below which no score is taken"),
    },
    # XGBoost's own ranges (its parameter documentation), and ends that catch a slip before it costs a week; those of
    # the training job (workloads.training.container), or a contract could pass here and be refused there
    Training: {
        "num_round": Field(ge=1, le=100_000, description="boosting rounds at most"),
        "eta": Field(ge=1e-6, le=1, description="learning rate"),
        "max_depth": Field(ge=1, le=30, description="levels of a tree"),
        "min_child_weight": Field(ge=0, le=1e9, description="least sum of hessians in a leaf"),
        "subsample": Field(ge=1e-3, le=1, description="share of the rows that a tree sees"),
        "early_stopping_rounds": Field(ge=1, le=100_000, description="rounds without a better validation loss"),
        "seed": Field(ge=0, le=2**31 - 1, description="of the row sampler"),
    },
    Incremental: {
        "rounds": Field(ge=1, le=10_000, description="boosting rounds that one retraining adds at most"),
        "rehearsal": Field(gt=0, le=1, description="share of the rows known to the champion that are learned again"),
    },
    ModelCard: {
        "owner": _text(_SHARED, "who answers for the models; else the tag `Owner` of the workload or its stack"),
        "intended_uses": _text(_SHARED, "who is to use the answers, for what"),
        "out_of_scope": _text(_SHARED, "what they must not be used for"),
        "risk_rating": Field(description="how much harm a wrong answer does"),
        "risk_explanation": _text(MOST_DESCRIBED, "why that rating"),
        "ethical_considerations": _text(_SHARED, "of whom the answers are, and what is done for them"),
        "limitations": _text(_SHARED, "when not to rely on an answer"),
    },
}
#: Fields that are the key under which the rest stands.
_NAMES = {Column: "name", Bounds: "metric"}
_Marks = tuple[str | int | float, ...] | None
_Pairs = dict[str, str | int | float | bool]
#: Written otherwise than the schema has it: enums as texts, tuples as lists, pairs as a mapping, marks as numbers too.
_WRITTEN: dict[str, Any] = {
    **{name: Annotated[get_type_hints(Column)[name], pydantic.Strict(False)] for name in ("type", "pii", "allowed")},
    "missing": Annotated[_Marks, pydantic.Strict(False)],
    "values": _Pairs,
    "decimal": Literal[".", ","] | None,
    "thousands": Literal["", ".", ",", "'", " "] | None,
}
#: What stands for a key of a column that is left out.
_UNWRITTEN: dict[str, Any] = {"missing": None, "values": {}}


def _model(kind: type) -> type[pydantic.BaseModel]:
    """A strict model with the fields and defaults of `kind`, but for the name."""
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {}
    for item in dataclasses.fields(kind):
        if item.name == _NAMES.get(kind):
            continue
        hint = _WRITTEN.get(item.name, hints[item.name]) if kind is Column else hints[item.name]
        default = ... if item.default is dataclasses.MISSING else item.default
        if kind is Column and item.name in _UNWRITTEN:
            default = _UNWRITTEN[item.name]
        fields[item.name] = (Annotated[hint, _KEYS[kind][item.name]], default)
    config = pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return pydantic.create_model(kind.__name__, __config__=config, **fields)


MODELS = {kind: _model(kind) for kind in _KEYS}
