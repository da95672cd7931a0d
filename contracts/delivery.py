"""The event by which a build of CodePipeline says why it ends: the pipeline's own has the failed command alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: What EventBridge knows the event by: rules match both, and builds may send no other.
SOURCE: Final = "mlplatform.delivery"
DETAIL_TYPE: Final = "Delivery Stopped"
#: How much of a reason is told.
MOST: Final = 1000


def detail(*, pipeline: str, build: str, run: str, reason: str, link: str) -> Mapping[str, str]:
    """The event's facts. A rule puts them into a text, which EventBridge does without escaping: no fact has a quote, a
    backslash or a line break.
    """
    facts = {"pipeline": pipeline, "build": build, "run": run, "reason": reason, "link": link}
    return {name: _plain(fact) for name, fact in facts.items()}


def _plain(text: str) -> str:
    words = " ".join(text.split()).replace('"', "'").replace("\\", "/")
    return words if len(words) <= MOST else f"{words[: MOST - 1]}…"
