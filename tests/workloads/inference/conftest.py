"""One package and one running service for all tests that do not change either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import xgboost as xgb

from tests.workloads.inference import serving
from tests.workloads.inference.serving import Running
from workloads.inference import model
from workloads.inference.metrics import Metrics
from workloads.inference.service import Service
from workloads.inference.settings import Settings


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("package") / "model"
    serving.make_package(directory)
    return directory


@pytest.fixture(scope="session")
def booster(package: Path) -> xgb.Booster:
    return xgb.Booster({"nthread": 1}, model_file=package / "model.ubj")


@pytest.fixture(scope="module")
def app(package: Path) -> Service:
    """The service in this process."""
    return Service(model.load(package, max_rows=100), Settings(), Metrics())


@pytest.fixture(scope="session")
def service(package: Path) -> Iterator[Running]:
    with serving.serving(
        package, "--max-body-bytes", "200000", "--max-rows", "3000", "--model-version", "v7"
    ) as running:
        yield running
