"""An archive on its own as something that can be tried: `model.tar.gz`, rows of a data set, a contract.

Without rows some are made up from what the contract allows: enough for how a model answers, and nothing that tells how
good it is.
"""

from __future__ import annotations

import dataclasses
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from contracts import specimens
from contracts.loader import ContractError, load
from contracts.schema import Column, ColumnType, Contract
from workloads import parquet, tasks
from workloads.evaluation import gate, judges, segments
from workloads.evaluation.model import Contained, Model, from_archive, require_finite
from workloads.features import categories
from workloads.inputs import read_contract
from workloads.job import UserError, has_no_room
from workloads.model_tests import battery, perturbation
from workloads.model_tests.trial import ModelTest, Subject, Trial

MADE_UP: Final = 500
_MISSING: Final = 0.1  # share of the values of a column that may be missing
_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SEED: Final = 7
#: What a contract may say otherwise than the one that a model was trained by.
_OF_THE_GATE: Final = ("quality", "monotone", "invariant", "fairness", "description", "model_card")
_TYPES: Final[Mapping[ColumnType, pa.DataType]] = {
    ColumnType.STRING: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.TIMESTAMP: pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """What is tried; `untold` says in words what is not, and why."""

    trials: Sequence[Trial]
    untold: Sequence[str]


def read(archive: Path, directory: Path, *, rows: Path | None = None, contract: Path | None = None) -> Artefact:
    """Unpack `archive` into `directory`, and list what is tried of it.

    `rows` are those of a part of a data set (Parquet: a file, or a directory of some). `contract` (YAML, or
    contract.json) has the bounds and promises in place of those that the archive brings. UserError for an archive that
    holds no model of the platform, for rows without its inputs, and for a contract of another model.
    """
    model = _model(archive, directory)
    judged = model.contract if contract is None else _contract(contract, model.contract)
    table = _made_up(model) if rows is None else _rows(rows, model.contract)
    judge = judges.of(judged, threshold=tasks.of_package(model.contract, model.metadata).threshold)
    subject = Subject(model=model, rows=table, features=model.features(table), judge=judge, package=directory)
    untold: list[str] = []
    if rows is None:  # how often made-up rows lie upon an edge tells nothing
        judged = dataclasses.replace(
            judged, quality=tuple(b for b in judged.quality if b.metric != perturbation.FLIP_SHARE)
        )
        subject = dataclasses.replace(subject, judge=judges.of(judged, threshold=judge.threshold))
        untold.append("bounds of metrics, fairness and flip_share: rows are made up; give --rows, of a test part")
    elif judged.label not in table.column_names:
        untold.append(f"bounds of metrics and fairness: the rows have no column {judged.label}")
    else:
        limits = () if judged.fairness is None else judged.fairness.limits
        _require(rows, table, [judged.entity, *(limit.segment for limit in limits)])
        return Artefact(trials=(*battery.trials(subject), *_floors(subject)), untold=untold)
    return Artefact(trials=tuple(battery.trials(subject)), untold=untold)


def _model(archive: Path, directory: Path) -> Model:
    try:
        model = from_archive(archive, directory)
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        if has_no_room(error):
            raise
        raise UserError(
            f"{archive}: found {error}; allowed: model.tar.gz as a training job of the platform leaves it"
        ) from error
    if isinstance(model, Contained):
        raise UserError(
            f"{archive}: found a model that image {model.image} serves; a batch of jobs asks it (the step Evaluate)"
        )
    return model


def _contract(path: Path, own: Contract) -> Contract:
    """With the bounds of one contract and all else of the model's own."""
    try:
        given = load(path) if path.suffix in (".yaml", ".yml") else read_contract(path)
    except (ContractError, OSError) as error:
        raise UserError(str(error)) from error
    same = dataclasses.replace(given, **{name: getattr(own, name) for name in _OF_THE_GATE})
    if differing := [
        each.name for each in dataclasses.fields(own) if getattr(same, each.name) != getattr(own, each.name)
    ]:
        raise UserError(
            f"{path}: found another {', '.join(differing)} than the model was trained by; allowed: the same but for "
            f"{', '.join(_OF_THE_GATE)}"
        )
    return given


def _rows(path: Path, contract: Contract) -> pa.Table:
    try:
        table = parquet.read(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"{path}: found {error}; allowed: rows of a data set as Parquet") from error
    _require(path, table, [column.name for column in contract.inputs])
    if not table.num_rows:
        raise UserError(f"{path}: found no row; allowed: at least one")
    return table


def _require(path: Path, table: pa.Table, names: Iterable[str]) -> None:
    if lacking := sorted(set(names) - set(table.column_names)):
        raise UserError(
            f"{path}: found no column {', '.join(lacking)}; allowed: a part of a data set of the model's contract"
        )


def _floors(subject: Subject) -> Iterator[Trial]:
    """Every bound of a metric and every limit of fairness, by the gate's own words."""
    contract, judge, rows, model = subject.contract, subject.judge, subject.rows, subject.model
    labels = rows.column(contract.label).to_numpy()
    outputs = require_finite(model.scores(subject.features), "test")
    entities = rows.column(contract.entity).combine_chunks().dictionary_encode().indices.to_numpy()
    measured = judge.measure(labels, outputs, entities)
    found = {
        segment.name: judge.disparities(labels, outputs, segments.of(rows.column(segment.name)))
        for segment in contract.segments
        if segment.name in rows.column_names
    }
    at_threshold = dict.fromkeys(judge.at_threshold, judge.threshold)
    for check in (
        *gate.bounded(contract.quality, measured, len(rows), at_threshold),
        *gate.fair(contract.fairness, found),
    ):
        yield Trial(check.name, lambda check=check: _told(check))


def _told(check: gate.Check) -> ModelTest:
    return ModelTest(name=check.name, passed=check.passed, found=check.found, allowed=check.allowed, key=check.key)


def _made_up(model: Model) -> pa.Table:
    """Rows of all that the contract allows, evenly, and of the texts that the model knows."""
    random, contract = np.random.default_rng(_SEED), model.contract
    known = {column.name: model.lists[name] for name, column in categories.columns(contract).items()}
    columns: dict[str, pa.Array] = {}
    for column in contract.inputs:
        values = _values(column, known.get(column.name, ()), random)
        gaps = random.random(MADE_UP) < (_MISSING if column.nullable else 0)
        columns[column.name] = pa.array(values, _TYPES[column.type], mask=gaps)
    return pa.table(columns)


def _values(column: Column, known: Sequence[str], random: np.random.Generator) -> Any:
    low, high = specimens.ends(column)
    if column.allowed or known:
        choices = list(column.allowed or known)
        return [choices[index] for index in random.integers(0, len(choices), MADE_UP)]
    match column.type:
        case ColumnType.INTEGER:
            return random.integers(low, high, MADE_UP, endpoint=True)
        case ColumnType.NUMBER:
            return random.uniform(low, high, MADE_UP)
        case ColumnType.BOOLEAN:
            return random.random(MADE_UP) < 0.5
        case ColumnType.TIMESTAMP:
            return [_BEGIN + timedelta(hours=int(hours)) for hours in random.integers(0, 24 * 365, MADE_UP)]
        case ColumnType.STRING:
            return [low] * MADE_UP
