"""The image without an engine: what its Dockerfile copies, with what its lock file names, serves a package."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging import tags
from packaging.utils import parse_wheel_filename

from tests.workloads.inference import serving
from workloads.inference.forest import library

HERE = serving.ROOT / "workloads" / "inference"
DOCKERFILE = (HERE / "Dockerfile").read_text()
IGNORED = (HERE / "Dockerfile.dockerignore").read_text().splitlines()

PROGRAM = """
import importlib.abc, sys

class OnlyTheImage(importlib.abc.MetaPathFinder):
    allowed = set(sys.stdlib_module_names) | {packages!r} | {{"contracts", "workloads"}}

    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] not in self.allowed:
            raise ModuleNotFoundError(f"{{name}} is not in the image", name=name)

sys.meta_path.insert(0, OnlyTheImage())
from pathlib import Path
from workloads.inference import batch, function, server
from workloads.inference.model import load
from workloads.inference.metrics import Metrics
from workloads.inference.request import Request
from workloads.inference.service import Service
from workloads.inference.settings import Settings

service = Service(load(Path(sys.argv[1]), max_rows=10), Settings(), Metrics())
answer = service.answer(Request([(b"content-type", b"text/csv")]), b"1,2,3")
print(answer.status, service.scorer.model.predictor.name)
"""


def copied() -> list[str]:
    """Sources of the COPY lines of the stage that holds the code."""
    stage = re.search(r"AS code\n(.*?)\nFROM", DOCKERFILE.replace("\\\n", ""), re.DOTALL)
    assert stage
    lines = [line.split()[1:] for line in stage[1].splitlines() if line.startswith("COPY ") and "--from" not in line]
    return [source for sources in lines for source in sources[:-1]]


def locked(name: str) -> set[str]:
    return {re.split(r"[=<>]", line)[0] for line in (HERE / name).read_text().splitlines() if "==" in line}


def in_context(path: str) -> bool:
    """Whether the build context holds a path, by the rules of .dockerignore: the last pattern that matches decides."""
    kept = True
    for pattern in IGNORED:
        if not pattern or pattern.startswith("#"):
            continue
        name = pattern.removeprefix("!")
        parents = [path, *(str(parent) for parent in Path(path).parents)]
        if any(
            fnmatch.fnmatch(candidate, name.removeprefix("**/")) or fnmatch.fnmatch(candidate, name)
            for candidate in parents
        ):
            kept = pattern.startswith("!")
    return kept


def test_what_is_copied_is_enough(package: Path, tmp_path: Path) -> None:
    """Only the copied files and the locked packages: no numpy, no XGBoost, no pydantic, no YAML."""
    for source in copied():
        target = tmp_path / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (serving.ROOT / source).is_dir():
            ignore = shutil.ignore_patterns("benchmark", "__pycache__", "Dockerfile*")
            shutil.copytree(serving.ROOT / source, target, ignore=ignore)
        else:
            shutil.copy(serving.ROOT / source, target)
    names = {name.replace("-", "_") for name in locked("requirements.lock")}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(packages=names), str(package)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "FOREST_LIBRARY": str(library.build()), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    status, predictor = result.stdout.split()
    assert status == "200"
    assert predictor.startswith("forest/")


def test_the_context_holds_what_is_copied_and_little_else() -> None:
    needed = [*copied(), "workloads/inference/forest/forest.c", "workloads/inference/requirements-xgboost.lock"]
    assert [path for path in needed if not in_context(path)] == []
    unwanted = ["README.md", ".git/config", "workloads/training/train.py", "contracts/churn.yaml", ".venv/bin/python"]
    unwanted += ["workloads/inference/benchmark/load.c", "workloads/inference/forest/libforest.so", "local/loop.py"]
    assert [path for path in unwanted if in_context(path)] == []


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_package_has_a_wheel_for_the_processor_whose_hash_is_locked(machine: str) -> None:
    """By the platforms that the Dockerfile has pip take: what Debian 12's glibc (2.36) runs."""
    assert "36 -1 17" in DOCKERFILE
    assert "install.platform" not in DOCKERFILE
    assert "platform = %s" in DOCKERFILE
    platforms = [*(f"manylinux_2_{minor}_{machine}" for minor in range(36, 16, -1)), f"manylinux2014_{machine}"]
    supported = {*tags.cpython_tags((3, 11), ["cp311"], platforms), *tags.compatible_tags((3, 11), "cp311", platforms)}
    lock = tomllib.loads((serving.ROOT / "uv.lock").read_text())
    wheels = {(each["name"], each["version"]): each.get("wheels", []) for each in lock["package"]}
    exported = (HERE / "requirements-xgboost.lock").read_text()
    assert ";" not in exported  # pip would read a marker for the machine that builds
    for name, version in re.findall(r"^([\w-]+)==([\w.]+)", exported, re.MULTILINE):
        hashes = {
            wheel["hash"]
            for wheel in wheels[name, version]
            if parse_wheel_filename(wheel["url"].rpartition("/")[2])[3] & supported
        }
        assert hashes, f"{name} {version} has no wheel for {machine}"
        assert any(each in exported for each in hashes), name


def test_the_compiled_library_takes_the_place_of_no_module() -> None:
    """Python takes forest.so for an extension module and imports it before forest.py: no image would start."""
    modules = {path.stem for path in (HERE / "forest").glob("*.py")}
    copies = re.findall(r"--from=compiled /build/(\S+) \S*?(\S+)$", DOCKERFILE, re.MULTILINE)
    assert [(made, Path(target).name) for made, target in copies] == [(library.BESIDE.name, library.BESIDE.name)]
    assert library.BESIDE.stem not in modules
    training = (serving.ROOT / "workloads/training/Dockerfile").read_text()
    assert f"/opt/app/workloads/inference/forest/{library.BESIDE.name}\n" in training


def test_the_image_is_small_safe_and_pinned() -> None:
    assert "USER 10001:10001" in DOCKERFILE.split("FROM base AS xgboost")[1]
    assert "USER 10001:10001" in DOCKERFILE.split("FROM base AS forest")[1].split("FROM")[0]
    assert "HEALTHCHECK" in DOCKERFILE
    assert DOCKERFILE.count("--require-hashes") == 2
    assert ":latest" not in DOCKERFILE
    service, function = {"click", "h11", "httptools", "msgspec", "uvicorn", "uvloop"}, {"awslambdaric", "simplejson"}
    assert locked("requirements.lock") == {*service, *function, "snapshot-restore-py"}
    assert locked("requirements-xgboost.lock") > locked("requirements.lock") | {"numpy", "xgboost-cpu"}
