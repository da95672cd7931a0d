"""What contract and archive have to be for a model that others made: what is seen of them without opening the model.

Nothing but the standard library is needed for it, so that it can be asked before a run is paid for
(`workloads.rehearsal.imported`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from contracts.schema import Contract
from workloads.features import categories
from workloads.features.categories import Lists
from workloads.job import UserError

#: What the platform puts beside the files of an image.
OURS: Final = ("contract.json", "metadata.json")


def lists(contract: Contract) -> Lists:
    """Of the categories. UserError for one whose list only a training here would learn."""
    found = categories.declared(contract)
    if unknown := sorted(categories.columns(contract).keys() - found.keys()):
        raise UserError(
            f"the features {', '.join(unknown)} are categories whose texts the contract does not list, so nobody knows "
            "by which numbers the model calls them; list them (columns.<name>.allowed) in the order it was made for"
        )
    return found


def require_askable(contract: Contract) -> None:
    """An image is asked with columns, and decides by itself: UserError for a contract that promises more."""
    faults: list[str] = []
    if contract.cost is not None:
        faults.append("cost: found; it chooses the threshold in training, and the image decides by its own; give one")
    columns = {feature.name for feature in contract.features if feature.expression.strip() == feature.name}
    promised = () if contract.monotone is None else (*contract.monotone.increasing, *contract.monotone.decreasing)
    faults += [
        f"monotone.{name}: found of a feature that is no bare column, and an image is asked with columns; leave it out"
        for name in sorted(set(promised) - columns)
    ]
    if faults:
        raise UserError("the contract, for a model in an image of others: " + "; ".join(faults))


def require_not_ours(paths: Iterable[Path]) -> None:
    """UserError for an archive that has files, at `paths` below its top, which the platform writes."""
    if taken := sorted({str(path) for path in paths} & set(OURS)):
        raise UserError(f"found {', '.join(taken)}, which the platform writes; leave them out of the archive")
