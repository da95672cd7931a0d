"""Which kind of endpoint or other target fits what is asked of it: needs, facts of targets, and rules. Tables.

`python -m automation advise` ranks by them; the settings refuse an endpoint whose `needs` its kind cannot meet.
"""

from __future__ import annotations

from contracts.advice.needs import Needs
from contracts.advice.rules import Finding, judge
from contracts.advice.targets import Target, targets

__all__ = ["Finding", "Needs", "Target", "judge", "targets"]
