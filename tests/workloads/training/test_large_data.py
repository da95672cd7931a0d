"""Data that is large: where features may be split, and where the bins lie."""

from __future__ import annotations

import dataclasses
import json
import resource
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost as xgb

from contracts import schema
from contracts.schema import Column, ColumnType, Contract, Cost, Feature
from tests.workloads.training.conftest import write_part
from workloads import tasks
from workloads.features.categories import Lists
from workloads.inference.memory import Memory
from workloads.training import __main__ as entry
from workloads.training import container, cuts, data, external

NAN = np.float32("nan")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([NAN, NAN], []),
        ([3, NAN, 1, 3, 2], [1, 2, 3]),
        ([5, 5], [5]),
        ([-np.inf, 0], [-np.inf, 0]),
        ([1] * 999 + [7], [1, 7]),
        (range(256), list(range(256))),
    ],
)
def test_few_values_are_all_of_the_quantiles(values: list[float], expected: list[float]) -> None:
    assert cuts.quantiles(np.array(values, dtype=np.float32)).tolist() == expected


def test_many_values_fall_into_bins_of_as_many_rows_and_the_largest_is_among_them() -> None:
    values = np.random.default_rng(1).permutation(np.append(np.arange(25_500, dtype=np.float32), [NAN] * 99))
    found = cuts.quantiles(values)
    assert found.tolist() == [*range(0, 25_500, 100), 25_499]


def test_a_value_that_most_rows_have_is_one_bin_and_the_others_keep_theirs() -> None:
    values = np.append(np.zeros(20_400, dtype=np.float32), np.arange(1, 5_101, dtype=np.float32))
    found = cuts.quantiles(values)
    assert (found[0], found[1], found[-1], len(found)) == (0, 1, 5100, 53)


def wide(contract: Contract) -> Contract:
    """With a category whose list is learned, beside a column that has no value at all."""
    more = (
        Column(name="plan", type=ColumnType.STRING, nullable=True),
        Column(name="void", type=ColumnType.NUMBER, nullable=True),
    )
    features = (*contract.features, Feature(name="plan", expression="plan"), Feature(name="fv", expression="void"))
    return dataclasses.replace(contract, columns=(*contract.columns, *more), features=features)


@pytest.fixture
def parts(root: Path) -> dict[str, Path]:
    """With the columns of `wide`."""
    found = {part: root / "input/data" / part for part in ("train", "validation")}
    for place in found.values():
        table = pq.read_table(place / "part-0.parquet")
        plans = pa.array([("basic", "pro", None, "team")[row % 4] for row in range(len(table))])
        table = table.append_column("plan", plans).append_column("fv", pa.nulls(len(table), pa.float64()))
        pq.write_table(table, place / "part-0.parquet", row_group_size=500)
    return found


def test_rows_are_binned_at_the_quantiles_of_all_files(
    parts: dict[str, Path], contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuts, "ROWS", 1)
    write_part(parts["train"].parent / "more", 700, 5)
    table = pq.read_table(parts["train"].parent / "more/part-0.parquet")
    pq.write_table(table, parts["train"] / "part-1.parquet")
    training, held_out, *_ = data.matrices(parts["train"], parts["validation"], contract, 1)
    values = np.concatenate([features for features, _ in data.row_groups(parts["train"], contract, {})])
    assert (len(values), training.num_row(), held_out.num_row()) == (3700, 3700, 800)
    assert (type(training), type(held_out)) == (xgb.QuantileDMatrix, xgb.DMatrix)
    ends, edges = training.get_quantile_cut()
    for index in range(2):
        expected = cuts.quantiles(values[:, index].copy())
        found = edges[ends[index] : ends[index + 1]]
        assert found[1:-1].tolist() == expected[1:].tolist()  # the first and the last are XGBoost's own, beyond all
        assert (found[0] < expected[0], found[-1] > expected[-1]) == (True, True)


@pytest.mark.parametrize("rows", [1, 1_000_000])
def test_columns_become_the_same_matrices_as_rows_do_whether_bins_are_looked_for_or_given(
    parts: dict[str, Path], contract: Contract, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(cuts, "ROWS", rows)
    wanted = wide(contract)
    training, held_out, lists, bins = data.matrices(parts["train"], parts["validation"], wanted, 1)
    by_rows = [
        np.concatenate([features for features, _ in data.row_groups(parts[part], wanted, lists)])
        for part in ("train", "validation")
    ]
    options: Any = {"feature_types": data.feature_types(wanted), "enable_categorical": True, "nthread": 1}
    binned = xgb.QuantileDMatrix(by_rows[0], ref=None if rows > 1 else training, max_bin=bins, **options)
    plain = xgb.DMatrix(by_rows[1], **options)
    assert np.isnan(by_rows[0]).any()
    for found, expected in ((training, binned), (held_out, plain)):
        assert found.get_data().nnz == expected.get_data().nnz
        assert abs(found.get_data() - expected.get_data()).max() == 0
    for found, expected in zip(training.get_quantile_cut(), binned.get_quantile_cut(), strict=True):
        assert found.tolist() == expected.tolist()


@pytest.mark.parametrize(("in_files", "most"), [(False, 1), (True, 4)])
def test_rows_are_decoded_once_where_memory_holds_them(
    parts: dict[str, Path],
    contract: Contract,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_files: bool,
    most: int,
) -> None:
    decoded: list[str] = []
    plain = data.columns

    def seen(table: pa.Table, *given: Any) -> pa.Table:
        decoded.append(f"{table.num_rows}")
        return plain(table, *given)

    monkeypatch.setattr(data, "columns", seen)
    training, held_out, *_ = data.matrices(
        parts["train"], parts["validation"], contract, 1, cache=tmp_path if in_files else None
    )
    once = sum(pq.ParquetFile(path / "part-0.parquet").num_row_groups for path in parts.values())
    assert (training.num_row(), held_out.num_row()) == (3000, 800)
    assert (len(decoded) > once, len(decoded) <= most * once) == (in_files, True)


def test_exact_quantiles_learn_as_well_as_the_sketch(
    root: Path, parts: dict[str, Path], contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses: list[float] = []
    for rows in (10_000, 1):
        monkeypatch.setattr(cuts, "ROWS", rows)
        shutil.rmtree(root / "checkpoints", ignore_errors=True)
        (root / "input/data/contract/contract.json").write_text(schema.to_json(wide(contract)))
        entry.run(container.read(root, {}))
        metadata = json.loads((root / "model/metadata.json").read_text())
        assert metadata["categories"] == {"plan": ["basic", "pro", "team"]}
        losses.append(metadata["validation_loss"])
    assert losses[1] == pytest.approx(losses[0], rel=0.01)
    assert losses[1] != losses[0]


@pytest.mark.parametrize("subsample", [1.0, 0.8])
def test_bins_in_files_give_the_same_model(
    root: Path, parts: dict[str, Path], contract: Contract, monkeypatch: pytest.MonkeyPatch, subsample: float
) -> None:
    chosen = dataclasses.replace(
        wide(contract),
        training=dataclasses.replace(contract.training, subsample=subsample),
        cost=Cost(false_positive=1, false_negative=3),
    )
    (root / "input/data/contract/contract.json").write_text(schema.to_json(chosen))
    kinds: list[type[xgb.DMatrix]] = []
    scores: list[np.ndarray] = []
    metadata: list[dict[str, object]] = []
    plain = data.matrices

    def seen(*given: Any, **named: Any) -> tuple[xgb.DMatrix, xgb.DMatrix, Lists, int]:
        found = plain(*given, **named)
        kinds.append(type(found[0]))
        return found

    monkeypatch.setattr(data, "matrices", seen)
    for free in (1 << 40, 1 << 10):
        monkeypatch.setattr(external, "free", lambda free=free: free)
        shutil.rmtree(root / "checkpoints", ignore_errors=True)
        entry.run(container.read(root, {}))
        model = xgb.Booster(model_file=root / "model/model.ubj")
        lists = {"plan": ("basic", "pro", "team")}
        batches = list(data.row_groups(parts["validation"], chosen, lists))
        scores.append(np.concatenate([model.inplace_predict(features) for features, _ in batches]))
        metadata.append(json.loads((root / "model/metadata.json").read_text()))
    assert kinds == [xgb.QuantileDMatrix, xgb.ExtMemQuantileDMatrix]
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-4)
    assert metadata[1][tasks.CHOSEN] == pytest.approx(metadata[0][tasks.CHOSEN], rel=1e-3)
    assert not (root / "scratch").exists()


@pytest.mark.parametrize(
    ("values", "free", "in_files"),
    [(100, None, False), (100, 2200, False), (101, 2200, True), (0, 0, False), (1, 0, True)],
)
def test_bins_lie_in_files_where_they_would_take_more_than_half_of_what_is_free(
    tmp_path: Path, values: int, free: int | None, in_files: bool
) -> None:
    scratch = tmp_path / "opt" / "scratch"
    scratch.mkdir(parents=True)
    (scratch / "left.cache").touch()  # of a job that was killed
    assert external.cache(scratch, values, free) == (scratch if in_files else None)
    assert [path.name for path in scratch.parent.rglob("*")] == (["scratch"] if in_files else [])


def test_what_is_free_is_the_least_of_what_bounds_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external.memory, "read", lambda: Memory(used=3_000_000_000, limit=5_000_000_000))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    limits = {"now": (resource.RLIM_INFINITY, resource.RLIM_INFINITY)}
    monkeypatch.setattr(external.resource, "getrlimit", lambda _: limits["now"])
    assert external.free() == 2_000_000_000
    limits["now"] = (used + 1_000_000_000, resource.RLIM_INFINITY)
    assert external.free() == pytest.approx(1_000_000_000, rel=0.1)
    limits["now"] = (1, 1)
    assert external.free() == 0
    monkeypatch.setattr(external.memory, "read", lambda: None)
    limits["now"] = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    assert external.free() is None


@pytest.mark.parametrize(("free", "expected"), [(None, 8), (10_000, 5), (2_000, 1), (1_999, 1), (0, 1), (10**9, 8)])
def test_as_many_columns_are_sorted_at_one_time_as_memory_holds(free: int | None, expected: int) -> None:
    assert external.at_once(8, 1_000, free) == expected
