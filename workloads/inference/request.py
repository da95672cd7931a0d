"""What of a request's headers bears on its answer."""

from __future__ import annotations

import itertools
import os
import re
import time

from workloads.inference.bodies import media_type
from workloads.inference.errors import Refused
from workloads.inference.writer import CSV, JSON, negotiate

Headers = list[tuple[bytes, bytes]]

# SageMaker hands these to the container and takes the first back (AWS docs, InvokeEndpoint); both go back to the
# client.
ATTRIBUTES, INFERENCE_ID = b"x-amzn-sagemaker-custom-attributes", b"x-amzn-sagemaker-inference-id"
_ECHOED = (ATTRIBUTES, INFERENCE_ID)
_READ = {
    b"accept": "accept",
    b"connection": "connection",
    b"content-encoding": "encoding",
    b"content-length": "content_length",
    b"content-type": "content_type",
    # The archive of one of several models, as the client named it (AWS docs, "Contract for Custom Containers").
    b"x-amzn-sagemaker-target-model": "target",
    b"x-request-id": "id",
}
# Names of models are those of `contracts.release`.
_ARCHIVE = re.compile(rb"([a-z0-9]+(?:-[a-z0-9]+)*)\.tar\.gz")
_MAX_ID = 128
_EXPLAIN = b"contributions=true"
_prefix, _count = os.urandom(6).hex().encode(), itertools.count(1)


def new_ids() -> None:
    """Begin another series of request ids: for a process that was forked from one that has begun its own."""
    global _prefix
    _prefix = os.urandom(6).hex().encode()


class Request:
    """One prediction request: its headers read once, when it began (`started`, by `time.perf_counter`), its id.

    `echo` are the headers that go back to the client. `explain` is whether contributions are asked for: with the query
    `?contributions=true`, or, through SageMaker, which passes no query on, with that text as custom attribute.
    """

    accept: bytes | None
    connection: bytes | None
    content_length: bytes | None
    content_type: bytes | None
    encoding: bytes | None
    target: bytes | None
    __slots__ = (
        "accept",
        "connection",
        "content_length",
        "content_type",
        "echo",
        "encoding",
        "explain",
        "id",
        "query",
        "started",
        "target",
    )

    def __init__(self, headers: Headers, query: bytes = b"") -> None:
        self.started = time.perf_counter()
        self.content_type = self.accept = self.connection = self.content_length = None
        self.encoding = self.target = None
        self.echo: Headers = []
        self.id = b""
        self.query = query
        self.explain = query == _EXPLAIN
        for name, value in headers:
            if name in _READ:
                setattr(self, _READ[name], value)
            elif name in _ECHOED:
                self.echo.append((name, value))
                self.explain = self.explain or (name == ATTRIBUTES and _EXPLAIN in value)
        if not 0 < len(self.id) <= _MAX_ID:
            self.id = b"%b-%x" % (_prefix, next(_count))
        self.echo.append((b"x-request-id", self.id))

    @property
    def text_id(self) -> str:
        """The request id for bodies and logs."""
        return self.id.decode("latin-1")

    @property
    def model(self) -> str:
        """Which of several models SageMaker was asked for; "" where none of the platform's."""
        archive = _ARCHIVE.fullmatch(self.target or b"")
        return archive[1].decode() if archive else ""

    def is_plain(self) -> bool:
        """Whether the body is JSON, the answer may be, and nothing else is asked for: `media_types` at a glance."""
        return (
            self.content_type == JSON
            and self.encoding is None
            and not self.explain
            and (self.accept is None or self.accept in (b"*/*", JSON))
        )

    def media_types(self) -> tuple[bytes, bytes, bool | None, bool]:
        """Media type of the body, media type of the answer, whether a CSV says it has a header, and that it is UTF-8.

        Raises Refused 415 for a body and 406 for an answer that cannot be.
        """
        read, header, is_utf_8 = media_type(self.content_type, self.encoding)
        write = negotiate(self.accept, JSON if read == JSON else CSV)
        if self.explain and write != JSON:
            raise Refused(406, "not_acceptable", "contributions are asked for as text/csv; ask for application/json")
        return read, write, header, is_utf_8
