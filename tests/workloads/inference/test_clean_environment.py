"""The inference image's entry, started with what is locked for it and nothing of this environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from contracts.images import IMAGES
from tests.workloads import clean
from tests.workloads.inference.serving import Running

IMAGE = IMAGES["inference"]


@pytest.mark.full
@pytest.mark.parametrize(("lock", "missing"), [*zip(IMAGE.requirements, ("numpy", "pandas"), strict=True)])
def test_the_entry_answers_with_what_is_locked_for_it(lock: str, missing: str, package: Path, tmp_path: Path) -> None:
    image = clean.made(tmp_path, IMAGE.name, lock)
    assert f"No module named '{missing}'" in image.run("python", "-c", f"import {missing}").stderr
    options = ["serve", "--host", "127.0.0.1", "--port", "0", "--workers", "1", "--model-dir", str(package)]
    process = subprocess.Popen(
        [image.python.parent / IMAGE.entry[0], *IMAGE.entry[1:], *options],
        cwd=image.app,
        env=image.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        service = Running(process, json.loads(line)["port"], tmp_path / "log")
        assert service.request("GET", "/ping").status == 200
        answer = service.csv("1,2,3")
        assert answer.status == 200, answer.body
        assert 0 <= float(answer.body.split(b",")[0]) <= 1
        assert service.stop() == 0
    finally:
        process.kill()
        process.communicate()
