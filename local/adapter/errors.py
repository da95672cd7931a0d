"""What the adapter refuses, and how it says so."""

from __future__ import annotations

from collections.abc import Sequence

from shapes.check import Fault

#: The operation of a refusal that came after all calls, from what the service made of them.
WAITING = "wait"
_GONE_CODES = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")
_GONE_MESSAGES = ("Could not find", "Stack with id")  # ValidationException of SageMaker, and of CloudFormation


class AdapterError(Exception):
    """Base of everything that the adapter raises on purpose; the text is meant for people."""


class InvalidInput(AdapterError):  # noqa: N818 - the name is the boundary with the runtime
    """Inputs that the provider or the API's own model refuses. `faults` holds every one of them."""

    def __init__(self, token: str, name: str, faults: Sequence[Fault]):
        lines = [f"{token} '{name}': {fault}" for fault in faults]
        super().__init__("\n".join(lines))
        self.token, self.name, self.faults = token, name, tuple(faults)


class UnknownType(AdapterError):  # noqa: N818
    """A resource type or a function that the adapter has no table for."""


class ApiRefused(AdapterError):  # noqa: N818
    """The emulated API answered a call with an error.

    `code` is the API's error code. `created_id` is the id of a resource that was made before the error, "" otherwise.
    """

    def __init__(self, subject: str, service: str, operation: str, code: str, message: str, *, created_id: str = ""):
        remains = f" ({created_id} was made before that and stays, incomplete)" if created_id else ""
        super().__init__(f"{subject}: {service} {operation} answered {code}: {message}{remains}")
        self.created_id = created_id
        self.subject, self.service, self.operation, self.code, self.message = subject, service, operation, code, message

    def after_creation(self, created_id: str) -> ApiRefused:
        """The same error, for a resource that exists by now."""
        return ApiRefused(self.subject, self.service, self.operation, self.code, self.message, created_id=created_id)

    @property
    def in_part(self) -> bool:
        """Whether the resource is there, or was changed, all the same: the provider then says what it is by now."""
        return bool(self.created_id) or self.operation == WAITING

    @property
    def is_gone(self) -> bool:
        """Whether the answer says that the resource does not exist; each service has a word of its own for that."""
        return any(word in self.code for word in _GONE_CODES) or self.message.startswith(_GONE_MESSAGES)
