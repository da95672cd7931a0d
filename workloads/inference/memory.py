"""Memory that the container has in use and may use: of its control group, else of the machine.

Linux kernel documentation, "Control Group v2" (memory.max, memory.current, memory.stat) and "Memory Resource
Controller" (version 1); proc(5), /proc/meminfo. Pages of files that nobody uses are given back under pressure, so they
count as free.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Directory, files of limit and use, and what the statistics call unused pages of files: version 2, then version 1.
_GROUPS: Final = (
    ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


@dataclass(frozen=True)
class Memory:
    """Bytes."""

    used: int
    limit: int


def read(root: Path = Path("/")) -> Memory | None:
    """What is known; None where there is neither a limit nor a /proc."""
    machine = _machine(root)
    for directory, limit, used, unused in _GROUPS:
        place = root / directory
        found, current = _number(place / limit), _number(place / used)
        # Without a limit version 1 says a number that no machine has.
        if found is not None and current is not None and (machine is None or found < machine.limit):
            return Memory(used=max(current - _fields(place / "memory.stat").get(unused, 0), 0), limit=found)
    return machine


def size(directory: Path) -> int:
    """Bytes of the files in a directory."""
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


def _machine(root: Path) -> Memory | None:
    found = _fields(root / "proc/meminfo")
    if "MemTotal:" not in found or "MemAvailable:" not in found:
        return None
    total, available = found["MemTotal:"] * 1024, found["MemAvailable:"] * 1024
    return Memory(used=total - available, limit=total)


def _number(file: Path) -> int | None:
    """The number that a file holds; None where it is not there, or says `max`."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _fields(file: Path) -> dict[str, int]:
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return {name: int(value) for name, value, *_ in (line.split() for line in lines)}
