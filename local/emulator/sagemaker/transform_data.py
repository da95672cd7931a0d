"""Records of a transform job: cut into requests, filtered, and joined with what the model made of them.

Sources: SageMaker API reference, TransformInput (SplitType), CreateTransformJob (BatchStrategy, MaxPayloadInMB) and
DataProcessing; developer guide, "Associate Prediction Results with Input Records". CSV alone is joined and filtered.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from jsonpath_ng.ext import parse as jsonpath

#: How bytes of another encoding than UTF-8 pass through texts: as they are.
BYTES = "surrogateescape"
_WHOLE = "$"
_LINE_END = re.compile(r"\r\n|\r|\n")


class DataError(ValueError):
    """Records that cannot be sent or joined; the message is the job's FailureReason."""


def requests(content: bytes, split: str, strategy: str, most_bytes: int) -> Iterator[list[str]]:
    """The records of an object, as many in a request as `strategy` and the payload allow.

    Raises DataError for a record, or an object that is not split, that is larger than a payload.
    """
    text = content.decode("utf-8", BYTES)
    records = _lines(text) if split == "Line" else [text]
    batch: list[str] = []
    size = 0
    for record in filter(None, records):
        length = len(record.encode("utf-8", BYTES)) + 1
        if length > most_bytes:
            raise DataError(f"ClientError: a record of {length} bytes is larger than MaxPayloadInMB")
        if batch and (strategy == "SingleRecord" or size + length > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch


def filtered(records: Sequence[str], path: str) -> list[str]:
    """What a JSONPath takes of each CSV record, which is an array to it."""
    if path == _WHOLE:
        return list(records)
    taken = jsonpath(path)
    return [_line([found.value for found in taken.find(_cells(record))]) for record in records]


def joined(records: Sequence[str], answer: bytes, processing: dict[str, Any]) -> bytes:
    """The lines that are written for a request. DataError where there is not one answer for each record."""
    lines = _lines(answer.decode("utf-8"))
    if processing.get("JoinSource", "None") == "Input":
        if len(lines) != len(records):
            raise DataError(
                f"ClientError: {len(records)} records were sent and {len(lines)} came back, which cannot be joined"
            )
        lines = [_line([*_cells(record), *_cells(line)]) for record, line in zip(records, lines, strict=True)]
    return "".join(f"{line}\n" for line in filtered(lines, processing.get("OutputFilter", _WHOLE))).encode(
        "utf-8", BYTES
    )


def _lines(text: str) -> list[str]:
    """The lines of a text, by LF, CR or both: `str.splitlines` ends one at U+2028 and others too, which texts hold."""
    *lines, last = _LINE_END.split(text)
    return [*lines, last] if last else lines


def _cells(line: str) -> list[str]:
    return next(csv.reader([line]))


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
