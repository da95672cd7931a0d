"""What a job learns on. There is no GPU here: what XGBoost is asked for, and what is refused before it is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xgboost as xgb

from contracts.schema import Contract
from workloads import tasks
from workloads.job import UserError
from workloads.training import __main__ as entry
from workloads.training import container, device, train
from workloads.training.hosts import ALONE, Hosts

TWO = Hosts(names=("algo-1", "algo-2"), current="algo-1")


@pytest.fixture
def with_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """XGBoost as it says of itself that it is where it was built with CUDA."""
    own: dict[str, Any] = xgb.build_info()
    monkeypatch.setattr(xgb, "build_info", lambda: own | {"USE_CUDA": True})


@pytest.mark.parametrize(
    ("environment", "config", "found"),
    [
        ({}, None, 0),
        ({"SM_NUM_GPUS": "1"}, None, 1),
        ({"SM_NUM_GPUS": "0"}, {"current_instance_type": "ml.p3.2xlarge"}, 0),
        ({}, {"current_instance_type": "ml.p3.2xlarge"}, 1),
        ({}, {"current_instance_type": "ml.p3.8xlarge"}, 4),
        ({}, {"current_instance_type": "ml.m5.2xlarge"}, 0),
        ({}, {"current_instance_type": "ml.trn1.2xlarge"}, 0),
        ({}, {"hosts": ["algo-1"], "current_host": "algo-1"}, 0),
    ],
)
def test_the_gpus_of_a_host(tmp_path: Path, environment: dict[str, str], config: Any, found: int) -> None:
    if config is not None:
        (tmp_path / "input/config").mkdir(parents=True)
        (tmp_path / "input/config/resourceconfig.json").write_text(json.dumps(config))
    assert device.gpus(tmp_path, environment) == found


def test_without_a_gpu_it_is_the_cores_whatever_else_there_is(tmp_path: Path) -> None:
    assert device.of(0, TWO, tmp_path) == "cpu"


@pytest.mark.usefixtures("with_cuda")
def test_one_gpu_is_used() -> None:
    assert device.of(1, ALONE, None) == "cuda"


def test_a_gpu_that_xgboost_could_not_use_is_refused() -> None:
    with pytest.raises(UserError) as refused:
        device.of(1, ALONE, None)
    assert str(refused.value) == (
        "device: found 1 GPU on this host, while the image's XGBoost is built without CUDA; build the training image "
        "with `make images CUDA=1`, or train on an instance type without GPU"
    )


@pytest.mark.usefixtures("with_cuda")
@pytest.mark.parametrize(
    ("gpus", "hosts", "cache", "message"),
    [
        (4, ALONE, None, r"^device: found 4 GPUs on this host; allowed: 1, .*; take a type with one, or "),
        (1, TWO, None, r"^device: found 2 hosts with a GPU; allowed: 1; set training\.hosts to 1, or "),
        (1, ALONE, Path("bins"), r"^device: found more data than .*; take a type with more memory, or "),
    ],
)
def test_gpus_that_would_not_be_used_are_refused(gpus: int, hosts: Hosts, cache: Path | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        device.of(gpus, hosts, cache)


def test_xgboost_is_told_the_device_and_nothing_else_is_changed(contract: Contract) -> None:
    task = tasks.of(contract)
    on_cores, on_gpu = (
        train.parameters(task, contract.training, threads=2, start=0, device=each) for each in ("cpu", "cuda")
    )
    assert (on_cores["device"], on_gpu["device"]) == ("cpu", "cuda")
    assert on_cores | {"device": "cuda"} == on_gpu
    assert (on_gpu["nthread"], on_gpu["tree_method"]) == (2, "hist")


def test_nothing_is_left_of_a_job_that_is_refused(root: Path) -> None:
    with pytest.raises(UserError, match="built without CUDA"):
        entry.run(container.read(root, {"SM_NUM_GPUS": "1"}))
    assert not (root / "model").exists()
    assert not (root / "scratch").exists()


@pytest.mark.usefixtures("with_cuda")
def test_a_job_on_a_gpu_asks_for_it_says_so_and_resumes_nothing_of_the_cores(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()
    plain = train._booster

    def noted(model: bytes | None, matrices: list[xgb.DMatrix], settings: dict[str, Any]) -> xgb.Booster:
        asked.append(settings.get("device", "left out"))
        return plain(model, matrices, settings | {"device": "cpu"})  # what is here

    entry.run(container.read(root, {}))
    assert "device" not in json.loads((root / "model/metadata.json").read_text())
    monkeypatch.setattr(train, "_booster", noted)
    entry.run(container.read(root, {"SM_NUM_GPUS": "1"}))
    assert set(asked[:-1]) == {"cuda"}
    assert asked[-1] == "left out"  # the model that is kept scores on cores
    assert json.loads((root / "model/metadata.json").read_text())["device"] == "cuda"
    assert len(list((root / "checkpoints").iterdir())) == 2
