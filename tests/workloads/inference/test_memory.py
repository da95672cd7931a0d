"""Memory of the container: its control group in both versions, else the machine; and models that would fill it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from workloads.inference import memory
from workloads.inference.errors import Refused
from workloads.inference.memory import Memory
from workloads.inference.metrics import Metrics
from workloads.inference.models import Models
from workloads.inference.settings import Settings, parse

MACHINE = {"proc/meminfo": "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 600 kB\nHugePages_Total: 0\n"}
SECOND = {
    "sys/fs/cgroup/memory.max": "500000\n",
    "sys/fs/cgroup/memory.current": "300000\n",
    "sys/fs/cgroup/memory.stat": "anon 100\ninactive_file 50000\n",
}
FIRST = {
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "400000\n",
    "sys/fs/cgroup/memory/memory.usage_in_bytes": "200000\n",
    "sys/fs/cgroup/memory/memory.stat": "cache 1\ntotal_inactive_file 70000\n",
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (MACHINE, Memory(used=400 * 1024, limit=1000 * 1024)),
        (MACHINE | SECOND, Memory(used=250_000, limit=500_000)),
        (MACHINE | FIRST, Memory(used=130_000, limit=400_000)),
        (MACHINE | SECOND | {"sys/fs/cgroup/memory.max": "max\n"}, Memory(used=400 * 1024, limit=1000 * 1024)),
        (
            MACHINE | FIRST | {"sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2**63 - 4096}\n"},
            Memory(used=400 * 1024, limit=1000 * 1024),
        ),
        (SECOND, Memory(used=250_000, limit=500_000)),
        ({}, None),
    ],
)
def test_the_smallest_limit_that_is_known_counts(
    tmp_path: Path, files: dict[str, str], expected: Memory | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert memory.read(tmp_path) == expected


def loaded(models: Models, name: str, package: Path) -> None:
    asyncio.run(models.load(json.dumps({"model_name": name, "url": str(package)}).encode()))


def names(models: Models) -> list[str]:
    page = json.loads(json.dumps(models.page(None, None)))
    return [model["modelName"] for model in page["models"]]


def test_a_model_that_would_fill_the_memory_is_507_and_the_others_stay(package: Path) -> None:
    megabyte, found = 1024 * 1024, [Memory(used=0, limit=100 * 1024 * 1024)]
    models = Models(Settings(multi_model=True), Metrics(), lambda: found[0])
    loaded(models, "a", package)
    found[0] = Memory(used=80 * megabyte - memory.size(package), limit=100 * megabyte)
    loaded(models, "b", package)
    found[0] = Memory(used=80 * megabyte - memory.size(package) + 1, limit=100 * megabyte)
    with pytest.raises(Refused, match=r"80 MB are in use and model 'c' has 0 MB, 80 MB are the most allowed") as caught:
        loaded(models, "c", package)
    assert (caught.value.status, names(models)) == (507, ["a", "b"])


def test_what_was_used_least_makes_room_in_memory_where_nobody_else_unloads(package: Path) -> None:
    full, free = Memory(used=2**40, limit=2**40), Memory(used=0, limit=2**40)
    models = Models(Settings(multi_model=True, evict=True), Metrics(), lambda: full if len(names(models)) > 1 else free)
    for name in "abc":
        loaded(models, name, package)
    assert names(models) == ["b", "c"]


def test_nothing_is_dropped_for_a_model_that_fits_into_no_memory(package: Path) -> None:
    size, found = memory.size(package), [Memory(used=0, limit=2**40)]
    models = Models(Settings(multi_model=True, evict=True, max_memory_percent=50), Metrics(), lambda: found[0])
    loaded(models, "a", package)
    found[0] = Memory(used=size, limit=2 * size - 1)
    with pytest.raises(Refused, match="model 'b' has 0 MB, 0 MB are the most allowed; give it more memory") as caught:
        loaded(models, "b", package)
    assert (caught.value.status, names(models)) == (507, ["a"])
    found[0] = Memory(used=0, limit=2 * size)  # and one that takes all of it fits
    loaded(models, "b", package)
    assert names(models) == ["a", "b"]


def test_where_nothing_is_known_of_the_memory_models_are_counted_alone(package: Path) -> None:
    models = Models(Settings(multi_model=True, max_models=1), Metrics(), lambda: None)
    loaded(models, "a", package)
    with pytest.raises(Refused, match="1 models are loaded, which is the most allowed"):
        loaded(models, "b", package)


def test_sagemaker_says_by_the_environment_that_a_container_has_several_models() -> None:
    environment = {"SAGEMAKER_MULTI_MODEL": "true", "MAX_MODELS": "7", "MAX_MEMORY_PERCENT": "62.5"}
    found = parse(["serve"], environment)
    assert (found.multi_model, found.workers, found.max_models, found.max_memory_percent) == (True, 1, 7, 62.5)
    assert not parse(["serve"], {"SAGEMAKER_MULTI_MODEL": "false"}).multi_model
