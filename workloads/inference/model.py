"""A model package as a directory: what SageMaker unpacks model.tar.gz to, and what the training job writes.

model.ubj       the XGBoost booster; or model.onnx, the model that others made
contract.json   the compiled data contract the model was trained under
metadata.json   {"dataset_version", "features", "xgboost_version", "model_version"?, ...}
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.schema import Column, ColumnType, Contract, Feature, from_json
from workloads import tasks
from workloads.features import categories
from workloads.inference import predictor
from workloads.inference.predictor import NoPredictor, Predictor
from workloads.inference.reader import Reader
from workloads.inference.settings import Settings
from workloads.tasks import Strategy
from workloads.tasks.strategy import Output

MAX_OUTPUTS = 1_000_000  # numbers of one answer: a row of a hundred classes has a hundred
_log = logging.getLogger(__name__)


class ModelError(Exception):
    """A package that cannot be served: which file, what was found, what to do."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A loaded package, ready to answer: everything that a request needs and that a reload exchanges at once."""

    version: str
    contract: Contract
    metadata: dict[str, Any]
    predictor: Predictor
    reader: Reader
    task: Strategy

    @property
    def threshold(self) -> float | None:
        """At which a score is a decision to act, where the task has such."""
        return self.task.threshold if self.task.has_threshold else None

    def predict(self, values: array[float]) -> Sequence[Output]:
        """The outputs of some rows (at least one), given as one array of float64, row after row."""
        flat, width = self.predictor.many(values), self.task.outputs
        return flat if width == 1 else list(zip(*[iter(flat)] * width, strict=True))

    def contributions(self, values: array[float]) -> list[Any]:
        """What each feature adds to the margin, and last the bias: of each row, or of each row a list by output."""
        flat, width = self.predictor.contributions(values), self.task.outputs
        return flat if width == 1 else [flat[start : start + width] for start in range(0, len(flat), width)]


def load(
    directory: Path,
    *,
    version: str | None = None,
    threshold: float | None = None,
    max_rows: int,
    predictor_kind: str | None = None,
    rows_are_features: bool = False,
) -> Model:
    """Load a package. `version`, `threshold` and `predictor_kind` override those of the package.

    With `rows_are_features` requests carry the features themselves (the second stage of an inference pipeline).

    The version is, in this order: the argument, the metadata's `model_version`, the hash of the model's file. Raises
    ModelError.
    """
    if not directory.is_dir():
        raise ModelError(f"{directory} is not a directory; give the directory that model.tar.gz was unpacked to")
    contract = _contract(directory / "contract.json")
    metadata = _metadata(directory / "metadata.json", contract)
    try:
        predictor.require_ours(metadata)
        task = tasks.of_package(contract, metadata, threshold=threshold)
        lists = categories.of_package(contract, metadata)
    except ValueError as error:
        raise ModelError(f"{directory}: {error}") from None
    if threshold is not None and not task.has_threshold:
        raise ModelError(f"threshold {threshold:g} is given, while a {contract.task} has none; remove it")
    file = directory / predictor.model_file(metadata)
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        loaded = predictor.load(directory, (len(contract.features), task.outputs), metadata, wanted=predictor_kind)
    except OSError as error:
        message = f"{error.filename or file}: {error.strerror}; the training job writes it into model.tar.gz"
        raise ModelError(message) from None
    except ValueError as error:  # xgboost's own error is a ValueError too
        raise ModelError(f"{directory}: {str(error).splitlines()[0]}; package the model again") from None
    except ImportError as error:
        needed = "onnxruntime" if file.suffix == ".onnx" else "xgboost"
        message = f"{directory}: needs {needed}, which is not installed ({error}); use the image with it"
        raise ModelError(message) from None
    if rows_are_features:
        contract = features_as_columns(contract)
    return Model(
        version=version or str(metadata.get("model_version") or f"sha256-{digest[:12]}"),
        contract=contract,
        metadata=metadata,
        predictor=loaded,
        reader=Reader(
            contract,
            max_rows=min(max_rows, MAX_OUTPUTS // task.outputs),
            lists=None if rows_are_features else lists,
        ),
        task=task,
    )


def contract_only(directory: Path, *, version: str | None, max_rows: int) -> Model:
    """What the first stage of an inference pipeline needs of a package: its contract, no model. Raises ModelError.

    Categories whose texts training has learned are in the package's metadata, which have to be there for them.
    """
    content = _read(directory / "contract.json")
    contract = _contract(directory / "contract.json")
    learned = categories.columns(contract).keys() - categories.declared(contract).keys()
    try:
        metadata = _metadata(directory / "metadata.json", contract) if learned else {}
        lists = categories.of_package(contract, metadata)
    except ValueError as error:
        raise ModelError(f"{directory}: {error}") from None
    return Model(
        version=version or f"contract-{hashlib.sha256(content).hexdigest()[:12]}",
        contract=contract,
        metadata={},
        predictor=NoPredictor(),
        reader=Reader(contract, max_rows=max_rows, lists=lists),
        task=tasks.of(contract),
    )


def features_as_columns(contract: Contract) -> Contract:
    """The contract of a second stage: the features are its columns, each a number that may be missing."""
    names = contract.feature_names
    kept = (contract.column(name) for name in (contract.entity, contract.event_time, contract.label))
    numbers = (Column(name=name, type=ColumnType.NUMBER, nullable=True) for name in names)
    features = tuple(Feature(name=name, expression=name) for name in names)
    return dataclasses.replace(contract, columns=(*kept, *numbers), features=features, segments=())


def from_settings(settings: Settings) -> Model:
    """Load the package that `settings` name, and log it. Raises ModelError."""
    if settings.stage == "preprocess":
        return contract_only(settings.model_dir, version=settings.model_version, max_rows=settings.max_rows)
    began = time.perf_counter()
    model = load(
        settings.model_dir,
        version=settings.model_version,
        threshold=settings.threshold,
        max_rows=settings.max_rows,
        predictor_kind=settings.predictor,
        rows_are_features=settings.stage == "predict",
    )
    entry = {"version": model.version, "predictor": model.predictor.name}
    _log.info("model loaded", extra={**entry, "seconds": round(time.perf_counter() - began, 3)})
    return model


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; the training job writes it into model.tar.gz") from None


def _contract(path: Path) -> Contract:
    try:
        return from_json(_read(path))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"{path} is not a compiled contract ({error}); make it with contracts.schema.to_json"
        ) from None


def _metadata(path: Path, contract: Contract) -> dict[str, Any]:
    try:
        metadata = json.loads(_read(path))
    except ValueError as error:
        raise ModelError(f"{path} is not JSON ({error})") from None
    if not isinstance(metadata, dict):
        raise ModelError(f"{path} holds {type(metadata).__name__}, allowed is an object")
    if metadata.get("features") != list(contract.feature_names):
        raise ModelError(
            f"{path}: features {metadata.get('features')} is found, the contract has {list(contract.feature_names)}; "
            "the model was trained under another contract"
        )
    return metadata
