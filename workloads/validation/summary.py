"""Summary statistics of an accepted data set, and the jumps between two of them that a person should see.

A jump is how a poisoned or broken upstream shows: every row is legal, the whole is not (requirement D4).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from contracts.schema import Column, ColumnType, Contract, Ingestion, Task
from workloads.engine import literal
from workloads.quantiles import Quantiles

# The figures of a small file scatter by chance; a jump is only what lies beyond this many standard errors as well.
NOISE_STANDARD_ERRORS = 3.0
_POSITIVE = ""  # stands for the positive rows among the shares of classes: no class is called so
_BATCH_ROWS = 50_000
# Values beyond the first have squares that overflow; they are divided by the second, a power of two, without loss.
_SQUARABLE, _LARGE = 1e150, 2.0**600


@dataclass(frozen=True, kw_only=True)
class NumberSummary:
    """Of one numeric column: mean and sample standard deviation of the values present, and the share missing."""

    mean: float | None
    std: float | None
    missing_rate: float


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Of the accepted rows of one file. Columns that identify a person are never summarised.

    `label_rate` is the share of positive rows of a binary label, `label_shares` are those of several classes; a label
    that is a number is one of the columns, and has quantiles (`workloads.quantiles`).
    """

    rows: int
    label_rate: float | None
    columns: Mapping[str, NumberSummary]
    label_shares: Mapping[str, float] = field(default_factory=dict[str, float])
    label_quantiles: tuple[float, ...] = ()

    @property
    def shares(self) -> Mapping[str, float]:
        """What must not jump of the label, in words and shares."""
        rate = {} if self.label_rate is None else {"the label rate": self.label_rate}
        return rate | {f"the share of label {name}": share for name, share in self.label_shares.items()}

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> Summary:
        """From plain JSON values."""
        columns = {name: NumberSummary(**column) for name, column in value["columns"].items()}
        return Summary(
            rows=value["rows"],
            label_rate=value["label_rate"],
            columns=columns,
            label_shares=value.get("label_shares", {}),  # judged before there were classes
            label_quantiles=tuple(value.get("label_quantiles", ())),  # judged before there were quantiles
        )


@dataclass(frozen=True, kw_only=True)
class Jump:
    """A change too large to pass unseen: of the label rate (`column` None), or of a column's mean."""

    column: str | None
    text: str


def summarise(connection: duckdb.DuckDBPyConnection, rows: str, contract: Contract) -> Summary:
    """The summary of `rows`: SQL after FROM, at least one row, the contract's columns as c0, c1 ... in its order."""
    positions = {column.name: f"CAST(c{index} AS DOUBLE)" for index, column in enumerate(contract.columns)}
    columns = _numeric_columns(contract)
    extremes = ", ".join(["count(*)", *(f"max(abs({positions[column.name]}))" for column in columns)])
    count, *largest = connection.execute(f"SELECT {extremes} FROM {rows}").fetchall()[0]  # noqa: S608
    scales = [_LARGE if most is not None and most > _SQUARABLE else 1.0 for most in largest]
    labels = _label_shares(contract)
    aggregates = list(labels.values())
    for column, scale in zip(columns, scales, strict=True):
        value = positions[column.name] if scale == 1 else f"{positions[column.name]} / {scale!r}"
        aggregates += [f"avg({value})", f"stddev_samp({value})", f"1 - count({value}) / count(*)"]
    found = connection.execute(f"SELECT {', '.join(aggregates or ['1'])} FROM {rows}").fetchall()[0]  # noqa: S608
    shares, figures = dict(zip(labels, found, strict=False)), found[len(labels) :]
    described = zip(columns, scales, figures[0::3], figures[1::3], figures[2::3], strict=True)
    return Summary(
        rows=count,
        label_rate=shares.pop(_POSITIVE, None),
        label_shares=shares,
        label_quantiles=_label_quantiles(connection, rows, contract),
        columns={
            column.name: NumberSummary(mean=_times(mean, scale), std=_times(std, scale), missing_rate=missing)
            for column, scale, mean, std, missing in described
        },
    )


def _label_shares(contract: Contract) -> dict[str, str]:
    """SQL of the share of each class of the label, by its text; of a binary one that of the positive rows."""
    label = _label(contract)
    match contract.task:
        case Task.BINARY_CLASSIFICATION:
            return {_POSITIVE: f"avg(CAST({label} AS DOUBLE))"}
        case Task.MULTICLASS_CLASSIFICATION:
            return {str(name): f"avg(CAST({label} = {literal(name)} AS DOUBLE))" for name in contract.classes}
        case Task.REGRESSION:
            return {}


def _label_quantiles(connection: duckdb.DuckDBPyConnection, rows: str, contract: Contract) -> tuple[float, ...]:
    """Of a label that is a number; none of classes."""
    if contract.task is not Task.REGRESSION:
        return ()
    label = f"CAST({_label(contract)} AS DOUBLE) AS label"
    found = Quantiles()
    for batch in connection.sql(f"SELECT {label} FROM {rows}").to_arrow_reader(_BATCH_ROWS):  # noqa: S608
        found.add(batch.column(0).to_numpy())
    return tuple(found.told())


def _label(contract: Contract) -> str:
    return f"c{[column.name for column in contract.columns].index(contract.label)}"


def _times(figure: float | None, scale: float) -> float | None:
    """The product, at most the largest float64: of two values the deviation can be larger than either."""
    return None if figure is None else min(figure * scale, sys.float_info.max)


def jumps(previous: Summary, current: Summary, limits: Ingestion) -> tuple[Jump, ...]:
    """What changed more between two accepted data sets than the contract lets pass.

    The label rate, or the share of a class, may change by `max_label_rate_jump`, a mean by `max_mean_jump` standard
    deviations of the previous data; in both cases plus `NOISE_STANDARD_ERRORS` standard errors of the change, so that a
    file of ten rows is not held for being small. A column that was constant and now has another mean has jumped
    whatever the limit.
    """
    found = [
        _share_jump(name, before, current.shares[name], previous.rows, current.rows, limits.max_label_rate_jump)
        for name, before in previous.shares.items()
        if name in current.shares
    ]
    found += [
        _mean_jump(name, before, current.columns[name], previous.rows, current.rows, limits.max_mean_jump)
        for name, before in previous.columns.items()
        if name in current.columns
    ]
    return tuple(jump for jump in found if jump is not None)


def _numeric_columns(contract: Contract) -> list[Column]:
    others = {contract.entity} if contract.task is Task.REGRESSION else {contract.entity, contract.label}
    numeric = {ColumnType.INTEGER, ColumnType.NUMBER}
    return [c for c in contract.columns if c.type in numeric and c.pii is None and c.name not in others]


def _share_jump(name: str, before: float, now: float, rows_before: int, rows_now: int, limit: float) -> Jump | None:
    change = abs(now - before)
    variance = before * (1 - before)
    noise = NOISE_STANDARD_ERRORS * math.sqrt(variance / rows_now + variance / rows_before)
    if change <= limit + noise:
        return None
    return Jump(
        column=None,
        text=(
            f"{name} is {now:.4g}, it was {before:.4g} in the last accepted data: "
            f"a change of {change:.3g}, allowed are {limit:g} and {noise:.2g} for chance"
        ),
    )


def _mean_jump(
    name: str, before: NumberSummary, now: NumberSummary, rows_before: int, rows_now: int, limit: float
) -> Jump | None:
    if before.mean is None or now.mean is None or before.mean == now.mean:
        return None
    text = f"the mean of {name} is {now.mean:.6g}, it was {before.mean:.6g} in the last accepted data"
    if not before.std:
        return Jump(column=name, text=f"{text}, where the column was constant")
    present_before = max(1.0, rows_before * (1 - before.missing_rate))
    present_now = max(1.0, rows_now * (1 - now.missing_rate))
    change = abs(now.mean - before.mean) / before.std
    noise = NOISE_STANDARD_ERRORS * math.sqrt(1 / present_now + 1 / present_before)
    if change <= limit + noise:
        return None
    return Jump(
        column=name,
        text=f"{text}: a change of {change:.3g} standard deviations, allowed are {limit:g} and {noise:.2g} for chance",
    )
