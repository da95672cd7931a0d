"""Names that a contract can have for the names of a file."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Container, Iterable

from contracts.checks import ANSWER_NAMES, NAME, RESERVED_NAMES, WORKLOAD_NAME

_LONGEST = 64
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"})
_TAKEN = frozenset({*RESERVED_NAMES, *ANSWER_NAMES})


def column_names(names: Iterable[str]) -> dict[str, str]:
    """Name in the file -> name in the contract: the same where that is legal, else the nearest legal one."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    ordered = sorted(names, key=lambda name: not is_legal(name))  # who has a legal name keeps it
    for name in ordered:
        found[name] = free(name if is_legal(name) else slug(name), taken)
        taken.add(found[name].lower())
    return found


def is_legal(name: str) -> bool:
    """Whether a column may have the name."""
    return bool(NAME.fullmatch(name)) and not keyword.iskeyword(name) and name.lower() not in _TAKEN


def slug(text: str, *, otherwise: str = "column") -> str:
    """A legal name that resembles a text."""
    ascii_text = unicodedata.normalize("NFKD", text.translate(_LETTERS)).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "_", ascii_text).strip("_")
    name = name if name[:1].isalpha() else f"{otherwise}_{name}".strip("_")
    name = name[: _LONGEST - 6].rstrip("_")
    return name if is_legal(name) else f"{name}_1"


def free(name: str, taken: Container[str]) -> str:
    """`name`, or it with a number where another has it (case does not count)."""
    number, found = 1, name
    while found.lower() in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def workload_name(text: str) -> str:
    """A workload's name that resembles the stem of a file's."""
    name = re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", slug(text, otherwise="data").lower()))[:30].strip("-")
    return name if WORKLOAD_NAME.fullmatch(name) else "data"
