"""Why the last command failed: kept where a build of CodePipeline says, and told by `python -m automation.reason`.

$REASON names the file; without it nothing is kept. A command that succeeds afterwards takes it away: what failed before
it has not ended the build.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import boto3

from contracts.delivery import DETAIL_TYPE, SOURCE, detail

#: The variable that names the file.
FILE: Final = "REASON"


def keep(text: str | None) -> None:
    """Write why a command failed, or with None that it did not."""
    if FILE not in os.environ:
        return
    path = Path(os.environ[FILE])
    if text is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def tell(environment: Mapping[str, str], events: Any) -> bool:
    """Send the event of what is kept, if anything is; whether it was. `environment` is a build's (CodeBuild user guide,
    "Environment variables in build environments"), with the pipeline's execution as RUN.
    """
    path = Path(environment[FILE])
    if not path.is_file():
        return False
    found = detail(
        pipeline=environment["CODEBUILD_INITIATOR"].rpartition("/")[2],
        build=environment["CODEBUILD_BUILD_ID"].partition(":")[0],
        run=environment["RUN"],
        reason=path.read_text(encoding="utf-8"),
        link=environment["CODEBUILD_BUILD_URL"],
    )
    entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(found)}
    (answer,) = events.put_events(Entries=[entry])["Entries"]
    if "ErrorCode" in answer:
        raise RuntimeError(f"EventBridge did not take the event: {answer['ErrorCode']}: {answer['ErrorMessage']}")
    return True


if __name__ == "__main__":
    client: Any = boto3.client("events")  # pyright: ignore[reportUnknownMemberType]
    sys.stdout.write("the reason is told\n" if tell(os.environ, client) else "no command of automation failed\n")
