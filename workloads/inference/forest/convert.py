"""An XGBoost model as the file that forest.c opens.

Runs where models are packaged, never in the service. Layout (little endian): the header of forest.c; float32 base
margin of each output; uint32 first node of each tree; uint32 output of each tree; the nodes (float32 threshold or leaf
value, float32 cover, int32 feature or -1, uint32 left child), breadth first in each tree; float32 probe rows; float32
probe scores.
"""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple

import numpy as np

Matrix = np.ndarray[Any, np.dtype[np.float32]]

MAGIC, VERSION = b"MLFOREST", 1
MISSING_LEFT = 0x40000000
_HEADER = struct.Struct("<8s8I")
_NODE = np.dtype([("value", "<f4"), ("cover", "<f4"), ("feature", "<i4"), ("left", "<u4")])
# Objectives whose transformation forest.c has
_IDENTITY, _SIGMOID, _EXPONENTIAL, _SOFTMAX = range(4)
_TRANSFORMS = {
    "binary:logistic": _SIGMOID,
    "binary:logitraw": _IDENTITY,
    "reg:logistic": _SIGMOID,
    "reg:squarederror": _IDENTITY,
    "reg:absoluteerror": _IDENTITY,
    "reg:quantileerror": _IDENTITY,
    "reg:pseudohubererror": _IDENTITY,
    "count:poisson": _EXPONENTIAL,
    "reg:gamma": _EXPONENTIAL,
    "reg:tweedie": _EXPONENTIAL,
    "multi:softprob": _SOFTMAX,
}


class Unsupported(Exception):  # noqa: N818 - it decides for another predictor, it is no failure
    """The model has something that forest.c does not do; the message says what."""


class Trees(NamedTuple):
    """The part of a model that predictions need, by XGBoost's own rules (early stopping included)."""

    features: int
    outputs: int
    transform: int
    base: Matrix
    first: list[int]
    output: list[int]
    nodes: np.ndarray[Any, Any]


def convert(trees: Trees, probe_rows: Matrix, probe_scores: Matrix) -> bytes:
    """The file for the trees of a model, with rows and the scores that XGBoost gives them."""
    rows = np.ascontiguousarray(probe_rows, dtype="<f4")
    scores = np.ascontiguousarray(probe_scores, dtype="<f4").reshape(len(rows), trees.outputs)
    if rows.shape != (len(rows), trees.features):
        raise ValueError(f"probe rows have shape {rows.shape}; the model takes {trees.features} features")
    head = _HEADER.pack(
        MAGIC,
        VERSION,
        trees.features,
        trees.outputs,
        len(trees.first),
        len(trees.nodes),
        trees.transform,
        len(rows),
        0,
    )
    arrays = (
        trees.base.astype("<f4"),
        np.array(trees.first, dtype="<u4"),
        np.array(trees.output, dtype="<u4"),
        trees.nodes,
        rows,
        scores,
    )
    return b"".join((head, *(array.tobytes() for array in arrays)))


def read(model_json: bytes) -> Trees:
    """The trees of a model, as `Booster.save_raw("json")` has it.

    Raises Unsupported if its predictions need more than numeric splits, scalar leaves and one of the known objectives.
    """
    learner = json.loads(model_json)["learner"]
    booster, parameters = learner["gradient_booster"], learner["learner_model_param"]
    if booster.get("name") != "gbtree":
        raise Unsupported(f"booster {booster.get('name')!r}; supported is gbtree")
    objective = learner["objective"]["name"]
    if objective not in _TRANSFORMS:
        raise Unsupported(f"objective {objective!r}; supported are {', '.join(_TRANSFORMS)}")
    if int(parameters.get("num_target", 1)) > 1:
        raise Unsupported(f"{parameters['num_target']} targets; supported is one")
    features, outputs = int(parameters["num_feature"]), max(1, int(parameters["num_class"]))
    model = booster["model"]
    count = _trees_used(learner, model)
    first: list[int] = []
    parts: list[np.ndarray[Any, Any]] = []
    total = 0
    for tree in model["trees"][:count]:
        first.append(total)
        parts.append(_nodes(tree, total))
        total += len(parts[-1])
    nodes = np.concatenate(parts) if parts else np.empty(0, _NODE)
    transform = _TRANSFORMS[objective]
    base = np.array(json.loads(parameters["base_score"]), dtype=np.float32).reshape(-1)
    base = np.broadcast_to(base, (outputs,))
    return Trees(features, outputs, transform, base, first, [int(o) for o in model["tree_info"][:count]], nodes)


def _trees_used(learner: Any, model: Any) -> int:
    """How many trees predict: all, or those up to the best iteration where training stopped early."""
    best = learner.get("attributes", {}).get("best_iteration")
    if best is None:
        return len(model["trees"])
    return int(model["iteration_indptr"][int(best) + 1])


def _nodes(tree: Any, offset: int) -> np.ndarray[Any, Any]:
    """One tree breadth first, so that siblings stand side by side and children after their parent."""
    if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise Unsupported("leaves that hold vectors; supported are scalars")
    if tree.get("categories_nodes") or any(tree.get("split_type", ())):
        raise Unsupported("categorical splits; supported are numeric ones")
    left, right = tree["left_children"], tree["right_children"]
    order = [0]
    nodes = np.empty(len(left), _NODE)
    for position, index in enumerate(order):  # grows while it is walked
        feature, child = -1, 0
        if left[index] >= 0:
            feature = int(tree["split_indices"][index]) | (MISSING_LEFT if tree["default_left"][index] else 0)
            child = offset + len(order)
            order += (left[index], right[index])
        nodes[position] = (tree["split_conditions"][index], tree["sum_hessian"][index], feature, child)
    return nodes[: len(order)]  # pruned nodes stay in XGBoost's arrays, unreachable
