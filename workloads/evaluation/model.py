"""A model as the training job leaves it: model.tar.gz with model.ubj, model.onnx or what an image of others reads,
contract.json and metadata.json."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import xgboost as xgb
from numpy.typing import NDArray

from contracts import expression, schema
from contracts.schema import ColumnType, Contract
from contracts.tree import columns_of
from workloads import tasks
from workloads.archive import unpack
from workloads.evaluation.inputs import Inputs
from workloads.features import categories
from workloads.features.categories import Lists
from workloads.features.frame import with_features
from workloads.features.model_matrix import matrix
from workloads.inference import predictor
from workloads.job import UserError

if TYPE_CHECKING:
    from workloads.inference.onnx_predictor import OnnxPredictor

#: SHAP is exact but slow; a sample of rows is enough for a mean.
EXPLAINED_ROWS = 1000
_SEED = 7


@dataclass(frozen=True, kw_only=True)
class Model(ABC):
    """A model with the contract whose features it reads.

    `tolerance` is by how much two scores of the same row may differ, as a share of the largest; `unit` is that of its
    importances, None: that of the task's margin. `at_hand` says whether it answers when it is asked: then how long it
    takes is its own time, and a question may follow from an answer.
    """

    contract: Contract
    metadata: Mapping[str, Any]
    tolerance: ClassVar[float] = 0.0
    unit: ClassVar[str | None] = None
    at_hand: ClassVar[bool] = True

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of its matrix."""
        return self.contract.feature_names

    @property
    def unmoved(self) -> frozenset[str]:
        """Those of them whose values are no quantities."""
        return frozenset(categories.columns(self.contract))

    @property
    def reads(self) -> frozenset[str]:
        """The contract's columns that it is told."""
        return frozenset[str]().union(*map(columns_of, expression.features(self.contract).values()))

    def retyped(self, now: Contract) -> dict[str, tuple[ColumnType, ColumnType]]:
        """Those of them that a contract has as inputs of a type in which this model cannot read them: both types."""
        return expression.retyped(self.contract, now)

    @cached_property
    def lists(self) -> Lists:
        """Of this model's categories."""
        return categories.of_package(self.contract, self.metadata)

    def features(self, rows: pa.Table) -> NDArray[Any]:
        """The model matrix (n, features) of rows that hold the raw columns this model's features are made of.

        They are computed here, by this model's own contract: a champion may have had other features than a candidate.
        """
        return matrix(with_features(rows, self.contract), self.contract, self.lists)

    @property
    def origin(self) -> str:
        """Who made it."""
        return str(self.metadata.get("origin", "trained here"))

    @abstractmethod
    def scores(self, features: NDArray[Any]) -> NDArray[Any]:
        """What the model says: (n,), or (n, classes) of several."""

    def importances(self, features: NDArray[Any]) -> NDArray[Any]:
        """How much each feature (features,) moves the scores of a sample of rows, in `unit`.

        By how much they change in the mean where the values of a feature change rows (Breiman, Random Forests, 2001,
        section 10).
        """
        sample, random = features[:EXPLAINED_ROWS], np.random.default_rng(_SEED)
        scores, found = self.scores(sample), list[float]()
        for position in range(sample.shape[1]):
            changed = sample.copy()
            changed[:, position] = random.permutation(changed[:, position])
            found.append(float(np.abs(self.scores(changed) - scores).mean()))
        return np.array(found)


@dataclass(frozen=True, kw_only=True)
class Boosted(Model):
    """A booster. One thread: sums are then the same on every machine."""

    booster: xgb.Booster

    def scores(self, features: NDArray[Any]) -> NDArray[Any]:
        """As XGBoost gives them."""
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

    def importances(self, features: NDArray[Any]) -> NDArray[Any]:
        """The mean absolute contribution of each feature, over the outputs too."""
        found = np.abs(self.contributions(features[:EXPLAINED_ROWS])[..., :-1])
        return found.reshape(-1, found.shape[-1]).mean(axis=0)


@dataclass(frozen=True, kw_only=True)
class Imported(Model):
    """A model that others made, in ONNX form. What multiplies matrices sums one row otherwise than many."""

    session: OnnxPredictor
    tolerance: ClassVar[float] = 1e-5
    unit: ClassVar[str | None] = "change of the answer"

    def scores(self, features: NDArray[Any]) -> NDArray[Any]:
        """As onnxruntime gives them."""
        return self.session.scores(features)


def _unasked(_: NDArray[Any]) -> NDArray[Any]:
    raise RuntimeError("an image has no answers before it was asked (`workloads.evaluation.asking`)")


@dataclass(frozen=True, kw_only=True)
class Contained(Model):
    """A model that others made, in an image of theirs, which reads the contract's inputs and makes its own features.

    A batch of jobs asks it, so each row's answer is known before the evaluation begins, and how long one takes is not.
    """

    image: str
    inputs: Inputs | None = None
    answer: Callable[[NDArray[Any]], NDArray[Any]] = _unasked
    tolerance: ClassVar[float] = 1e-5
    unit: ClassVar[str | None] = "change of the answer"
    at_hand: ClassVar[bool] = False

    @property
    def names(self) -> tuple[str, ...]:
        """The contract's inputs."""
        return tuple(column.name for column in self.contract.inputs)

    @property
    def unmoved(self) -> frozenset[str]:
        """All but numbers."""
        numbers = (ColumnType.INTEGER, ColumnType.NUMBER)
        return frozenset(column.name for column in self.contract.inputs if column.type not in numbers)

    @property
    def reads(self) -> frozenset[str]:
        """All inputs."""
        return frozenset(self.names)

    def retyped(self, now: Contract) -> dict[str, tuple[ColumnType, ColumnType]]:
        """Those of any other type: a request to the image has values of the types that it was promised."""
        types = {column.name: column.type for column in now.inputs}
        return {
            column.name: (column.type, types[column.name])
            for column in self.contract.inputs
            if types.get(column.name, column.type) is not column.type
        }

    def features(self, rows: pa.Table) -> NDArray[Any]:
        """The inputs of rows (n, inputs), float64."""
        return (self.inputs or Inputs.of(self.contract, rows)).matrix(rows)

    def scores(self, features: NDArray[Any]) -> NDArray[Any]:
        """As the image answered."""
        return self.answer(features)


def require_finite(scores: NDArray[np.float32], part: str) -> NDArray[np.float32]:
    """The scores (n, ...) of a part of the data. UserError if some are no numbers: then there are no metrics."""
    unscored = int((~np.isfinite(scores.reshape(len(scores), -1)).all(axis=1)).sum())
    if unscored:
        raise UserError(
            f"the model gives no finite number for {unscored} of {len(scores)} rows of the {part} part, most likely "
            "those with missing values; let it fill them itself (an imputer before it), and export it again"
        )
    return scores


def from_archive(archive: Path, directory: Path) -> Model:
    """Unpack `archive` into `directory` (links and paths that leave it are refused) and load the model."""
    unpack(archive, directory)
    contract = schema.from_json((directory / "contract.json").read_bytes())
    metadata = json.loads((directory / "metadata.json").read_bytes())
    choice = metadata.get("predictor") or {}
    if choice.get("kind") == predictor.IMAGE:
        return Contained(image=choice["image"], contract=contract, metadata=metadata)
    file = directory / predictor.model_file(metadata)
    if file.suffix == ".onnx":
        from workloads.inference.onnx_predictor import OnnxPredictor  # half of the step's imports, and seldom needed

        session = OnnxPredictor(file, len(contract.features), tasks.of(contract).outputs)
        return Imported(session=session, contract=contract, metadata=metadata)
    booster = xgb.Booster({"nthread": 1}, model_file=file)
    if booster.feature_names != list(contract.feature_names):
        raise ValueError(
            f"{archive.name}: the model reads {booster.feature_names}, its contract says {contract.feature_names}"
        )
    return Boosted(booster=booster, contract=contract, metadata=metadata)
