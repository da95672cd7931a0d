"""`python -m automation.cost`: write the figures of docs/cost.md again. A test says when they are stale."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from automation.cost.document import Document
from automation.cost.page import CASES, page
from automation.stacks import local
from contracts.prices import REFERENCE

PROJECT: Final = Path(__file__).parents[2]
TARGET: Final = PROJECT / "docs" / "cost.md"


if __name__ == "__main__":
    stacks = sorted({stack for stack, _ in CASES.values()})
    synths = {stack: local.synth(stack, PROJECT, config=[f"aws:region={REFERENCE}"]) for stack in stacks}
    documents = {stack: Document.of(synth) for stack, synth in synths.items()}
    TARGET.write_text(page(TARGET.read_text(encoding="utf-8"), documents), encoding="utf-8")
    print(TARGET.relative_to(PROJECT))
