"""What the platform's jobs import, loaded once in the process that jobs are forked from (`local.emulator.jobs`)."""

from __future__ import annotations

import gc
import importlib
import os

from local.emulator.jobs import LOADED_WITH
from local.identity import CACHE

#: Of pyproject.toml's group training, down to the parts that jobs use; duckdb apart, which fills the log of every job
#: that ends without its use (see workloads.job.leave) and loads quickly.
LIBRARIES = (
    "boto3",
    "jinja2",
    "matplotlib.figure",
    "msgspec",
    "narwhals",
    "numpy",
    "pyarrow.parquet",
    "scipy.stats",
    "sklearn.metrics",
    "xgboost",
)

os.environ |= {**CACHE, **LOADED_WITH, "HOME": CACHE["XDG_CACHE_HOME"]}  # no settings of this user's for Matplotlib
for _library in LIBRARIES:
    importlib.import_module(_library)
gc.freeze()  # nobody collects what all jobs share
