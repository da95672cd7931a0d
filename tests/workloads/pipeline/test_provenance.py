from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from workloads.pipeline import provenance, render

COMMITTED = render.DEFINITIONS / "train.json"


def test_the_committed_definition_is_that_of_the_sources() -> None:
    assert provenance.stale(COMMITTED) == [], "run `make pipeline` and commit what it writes"


def test_a_changed_source_is_named(tmp_path: Path) -> None:
    copy = tmp_path / "train.json"
    shutil.copy(COMMITTED, copy)
    hashes = provenance.hashes()
    hashes["definition.py"] = "0" * 64
    del hashes["steps.py"]
    provenance.inputs_path(copy).write_text(json.dumps(hashes))
    assert provenance.stale(copy) == ["definition.py", "steps.py"]


@pytest.mark.parametrize("name", provenance.SOURCES)
def test_every_source_exists(name: str) -> None:
    assert (Path(provenance.__file__).parent / name).is_file()
