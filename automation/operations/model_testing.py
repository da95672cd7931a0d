"""The tests of a model before it is registered in another stack: its archive, as it lies in S3, through the suite of
`workloads.model_tests`, in a process that has no credentials.

No rows are read, which a role of delivery may not: the suite makes some up. What only data shows the gate has judged
where the model was trained.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from automation.evidence.junit import Case, cases, failures
from automation.operations import uncredentialed
from automation.operations.errors import RefusedError

#: How a suite ends of which a test failed; otherwise it ended before them.
_FAILED: Final = 1
_MOST: Final = 3000  # characters of what a suite said that ended before its tests


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Where the report (JUnit) is written, and what reads the archive."""

    report: Path
    s3: Any

    def run(self, uri: str, *, owner: str, tell: Callable[[str], object]) -> None:
        """Test the archive at `uri` in the account `owner`. RefusedError with each test that failed, or where it is
        gone."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        with tempfile.TemporaryDirectory() as directory:
            archive = Path(directory) / "model.tar.gz"
            try:
                self.s3.download_file(bucket, key, str(archive), ExtraArgs={"ExpectedBucketOwner": owner})
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                    raise
                raise RefusedError(f"{uri} is not there any more; train and approve a model anew") from error
            self._test(archive, uri)
        tell(f"{uri}: every model test passed, see {self.report}")

    def skip(self, what: str, why: str, tell: Callable[[str], object]) -> None:
        """Say in the report that nothing was tested, and why."""
        self.report.parent.mkdir(parents=True, exist_ok=True)
        self.report.write_text(cases("model", [Case(endpoint=what, name="model tests", skipped=why)]), encoding="utf-8")
        tell(f"{what}: model tests are left out: {why}")

    def _test(self, archive: Path, uri: str) -> None:
        asked = ["--model", str(archive), "--junit", str(self.report.absolute())]
        try:
            done = uncredentialed.run("workloads.model_tests", *asked)
        except subprocess.TimeoutExpired as error:
            told = f"found a model whose tests were not over within {uncredentialed.SECONDS} s"
            raise RefusedError(f"{uri}: {told}; nothing was registered") from error
        if not done.returncode:
            return
        told = "; ".join(failures(self.report)) if done.returncode == _FAILED else done.stderr.strip()[-_MOST:]
        raise RefusedError(f"{uri}: found a model that fails its tests: {told}; nothing was registered")
