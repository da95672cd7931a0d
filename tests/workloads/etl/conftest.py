from __future__ import annotations

from tests.workloads.features import conftest as features

spark = features.spark
