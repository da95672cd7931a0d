from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xgboost as xgb

from contracts import schema
from contracts.limits import MODELS
from contracts.schema import Contract, Training
from workloads import tasks
from workloads.job import PlatformError, UserError
from workloads.training import __main__ as entry
from workloads.training import container, data, train

REPOSITORY = Path(__file__).parents[3]


def run(root: Path) -> subprocess.CompletedProcess[str]:
    command, environment = [sys.executable, "-m", "workloads.training"], {"SAGEMAKER_BASE_DIR": str(root)}
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=600, env=environment, check=False
    )


def test_the_container_leaves_model_contract_and_metadata(root: Path, contract: Contract) -> None:
    done = run(root)
    assert done.returncode == 0, done.stderr
    names = ["contract.json", "metadata.json", "model.forest", "model.ubj"]
    assert sorted(p.name for p in (root / "model").iterdir()) == names
    assert schema.from_json((root / "model/contract.json").read_bytes()) == contract
    metadata = json.loads((root / "model/metadata.json").read_text())
    booster = xgb.Booster(model_file=root / "model/model.ubj")
    assert metadata["features"] == ["fa", "fb"] == booster.feature_names
    assert booster.num_boosted_rounds() == metadata["best_round"] + 1 < metadata["rounds"]
    assert (metadata["dataset_version"], metadata["training_rows"]) == ("sha256:1234", 3000)
    assert (metadata["loss"], metadata["validation_loss"] < 0.55) == ("logloss", True)  # chance is 0.69


def test_same_input_same_bytes(root: Path) -> None:
    entry.run(container.read(root, {}))
    first = (root / "model/model.ubj").read_bytes()
    shutil.rmtree(root / "checkpoints")
    entry.run(container.read(root, {}))
    assert (root / "model/model.ubj").read_bytes() == first


@pytest.mark.parametrize("subsample", ["0.8", "1"])
def test_an_interrupted_job_ends_with_the_same_bytes(
    root: Path, monkeypatch: pytest.MonkeyPatch, subsample: str
) -> None:
    (root / "input/config").mkdir()
    (root / "input/config/hyperparameters.json").write_text(json.dumps({"subsample": subsample}))
    entry.run(container.read(root, {}))
    whole = (root / "model/model.ubj").read_bytes()
    shutil.rmtree(root / "checkpoints")
    plain = train._loss

    def interrupted(booster: xgb.Booster, validation: xgb.DMatrix, boosting_round: int) -> float:
        if boosting_round == 14:
            raise KeyboardInterrupt  # what a spot interruption looks like from inside
        return plain(booster, validation, boosting_round)

    monkeypatch.setattr(train, "_loss", interrupted)
    with pytest.raises(KeyboardInterrupt):
        entry.run(container.read(root, {}))
    monkeypatch.setattr(train, "_loss", plain)
    assert [p.name for p in sorted((root / "checkpoints").rglob("*.json"))] == ["round-000010.json"]
    (own,) = (root / "checkpoints").iterdir()
    (own / "round-000020.ubj").write_bytes(b"half written")  # no history beside it: not complete
    entry.run(container.read(root, {}))
    assert (root / "model/model.ubj").read_bytes() == whole


def torn(checkpoints: Path, name: str, damage: str) -> None:
    """One file of a checkpoint as a copy of the directory may have it that was made while it was written."""
    path = checkpoints / name
    whole = path.read_bytes()
    match damage:
        case "missing":
            path.unlink()
        case "half":
            path.write_bytes(whole[: len(whole) // 2])
        case "empty":
            path.write_bytes(b"")
        case _:  # of another attempt
            path.write_bytes(checkpoints.joinpath(f"round-000010{path.suffix}").read_bytes())


@pytest.mark.parametrize("damage", ["missing", "half", "empty", "other"])
@pytest.mark.parametrize("suffix", [".ubj", ".json"])
def test_a_torn_checkpoint_is_passed_over_for_the_one_before(
    root: Path, contract: Contract, suffix: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    (root / "input/config").mkdir()
    (root / "input/config/hyperparameters.json").write_text('{"num_round": "30", "early_stopping_rounds": "30"}')
    checkpoints = container.read(root, {}).checkpoints
    short = dataclasses.replace(contract.training, num_round=20)
    matrices = data.matrices(root / "input/data/train", root / "input/data/validation", contract, 1)[:2]
    train.fit(*matrices, tasks.of(contract), short, threads=1, checkpoints=checkpoints)
    assert sorted(path.name for path in checkpoints.iterdir()) == [
        "round-000010.json",
        "round-000010.ubj",
        "round-000020.json",
        "round-000020.ubj",
    ]
    torn(checkpoints, f"round-000020{suffix}", damage)
    (checkpoints / "round-000040.ubj").write_bytes(b"nobody knows whose")
    caplog.set_level("INFO")
    entry.run(container.read(root, {}))
    assert [record.__dict__["rounds"] for record in caplog.records if record.message == "resumed"] == [10]
    names = [record.__dict__["file"] for record in caplog.records if record.message == "a checkpoint is torn"]
    assert names == ([] if (suffix, damage) == (".json", "missing") else ["round-000020.json"])
    assert {path.stem for path in checkpoints.iterdir()} == {"round-000020", "round-000030"}
    resumed = (root / "model/model.ubj").read_bytes()
    shutil.rmtree(checkpoints)
    entry.run(container.read(root, {}))
    assert (root / "model/model.ubj").read_bytes() == resumed


@pytest.mark.parametrize("text", ["[0.5, 0.4]", '{"sha256": "0"}', "null"])
def test_where_no_checkpoint_is_whole_training_begins_anew(root: Path, text: str) -> None:
    checkpoints = container.read(root, {}).checkpoints
    checkpoints.mkdir(parents=True)
    (checkpoints / "round-000010.json").write_text(text)
    (checkpoints / "round-000010.ubj").write_bytes(b"half")
    entry.run(container.read(root, {}))
    assert (root / "model/model.ubj").is_file()


@pytest.mark.full
@pytest.mark.parametrize("subsample", ["0.8", "1"])
def test_twenty_kills_lose_no_finished_checkpoint_and_end_in_the_same_model(root: Path, subsample: str) -> None:
    (root / "input/config").mkdir()
    given = {"subsample": subsample, "num_round": "120", "early_stopping_rounds": "120"}
    (root / "input/config/hyperparameters.json").write_text(json.dumps(given))
    entry.run(container.read(root, {}))
    whole = (root / "model/model.ubj").read_bytes()
    shutil.rmtree(root / "checkpoints")
    shutil.rmtree(root / "model")
    command = [sys.executable, "-m", "tests.workloads.training.killed", str(root), "7", "20"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["statuses"] == [-signal.SIGKILL] * 20 + [0]
    # what is complete stays, and an attempt that had ten rounds before it was killed has left one more checkpoint
    expected = [0]
    for rounds, writing in found["places"]:
        expected.append(expected[-1] + (rounds >= train.CHECKPOINT_EVERY and not writing) * train.CHECKPOINT_EVERY)
    assert found["rounds"] == [*expected[1:], 120]
    assert (root / "model/model.ubj").read_bytes() == whole


def test_checkpoints_do_not_pile_up(root: Path) -> None:
    entry.run(container.read(root, {}))
    (own,) = (root / "checkpoints").iterdir()
    assert len(list(own.iterdir())) <= 4


def test_jobs_of_other_hyperparameters_resume_nothing_of_each_other(root: Path) -> None:
    """The trials of a search share the place of their checkpoints."""
    given = root / "input/config/hyperparameters.json"
    found: set[Path] = set()
    for text in ('{"eta": "0.1"}', '{"eta": "0.2"}', '{"eta": "0.10"}', '{"eta": "0.1", "max_depth": "2"}'):
        given.parent.mkdir(parents=True, exist_ok=True)
        given.write_text(text)
        found.add(container.read(root, {}).checkpoints)
    assert len(found) == 3
    assert {place.parent for place in found} == {root / "checkpoints"}


def test_row_groups_are_the_whole_data(root: Path, contract: Contract) -> None:
    directory = root / "input/data/train"
    parts = list(data.row_groups(directory, contract, {}))
    assert [len(label) for _, label in parts] == [500] * 6
    table = pq.read_table(directory)
    np.testing.assert_array_equal(
        np.concatenate([features for features, _ in parts]),
        np.column_stack([table[n].to_numpy(zero_copy_only=False) for n in ("fa", "fb")]).astype(np.float32),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Training()),
        ({"num_round": "10", "eta": "0.1", "sagemaker_program": "x"}, Training(num_round=10, eta=0.1)),
        ({"subsample": "1"}, Training(subsample=1.0)),
    ],
)
def test_hyperparameters(given: dict[str, str], expected: Training) -> None:
    assert container.hyperparameters(Training(), given) == expected


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Training)])
def test_the_job_takes_what_a_contract_may_say_and_nothing_else(name: str) -> None:
    def takes(value: float) -> tuple[bool, bool]:
        """Whether the contract's loader does, and the job."""
        try:
            MODELS[Training].model_validate({name: value})
            by_contract = True
        except ValueError:
            by_contract = False
        try:
            container.hyperparameters(Training(), {name: repr(value)})
        except UserError:
            return by_contract, False
        return by_contract, True

    whole = isinstance(getattr(Training(), name), int)
    values = [-1, 0, 1, 30, 31, 100_000, 100_001, 2**31 - 1, 2**31]
    values += [] if whole else [1e-7, 1e-6, 1e-4, 1e-3, 0.5, 1.0, 1.5, 1e9, 2e9]
    assert {value: takes(value)[0] for value in values} == {value: takes(value)[1] for value in values}


def test_all_faults_of_the_hyperparameters_come_at_once() -> None:
    given = {"eta": "2", "max_depth": "3.5", "num_round": "many", "trees": "5"}
    with pytest.raises(UserError) as caught:
        container.hyperparameters(Training(), given)
    assert str(caught.value) == (
        "hyper-parameters: eta: found '2'; allowed: float from 1e-06 to 1; "
        "max_depth: found '3.5'; allowed: int from 1 to 30; num_round: found 'many'; allowed: int from 1 to 100000; "
        "trees: not known; allowed: ['early_stopping_rounds', 'eta', 'max_depth', 'min_child_weight', 'num_round', "
        "'seed', 'subsample']"
    )


def test_a_missing_channel_is_the_platforms_fault(root: Path) -> None:
    shutil.rmtree(root / "input/data/manifest")
    with pytest.raises(PlatformError, match="channels not found"):
        container.read(root, {})
    done = run(root)
    assert done.returncode == 75
    assert (root / "output/failure").read_text().startswith("PlatformError: channels not found")


def test_no_data_is_the_users_fault(root: Path) -> None:
    (root / "input/data/train/part-0.parquet").unlink()
    done = run(root)
    assert done.returncode == 2
    assert (root / "output/failure").read_text().startswith("UserError: train: no Parquet file in")


def replace_column(root: Path, name: str, column: pa.Array | None) -> None:
    path = root / "input/data/train/part-0.parquet"
    table = pq.read_table(path)
    index = table.column_names.index(name)
    table = table.remove_column(index) if column is None else table.set_column(index, name, column)
    pq.write_table(table, path)


def test_a_missing_feature_is_named(root: Path) -> None:
    replace_column(root, "fb", None)
    with pytest.raises(UserError, match=r"train: part-0.parquet lacks \['fb'\]; it was made from another contract"):
        entry.run(container.read(root, {}))


def test_one_class_cannot_be_learned(root: Path) -> None:
    replace_column(root, "y", pa.array(np.zeros(3000, np.int8)))
    with pytest.raises(UserError, match=r"train: label 'y' has the values \[0.0\]; needed: both 0 and 1"):
        entry.run(container.read(root, {}))


def test_a_folder_named_like_the_label_is_no_column(root: Path, contract: Contract) -> None:
    part = root / "input/data/train"
    expected = data.labels(part, contract)
    (part / "y=0").mkdir()
    (part / "part-0.parquet").rename(part / "y=0" / "part-0.parquet")
    assert data.labels(part, contract).tolist() == expected.tolist()


def test_an_unforeseen_error_still_leaves_a_reason(root: Path) -> None:
    (root / "input/data/train/part-0.parquet").write_bytes(b"PAR1 broken")
    done = run(root)
    assert done.returncode == 1
    assert (root / "output/failure").read_text().startswith("AlgorithmError: training failed (caused by ArrowInvalid")
