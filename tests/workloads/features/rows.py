"""Rows and expressions on which every interpreter of the expression language must agree."""

from __future__ import annotations

import dataclasses
import math

import pyarrow as pa

from contracts import loader
from contracts.schema import Contract, Feature

SCHEMA = pa.schema(
    {
        "key": pa.string(),
        "count": pa.int64(),
        "amount": pa.float64(),
        "rate": pa.float64(),
        "flag": pa.bool_(),
        "plan": pa.string(),
    }
)
COUNTS = [None, 0, -1, 1, 7, 12, 2**53 + 1, -(2**63), 2**63 - 1]
AMOUNTS = [None, math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, -0.5, 0.1, 3.75, 1e-300, 1e308, -1e308, 5e-324]
RATES = [None, math.nan, math.inf, -math.inf, 0.0, -0.0, 2.0, -1.0, 1e-17, 1e300, 0.3]
FLAGS = [None, True, False]
PLANS = [None, "", "basic", "Basic", "häuslich ☂", 'it\'s "quoted" \\ {x}', "basic "]

EXPRESSIONS = [
    "count",
    "amount",
    "flag",
    "-amount",
    "count + amount - rate * 2",
    "amount * rate",
    "amount - rate",
    "amount / rate",
    "1 / amount",
    "count / 3 / 7",
    "amount / (rate - rate)",
    "fill(amount, -1)",
    "fill(amount * rate, 5)",
    "fill(amount / count, -2.5)",
    "clip(amount, -1, 1e6)",
    "clip(amount - rate, 0, 10)",
    "log1p(amount)",
    "log1p(fill(amount, 0) * rate)",
    "missing(amount)",
    "missing(count)",
    "missing(flag)",
    "missing(plan)",
    "missing(amount - rate)",
    'equals(plan, "basic")',
    'equals(plan, "")',
    'equals(plan, "häuslich ☂")',
    "equals(plan, 'it\\'s \"quoted\" \\\\ {x}')",
    "equals(count, 7)",
    "equals(amount, 0)",
    "equals(flag, 1)",
    "bucket(amount, -1, 0, 3.75)",
    "bucket(count, 0)",
    "bucket(amount - rate, 0, 1)",
    "flag * amount + missing(flag)",
    "fill(log1p(amount) / bucket(count, 1, 5), 2 * 3 - 1)",
    " - ".join(["amount", "rate"] * 50),  # as deep as the language allows
    "clip(" * 12 + "amount" + ", -1e9, 1e9)" * 12,
]


def contract(expressions: list[str], split: str = "{}") -> Contract:
    """A contract over SCHEMA with the features f0, f1, ... for `expressions`.

    Interpreters must agree on what the loader refuses as never true, too.
    """
    loaded = loader.loads(f"""
name: rows
task: binary_classification
entity: key
event_time: at
label: label
columns:
  key: {{type: string}}
  at: {{type: timestamp}}
  count: {{type: integer, nullable: true}}
  amount: {{type: number, nullable: true}}
  rate: {{type: number, nullable: true}}
  flag: {{type: boolean, nullable: true}}
  plan: {{type: string, nullable: true}}
  label: {{type: boolean}}
features: {{count: count}}
segments: {{plan: plan, high: "bucket(amount, 10)"}}
split: {split}
""")
    features = tuple(Feature(name=f"f{i}", expression=text.strip()) for i, text in enumerate(expressions))
    return dataclasses.replace(loaded, features=features)


def table() -> pa.Table:
    """Every pair of edge values of two neighbouring columns, in one table."""
    rows = [
        {"count": c, "amount": a, "rate": r, "flag": FLAGS[(i + j) % 3], "plan": PLANS[(i + 2 * j) % len(PLANS)]}
        for i, a in enumerate(AMOUNTS)
        for j, r in enumerate(RATES)
        for c in (COUNTS[(i + j) % len(COUNTS)], COUNTS[(i * j + 3) % len(COUNTS)])
    ]
    return pa.Table.from_pylist([{"key": f"k{n}", **row} for n, row in enumerate(rows)], schema=SCHEMA)


def same(left: float | None, right: float | None, *, ulps: int = 0) -> bool:
    """Equal results: both missing (null and NaN are one), or floats within `ulps` units in the last place."""
    a = math.nan if left is None else left
    b = math.nan if right is None else right
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= ulps * math.ulp(max(abs(a), abs(b)))
