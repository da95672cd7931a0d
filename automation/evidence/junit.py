"""A policy report as JUnit XML."""

from __future__ import annotations

from collections import defaultdict
from xml.etree import ElementTree as Xml

from automation.evidence.report import Outcome, Report, Result


def junit(report: Report) -> str:
    """JUnit XML: a suite for each policy, a case for each resource; exempt and undecided cases are skipped."""
    root = Xml.Element("testsuites", name=f"{report.project}/{report.stack}")
    by_policy: dict[str, list[Result]] = defaultdict(list)
    for result in (*report.results, *report.waiting):
        by_policy[result.policy].append(result)
    for policy in report.policies:
        cases = by_policy[policy.name]
        suite = Xml.SubElement(root, "testsuite", name=policy.name, tests=str(len(cases)))
        suite.set("failures", str(sum(case.outcome is Outcome.FAILED for case in cases)))
        suite.set("skipped", str(sum(case.outcome in (Outcome.EXEMPT, Outcome.UNDECIDED) for case in cases)))
        for result in cases:
            name = result.urn or report.stack
            if result.outcome is Outcome.UNDECIDED:
                name += " at first preview"
            case = Xml.SubElement(suite, "testcase", classname=policy.name, name=name)
            if result.outcome is Outcome.FAILED:
                Xml.SubElement(case, "failure", message=result.message, type=policy.level)
            elif result.outcome is not Outcome.PASSED:
                Xml.SubElement(case, "skipped", message=result.message)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True)
