"""How the emulator extends moto.

Two kinds of change, told apart by the function that makes them: `add` brings an operation moto lacks, and gives way
when a newer moto has it; `wrap` corrects one that moto has, and refuses to start when moto no longer has it under that
name, so that a moto upgrade fails at once and by name instead of silently losing a correction.
State of an extension lives in the moto backend it belongs to (`store`), so moto's own reset clears it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from moto.core.base_backend import BaseBackend


class ExtensionError(RuntimeError):
    """The installed moto does not have what a correction builds on."""


def add(owner: type, name: str, value: Any) -> None:
    """Set `owner.name` unless this moto already has it."""
    if not hasattr(owner, name):
        setattr(owner, name, value)


def wrap(owner: Any, name: str, new: Callable[..., Any]) -> None:
    """Have `new(original, *args, **kwargs)` called in place of the function `owner.name` (of a class or a module)."""
    original = _original(owner, name)

    @functools.wraps(original)
    def corrected(*args: Any, **kwargs: Any) -> Any:
        return new(original, *args, **kwargs)

    setattr(owner, name, corrected)


def replace(owner: Any, name: str, new: Any) -> None:
    """Replace the function `owner.name` by one that does not need the original."""
    _original(owner, name)
    setattr(owner, name, new)


def _original(owner: Any, name: str) -> Callable[..., Any]:
    original = getattr(owner, name, None)
    if original is None:
        raise ExtensionError(
            f"{owner.__name__}.{name} is not in the installed moto, but local.emulator corrects it; "
            "install the moto version of pyproject.toml or adapt the extension"
        )
    return original


def store(backend: BaseBackend, kind: str) -> dict[Any, Any]:
    """The extension's own state of one kind in a backend (one account and region)."""
    return backend.__dict__.setdefault("_emulator", {}).setdefault(kind, {})
