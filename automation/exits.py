"""How a command ends: its exit code and what that says. The local run's codes are among them."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """Exit codes of all commands."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    BUSY = 3
    AWS = 4
    FAILED = 5
    POLICY = 6
    DIFFERS = 7
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """What the code says, in one sentence."""
        return _MEANINGS[self]


_MEANINGS: Final = {
    Exit.DONE: "done",
    Exit.REFUSED: "refused: the message says what was found, what is allowed and what to do",
    Exit.USAGE: "the command line is wrong",
    Exit.BUSY: "busy: somebody else is at it, or the endpoint is on its way; try again",
    Exit.AWS: "AWS failed, cannot be reached, or does not allow it",
    Exit.FAILED: "failed: the message says what is done, what is left and how to go on",
    Exit.POLICY: "a mandatory policy is violated: nothing was changed",
    Exit.DIFFERS: "what is live differs from what is wanted (drift, verify, smoke), or is lacking (preflight)",
    Exit.INTERRUPTED: "interrupted: the same command goes on from where things stand",
}
