"""The texts of each category: what a training job learns of them before it needs XGBoost.

Too many are not refused where the data set is made: one and the same is for a training, for going on from a champion,
whose lists are kept, and for an image of others, which may read any text.
"""

from __future__ import annotations

from pathlib import Path

from contracts.schema import MOST_TEXTS, Contract
from workloads import parquet
from workloads.features import categories
from workloads.features.categories import Lists
from workloads.job import UserError


def learned(directory: Path, contract: Contract) -> Lists:
    """The lists of the categories: the contract's, or the texts of a directory, sorted. UserError for too many."""
    found = categories.declared(contract)
    for name in categories.columns(contract):
        if name not in found:
            table = parquet.read(directory, [name])
            found[name] = tuple(sorted(table.column(name).unique().drop_null().to_pylist()))
    for name, texts in found.items():
        if len(texts) > MOST_TEXTS:
            raise UserError(
                f"{directory.name}: feature {name} has {len(texts)} different texts; at most {MOST_TEXTS} are "
                "allowed of a category; group them before they are delivered, or take it out of the contract's features"
            )
    return found
