"""Encodings of delivered texts: which there are, and which of them a text is in.

One rule for validation, batches and requests: a byte order mark says it, before the contract's `encoding`; without
either a text is UTF-8.
"""

from __future__ import annotations

import codecs
from typing import Final

UTF_8: Final = "utf-8"
#: Byte order marks (The Unicode Standard, section 23.8), longer ones first: UTF-32's begins as UTF-16's.
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Text codecs of Python that are of names in networks or of source code, and no encoding of files.
_NO_FILES: Final = ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape")


def is_known(name: str) -> bool:
    """Whether a file may be in the encoding `name`: any text encoding that Python has, by any of its names."""
    try:
        "".encode(name)  # LookupError of what is no text encoding too, such as hex
        found = codecs.lookup(name)
    except (LookupError, UnicodeError, ValueError):
        return False
    return found.name.replace("_", "-") not in _NO_FILES


def of(head: bytes, declared: str | None) -> str:
    """The encoding of a text that begins with `head` (4 bytes or all of it), by Python's own name for it."""
    return by_mark(head) or plain(declared)


def by_mark(head: bytes) -> str | None:
    """The encoding that a byte order mark at the beginning of a text says; None without one."""
    return next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None)


def plain(declared: str | None) -> str:
    """Python's own name of the encoding that a contract declares, UTF-8 where it declares none."""
    name = codecs.lookup(declared or UTF_8).name
    return UTF_8 if name in ("utf-8-sig", "ascii") else name
