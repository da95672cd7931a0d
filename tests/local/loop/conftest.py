from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def tumours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A second workload: its contract, and scikit-learn's breast-cancer table as a CSV file that fits it."""
    table: Any = load_breast_cancer()
    names = [name.replace(" ", "_") for name in table.feature_names]
    path = tmp_path_factory.mktemp("tumours") / "tumours.csv"
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=30)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["patient_id", "measured_at", *names, "benign"])
        for number, (row, label) in enumerate(zip(table.data, table.target, strict=True), 1):
            measured = (start + dt.timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
            writer.writerow([number, measured, *row, label])
    return HERE / "tumours.yaml", path
