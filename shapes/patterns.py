r"""The regular expressions of the API models, which are written for Java, as Python understands them.

Three things differ (java.util.regex.Pattern): Unicode properties (`\p{L}`), characters beyond 16 bits written as
surrogate pairs, and a hyphen after a class such as `\w` inside brackets, which Java reads as a hyphen.

And one is AWS's: a few patterns (Lake Formation, Glue) write `arn:aws:`, for the models are those of its first
partition, while the services are in the others too (botocore's endpoints.json). An ARN is one of any partition here.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

_PROPERTY = re.compile(r"\\p\{(\w+)\}")
_SURROGATE_RANGE = r"\uD800\uDC00-\uDBFF\uDFFF"
_CLASS_HYPHEN = re.compile(r"(\\[wds])-(?=[^\]])")
_FIRST_PARTITION, _ANY_PARTITION = "arn:aws:", "arn:aws(?:-[a-z]+)*:"
_ASCII_CLASSES = {"Print": " -~", "ASCII": "\\x00-\\x7f", "Alnum": "0-9A-Za-z", "Alpha": "A-Za-z", "Digit": "0-9"}
_BEYOND_16_BITS = f"{chr(0x10000)}-{chr(sys.maxunicode)}"


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern, ready for `fullmatch`; None where Python has no counterpart for it, such as flags in its middle."""
    text = pattern.replace(_SURROGATE_RANGE, _BEYOND_16_BITS)
    text = _CLASS_HYPHEN.sub(r"\1\\-", text).replace(_FIRST_PARTITION, _ANY_PARTITION)
    text = _PROPERTY.sub(_expanded, text)
    try:
        return re.compile(text)
    except re.error:
        return None


def _expanded(found: re.Match[str]) -> str:
    """A property as the inside of a character class; in brackets of its own where the pattern has none around it."""
    inside = _ASCII_CLASSES.get(found[1]) or _category(found[1])
    before = found.string[: found.start()]
    in_brackets = before.count("[") - before.count("\\[") > before.count("]") - before.count("\\]")
    return inside if in_brackets else f"[{inside}]"


@cache
def _category(name: str) -> str:
    """Ranges of the 16-bit characters in a Unicode category, and all characters beyond, whatever they are."""
    ranges: list[str] = []
    start: int | None = None
    for code in range(0x10001):
        inside = code < 0x10000 and unicodedata.category(chr(code)).startswith(name)
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            ranges.append(f"\\u{start:04x}-\\u{code - 1:04x}")
            start = None
    return "".join(ranges) + _BEYOND_16_BITS
