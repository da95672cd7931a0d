"""`python -m automation.cost`: write the figures of docs/cost.md again. A test says when they are stale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from automation.cost.document import Document
from automation.cost.page import CASES, STOPPED, page, with_endpoints
from automation.operations import stack_files
from automation.stacks import local
from contracts.prices import REFERENCE

PROJECT: Final = Path(__file__).parents[2]
TARGET: Final = PROJECT / "docs" / "cost.md"


def _document(case: str) -> Document:
    stack, config = case, [f"aws:region={REFERENCE}"]
    if case == STOPPED:
        stack = case.partition(",")[0]
        workloads = stack_files.read(PROJECT / f"Pulumi.{stack}.yaml")["config"]["ml-platform:workloads"]
        config.append(f"ml-platform:workloads={json.dumps(with_endpoints(workloads, state='stopped'))}")
    return Document.of(local.synth(stack, PROJECT, config=config))


if __name__ == "__main__":
    documents = {stack: _document(stack) for stack in sorted({stack for stack, _ in CASES.values()})}
    TARGET.write_text(page(TARGET.read_text(encoding="utf-8"), documents), encoding="utf-8")
    print(TARGET.relative_to(PROJECT))
