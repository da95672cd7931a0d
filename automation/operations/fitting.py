"""Whether the network, key and bucket of the account that a stack is to use are fit for it, in the program's own words.

The judgement is the program's (components/ground/existing.py and its neighbours): the local run has the account answer
what the program looks up. Here its words become findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from automation.operations.findings import Finding

#: Section and field of the config that name something that the account has.
NAMED: Final = (("network", "existing"), ("keys", "existing"), ("lake", "access_log_bucket"))
#: What AWS says to who may not look.
_NO_ACCESS: Final = re.compile(r"answered (\w*AccessDenied\w*|UnauthorizedOperation|403)")


def named(config: Mapping[str, Any]) -> list[str]:
    """What of the account the config names, such as `network.existing`."""
    sections = {section: config.get(f"ml-platform:{section}") for section, _ in NAMED}
    return [
        f"{section}.{field}"
        for section, field in NAMED
        if isinstance(found := sections[section], dict) and found.get(field)
    ]


def findings(names: list[str], said: str) -> Iterator[Finding]:
    """One for each fault of `said`, what the program refuses with; one for all of `names` where it is empty."""
    if not said:
        yield Finding(subject=", ".join(names), holds=True, found="the program takes it as it is")
    elif _NO_ACCESS.search(said):
        fix = "allow it for who runs preflight, or look it up by hand"
        yield Finding(subject=", ".join(names), holds=None, found=" ".join(said.split())[:300], fix=fix)
    elif subject := next((name for name in names if said.startswith(name)), ""):
        head, *faults = said.splitlines()
        for fault in faults or [head.removeprefix(subject).lstrip(".: ")]:
            found, _, fix = fault.strip().rpartition("; ")
            yield Finding(subject=subject, holds=False, found=found, fix=fix)
    else:
        fix = "give the same command again; if it stays, `up` says it in the program's words"
        yield Finding(subject=", ".join(names), holds=None, found=" ".join(said.split())[:300], fix=fix)
