"""Facts of instance types and of kinds of endpoints as one JSON, for the policy pack, which imports nothing of ours.

python -m contracts.facts                 # write policies/guardrails/data/facts.json again; a test keeps it current
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contracts.instances import table
from contracts.kinds import KINDS

TARGET = Path(__file__).parents[1] / "policies" / "guardrails" / "data" / "facts.json"


def facts() -> dict[str, Any]:
    """The types whose volumes are disks of their own, and what each kind of endpoint is able to do."""
    return {
        "source": "contracts/instances.csv and contracts/kinds/, written by python -m contracts.facts",
        "local_storage": [row.type for row in table().values() if row.local_storage_gb],
        "kinds": {
            kind.name: {
                "has_instances": kind.has_instances,
                "captures": kind.captures,
                "in_network": kind.in_network,
                "scales_to_zero": kind.scales_to_zero,
                "rollouts": list(kind.rollouts),
            }
            for kind in KINDS.values()
        },
    }


def text() -> str:
    """The file as it has to be."""
    return json.dumps(facts(), indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
