"""The training image's entries, each started with what is locked for it and nothing of this environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.images import IMAGES, ROOT
from tests.workloads import clean
from tests.workloads.clean import Clean

IMAGE = IMAGES["training"]
#: Entries that are no job of this image: the service has its own; pipelines are compiled, and archives tested, where
#: people and delivery are.
ELSEWHERE = {"inference", "model_tests", "pipeline"}
JOBS = sorted({path.parent.name for path in (ROOT / "workloads").glob("*/__main__.py")} - ELSEWHERE)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    (lock,) = IMAGE.requirements
    return clean.made(tmp_path_factory.mktemp("training"), IMAGE.name, lock)


@pytest.mark.full
def test_the_entry_trains_a_model(image: Clean, root: Path) -> None:
    done = image.run(*IMAGE.entry, SAGEMAKER_BASE_DIR=str(root))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (root / "model").iterdir()) == [
        "contract.json",
        "metadata.json",
        "model.forest",
        "model.ubj",
    ]
    assert json.loads((root / "model/metadata.json").read_text())["features"] == ["fa", "fb"]


@pytest.mark.full
@pytest.mark.parametrize("job", JOBS)
def test_every_job_starts_and_says_what_it_is_given(image: Clean, job: str) -> None:
    done = image.run("python3", "-m", f"workloads.{job}", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")


@pytest.mark.full
@pytest.mark.parametrize("package", ["pytest", "pulumi", "moto", "uvicorn", "sagemaker"])
def test_nothing_of_this_environment_is_in_it(image: Clean, package: str) -> None:
    assert f"No module named '{package}'" in image.run("python3", "-c", f"import {package}").stderr
