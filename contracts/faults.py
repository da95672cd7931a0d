"""Where a fault of a written contract is, and what it is: without the reader of YAML, which no image has."""

from __future__ import annotations

#: Keys, and positions in lists, from the document's root.
Path = tuple[str | int, ...]
#: The place, and what is found there, what is allowed and what to do.
Fault = tuple[Path, str]
