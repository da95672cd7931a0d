"""Conditional writes are atomic: of many writers with If-None-Match or If-Match one alone succeeds.

moto looks whether the condition holds and then writes, and another request may come in between. Source: Amazon S3 user
guide, "Conditional writes": the first of concurrent conditional writes succeeds, the others fail with 412.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from moto.s3.responses import S3Response

from local.emulator.extension import wrap

_ONE_AT_A_TIME = threading.RLock()


def install() -> None:
    """Let one request at a time change objects."""
    for name in ("_key_response_put", "_key_response_post", "_key_response_delete"):
        wrap(S3Response, name, _alone)


def _alone(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with _ONE_AT_A_TIME:
        return original(*args, **kwargs)
