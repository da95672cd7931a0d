"""The two ways in which an execution goes wrong: it cannot be started, or a step fails."""

from __future__ import annotations

from typing import Final

JOB_INTERNAL_ERROR: Final = "SageMaker.JOB_INTERNAL_ERROR"
SERVICE_FAULT: Final = "Step.SERVICE_FAULT"
THROTTLING: Final = "Step.THROTTLING"


class InvalidExecution(ValueError):  # noqa: N818  (reads as what it says: raise InvalidExecution)
    """The definition or the parameters do not allow a start: what AWS answers with a ValidationException.

    The message lists every fault, one a line.
    """


class StepFailure(Exception):  # noqa: N818  (the step failed; that is a result, not a fault of this program)
    """A step failed. `exception` is the type that a retry policy may name; None if no retry can help."""

    def __init__(self, reason: str, exception: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.exception = exception
