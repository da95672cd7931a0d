"""A policy report, or the cases of a test, as JUnit XML; and what failed by a report that pytest wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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


@dataclass(frozen=True, kw_only=True)
class Case:
    """One check of a test: what failed, or why it was left out; neither where it passed."""

    endpoint: str
    name: str
    seconds: float = 0
    failure: str | None = None
    skipped: str | None = None


def cases(name: str, found: Sequence[Case]) -> str:
    """JUnit XML: one suite, a case for each check."""
    suite = Xml.Element("testsuite", name=name, tests=str(len(found)))
    suite.set("failures", str(sum(each.failure is not None for each in found)))
    suite.set("skipped", str(sum(each.skipped is not None for each in found)))
    for each in found:
        case = Xml.SubElement(suite, "testcase", classname=each.endpoint, name=each.name, time=f"{each.seconds:.3f}")
        if each.failure is not None:
            Xml.SubElement(case, "failure", message=each.failure)
        elif each.skipped is not None:
            Xml.SubElement(case, "skipped", message=each.skipped)
    root = Xml.Element("testsuites", name=name)
    root.append(suite)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True)


def failures(report: Path) -> list[str]:
    """The cases of a report that failed or broke, each with the first line of the reason."""
    found: list[str] = []
    for case in Xml.parse(report).iter("testcase"):  # noqa: S314 - what a program of ours has written
        for why in (*case.iter("failure"), *case.iter("error")):
            found.append(f"{case.get('name')}: {why.get('message', '').partition(chr(10))[0]}")
    return found
