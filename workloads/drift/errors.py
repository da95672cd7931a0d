"""The error of the drift jobs."""

from __future__ import annotations


class DriftError(ValueError):
    """Input that cannot be compared; the message says what was found, what is allowed and what to do."""
