"""A copy of a stack's state from before an update, where whoever has to bring it back finds it.

Beside the state where that is in S3, since the machine of a pipeline is gone with its disk; else in a directory. Below
the place that the CLI itself has for copies, where delivery may write (components/delivery/permissions.py).
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from pulumi import automation as auto

from automation.operations.session import session
from automation.stacks.workspace import BACKEND_URL, backend, state

_S3: Final = "s3"
#: Options of a backend's URL that say which account it is in (Pulumi docs, "Using a DIY backend").
_REGION, _PROFILE = "region", "profile"


def place(stack: str, project: Path, given: str | None) -> str:
    """Where copies go: where somebody wants them, else beside a state in S3, else below the project."""
    url = backend(stack, project) or os.environ.get(BACKEND_URL, "")
    if given or urlsplit(url).scheme != _S3:
        return given or str(project / ".state" / stack)
    bucket, _, options = url.partition("?")
    return f"{bucket.rstrip('/')}/.pulumi/backups/ml-platform/{stack}{'?' if options else ''}{options}"


def back_up(stack: auto.Stack, where: str, region: str) -> str:
    """Write the state, secrets encrypted, and return how it is brought back. A backend's bucket is read as whoever the
    shell is, as the CLI does it, never as a role that the stack's provider assumes.
    """
    name, text = f"{stack.name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json", json.dumps(state(stack))
    url = urlsplit(where)
    if url.scheme != _S3:
        path = Path(where) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return f"pulumi stack import --stack {stack.name} --file {path}"
    options = dict(parse_qsl(url.query))
    s3 = session(options.get(_REGION, region), options.get(_PROFILE), []).client(_S3)
    key = f"{url.path.strip('/')}/{name}".removeprefix("/")
    s3.put_object(Bucket=url.netloc, Key=key, Body=text.encode())
    return f"aws s3 cp s3://{url.netloc}/{key} - | pulumi stack import --stack {stack.name}"
