"""What a person can mend, and how an act ends that is not done."""

from __future__ import annotations


class RefusedError(RuntimeError):
    """The act was not done; the message says what was found, what is allowed and what to do."""


class PolicyViolationError(RefusedError):
    """A mandatory policy stands against it; nothing was changed."""


class DeploymentError(RuntimeError):
    """An act on a stack failed half way; the message says what is done, what is left and how to go on."""


class DiffersError(RuntimeError):
    """What is live is not as it is wanted; the message says where."""


class StoppedError(RuntimeError):
    """A person stopped an act half way; the message says what is done, what is left and how to go on."""


class AccessError(RuntimeError):
    """AWS let nobody in: there are no credentials, or they are no longer valid."""
