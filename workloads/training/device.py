"""What a training job learns on: the cores of its host, or its GPU.

XGBoost uses one GPU in a process (XGBoost documentation, "XGBoost GPU Support"). Where it finds none it goes on on the
cores and only warns of it, so a host with GPUs that would not be used is refused: it is paid for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import xgboost as xgb

from contracts import instances
from workloads.inputs import read_json
from workloads.job import UserError
from workloads.training.hosts import Hosts

Device = Literal["cpu", "cuda"]

_ELSE: Final = "or train on an instance type without GPU"


def gpus(root: Path, environment: Mapping[str, str]) -> int:
    """GPUs of this host: by the toolkit's variable, else by the instance type in resourceconfig.json; else none."""
    if "SM_NUM_GPUS" in environment:
        return int(json.loads(environment["SM_NUM_GPUS"]))
    path = root / "input" / "config" / "resourceconfig.json"
    told = read_json(path).get("current_instance_type") if path.exists() else None
    return instances.gpus(told) if told else 0


def of(found: int, hosts: Hosts, cache: Path | None) -> Device:
    """What a job on a host with so many GPUs learns on; `cache` is where its bins lie if not in memory.

    UserError where the GPUs would not be used.
    """
    if found == 0:
        return "cpu"
    if not xgb.build_info()["USE_CUDA"]:
        raise UserError(
            f"device: found {found} GPU on this host, while the image's XGBoost is built without CUDA; build the "
            f"training image with `make images CUDA=1`, {_ELSE}"
        )
    if found > 1:
        raise UserError(
            f"device: found {found} GPUs on this host; allowed: 1, which is all that XGBoost uses; take a "
            f"type with one, {_ELSE}"
        )
    if len(hosts.names) > 1:
        raise UserError(
            f"device: found {len(hosts.names)} hosts with a GPU; allowed: 1; set training.hosts to 1, {_ELSE}"
        )
    if cache is not None:
        raise UserError(
            f"device: found more data than this host's memory holds; allowed: what it holds, where a GPU "
            f"learns from it; take a type with more memory, {_ELSE}"
        )
    return "cuda"
