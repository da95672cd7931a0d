"""Bills of materials of what is locked for the images: made without a container engine or a network, and complete."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.blocks import ROOT

LOCKS = {
    "training": "workloads/training/requirements.lock",
    "training-cuda": "workloads/training/requirements-cuda.lock",
    "inference": "workloads/inference/requirements.lock",
    "inference-xgboost": "workloads/inference/requirements-xgboost.lock",
}


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `make boms` leaves, by group."""
    home = tmp_path_factory.mktemp("boms")
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, home)
    programs = Path(sys.executable).parent
    arguments = ["--silent", "--assume-old", ".venv/uv.stamp", f"BIN={programs}", "boms"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(["/usr/bin/env", "make", *arguments], cwd=home, env=environment, check=True)
    return {path.name.removesuffix(".cdx.json"): json.loads(path.read_text()) for path in home.glob(".local/boms/*")}


def test_every_lock_has_its_bill_in_the_form_of_cyclonedx(bills: dict[str, Any]) -> None:
    assert bills.keys() == LOCKS.keys()
    assert {(bill["bomFormat"], bill["specVersion"]) for bill in bills.values()} == {("CycloneDX", "1.5")}


@pytest.mark.parametrize("group", LOCKS)
def test_a_bill_names_what_pip_installs_with_the_hashes_that_it_demands(bills: dict[str, Any], group: str) -> None:
    lock = (ROOT / LOCKS[group]).read_text()
    pinned = set(re.findall(r"^([\w.-]+)==([\w.+]+)", lock, re.MULTILINE))
    components = bills[group]["components"]
    assert {(each["name"], each["version"]) for each in components} == pinned
    assert {each["purl"] for each in components} == {f"pkg:pypi/{name}@{version}" for name, version in pinned}
    demanded = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock))
    told = {
        digest["content"] for each in components for file in each["externalReferences"] for digest in file["hashes"]
    }
    assert told == demanded
