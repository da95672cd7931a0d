"""What turns features into a score, and which of three predictors a package gets.

The compiled forest is used where the package says that it was proved equal to XGBoost (`packaging`), its library is on
this machine, and the package's probe rows come out with XGBoost's bits here too. Otherwise it is XGBoost itself, with
the reason in the log. XGBoost is imported only then: it costs half a second and 60 MB. A model that others made, in
ONNX form, is asked through onnxruntime, which is imported for it alone.
"""

from __future__ import annotations

import hashlib
import logging
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from workloads.inference.forest import library
from workloads.inference.forest.forest import DifferentError, Forest

KINDS = ("forest", "xgboost")
ONNX = "onnx"
#: What serves is an image that others made, and none of this.
IMAGE = "image"
Features = Sequence[float]
_log = logging.getLogger(__name__)


class UnscoredError(ValueError):
    """The model gives no finite number for a row: its position, from 0."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} has no finite score")
        self.row = row


class Predictor(Protocol):
    """A loaded model. Features are float64 with NaN for missing; a score is float32 in a Python float.

    Features are narrowed to float32 as the training matrix was: rounded to nearest, and held within the largest finite
    float32 (`workloads.features.model_matrix`). Safe to use from several threads. `explains` is whether there are
    contributions.
    """

    name: str
    explains: bool

    def one(self, features: Features) -> float:
        """The score of one row; of a model with several outputs the first."""
        ...

    def many(self, values: array[float]) -> Sequence[float]:
        """The outputs of some rows (at least one), given as one array of float64, row after row; so are they."""
        ...

    def contributions(self, values: array[float]) -> list[list[float]]:
        """For each row and output what each feature adds to the margin, and last the bias; they sum to the margin."""
        ...


def load(directory: Path, shape: tuple[int, int], metadata: dict[str, Any], *, wanted: str | None = None) -> Predictor:
    """The predictor for the package in `directory`, whose model has `shape`: how many features and outputs.

    `wanted` forces a kind. Raises ValueError or OSError if the files cannot be used, ImportError if XGBoost is needed
    and not installed, or onnxruntime.
    """
    choice = metadata.get("predictor") or {}
    if choice.get("kind") == ONNX:
        return _onnx(directory / model_file(metadata), shape, choice, wanted)
    kind = wanted or choice.get("kind", "xgboost")
    reason = choice.get("reason", "the package names no predictor")
    if kind == "forest":
        location = library.path()
        if location is not None:
            try:
                return _forest(directory / "model.forest", location, shape, choice)
            except DifferentError as error:
                reason = str(error)
        else:
            reason = "the compiled library is not on this machine"
        if wanted:
            raise ValueError(f"the forest predictor is asked for, but {reason}")
    _log.info("predictions by xgboost", extra={"reason": reason})
    from workloads.inference.xgboost_predictor import XGBoostPredictor

    booster = directory / model_file(metadata)
    if choice:  # XGBoost reads past the end of a file that is cut off, and may end this process by that
        _require(booster, choice.get("booster_sha256"))
    return XGBoostPredictor(booster, shape[0])


def require_ours(metadata: Mapping[str, Any]) -> None:
    """ValueError for a package that an image of others serves."""
    choice = metadata.get("predictor") or {}
    if choice.get("kind") == IMAGE:
        raise ValueError(
            f"the package is served by an image of its own, {choice.get('image')}, and not by this service"
        )


def model_file(metadata: Mapping[str, Any]) -> str:
    """The file of a package that is the model."""
    return "model.onnx" if (metadata.get("predictor") or {}).get("kind") == ONNX else "model.ubj"


def _require(path: Path, stated: object) -> None:
    """Raise ValueError if a file is not the one that packaging has seen."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != stated:
        raise ValueError(f"{path} has SHA-256 {digest[:12]}..., the metadata says {stated}")


class NoPredictor:
    """For a service that computes features and no scores."""

    name = "none"
    explains = False

    def one(self, features: Features) -> float:
        """There is none."""
        raise NotImplementedError("this stage has no model")

    def many(self, values: array[float]) -> Sequence[float]:
        """There are none."""
        raise NotImplementedError("this stage has no model")

    def contributions(self, values: array[float]) -> list[list[float]]:
        """There are none."""
        raise NotImplementedError("this stage has no model")


class ForestPredictor:
    """The compiled walk of the package's forest file."""

    explains = True

    def __init__(self, forest: Forest) -> None:
        self.name = f"forest/{forest.kernel}"
        self.one, self.many, self.contributions = forest.one, forest.many, forest.contributions


def _forest(path: Path, location: Path, shape: tuple[int, int], choice: dict[str, Any]) -> Predictor:
    _require(path, choice.get("forest_sha256"))
    forest = Forest(path, location)
    if (forest.features, forest.outputs) != shape:
        found = f"{forest.features} features and {forest.outputs} outputs"
        raise ValueError(f"{path} has {found}; the contract asks for {shape[0]} and {shape[1]}")
    return ForestPredictor(forest)


def _onnx(path: Path, shape: tuple[int, int], choice: dict[str, Any], wanted: str | None) -> Predictor:
    if wanted:
        raise ValueError(f"the {wanted} predictor is asked for, but the package holds an ONNX model")
    from workloads.inference.onnx_predictor import OnnxPredictor

    _require(path, choice.get("onnx_sha256"))
    return OnnxPredictor(path, *shape, output=choice.get("output"))
