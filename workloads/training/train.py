"""Gradient-boosted trees with early stopping that survives an interruption.

Chen and Guestrin, "XGBoost: A Scalable Tree Boosting System", KDD 2016. The boosting loop is written out, not left to
`xgboost.train`, because a Managed Spot job must resume exactly: the early-stopping history is part of the checkpoint,
so an interrupted job ends with the same bytes as an uninterrupted one (tested).

Reproducible: same data, seed, XGBoost version and thread count give the same model bytes. Another thread count, or a
GPU, sums gradients in another order, which may change the last bit of a split; so both are recorded with the model.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xgboost as xgb

from contracts.schema import Training
from workloads.job import UserError
from workloads.tasks import Strategy
from workloads.training import cuts, hosts
from workloads.training.continued import Former
from workloads.training.device import Device
from workloads.training.hosts import ALONE, Hosts

_log = logging.getLogger(__name__)

CHECKPOINT_EVERY = 10


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The best model (cut after its best round) and how it got there: the validation loss per round.

    The first loss is that of round `first`: the last one of a former model.
    """

    booster: xgb.Booster
    best_round: int
    history: list[float]
    first: int = 0


def fit(
    training: xgb.DMatrix,
    validation: xgb.DMatrix,
    task: Strategy,
    settings: Training,
    *,
    threads: int,
    checkpoints: Path,
    together: Hosts = ALONE,
    bins: int = cuts.BINS,
    former: Former | None = None,
    device: Device = "cpu",
) -> Fitted:
    """Boost until the validation loss has not improved for `early_stopping_rounds`, or `num_round` is reached; from a
    `former` model on, its own number of further rounds. None may be better than any.

    The matrices have this host's rows and so many `bins` of a feature at most; of several hosts `together` the first
    keeps the checkpoints. The model is the same in kind whatever `device` it was learned on, and scores on cores.
    """
    model, history = hosts.together(_resume(checkpoints), together)
    booster, first, end = None, 0, settings.num_round
    if former:
        first = former.rounds - 1
        end = former.rounds + former.how.rounds
        if not history:
            model = former.model
            history = [_loss(_booster(model, [validation], _evaluated(task, threads, device)), validation, first)]
    while first + len(history) < end and not _stopped(history, settings.early_stopping_rounds):
        start = first + len(history)
        if booster is None or settings.subsample < 1:  # see `parameters`
            how = parameters(task, settings, threads, start, bins, device)
            booster = _booster(model, [training, validation], how)
        for boosting_round in range(start, min(start + CHECKPOINT_EVERY, end)):
            booster.update(training, boosting_round)
            history.append(_loss(booster, validation, boosting_round))
            _log.info("round", extra={"round": boosting_round, "validation-loss": history[-1]})
        model = bytes(booster.save_raw("ubj"))
        if together.rank == 0:
            _save(checkpoints, model, history)
    best = first + history.index(min(history))
    return Fitted(booster=_booster(model, [], {})[: best + 1], best_round=best, history=history, first=first)


def _evaluated(task: Strategy, threads: int, device: Device) -> dict[str, Any]:
    """XGBoost's parameters where a loss is asked for and nothing more."""
    return {**task.parameters(), "eval_metric": task.loss, "nthread": threads, "device": device}


def parameters(
    task: Strategy, settings: Training, threads: int, start: int, bins: int = cuts.BINS, device: Device = "cpu"
) -> dict[str, Any]:
    """XGBoost's parameters for the rounds from `start` to the next checkpoint.

    XGBoost neither saves the state of its row sampler nor seeds it anew within a booster. So where rows are drawn every
    stretch between two checkpoints is a booster of its own, seeded by where it starts: resumed or not, the rows drawn
    are the same. It scores all rows by all trees anew, which is two fifths of the time of 150 rounds; where no rows are
    drawn one booster goes on.
    """
    monotone = task.contract.monotone
    directions = [] if monotone is None else [monotone.direction(name) for name in task.contract.feature_names]
    return {
        **_evaluated(task, threads, device),
        **({"monotone_constraints": f"({','.join(map(str, directions))})"} if directions else {}),
        "tree_method": "hist",
        "max_bin": bins,
        "eta": settings.eta,
        "max_depth": settings.max_depth,
        "min_child_weight": settings.min_child_weight,
        "subsample": settings.subsample,
        "seed": settings.seed + start,
    }


def _booster(model: bytes | None, matrices: list[xgb.DMatrix], settings: dict[str, Any]) -> xgb.Booster:
    return xgb.Booster(settings, matrices, model_file=bytearray(model) if model else None)


def _stopped(history: list[float], patience: int) -> bool:
    return bool(history) and len(history) - 1 - history.index(min(history)) >= patience


def _loss(booster: xgb.Booster, validation: xgb.DMatrix, boosting_round: int) -> float:
    """UserError where it is no number: no round is better than another then."""
    text = booster.eval_set([(validation, "validation")], boosting_round)
    loss = float(text.rpartition(":")[2])
    if not math.isfinite(loss):
        raise UserError(
            f"the validation loss of round {boosting_round} is {loss}, so no round is better than another; give labels "
            "in a unit in which they are neither huge nor next to 0, or lower training.eta"
        )
    return loss


def _save(directory: Path, model: bytes, history: list[float]) -> None:
    """The model, then its history with the digest of the model: what another process copies meanwhile may be torn."""
    directory.mkdir(parents=True, exist_ok=True)
    stem = directory / f"round-{len(history):06}"
    stem.with_suffix(".ubj").write_bytes(model)
    partial = stem.with_suffix(".partial")
    partial.write_text(json.dumps({"sha256": hashlib.sha256(model).hexdigest(), "history": history}))
    partial.replace(stem.with_suffix(".json"))
    # SageMaker syncs the directory: keep two. What is newer than this one was torn, or it had been resumed from.
    older = sorted(path.stem for path in directory.glob("round-*.json") if path.stem < stem.name)
    for path in directory.glob("round-*"):
        if path.stem not in {stem.name, *older[-1:]}:
            path.unlink()


def _resume(directory: Path) -> tuple[bytes | None, list[float]]:
    """The newest checkpoint whose model is the one that its history tells of."""
    for path in sorted(directory.glob("round-*.json"), reverse=True):
        if (found := _checkpoint(path)) is not None:
            _log.info("resumed", extra={"rounds": len(found[1])})
            return found
        _log.warning("a checkpoint is torn", extra={"file": path.name})
    return None, []


def _checkpoint(path: Path) -> tuple[bytes, list[float]] | None:
    """Model and history; None where one of them is missing or cut off."""
    try:
        told, model = json.loads(path.read_bytes()), path.with_suffix(".ubj").read_bytes()
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(told, dict) or told.get("sha256") != hashlib.sha256(model).hexdigest():
        return None
    return model, told["history"]
