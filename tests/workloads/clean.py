"""An image without an engine: its sources in a directory, and what its lock names in a virtual environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from contracts.images import BASES, IMAGES, ROOT


@dataclass(frozen=True)
class Clean:
    """`python` has the packages of one lock alone, `app` the files that the image has and no others."""

    python: Path
    app: Path

    def environment(self, **own: str) -> dict[str, str]:
        """What a process in the image has of variables."""
        return {"PATH": f"{self.python.parent}{os.pathsep}/usr/bin:/bin", "PYTHONPATH": str(self.app), **own}

    def run(self, *words: str, **own: str) -> subprocess.CompletedProcess[str]:
        """A command of the image, whose first word is found on its PATH, to its end."""
        return subprocess.run(
            [self.python.parent / words[0], *words[1:]],
            cwd=self.app,
            env=self.environment(**own),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


def made(where: Path, image: str, lock: str) -> Clean:
    """As the Dockerfile makes it: the wheels of `lock`, whose hashes are demanded, the sources, the compiled forest."""
    app, environment = where / "app", where / "environment"
    for file in IMAGES[image].files():
        name = file.relative_to(ROOT)
        if name.name != "Dockerfile" and str(name) != BASES:
            (app / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, app / name)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    uv = [Path(sys.executable).parent / "uv", "pip", "install", "--quiet", "--python", python]
    subprocess.run([*uv, "--require-hashes", "--only-binary", ":all:", "-r", ROOT / lock], check=True)
    clean = Clean(python, app)
    forest = app / "workloads/inference/forest/libforest.so"
    compiled = clean.run("python", "-m", "workloads.inference.forest.library", str(forest))
    assert (compiled.returncode, forest.is_file()) == (0, True), compiled.stderr
    return clean
