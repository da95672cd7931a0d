"""A model that goes on from the champion: its trees are kept, and others are added.

They are learned on the rows that the champion has not seen and on a sample of those that it has, in which each row
counts for those that are left out (rehearsal: Robins, "Catastrophic forgetting, rehearsal and pseudorehearsal", 1995).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import xgboost as xgb

from contracts import expression, schema
from contracts.schema import Contract, Incremental
from workloads.archive import unpack
from workloads.features import categories
from workloads.features.categories import Lists

#: What of a contract decides what a model's trees mean.
_DECIDES: Final = ("task", "objective", "label", "classes", "features", "monotone")
#: Under which a package's metadata has the last event time of the data that its model learned from.
LAST_EVENT: Final = "last_event"


@dataclass(frozen=True, kw_only=True)
class Former:
    """The champion: its booster as UBJSON, its categories, its package's metadata, and `how` to go on from it."""

    model: bytes
    lists: Lists
    metadata: Mapping[str, Any]
    how: Incremental

    @property
    def rounds(self) -> int:
        """Of its boosting."""
        return xgb.Booster(model_file=bytearray(self.model)).num_boosted_rounds()

    def thresholds(self, contract: Contract) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
        """Where it splits each feature, ascending. In bins that end there it answers as on the rows themselves."""
        text = bytes(xgb.Booster(model_file=bytearray(self.model)).save_raw("json"))
        trees = json.loads(text)["learner"]["gradient_booster"]["model"]["trees"]
        found: dict[str, list[float]] = {name: [] for name in contract.feature_names}
        for tree in trees:
            categorical = set(tree["categories_nodes"])
            for node, left in enumerate(tree["left_children"]):
                if left >= 0 and node not in categorical:
                    name = contract.feature_names[tree["split_indices"][node]]
                    found[name].append(tree["split_conditions"][node])
        return {name: np.unique(np.array(values, dtype=np.float32)) for name, values in found.items()}

    def sample(self, contract: Contract) -> Sample:
        """What of the rows is learned."""
        last = self.metadata.get(LAST_EVENT)
        return Sample(
            event_time=contract.event_time,
            last=datetime.fromisoformat(last) if last else None,
            share=self.how.rehearsal,
            seed=contract.training.seed,
        )


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Rows later than `last` (all, where it is None), and a share of the others, drawn by the seed."""

    event_time: str
    last: datetime | None
    share: float
    seed: int

    def weights(self, table: pa.Table, number: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        """How much each row (n,) of a table counts, the `number`th of its data set: 0 of one that is left out."""
        if self.last is None:
            return np.ones(table.num_rows, dtype=np.float32)
        times = table.column(self.event_time).cast(pa.timestamp("us", "UTC")).to_numpy()
        new = times > np.datetime64(self.last.astimezone(UTC).replace(tzinfo=None))
        drawn = np.random.default_rng((self.seed, number)).random(table.num_rows) < self.share
        return np.where(new, 1, np.where(drawn, 1 / self.share, 0)).astype(np.float32)


def read(archive: Path, contract: Contract, how: Incremental, scratch: Path) -> Former | str:
    """The champion in its archive, or why nothing can be added to it: then a model is trained anew."""
    unpack(archive, scratch)
    before = schema.from_json((scratch / "contract.json").read_bytes())
    metadata: dict[str, Any] = json.loads((scratch / "metadata.json").read_bytes())
    if "origin" in metadata:
        return "the champion was made by others"
    if changed := [key for key in _DECIDES if getattr(before, key) != getattr(contract, key)]:
        return f"the champion was made by a contract with another {', '.join(changed)}"
    if retyped := expression.retyped(before, contract):
        return f"the champion was made by a contract with other types of the columns {', '.join(retyped)}"
    lists = categories.of_package(before, metadata)
    declared = categories.declared(contract)
    if any(lists[name] != texts for name, texts in declared.items()):
        return "the champion was made by a contract with other categories"
    return Former(model=(scratch / "model.ubj").read_bytes(), lists=lists, metadata=metadata, how=how)
