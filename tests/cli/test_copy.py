"""What is copied for the CLI is the whole program; shown without the CLI, which finds the rest in the checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.cli.test_pulumi import copy_program

#: Without `site`, so that no path file of the environment leads back to the checkout.
RUN = "import runpy, sys; sys.path[:0] = sys.argv[1:]; runpy.run_path('__main__.py')"


def test_the_copy_has_all_that_the_program_imports(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    copy_program(copy)
    command = [sys.executable, "-I", "-S", "-c", RUN, copy, sysconfig.get_path("purelib")]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    # The imports come first; then the program misses the engine that would give it a config.
    assert done.stderr.splitlines()[-1].startswith("  ml-platform:stack: found nothing"), done.stderr
