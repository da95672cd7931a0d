"""Categories: a feature that is a string column and nothing more is the position of its text in a list.

The list is the contract's `allowed`; where there is none, the texts of the training part, sorted, which the package's
metadata keep. A text that is not in it counts as missing, as null does: training has seen how missing ones fare.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from contracts import expression
from contracts.schema import Column, ColumnType, Contract
from contracts.tree import ColumnRef

#: Under which a package's metadata has the lists.
KEY: Final = "categories"

#: The texts of each such feature, in the order of their positions.
Lists = Mapping[str, tuple[str, ...]]


def columns(contract: Contract) -> dict[str, Column]:
    """The features that are categories, in contract order, each with its column."""
    return {
        name: contract.column(node.name)
        for name, node in expression.features(contract).items()
        if isinstance(node, ColumnRef) and node.type is ColumnType.STRING
    }


def declared(contract: Contract) -> dict[str, tuple[str, ...]]:
    """The lists that the contract has."""
    return {name: tuple(map(str, column.allowed)) for name, column in columns(contract).items() if column.allowed}


def of_package(contract: Contract, metadata: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The lists that a package's model was trained with. ValueError if the metadata lack one, or have no list there."""
    kept = metadata.get(KEY, {})
    found = declared(contract)
    for name in columns(contract):
        if name in found:
            continue
        texts = kept.get(name) if isinstance(kept, Mapping) else None
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError(
                f"metadata.json: {KEY}.{name} {texts!r} is found; the training job writes the list of texts that it "
                f"met; train the model again, or list them in the contract (columns.{columns(contract)[name].name}"
                ".allowed)"
            )
        found[name] = tuple(texts)
    return found
