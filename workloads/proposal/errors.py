"""How a proposal is refused."""

from __future__ import annotations


class ChoiceError(ValueError):
    """A choice that only a person can make is lacking or wrong; the message says what there is to choose from."""
