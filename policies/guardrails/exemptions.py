"""Exemptions: resources that one policy leaves alone until a date, each with a reason and an owner.

An exemption is configuration of the policy, so it is reviewed like code:

    {"alb-internal": {"enforcementLevel": "mandatory", "exemptions": [
        {"resource": "demo-*", "reason": "public demo, WAF in front", "owner": "ml-team", "expires": "2027-03-31"}]}}

After its last day the resource is judged again, and the message says that the exemption has expired.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from .finding import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemption:
    """One entry of a policy's `exemptions`.

    Attributes:
        resource: pattern with `*` and `?`, matched against the logical name and against the URN.
        reason: why the risk is accepted.
        owner: who answers for it.
        expires: the last day on which it holds.
    """

    resource: str
    reason: str
    owner: str
    expires: date

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> Exemption:
        """An entry as configured; the schema has checked it."""
        return cls(
            resource=entry["resource"],
            reason=entry["reason"],
            owner=entry["owner"],
            expires=date.fromisoformat(entry["expires"]),
        )

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is about a resource of the pattern; a finding about the whole stack has the name ''."""
        name = finding.urn.rpartition("::")[2]
        return any(fnmatch.fnmatchcase(text, self.resource) for text in (name, finding.urn))

    def __str__(self) -> str:
        return f"exempt until {self.expires} ({self.owner}): {self.reason}"


def divide(
    findings: Iterable[Finding], entries: Iterable[Mapping[str, Any]], today: date
) -> tuple[list[Finding], list[str]]:
    """The findings that stand, and a line for each that an exemption covers.

    A finding covered only by an expired exemption stands, and says so.
    """
    exemptions = [Exemption.parse(entry) for entry in entries]
    standing: list[Finding] = []
    exempt: list[str] = []
    for finding in findings:
        covering = [exemption for exemption in exemptions if exemption.covers(finding)]
        valid = [exemption for exemption in covering if exemption.expires >= today]
        if valid:
            exempt.append(f"{finding.subject}: {valid[0]}")
        elif covering and not finding.undecided:
            lapsed = f"{finding.problem}; its exemption of {covering[0].owner} expired on {covering[0].expires}"
            standing.append(replace(finding, problem=lapsed))
        else:
            standing.append(finding)
    return standing, exempt
