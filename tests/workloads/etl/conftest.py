from __future__ import annotations

from pathlib import Path

import pytest

from tests.workloads.etl.accepted import accepted_rows, write
from tests.workloads.features import conftest as features

spark = features.spark


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write(tmp_path / "accepted" / "a.parquet", accepted_rows())
    return tmp_path / "accepted"
