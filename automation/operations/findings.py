"""What a look at an account is about, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

_NO_ACCESS: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One answer. `holds` is None where it could not be found out; `fix` says what to do unless it holds."""

    subject: str
    holds: bool | None
    found: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What is to be deployed: the resources as `synth` has them, where, and clients by the name of a service."""

    resources: Sequence[Mapping[str, Any]]
    region: str
    client: Callable[[str], Any]

    def inputs(self, kind: str) -> list[Mapping[str, Any]]:
        """The inputs of all resources of a type."""
        return [resource["inputs"] for resource in self.resources if resource["type"] == kind]


def unknown(subject: str, error: Exception) -> Finding:
    """The finding of what could not be asked: one line, whatever AWS answered."""
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    fix = "allow it for who runs preflight, or look it up by hand" if code in _NO_ACCESS else "try again"
    text, markup, _ = " ".join(str(error).split()).partition("<")  # a page in place of an answer
    found = f"{text.rstrip(' :')}: no answer of AWS's" if markup else text
    return Finding(subject=subject, holds=None, found=found[:300], fix=fix)
