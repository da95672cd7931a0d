"""A model that goes on from the champion: what it learns, what it keeps, and when it is trained anew."""

from __future__ import annotations

import dataclasses
import json
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost as xgb

from contracts import schema
from contracts.schema import Column, ColumnType, Contract, Feature, Incremental, Monotone
from workloads.job import UserError
from workloads.training import __main__ as entry
from workloads.training import container, continued, data, train
from workloads.training.continued import Former, Sample

LAST = datetime(2026, 1, 1, tzinfo=UTC)
HOW = Incremental(rounds=30, rehearsal=0.25)


def part(rows: int, seed: int, *, new: bool) -> pa.Table:
    """Rows of a time: from LAST on another feature is higher, and the first one means the opposite."""
    random = np.random.default_rng(seed)
    fa, fb = random.normal(size=rows), random.normal(size=rows) + (6 if new else 0)
    odds = (-3 if new else 3) * fa
    minutes = np.arange(rows) + 1 if new else -np.arange(rows)
    at = np.datetime64("2026-01-01T00:00:00", "us") + minutes * np.timedelta64(1, "m")
    return pa.table(
        {
            "at": pa.array(at, pa.timestamp("us", "UTC")),
            "fa": pa.array(fa, mask=random.random(rows) < 0.1),
            "fb": fb,
            "y": (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int8),
        }
    )


def laid(root: Path, contract: Contract, tables: dict[str, list[pa.Table]], last: datetime = LAST) -> Path:
    """An /opt/ml with these parts."""
    channels = root / "input" / "data"
    for name, found in tables.items():
        (channels / name).mkdir(parents=True)
        pq.write_table(pa.concat_tables(found), channels / name / "part-0.parquet", row_group_size=500)
    manifest = {"dataset_version": f"data-{last:%Y%m%d}", "event_times": {"last": f"{last:%Y-%m-%dT%H:%M:%SZ}"}}
    for name, text in (("contract", schema.to_json(contract)), ("manifest", json.dumps(manifest))):
        (channels / name).mkdir()
        (channels / name / f"{name}.json").write_text(text)
    return root


def given(root: Path, champion: Path) -> Path:
    """The same with the champion's archive in its channel."""
    channel = root / "input" / "data" / "former"
    channel.mkdir()
    with tarfile.open(channel / "model.tar.gz", "w:gz") as packed:
        packed.add(champion, arcname=".")
    return root


def facts(root: Path) -> dict[str, Any]:
    """What a trained model says of itself."""
    return json.loads((root / "model" / "metadata.json").read_text())


def booster(root: Path) -> xgb.Booster:
    """It."""
    return xgb.Booster(model_file=root / "model" / "model.ubj")


def loss(model: xgb.Booster, table: pa.Table) -> float:
    """Log loss of rows."""
    rows = np.column_stack([table[name].to_numpy(zero_copy_only=False) for name in ("fa", "fb")]).astype(np.float32)
    score, label = model.inplace_predict(rows), table["y"].to_numpy()
    return float(-np.mean(np.log(np.where(label == 1, score, 1 - score))))


@pytest.fixture(scope="module")
def own(contract: Contract) -> Contract:
    plain = dataclasses.replace(contract.training, subsample=1.0, num_round=30)
    features = (Feature(name="fa", expression="a"), Feature(name="fb", expression="b"))
    return dataclasses.replace(contract, training=plain, incremental=HOW, features=features)


@pytest.fixture(scope="module")
def champion(own: Contract, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a model that has seen what there was until LAST."""
    tables = {"train": [part(3000, 1, new=False)], "validation": [part(800, 2, new=False)]}
    root = laid(tmp_path_factory.mktemp("champion"), own, tables)
    entry.run(container.read(root, {}))
    return root


def later(root: Path, contract: Contract, champion: Path, *, validation: int = 400) -> Path:
    """What there is later: the rows of before, and a few that contradict them."""
    tables = {
        "train": [part(3000, 1, new=False), part(600, 3, new=True)],
        "validation": [part(800, 2, new=False), part(validation, 4, new=True)],
    }
    return given(laid(root, contract, tables, LAST + timedelta(days=1)), champion / "model")


def test_the_champions_trees_stay_and_others_are_added(own: Contract, champion: Path, tmp_path: Path) -> None:
    root = later(tmp_path, own, champion)
    entry.run(container.read(root, {}))
    told, before = facts(root), booster(champion)
    kept = before.num_boosted_rounds()
    assert told["former"] == {"dataset_version": "data-20260101", "rounds": kept}
    assert told["last_event"] == "2026-01-02T00:00:00Z"
    assert 600 + 3000 * 0.2 < told["learned_rows"] < 600 + 3000 * 0.3
    assert kept < booster(root).num_boosted_rounds() == told["best_round"] + 1 <= kept + HOW.rounds
    assert booster(root)[:kept].get_dump() == before.get_dump()
    assert (root / "model" / "contract.json").read_text() == schema.to_json(own)


def test_what_is_new_is_learned_and_what_was_known_is_not_forgotten(
    own: Contract, champion: Path, tmp_path: Path
) -> None:
    """A thousandth of the known rows is next to none: the loss of the others says why there has to be a sample."""
    old, new = part(2000, 5, new=False), part(2000, 6, new=True)
    before = booster(champion)
    found: dict[float, xgb.Booster] = {}
    for share in (0.25, 0.001):
        contract = dataclasses.replace(own, incremental=dataclasses.replace(HOW, rehearsal=share))
        root = later(tmp_path / str(share), contract, champion, validation=8_000)  # by which no round is taken back
        entry.run(container.read(root, {}))
        found[share] = booster(root)
    assert loss(before, new) > 1.5
    assert all(loss(model, new) < 0.5 for model in found.values())
    assert loss(found[0.25], old) < loss(before, old) + 0.05
    assert loss(found[0.001], old) > loss(before, old) + 0.2


def test_in_its_bins_the_champion_answers_as_on_the_rows(own: Contract, champion: Path, tmp_path: Path) -> None:
    root = later(tmp_path / "later", own, champion)
    work = container.read(root, {})
    assert work.former is not None
    known = continued.read(work.former, own, dataclasses.replace(HOW, rehearsal=1.0), tmp_path / "read")
    assert isinstance(known, Former)
    directories = work.channels["train"], work.channels["validation"]
    rows = np.concatenate([features for features, _ in data.row_groups(directories[0], own, {})])
    expected = booster(champion).inplace_predict(rows)
    training, _, _, bins = data.matrices(*directories, own, 1, former=known)
    np.testing.assert_array_equal(booster(champion).predict(training), expected)
    assert 256 < bins <= 512  # those of the rows, and where the champion splits
    plain, *_ = data.matrices(*directories, own, 1)
    assert (booster(champion).predict(plain) != expected).any()


def test_a_run_that_was_interrupted_ends_in_the_same_model(
    own: Contract, champion: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = later(tmp_path, own, champion)
    entry.run(container.read(root, {}))
    whole = (root / "model" / "model.ubj").read_bytes()
    (own_checkpoints,) = (root / "checkpoints").iterdir()
    kept = facts(champion)["best_round"] + 1
    for file in own_checkpoints.iterdir():
        file.unlink()
    plain = train._loss

    def interrupted(model: xgb.Booster, validation: xgb.DMatrix, number: int) -> float:
        if number == kept + 14:
            raise InterruptedError
        return plain(model, validation, number)

    with monkeypatch.context() as patched:
        patched.setattr(train, "_loss", interrupted)
        with pytest.raises(InterruptedError):
            entry.run(container.read(root, {}))
    assert [path.name for path in own_checkpoints.glob("*.json")] == ["round-000011.json"]
    entry.run(container.read(root, {}))
    assert (root / "model" / "model.ubj").read_bytes() == whole


def test_known_rows_are_drawn_alike_each_time_and_count_for_those_that_are_left_out() -> None:
    table = pa.concat_tables([part(1000, 1, new=False), part(100, 2, new=True)])
    sample = Sample(event_time="at", last=LAST, share=0.2, seed=3)
    weights = sample.weights(table, 0)
    assert set(weights[:1000]) == {0.0, 5.0}
    assert set(weights[1000:]) == {1.0}
    assert 150 < (weights[:1000] > 0).sum() < 250
    assert (sample.weights(table, 0) == weights).all()
    assert (sample.weights(table, 1) != weights).any()
    assert (dataclasses.replace(sample, last=None).weights(table, 0) == 1).all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"features": (Feature(name="fa", expression="a"), Feature(name="fb", expression="b * 2"))},
            "the champion was made by a contract with another features",
        ),
        ({"monotone": Monotone(increasing=("fa",))}, "the champion was made by a contract with another monotone"),
    ],
)
def test_a_champion_of_another_contract_is_trained_anew_and_it_is_said_why(
    changes: dict[str, Any], reason: str, own: Contract, champion: Path, tmp_path: Path
) -> None:
    root = later(tmp_path, dataclasses.replace(own, **changes), champion)
    entry.run(container.read(root, {}))
    told = facts(root)
    assert told["trained_anew"] == reason
    assert "former" not in told
    assert told["rounds"] <= own.training.num_round


@pytest.mark.parametrize(
    "column",
    [
        Column(name="a", type=ColumnType.STRING, nullable=True, allowed=("x", "y")),
        Column(name="a", type=ColumnType.STRING, nullable=True),
    ],
)
def test_a_champion_whose_column_became_one_of_texts_is_not_gone_on_from(
    column: Column, own: Contract, champion: Path, tmp_path: Path
) -> None:
    """A tree that has split a number cannot tell texts apart, and the other way round."""
    features = tuple(Feature(name=f"f{name}", expression=name) for name in "ab")
    before, now = own, dataclasses.replace(own, columns=tuple(column if c.name == "a" else c for c in own.columns))
    for was, becomes in ((before, now), (now, before)):
        made = tmp_path / was.column("a").type / "model"
        made.mkdir(parents=True)
        (made / "contract.json").write_text(schema.to_json(dataclasses.replace(was, features=features)))
        (made / "metadata.json").write_text(json.dumps(facts(champion)))
        work = container.read(later(made.parent / "later", becomes, made.parent), {})
        assert work.former is not None
        found = continued.read(work.former, becomes, HOW, made.parent / "read")
        assert found == "the champion was made by a contract with other types of the columns a"


def test_a_champion_whose_whole_numbers_became_any_is_gone_on_from(
    own: Contract, champion: Path, tmp_path: Path
) -> None:
    whole = tuple(dataclasses.replace(c, type=ColumnType.INTEGER) if c.name == "b" else c for c in own.columns)
    work = container.read(later(tmp_path, dataclasses.replace(own, columns=whole), champion), {})
    assert work.former is not None
    assert isinstance(continued.read(work.former, work.contract, HOW, tmp_path / "read"), Former)


def test_a_champion_that_others_made_has_no_trees_to_add_to(own: Contract, champion: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs" / "model"
    theirs.mkdir(parents=True)
    (theirs / "contract.json").write_text(schema.to_json(own))
    (theirs / "metadata.json").write_text(json.dumps({**facts(champion), "origin": "imported: sha256 0"}))
    work = container.read(later(tmp_path / "later", own, theirs.parent), {})
    assert work.former is not None
    assert continued.read(work.former, own, HOW, tmp_path / "read") == "the champion was made by others"


def test_a_contract_that_says_nothing_of_it_refuses_a_champion(own: Contract, champion: Path, tmp_path: Path) -> None:
    root = later(tmp_path, dataclasses.replace(own, incremental=None), champion)
    with pytest.raises(
        UserError, match=r"^channel former: found model.tar.gz, while the contract has no `incremental`"
    ):
        container.read(root, {})


def test_runs_that_go_on_from_others_have_checkpoints_of_their_own(
    own: Contract, champion: Path, tmp_path: Path
) -> None:
    root = later(tmp_path, own, champion)
    with_champion = container.read(root, {}).checkpoints
    archive = root / "input/data/former/model.tar.gz"
    archive.write_bytes(archive.read_bytes() + b"\0")
    other = container.read(root, {}).checkpoints
    archive.unlink()
    assert len({with_champion, other, container.read(root, {}).checkpoints}) == 3
