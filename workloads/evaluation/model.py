"""A trained model as the training job leaves it: model.tar.gz with model.ubj, contract.json and metadata.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import xgboost as xgb
from numpy.typing import NDArray

from contracts import schema
from contracts.schema import Contract
from workloads.archive import unpack
from workloads.features import categories
from workloads.features.categories import Lists
from workloads.features.frame import matrix, with_features


@dataclass(frozen=True, kw_only=True)
class Model:
    """A booster with the contract whose features it reads. One thread: sums are then the same on every machine."""

    booster: xgb.Booster
    contract: Contract
    metadata: Mapping[str, Any]

    @classmethod
    def from_archive(cls, archive: Path, directory: Path) -> Self:
        """Unpack `archive` into `directory` (links and paths that leave it are refused) and load the model."""
        unpack(archive, directory)
        contract = schema.from_json((directory / "contract.json").read_bytes())
        booster = xgb.Booster({"nthread": 1}, model_file=directory / "model.ubj")
        if booster.feature_names != list(contract.feature_names):
            raise ValueError(
                f"{archive.name}: the model reads {booster.feature_names}, its contract says {contract.feature_names}"
            )
        return cls(booster=booster, contract=contract, metadata=json.loads((directory / "metadata.json").read_bytes()))

    @cached_property
    def lists(self) -> Lists:
        """Of this model's categories."""
        return categories.of_package(self.contract, self.metadata)

    def features(self, rows: pa.Table) -> NDArray[np.float32]:
        """The model matrix (n, features) of rows that hold the raw columns this model's features are made of.

        They are computed here, by this model's own contract: a champion may have had other features than a candidate.
        """
        return matrix(with_features(rows, self.contract), self.contract, self.lists)

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the model says: (n,), or (n, classes) of several."""
        return self.booster.inplace_predict(features)

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """SHAP values (n, features + 1) of the margin, the last is the bias (Lundberg et al., TreeSHAP, 2020).

        Of several classes (n, classes, features + 1).
        """
        names = list(self.contract.feature_names)
        data = xgb.DMatrix(
            features, feature_names=names, feature_types=self.booster.feature_types, nthread=1, enable_categorical=True
        )
        return self.booster.predict(data, pred_contribs=True)
