"""The report of a stack: what passed, failed, is exempt, waits and sleeps, in every format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from automation.evidence import FORMATS, Outcome, Report
from local.judge.evidence import judge
from tests.policies.specimens import data
from tests.policies.support import Specimen

PACK = Path(__file__).parents[3] / "policies"


def document(*specimens: Specimen) -> dict[str, Any]:
    """The synth of a stack with these resources."""
    urns = {specimen.name: specimen.urn for specimen in specimens}
    return {
        "project": "ml-platform",
        "stack": "prod",
        "outputs": {},
        "resources": [
            {
                "urn": specimen.urn,
                "type": specimen.token,
                "name": specimen.name,
                "parent": "",
                "inputs": specimen.properties,
                "options": {"protect": True} if specimen.protect else {},
                "dependencies": [],
                "propertyDependencies": {
                    key: [urns[name] for name in names if name in urns] for key, names in specimen.needs.items()
                },
            }
            for specimen in specimens
        ],
    }


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Two keys and a log group: one key that does not rotate, one that need not, and logs without retention."""
    exemption = {"resource": "old-key", "reason": "rotated by hand", "owner": "security", "expires": "2999-12-31"}
    config = tmp_path_factory.mktemp("levels") / "levels.json"
    config.write_text(
        json.dumps(
            {
                "kms-key-rotation": {"enforcementLevel": "mandatory", "exemptions": [exemption]},
                "log-retention": "advisory",
                "log-group-kms": "disabled",
            }
        )
    )
    still = data.KEY.put("enableKeyRotation", False)
    old = Specimen("kms/key", "old-key", still.inputs, protect=True)
    logs = Specimen("cloudwatch/logGroup", "logs", {"kmsKeyId": data.KEY.arn}, {"kmsKeyId": ["data-key"]})
    topic = Specimen("sns/topic", "alerts", {"kmsMasterKeyId": data.KEY.arn}, {"kmsMasterKeyId": ["data-key"]})
    return judge(document(still, old, logs, topic), PACK, config)


def outcomes(report: Report, policy: str) -> dict[str, Outcome]:
    return {result.urn.rpartition("::")[2]: result.outcome for result in report.results if result.policy == policy}


def test_every_resource_of_a_policy_has_an_outcome(report: Report) -> None:
    assert outcomes(report, "kms-key-rotation") == {"data-key": Outcome.FAILED, "old-key": Outcome.EXEMPT}
    assert outcomes(report, "stateful-protected") == {"data-key": Outcome.PASSED, "old-key": Outcome.PASSED}
    assert outcomes(report, "sns-topic-kms") == {"alerts": Outcome.PASSED}
    assert len(outcomes(report, "required-tags")) == report.resources == 4


def test_what_a_first_preview_waits_for_is_listed_with_its_resource(report: Report) -> None:
    (waiting,) = [result for result in report.waiting if result.policy == "sns-topic-kms"]
    assert waiting.message == "sns/topic 'alerts': kmsMasterKeyId is not known yet"
    assert waiting.urn.endswith("::alerts")


def test_a_mandatory_violation_stops_and_advice_does_not(report: Report) -> None:
    assert {result.policy for result in report.failures} == {"kms-key-rotation", "log-retention"}
    assert report.stops
    advice = [result for result in report.results if result.policy != "kms-key-rotation"]
    assert not replace(report, results=advice).stops


def test_policies_without_a_resource_are_named_and_disabled_ones_left_out(report: Report) -> None:
    idle = {policy.name for policy in report.idle}
    assert {"s3-versioning", "alb-internal", "endpoint-autoscaling"} <= idle
    assert "kms-key-rotation" not in idle
    assert "log-group-kms" not in {policy.name for policy in report.policies}


def test_table(report: Report) -> None:
    lines = FORMATS["table"](report).splitlines()
    assert lines[0] == "ml-platform/prod: 4 resources, 129 policies"
    row = next(line.split() for line in lines if line.startswith("kms-key-rotation "))
    assert row == ["kms-key-rotation", "mandatory", "medium", "0", "1", "1", "0"]
    assert "failed (2)" in lines
    assert "  kms-key-rotation: kms/key 'old-key': exempt until 2999-12-31 (security): rotated by hand" in lines


def test_json(report: Report) -> None:
    content = json.loads(FORMATS["json"](report))
    assert content["stops"] is True
    found = next(policy for policy in content["policies"] if policy["name"] == "kms-key-rotation")
    assert found["counts"] == {"passed": 0, "failed": 1, "exempt": 1, "undecided": 0}
    assert "fsbp:KMS.4" in found["controls"]
    assert {"policy", "urn", "outcome", "message"} == set(content["results"][0])
    assert "s3-versioning" in content["neverJudged"]


def test_sarif(report: Report) -> None:
    content = json.loads(FORMATS["sarif"](report))
    assert content["version"] == "2.1.0"
    (run,) = content["runs"]
    rules = run["tool"]["driver"]["rules"]
    rotation = [result for result in run["results"] if result["ruleId"] == "kms-key-rotation"]
    assert [(each["kind"], each["level"], "suppressions" in each) for each in rotation] == [
        ("fail", "error", False),
        ("fail", "error", True),
    ]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    retention = next(result for result in run["results"] if result["ruleId"] == "log-retention")
    assert retention["level"] == "warning"
    assert {result["kind"] for result in run["results"]} == {"pass", "fail", "open"}
    where = rotation[0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
    assert where == data.KEY.urn


def test_junit(report: Report) -> None:
    root = Xml.fromstring(FORMATS["junit"](report))  # noqa: S314 - our own text
    suite = next(each for each in root if each.get("name") == "kms-key-rotation")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "1", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message", "").startswith("kms/key 'data-key': enableKeyRotation is false; it must be true. ")
    names = [case.get("name") for each in root for case in each]
    assert len(names) == len({(each.get("name"), case.get("name")) for each in root for case in each})


def test_markdown_gives_evidence_by_control(report: Report) -> None:
    text = FORMATS["markdown"](report)
    fsbp = text.partition("## AWS Foundational Security Best Practices")[2].partition("\n## ")[0]
    row = next(line for line in fsbp.splitlines() if line.startswith("| KMS.4 "))
    assert "**violated** | 0 | 1 | 1 | 0" in row
    assert next(line for line in fsbp.splitlines() if line.startswith("| SNS.1 ")).endswith("| met | 1 | 0 | 0 | 1 |")
    assert fsbp.index("| S3.5 ") < fsbp.index("| S3.17 ")
    assert "- `kms-key-rotation` kms/key 'data-key': enableKeyRotation is false" in text
