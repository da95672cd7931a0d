"""What a policy says about a resource."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One sentence about one subject.

    Attributes:
        subject: what is judged, as a person names it: `s3/bucket 'raw'`, or `stack 'prod'`.
        urn: the URN of the resource, empty for the stack as a whole.
        problem: the property and the value found, or the property that is not known yet.
        fix: what to do; empty means the remedy of the policy.
        undecided: True when nothing is violated yet and a value needed for the verdict is unknown at preview.
    """

    subject: str
    urn: str
    problem: str
    fix: str = ""
    undecided: bool = False


Findings = Iterator[Finding]


class Verdict(Exception):  # noqa: N818 - it ends a check early, it is no error
    """Ends a check with one finding.

    Attributes:
        finding: what to report.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.problem)
        self.finding = finding


class Undecided(Verdict):
    """A value that the check cannot do without is not known before the update."""


class Malformed(Verdict):
    """A value that the check has to parse cannot be parsed; that is a violation."""


def independently(*checks: Iterable[Finding]) -> Findings:
    """The findings of several checks, each by itself: one that cannot be decided does not end the others."""
    for check in checks:
        try:
            yield from check
        except Verdict as verdict:
            yield verdict.finding
