"""What of a request's headers bears on its answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from workloads.inference.errors import Refused
from workloads.inference.writer import CSV, JSON

Headers = list[tuple[bytes, bytes]]

# SageMaker hands these to the container and takes the first back (AWS docs, InvokeEndpoint); both go back to the
# client.
_ECHOED = (b"x-amzn-sagemaker-custom-attributes", b"x-amzn-sagemaker-inference-id")


class Request:
    """The headers of a prediction request that matter, and when it is to be given up."""

    __slots__ = ("accept", "content_length", "content_type", "deadline", "echo", "encoding", "id", "started")

    def __init__(self, headers: Headers, new_id: Callable[[], bytes], seconds: float) -> None:
        self.started = time.perf_counter()
        self.deadline = self.started + seconds
        self.content_type = self.accept = self.content_length = self.encoding = None
        self.echo: Headers = []
        self.id = b""
        for name, value in headers:
            if name == b"content-type":
                self.content_type = value
            elif name == b"accept":
                self.accept = value
            elif name == b"content-length":
                self.content_length = value
            elif name == b"x-request-id":
                self.id = value
            elif name == b"content-encoding":
                self.encoding = value
            elif name in _ECHOED:
                self.echo.append((name, value))
        if not 0 < len(self.id) <= 128:
            self.id = new_id()
        self.echo.append((b"x-request-id", self.id))

    @property
    def text_id(self) -> str:
        """The request id for bodies and logs."""
        return self.id.decode("latin-1")

    def media_type(self) -> tuple[bytes, bool | None]:
        """The body's media type and, for CSV, whether it says it has a header. Raises Refused 415."""
        if self.content_type == JSON and self.encoding is None:
            return JSON, None
        kind, *parameters = (part.strip() for part in (self.content_type or b"").lower().split(b";"))
        if kind not in (JSON, CSV):
            raise _unsupported("content-type", self.content_type)
        if self.encoding not in (None, b"identity"):
            raise _unsupported("content-encoding", self.encoding)
        header = None
        for name, _, setting in (parameter.partition(b"=") for parameter in parameters):
            setting = setting.strip(b'"')
            if name == b"charset" and setting not in (b"utf-8", b"utf8", b"us-ascii"):
                raise _unsupported("charset", setting)
            if name == b"header" and kind == CSV:
                header = {b"present": True, b"absent": False}.get(setting)
        return kind, header


def _unsupported(name: str, value: bytes | None) -> Refused:
    found = "nothing" if value is None else repr(value[:100].decode("latin-1"))
    allowed = "use application/json or text/csv, in UTF-8, without content-encoding"
    return Refused(415, "unsupported_media_type", f"{name} {found} is found; {allowed}")
