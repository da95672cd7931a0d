"""The training image, read as text: there is no container engine here."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.workloads.training.test_clean_environment import JOBS

WORKLOADS = Path(__file__).parents[3] / "workloads"
DOCKERFILE = WORKLOADS / "training" / "Dockerfile"
#: Directories of which nothing runs in this image, and what others bring: the service's image, Glue, and whoever runs
#: the tests of a model as a suite.
ELSEWHERE, BROUGHT = {"benchmark", "proposal"}, {"uvicorn", "pyspark", "pytest"}

#: The jobs, in a process that has no other packages than the image.
IMPORTS = """
import importlib, importlib.abc, sys

class OnlyTheImage(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {others!r}:
            raise ModuleNotFoundError(f"{{name}} is not in the image", name=name)

sys.meta_path.insert(0, OnlyTheImage())
for job in {jobs!r}:
    importlib.import_module(f"workloads.{{job}}.__main__")
"""


def instructions() -> list[str]:
    """The instructions of the last stage, each on one line."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.rpartition("FROM")[2].splitlines() if not line.startswith("#")]


def test_the_image_runs_as_nobody_special_and_is_pinned() -> None:
    text = DOCKERFILE.read_text()
    assert [line for line in instructions() if line.startswith("USER")] == ["USER 1000"]
    assert "FROM python:${PYTHON_RUN}\n" in text
    assert "ARG PYTHON_RUN\n" in text
    assert text.count("pip --python") == text.count("--require-hashes") == text.count("--only-binary :all:") == 1


def test_nothing_comes_from_a_system_package() -> None:
    assert [line for line in instructions() if "apt" in line or "curl" in line] == []


def test_the_wheels_bring_the_openmp_runtime() -> None:
    """Otherwise the image would need libgomp1 from the system."""
    assert [file.name for file in metadata.files("xgboost-cpu") or () if file.name.startswith("libgomp")] != []


@pytest.mark.parametrize("requirements", ["requirements.lock", "requirements-cuda.lock"])
def test_what_the_jobs_import_is_installed_and_scikit_learn_which_xgboost_would_load_is_not(requirements: str) -> None:
    pinned = set(re.findall(r"^([\w.-]+)==", DOCKERFILE.with_name(requirements).read_text(), re.M))
    assert imported() - BROUGHT <= pinned | {"xgboost-cpu"}
    assert pinned & {"xgboost", "xgboost-cpu", "scikit-learn", "pandas"} in ({"xgboost"}, {"xgboost-cpu"})


def test_every_job_is_imported_without_what_is_not_locked_for_the_image() -> None:
    """Also what it imports by a module of contracts: a type of the reader of YAML had brought PyYAML."""
    pinned = set(re.findall(r"^([\w.-]+)==", DOCKERFILE.with_name("requirements.lock").read_text(), re.M))
    others = {
        name
        for name, found in metadata.packages_distributions().items()
        if not {each.lower().replace("_", "-") for each in found} & pinned
    }
    assert {"yaml", "pytest", "pulumi"} <= others
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS.format(others=others, jobs=JOBS)],
        cwd=WORKLOADS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def imported() -> set[str]:
    """The distributions that the jobs import, at their beginning or later."""
    files = [path for path in WORKLOADS.rglob("*.py") if not ELSEWHERE & set(path.relative_to(WORKLOADS).parts)]
    found: set[str] = set()
    for node in itertools.chain.from_iterable(ast.walk(ast.parse(path.read_text())) for path in files):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    distributions = metadata.packages_distributions()
    return {name.lower() for module in found for name in distributions.get(module, ())}
