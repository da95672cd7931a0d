"""What a person can mend."""

from __future__ import annotations


class RefusedError(RuntimeError):
    """The act was not done; the message says what was found, what is allowed and what to do."""
