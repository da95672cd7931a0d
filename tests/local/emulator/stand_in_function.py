"""A function in an image: it answers as its version's environment tells it to."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any


def handle(event: Any, context: Any) -> Any:
    """Which release answered and what it was asked; a fault where the event, or the release, asks for one."""
    if event == "die":
        os._exit(3)
    if isinstance(event, dict) and "until" in event:
        Path(event["begun"]).touch()
        while not Path(event["until"]).exists():
            time.sleep(0.01)
    if event == "sleep":
        time.sleep(60)
    if os.environ.get("FAULTY") or event == "fail":
        raise ValueError("cannot answer")
    print(f"answers {event}")
    return {
        "release": os.environ["RELEASE"],
        "asked": event,
        "request": context.aws_request_id,
        "pid": os.getpid(),
        "scratch": os.environ["SCRATCH"],
    }
