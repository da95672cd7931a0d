"""The error type for answers that moto has no class for."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class AwsError(ServiceException):
    """An AWS error by code and message; HTTP status and members follow from the service's own model of that code.

    moto's class itself would look for the service called `core`, after the module it is defined in.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
