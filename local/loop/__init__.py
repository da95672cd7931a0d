"""The loop of L1 on one machine: deploy, deliver, train, release, predict, drift, retrain, roll back (see `story`)."""

from local.runtime.errors import LocalRunError


class LoopError(LocalRunError):
    """The platform did not do what it should; the message says what, in the platform's own words where it has any."""
