"""Test a model archive: `python -m workloads.model_tests --model model.tar.gz [--rows DIR] [--contract c.yaml]`.

Exit codes: 0 every test passed; 1 one failed; 2 input or call are wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from workloads.job import UserError
from workloads.model_tests import artefact, suite

PASSED, FAILED, REFUSED = 0, 1, 2
#: Neither the project's options of pytest, which are those of its own tests, nor anything it would write here.
_ALONE: Final = ("-c", os.devnull, "--import-mode=importlib", "-p", "no:cacheprovider")
#: Properties are no part of the newer form.
_REPORT: Final = ("-o", "junit_suite_name=model", "-o", "junit_family=xunit1")
_SHOWN: Final = ("-v", "--tb=short", "--no-header", "-W", "ignore::pytest.PytestAssertRewriteWarning")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the suite on one archive."""
    options = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as package:
        try:
            found = artefact.read(options.model, Path(package), rows=options.rows, contract=options.contract)
        except UserError as error:
            sys.stderr.write(f"error: {error}\n")
            return REFUSED
        for told in found.untold:
            sys.stderr.write(f"not tested: {told}\n")
        file = Path(suite.__file__)
        asked = [str(file), *_ALONE, f"--rootdir={file.parent}", *_SHOWN]
        asked += [f"--junitxml={options.junit.absolute()}", *_REPORT] if options.junit else []
        asked += ["-k", options.only] if options.only else []
        ended = pytest.main(asked, plugins=[suite.Given(found.trials)])
    return {pytest.ExitCode.OK: PASSED, pytest.ExitCode.TESTS_FAILED: FAILED}.get(pytest.ExitCode(ended), REFUSED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workloads.model_tests",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", type=Path, required=True, help="model.tar.gz, as a training job leaves it")
    parser.add_argument("--rows", type=Path, help="test part of a data set (Parquet); without it rows are made up")
    parser.add_argument("--contract", type=Path, help="bounds and promises in place of those in the archive")
    parser.add_argument("--junit", type=Path, help="write the results here (JUnit)")
    parser.add_argument("-k", dest="only", metavar="WORDS", help="only these tests, as pytest's -k has it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
