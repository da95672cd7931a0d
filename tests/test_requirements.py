"""What is installed where: one lock, what is exported from it, and that it is enough for program and policies."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import xgboost

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")
#: What `make lock` exports; the head of each names its command.
EXPORTS = [
    "requirements.txt",
    "requirements-bootstrap.txt",
    "policies/requirements.txt",
    "workloads/training/requirements.lock",
    "workloads/training/requirements-cuda.lock",
    "workloads/inference/requirements.lock",
    "workloads/inference/requirements-xgboost.lock",
]
#: An environment of its own: nothing that this one exports or a machine sets for AWS, proxies aside.
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if name in {"PATH", "HOME", "PIP_CERT", "SSL_CERT_FILE"} or name.lower().endswith("_proxy")
}


def run(*arguments: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, arguments)), cwd=cwd, env=CLEAN | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def pinned(text: str) -> set[str]:
    return set(re.findall(r"^([A-Za-z0-9_.-]+)==\S", text, re.MULTILINE))


def test_the_lock_is_that_of_the_project_file() -> None:
    run(UV, "lock", "--check", "--offline")


@pytest.mark.parametrize("file", EXPORTS)
def test_an_exported_file_is_what_the_lock_gives(file: str) -> None:
    text = (ROOT / file).read_text()
    head = re.search(r"^#    uv (export .*) -o (\S+)$", text, re.MULTILINE)
    assert head is not None
    assert head[2] == file
    exported = run(UV, *head[1].split(), "--no-header")
    assert [line for line in text.splitlines() if not line.startswith("#")] == exported.splitlines()


def test_every_exported_package_has_its_hashes() -> None:
    for file in EXPORTS:
        entries = re.findall(r"^\S+==\S+.*(?:\n {4}--hash=sha256:[0-9a-f]{64}.*)*", (ROOT / file).read_text(), re.M)
        assert entries, file
        assert [entry for entry in entries if "--hash" not in entry] == [], file


def test_pip_gets_what_program_policies_and_operations_need() -> None:
    program = pinned((ROOT / "requirements.txt").read_text())
    assert program >= {"pulumi", "pulumi-aws", "pulumi-awsx", "pulumi-policy", "pydantic", "pyyaml", "boto3", "typer"}
    assert program.isdisjoint({"moto", "pytest", "xgboost-cpu", "pyspark", "duckdb"})
    assert pinned((ROOT / "policies/requirements.txt").read_text()) < program


def test_the_training_image_for_gpus_is_the_other_one_but_for_xgboost() -> None:
    plain, cuda = (
        set(
            re.findall(
                r"^[A-Za-z0-9_.-]+==[^ ;]+", (ROOT / f"workloads/training/{name}.lock").read_text(), re.MULTILINE
            )
        )
        for name in ("requirements", "requirements-cuda")
    )
    assert {text.partition("==")[0] for text in plain ^ cuda} == {"xgboost", "xgboost-cpu", "nvidia-nccl-cu12"}
    (version,) = {text.partition("==")[2] for text in plain ^ cuda if text.startswith("xgboost")}
    assert version == xgboost.__version__


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("clean") / "ml-platform"
    leave = shutil.ignore_patterns(".venv*", ".git", ".local", ".*_cache", "__pycache__", ".hypothesis")
    shutil.copytree(ROOT, target, ignore=leave)
    return target


def with_uv(clone: Path) -> Path:
    """As `pulumi install` does with toolchain uv."""
    run(UV, "sync", "--locked", "--quiet", "--no-python-downloads", "--python", sys.executable, cwd=clone)
    return clone / ".venv"


def with_pip(clone: Path) -> Path:
    """As `pulumi install` does with toolchain pip, of program and pack."""
    environment = clone / ".venv-pip"
    run(sys.executable, "-m", "venv", environment)
    for file in ("requirements.txt", "policies/requirements.txt"):
        run(environment / "bin/python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", file, cwd=clone)
    return environment


@pytest.mark.full
@pytest.mark.parametrize("install", [with_uv, with_pip])
def test_a_clean_environment_runs_program_and_policies(install: Callable[[Path], Path], clone: Path) -> None:
    python = install(clone) / "bin/python"
    synthesised = json.loads(run(python, "-m", "local", "synth", "--stack", "prod", "--out", "-", cwd=clone))
    assert len(synthesised["resources"]) > 100
    report = json.loads(run(python, "-m", "local", "policies", "--stack", "prod", "--format", "json", cwd=clone))
    assert report["resources"] >= len(synthesised["resources"])
    assert "promote" in run(python, "-m", "automation", "--help", cwd=clone)
