"""`python -m automation.cost`: write the figures of docs/cost.md again. A test says when they are stale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from automation.cost.cases import DOCUMENTS, workloads
from automation.cost.document import Document
from automation.cost.page import page
from automation.operations import stack_files
from automation.stacks import local
from contracts.prices import REFERENCE

PROJECT: Final = Path(__file__).parents[2]
TARGET: Final = PROJECT / "docs" / "cost.md"


def _document(name: str) -> Document:
    stack, config = DOCUMENTS[name], [f"aws:region={REFERENCE}"]
    if name != stack:
        own = workloads(name, stack_files.read(PROJECT / f"Pulumi.{stack}.yaml")["config"])
        config.append(f"ml-platform:workloads={json.dumps(own)}")
    return Document.of(local.synth(stack, PROJECT, config=config))


if __name__ == "__main__":
    documents = {name: _document(name) for name in DOCUMENTS}
    TARGET.write_text(page(TARGET.read_text(encoding="utf-8"), documents), encoding="utf-8")
    print(TARGET.relative_to(PROJECT))
