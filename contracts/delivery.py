"""The event by which a build of CodePipeline says why it ends: the pipeline's own has the failed command alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

#: What EventBridge knows the event by: rules match both, and builds may send no other.
SOURCE: Final = "mlplatform.delivery"
DETAIL_TYPE: Final = "Delivery Stopped"
#: How much of a reason is told.
MOST: Final = 1000
#: How terminals are told of colours (ECMA-48, control sequences), as tools do whose output is in a reason.
_COLOURS: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def detail(*, pipeline: str, build: str, run: str, reason: str, link: str) -> Mapping[str, str]:
    """The event's facts. A rule puts them into a text, which EventBridge does without escaping: no fact has a quote, a
    backslash, a line break or another control character, none of which a text of JSON may have.
    """
    facts = {"pipeline": pipeline, "build": build, "run": run, "reason": reason, "link": link}
    return {name: _plain(fact) for name, fact in facts.items()}


def _plain(text: str) -> str:
    readable = "".join(each if each.isprintable() else " " for each in _COLOURS.sub("", text))
    words = " ".join(readable.split()).replace('"', "'").replace("\\", "/")
    return words if len(words) <= MOST else f"{words[: MOST - 1]}…"
