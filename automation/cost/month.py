"""What a month of a stack costs, for those who are about to change it: one sentence, and the limit that holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automation.cost.document import Document
from automation.cost.estimate import Estimate, estimate
from automation.operations.errors import RefusedError


@dataclass(frozen=True, kw_only=True)
class Month:
    """The estimate at the assumed traffic, or why there is none, and `cost.monthly_limit_usd` where a stack has it."""

    limit_usd: float | None = None
    found: Estimate | None = None
    unknown: str = ""

    @classmethod
    def of(cls, synth: Mapping[str, Any]) -> Month:
        """The month of what `python -m local synth` wrote."""
        document = Document.of(synth)
        try:
            return cls(limit_usd=document.limit_usd, found=estimate(document))
        except RefusedError as error:
            return cls(limit_usd=document.limit_usd, unknown=str(error))

    def told(self) -> str:
        """One sentence of it, or the reason and its lines."""
        if self.found is None:
            return f"what a month costs is not known: {self.unknown}"
        total = self.found.total
        memory = f", of it ~{total.from_memory:.2f} by prices from memory" if total.from_memory >= 0.005 else ""
        limit = "no limit" if self.limit_usd is None else f"limit {self.limit_usd:g}"
        return (
            f"a month costs {total.usd:.2f} USD at the assumed traffic{memory}; {limit} (`python -m automation cost`)"
        )

    def check(self) -> None:
        """Raises PolicyViolationError above the limit, and RefusedError for a limit on what is not known."""
        if self.found is not None:
            self.found.check()
        elif self.limit_usd is not None:
            raise RefusedError(
                f"cost.monthly_limit_usd: found {self.limit_usd:g}, and a month that is not known; give what has no "
                f"price one, or take the limit out\n{self.unknown}"
            )

    def as_json(self) -> dict[str, Any]:
        """Its figures as programs read them; null where they are not known."""
        total = self.found.total if self.found else None
        return {
            "usd": total and round(total.usd, 2),
            "from_memory": total and round(total.from_memory, 2),
            "limit_usd": self.limit_usd,
        }
