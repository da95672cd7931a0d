"""The body of a request to rows, by its media type: one reader for the service and for what it captured."""

from __future__ import annotations

from workloads.inference import columnar
from workloads.inference.columnar import PARQUET
from workloads.inference.errors import Refused
from workloads.inference.reader import Reader
from workloads.inference.rows import Raw
from workloads.inference.writer import CSV, JSON


def read(reader: Reader, kind: bytes, header: bool | None, body: bytes, *, is_utf_8: bool = False) -> Raw:
    """The rows of a body of the media type `kind`; a CSV that is not said to be UTF-8 is in the contract's encoding.

    Raises Refused: 400 unreadable, 413, 415, 422 rows.
    """
    if kind == JSON:
        return reader.json(body)
    if kind == CSV:
        return reader.csv(body, header=header, is_utf_8=is_utf_8)
    return columnar.read(body, reader)


def media_type(content_type: bytes | None, encoding: bytes | None = None) -> tuple[bytes, bool | None, bool]:
    """Media type of a body by its headers, whether a CSV says it has a header line, and whether that it is UTF-8.

    Raises Refused 415.
    """
    if content_type == JSON and encoding is None:
        return JSON, None, False
    kind, *parameters = (part.strip() for part in (content_type or b"").lower().split(b";"))
    if kind not in (JSON, CSV, PARQUET):
        raise _unsupported("content-type", content_type)
    if encoding is not None and encoding.strip().lower() not in (b"", b"identity"):
        raise _unsupported("content-encoding", encoding)
    header, is_utf_8 = None, False
    for name, _, setting in (parameter.partition(b"=") for parameter in parameters):
        setting = setting.strip(b'"')
        if name == b"charset" and setting not in (b"utf-8", b"utf8", b"us-ascii"):
            raise _unsupported("charset", setting)
        is_utf_8 = is_utf_8 or name == b"charset"
        if name == b"header" and kind == CSV:
            header = {b"present": True, b"absent": False}.get(setting)
    return kind, header, is_utf_8


def _unsupported(name: str, value: bytes | None) -> Refused:
    found = "nothing" if value is None else repr(value[:100].decode("latin-1"))
    allowed = "use application/json or text/csv, in UTF-8, without content-encoding"
    return Refused(415, "unsupported_media_type", f"{name} {found} is found; {allowed}")
