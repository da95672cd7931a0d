"""Write `guardrails/data/taggable.json`: the resource types of the AWS provider that take tags.

    .venv/bin/python policies/tools/taggable.py

Read from the source of `pulumi_aws` without importing it: each resource module states its token and its arguments.
"""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution, version
from pathlib import Path

TARGET = Path(__file__).parents[1] / "guardrails" / "data" / "taggable.json"
_TOKEN = re.compile(r"super\(\w+, __self__\).__init__\(\s*'(aws:[^']+)'")


def main() -> None:
    """Rewrite the list."""
    root = Path(str(distribution("pulumi_aws").locate_file("pulumi_aws")))
    types: set[str] = set()
    for module in root.rglob("*.py"):
        source = module.read_text(encoding="utf-8")
        if '__props__.__dict__["tags"] = tags' in source:
            types.update(_TOKEN.findall(source))
    table = {"source": f"pulumi_aws {version('pulumi_aws')}", "types": sorted(types)}
    TARGET.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
