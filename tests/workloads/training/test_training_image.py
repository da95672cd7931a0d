"""The training image, read as text: there is no container engine here."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

DOCKERFILE = Path(__file__).parents[3] / "workloads" / "training" / "Dockerfile"


def instructions() -> list[str]:
    """The instructions of the last stage, each on one line."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.rpartition("FROM")[2].splitlines() if not line.startswith("#")]


def test_the_image_runs_as_nobody_special_and_is_pinned() -> None:
    text = DOCKERFILE.read_text()
    assert [line for line in instructions() if line.startswith("USER")] == ["USER 1000"]
    assert "FROM python:${PYTHON_RUN}\n" in text
    assert "ARG PYTHON_RUN=3.11-slim-bookworm\n" in text
    assert text.count("pip --python") == text.count("--require-hashes") == text.count("--only-binary :all:") == 1


def test_nothing_comes_from_a_system_package() -> None:
    assert [line for line in instructions() if "apt" in line or "curl" in line] == []


@pytest.mark.parametrize("package", ["xgboost-cpu", "scikit-learn"])
def test_the_wheels_bring_the_openmp_runtime(package: str) -> None:
    """Otherwise the image would need libgomp1 from the system."""
    assert [file.name for file in metadata.files(package) or () if file.name.startswith("libgomp")] != []
