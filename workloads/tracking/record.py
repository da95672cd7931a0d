"""What a file that a job left says of its run, as MLflow keeps it: parameters, metrics by round, tags.

The file of a training job is that of `workloads.training.history`, that of an evaluation `evaluation.json`. Where a
file lies says whose it is (`runs/<workload>/<execution>/<step>/...`, `workloads.pipeline.steps`): jobs of an execution
are one run, and each trial of a search is a run below it.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workloads.job import UserError

#: Ends of the keys that are read: a training job's `output.tar.gz`, whose directory SageMaker calls `output`, and what
#: Evaluate leaves. The rule that starts the function is made of them.
TRAINED: Final = "/output/output.tar.gz"
EVALUATED: Final = "/Evaluate/evaluation/evaluation.json"
HISTORY: Final = "history.json"
#: Step of a search.
_SEARCH: Final = "Tune"
#: What of a text is kept: the shortest limit of a tag's value in any version of MLflow that SageMaker has.
MAX_TEXT: Final = 500
#: An archive that is larger than this holds something else than a history of 100,000 rounds.
MAX_BYTES: Final = 64 * 1024**2


@dataclass(frozen=True)
class Metric:
    """A value of a metric; `step` is the boosting round, 0 where there is none."""

    key: str
    value: float
    step: int = 0


@dataclass(frozen=True)
class Run:
    """A run: where its files lie, and what people call it."""

    source: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is to be logged in the run `source`, and when that was (milliseconds since 1970).

    `parent` is the search that a trial is of; `is_whole` says that nothing more will come.
    """

    source: str
    name: str
    at_ms: int
    parent: Run | None = None
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    metrics: tuple[Metric, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    is_whole: bool = False


def read(bucket: str, key: str, content: bytes, at_ms: int) -> Record:
    """The record in a file that lies at `key`; UserError where it is none of those two."""
    parts = key.split("/")
    if len(parts) < 5 or parts[0] != "runs":
        raise UserError(f"{key}: found no file of a run; allowed: runs/<workload>/<execution>/<step>/...")
    _, workload, execution, step = parts[:4]
    run = Run(source=f"s3://{bucket}/runs/{workload}/{execution}/", name=execution)
    try:
        if key.endswith(EVALUATED):
            return _evaluated(run, json.loads(content), at_ms)
        if key.endswith(TRAINED):
            model = f"s3://{bucket}/{key.removesuffix('output.tar.gz')}model.tar.gz"
            return _trained(run, step, parts[-3], model, json.loads(_unpacked(content)), at_ms)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{key}: found {error!r}; allowed: what this version of the training image leaves") from error
    raise UserError(f"{key}: found another file; allowed: keys that end in {TRAINED} or {EVALUATED}")


def _unpacked(archive: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(archive)) as stream:
            plain = stream.read(MAX_BYTES + 1)
        if len(plain) > MAX_BYTES:
            raise ValueError(f"an archive of more than {MAX_BYTES} bytes")
        with tarfile.open(fileobj=io.BytesIO(plain)) as files:
            for member in files:
                if (
                    member.isfile()
                    and member.name.removeprefix("./") == HISTORY
                    and (file := files.extractfile(member))
                ):
                    return file.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise ValueError(str(error)) from error
    raise ValueError(f"an archive without {HISTORY}")


def _trained(run: Run, step: str, job: str, model: str, history: Mapping[str, Any], at_ms: int) -> Record:
    facts, losses, first = history["facts"], history["losses"], history["first"]
    told = {**facts["hyperparameters"], **{name: facts[name] for name in _PARAMETERS if name in facts}}
    mine = Run(source=f"{run.source}{step}/output/{job}/", name=job) if step == _SEARCH else run
    return Record(
        source=mine.source,
        name=mine.name,
        at_ms=at_ms,
        parent=run if mine != run else None,
        params={key: _text(value) for key, value in told.items()},
        metrics=(
            *_metrics("validation_loss", enumerate(losses, start=first)),
            *_metrics("best_validation_loss", [(0, min(losses))]),
            *_metrics("best_round", [(0, facts["best_round"])]),
        ),
        tags={
            "training_job": job,
            "model_uri": model,
            "dataset_version": _text(facts["dataset_version"]),
            "code_version": _text(facts["code_version"]),
        },
        is_whole=mine != run,
    )


#: Of a model's metadata, what is a choice or a size and no result.
_PARAMETERS: Final = ("device", "learned_rows", "loss", "threads", "training_rows", "xgboost_version")


def _evaluated(run: Run, report: Mapping[str, Any], at_ms: int) -> Record:
    metrics = {f"test_{name}": value for name, value in _intervals(report["metrics"])}
    if compared := report.get("champion"):
        metrics["test_difference_from_champion"] = compared["difference"]["value"]
    return Record(
        source=run.source,
        name=run.name,
        at_ms=at_ms,
        metrics=tuple(each for name, value in metrics.items() for each in _metrics(name, [(0, value)])),
        tags={
            "dataset_version": _text(report["dataset_version"]),
            "code_version": _text(report["code_version"]),
            "gate": _text(report["gate"]["decision"]),
            "gate_reason": _text(report["gate"]["reason"]),
            "headline": _text(report["headline"]["text"]),
            "inference_image": _text(report["inference_image"]),
            "origin": _text(report["origin"]),
        },
        is_whole=True,
    )


def _intervals(metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Each metric, with the ends of its interval."""
    for name, found in metrics.items():
        yield name, found["value"]
        yield f"{name}_low", found["low"]
        yield f"{name}_high", found["high"]


def _metrics(key: str, values: Any) -> Iterator[Metric]:
    """MLflow keeps no value that is not finite, which evaluation.json has as null."""
    for step, value in values:
        if value is not None and math.isfinite(value):
            yield Metric(key, float(value), step)


def _text(value: Any) -> str:
    return str(value)[:MAX_TEXT]
