"""Evidence: what the policies say of a stack, in the formats that people, scanners and auditors read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from automation.evidence.as_json import as_json
from automation.evidence.junit import junit
from automation.evidence.markdown import markdown
from automation.evidence.report import Outcome, Policy, Report, Result
from automation.evidence.sarif import sarif
from automation.evidence.table import table

__all__ = ["FORMATS", "Outcome", "Policy", "Report", "Result"]

#: Name of a format to the function that writes a report in it.
FORMATS: Mapping[str, Callable[[Report], str]] = {
    "table": table,
    "json": as_json,
    "sarif": sarif,
    "junit": junit,
    "markdown": markdown,
}
