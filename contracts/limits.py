"""The legal range of each number in a contract, as strict pydantic models made from the schema's dataclasses."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, get_type_hints

import pydantic
from pydantic import Field

from contracts.schema import Column, Drift, Ingestion, Quality, Split, Training

_SHARE = Field(ge=0, le=1)
_PERCENT = Field(ge=1, le=98)
_LIMITS: dict[type, dict[str, Any]] = {
    Column: {},
    Ingestion: {
        "max_bad_row_share": _SHARE,
        "max_lateness_days": Field(ge=0),
        "max_future_minutes": Field(ge=0),
        "max_label_rate_jump": _SHARE,
        "max_mean_jump": Field(gt=0),
    },
    Split: {"train": _PERCENT, "validation": _PERCENT, "test": _PERCENT},
    Quality: {
        "min_auc": _SHARE,
        "min_accuracy": _SHARE,
        "min_f1": _SHARE,
        "max_calibration_error": _SHARE,
        "max_auc_loss": _SHARE,
        "max_latency_ms": Field(gt=0),
    },
    Drift: {"max_score": Field(gt=0), "min_rows": Field(ge=1)},
    # XGBoost's own ranges (its parameter documentation), and ends that catch a slip before it costs a week; those of
    # the training job (workloads.training.job), or a contract could pass here and be refused there
    Training: {
        "num_round": Field(ge=1, le=100_000),
        "eta": Field(ge=1e-6, le=1),
        "max_depth": Field(ge=1, le=30),
        "min_child_weight": Field(ge=0, le=1e9),
        "subsample": Field(ge=1e-3, le=1),
        "early_stopping_rounds": Field(ge=1, le=100_000),
        "seed": Field(ge=0, le=2**31 - 1),
    },
}


# enums are written as texts, tuples as lists
_WRITTEN_OTHERWISE = tuple(get_type_hints(Column)[name] for name in ("type", "pii", "allowed"))


def _model(kind: type) -> type[pydantic.BaseModel]:
    """A strict model with the fields and defaults of `kind`; a column's name is the key it stands under."""
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {}
    for item in dataclasses.fields(kind):
        if kind is Column and item.name == "name":
            continue
        hint: Any = hints[item.name]
        if hint in _WRITTEN_OTHERWISE:
            hint = Annotated[hint, pydantic.Strict(False)]
        if item.name in _LIMITS[kind]:
            hint = Annotated[hint, _LIMITS[kind][item.name]]
        fields[item.name] = (hint, ... if item.default is dataclasses.MISSING else item.default)
    config = pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return pydantic.create_model(kind.__name__, __config__=config, **fields)


MODELS = {kind: _model(kind) for kind in _LIMITS}
