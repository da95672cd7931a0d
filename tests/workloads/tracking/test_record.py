from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.operations import tracking
from tests.workloads.tracking.files import BUCKET, EVALUATED, FACTS, RUN, TRAINED, TRIAL, archive, report
from workloads.job import UserError
from workloads.tracking import record
from workloads.tracking.record import Metric, Run
from workloads.training import history
from workloads.training.train import Fitted

AT = 1_700_000_000_000
SOURCE = f"s3://{BUCKET}/{RUN}"


def test_a_training_job_tells_parameters_the_loss_of_each_round_and_where_its_model_lies() -> None:
    found = record.read(BUCKET, TRAINED, archive(first=7), AT)
    assert (found.source, found.name, found.at_ms, found.parent) == (SOURCE, "n3ddexkp0fjj", AT, None)
    assert found.params == {
        "eta": "0.1",
        "max_depth": "4",
        "num_round": "4",
        "loss": "logloss",
        "threads": "2",
        "training_rows": "1000",
        "xgboost_version": "3.2.0",
    }
    rounds = [
        Metric("validation_loss", loss, step)
        for step, loss in zip(range(7, 11), (0.5, 0.375, 0.25, 0.3125), strict=True)
    ]
    assert found.metrics == (*rounds, Metric("best_validation_loss", 0.25), Metric("best_round", 2))
    assert found.tags == {
        "training_job": "pipelines-n3ddexkp0fjj-Train-a",
        "model_uri": f"{SOURCE}Train/output/pipelines-n3ddexkp0fjj-Train-a/output/model.tar.gz",
        "dataset_version": "11ca36479cc6924a",
        "code_version": "0a5f7d8",
    }
    assert not found.is_whole  # Evaluate comes


def test_a_trial_is_a_run_of_its_own_below_that_of_its_search() -> None:
    found = record.read(BUCKET, TRIAL, archive(), AT)
    assert found.source == f"{SOURCE}Tune/output/n3ddexkp0fjj-Tune-b-001-c/"
    assert found.name == "n3ddexkp0fjj-Tune-b-001-c"
    assert found.parent == Run(source=SOURCE, name="n3ddexkp0fjj")
    assert found.is_whole


def test_an_evaluation_tells_metrics_with_their_intervals_and_what_the_gate_says() -> None:
    found = record.read(BUCKET, EVALUATED, report(), AT)
    assert (found.source, found.params, found.is_whole) == (SOURCE, {}, True)
    assert found.metrics == (  # the upper end is not finite: null in the file
        Metric("test_auc", 0.9),
        Metric("test_auc_low", 0.8),
        Metric("test_difference_from_champion", 0.01),
    )
    assert found.tags == {
        "code_version": "0a5f7d8",
        "dataset_version": "11ca36479cc6924a",
        "gate": "register",
        "gate_reason": "every check passed",
        "headline": "AUC 0.9",
        "inference_image": "image@sha256:00",
        "origin": "trained here",
    }


def test_a_first_model_is_compared_with_none() -> None:
    names = {each.key for each in record.read(BUCKET, EVALUATED, report(champion=None), AT).metrics}
    assert names == {"test_auc", "test_auc_low"}


def test_a_long_reason_is_cut_to_what_every_server_takes() -> None:
    found = record.read(BUCKET, EVALUATED, report(gate={"decision": "reject", "reason": "x" * 600}), AT)
    assert found.tags["gate_reason"] == "x" * 500


def test_a_job_leaves_what_is_read_here(tmp_path: Path) -> None:
    fitted = Fitted(booster=None, best_round=1, history=[0.5, 0.25], first=3)  # pyright: ignore[reportArgumentType]
    history.leave(tmp_path / "data", fitted, FACTS)
    (file,) = (tmp_path / "data").iterdir()
    assert (file.name, json.loads(file.read_bytes())["losses"]) == (record.HISTORY, [0.5, 0.25])
    found = record.read(BUCKET, TRAINED, archive(**json.loads(file.read_bytes())), AT)
    assert found.metrics[:2] == (Metric("validation_loss", 0.5, 3), Metric("validation_loss", 0.25, 4))


def test_the_rule_takes_what_is_read_here() -> None:
    assert (record.TRAINED, record.EVALUATED) == tracking.ENDS
    assert TRAINED.endswith(record.TRAINED)
    assert EVALUATED.endswith(record.EVALUATED)


@pytest.mark.parametrize(
    ("key", "content", "told"),
    [
        ("elsewhere/churn/n/Train/output/j/output/output.tar.gz", archive(), "found no file of a run"),
        (f"{RUN}Train/output/j/output/model.tar.gz", archive(), "found another file; allowed: keys that end in"),
        (TRAINED, b"no archive", "found ValueError"),
        (TRAINED, archive()[:-20], "found ValueError"),
        (TRAINED, archive("another.json"), "an archive without history.json"),
        (TRAINED, archive(facts={}), "found KeyError('hyperparameters')"),
        (EVALUATED, b"{}", "found KeyError('metrics')"),
        (EVALUATED, b"[]", "allowed: what this version of the training image leaves"),
    ],
)
def test_what_no_job_left_is_refused_by_its_key(key: str, content: bytes, told: str) -> None:
    with pytest.raises(UserError) as refused:
        record.read(BUCKET, key, content, AT)
    assert str(refused.value).startswith(f"{key}: ")
    assert told in str(refused.value)


def test_an_archive_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MAX_BYTES", 1000)
    with pytest.raises(UserError, match="an archive of more than 1000 bytes"):
        record.read(BUCKET, TRAINED, archive(), AT)
