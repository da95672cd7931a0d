"""What a client is told when a request is not answered with predictions."""

from __future__ import annotations

import math

import msgspec

JSON = b"application/json"
CLOSE = ((b"connection", b"close"),)
TWICE, ONCE = "a column named twice", "each column once"
MAX_FAULTS = 20  # told in one response; the rest is only counted


class Fault(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing wrong with a body: where (`line` of a CSV, `row` of a JSON list from 0, `field`), and what is
    allowed."""

    found: str
    allowed: str
    field: str | None = None
    row: int | None = None
    line: int | None = None

    def sentence(self) -> str:
        """The fault in words."""
        row = f"row {self.row}" if self.row is not None else f"line {self.line}" if self.line is not None else ""
        place = ", ".join(part for part in (row, f"field {self.field!r}" if self.field else "") if part)
        return f"{place or 'body'}: {self.found} is found, allowed is {self.allowed}"


def at(fault: Fault, *, row: int | None = None, line: int | None = None) -> Fault:
    """The fault with its place."""
    return msgspec.structs.replace(fault, row=row, line=line)


class _Error(msgspec.Struct, omit_defaults=True):
    code: str
    message: str
    request_id: str
    faults: tuple[Fault, ...] = ()


class _Body(msgspec.Struct):
    error: _Error


_ENCODER = msgspec.json.Encoder()


class Refused(Exception):  # noqa: N818 - it is an answer to the client, not a failure of the service
    """Ends a request with an HTTP status and a JSON body that says why and what to do.

    `headers` are added to the response (Allow, Retry-After).
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        faults: tuple[Fault, ...] = (),
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.faults, self.headers = status, code, message, faults, headers

    def body(self, request_id: str) -> bytes:
        """The JSON document of the error."""
        return _ENCODER.encode(_Body(_Error(self.code, self.message, request_id, self.faults)))


def invalid(faults: list[Fault], count: int | None = None) -> Refused:
    """422 for rows that break the contract. `count` is the number of all faults where `faults` was cut short."""
    total = count or len(faults)
    more = f" (and {total - 1} more)" if total > 1 else ""
    return Refused(422, "invalid_rows", faults[0].sentence() + more, faults=tuple(faults[:MAX_FAULTS]))


def malformed(message: str) -> Refused:
    """400 for a body that is not JSON, not CSV or not UTF-8."""
    return Refused(400, "malformed_body", message)


def busy(why: str) -> Refused:
    """429 for what a worker cannot take just now."""
    return Refused(429, "too_many_requests", f"{why}; try again", headers=((b"retry-after", b"1"),))


def show(value: object) -> str:
    """A value as JSON, shortened; an infinite number, for which JSON has no word, as Python does."""
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    text = _ENCODER.encode(value).decode(errors="replace")
    return text if len(text) <= 60 else text[:57] + "..."
