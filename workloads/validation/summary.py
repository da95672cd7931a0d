"""Summary statistics of an accepted data set, and the jumps between two of them that a person should see.

A jump is how a poisoned or broken upstream shows: every row is legal, the whole is not (requirement D4).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from contracts.schema import Column, ColumnType, Contract, Ingestion

# The figures of a small file scatter by chance; a jump is only what lies beyond this many standard errors as well.
NOISE_STANDARD_ERRORS = 3.0
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
    """Of the accepted rows of one file. Columns that identify a person are never summarised."""

    rows: int
    label_rate: float
    columns: Mapping[str, NumberSummary]

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> Summary:
        """From plain JSON values."""
        columns = {name: NumberSummary(**column) for name, column in value["columns"].items()}
        return Summary(rows=value["rows"], label_rate=value["label_rate"], columns=columns)


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
    aggregates = [f"avg({positions[contract.label]})"]
    for column, scale in zip(columns, scales, strict=True):
        value = positions[column.name] if scale == 1 else f"{positions[column.name]} / {scale!r}"
        aggregates += [f"avg({value})", f"stddev_samp({value})", f"1 - count({value}) / count(*)"]
    label_rate, *figures = connection.execute(f"SELECT {', '.join(aggregates)} FROM {rows}").fetchall()[0]  # noqa: S608
    described = zip(columns, scales, figures[0::3], figures[1::3], figures[2::3], strict=True)
    return Summary(
        rows=count,
        label_rate=label_rate,
        columns={
            column.name: NumberSummary(mean=_times(mean, scale), std=_times(std, scale), missing_rate=missing)
            for column, scale, mean, std, missing in described
        },
    )


def _times(figure: float | None, scale: float) -> float | None:
    """The product, at most the largest float64: of two values the deviation can be larger than either."""
    return None if figure is None else min(figure * scale, sys.float_info.max)


def jumps(previous: Summary, current: Summary, limits: Ingestion) -> tuple[Jump, ...]:
    """What changed more between two accepted data sets than the contract lets pass.

    The label rate may change by `max_label_rate_jump`, a mean by `max_mean_jump` standard deviations of the previous
    data; in both cases plus `NOISE_STANDARD_ERRORS` standard errors of the change, so that a file of ten rows is not
    held for being small. A column that was constant and now has another mean has jumped whatever the limit.
    """
    found = [_label_jump(previous, current, limits.max_label_rate_jump)]
    found += [
        _mean_jump(name, before, current.columns[name], previous.rows, current.rows, limits.max_mean_jump)
        for name, before in previous.columns.items()
        if name in current.columns
    ]
    return tuple(jump for jump in found if jump is not None)


def _numeric_columns(contract: Contract) -> list[Column]:
    others = {contract.entity, contract.label}
    numeric = {ColumnType.INTEGER, ColumnType.NUMBER}
    return [c for c in contract.columns if c.type in numeric and c.pii is None and c.name not in others]


def _label_jump(previous: Summary, current: Summary, limit: float) -> Jump | None:
    change = abs(current.label_rate - previous.label_rate)
    variance = previous.label_rate * (1 - previous.label_rate)
    noise = NOISE_STANDARD_ERRORS * math.sqrt(variance / current.rows + variance / previous.rows)
    if change <= limit + noise:
        return None
    return Jump(
        column=None,
        text=(
            f"the label rate is {current.label_rate:.4g}, it was {previous.label_rate:.4g} in the last accepted data: "
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
