"""What a pull request is told, whole: golden text, with what matters of it named beside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.commands import main
from automation.evidence.comment import comment

GOLDEN = Path(__file__).with_name("comment.md")
URN = "urn:pulumi:staging::ml-platform::{}::{}"


def step(op: str, kind: str, name: str, *keys: str) -> dict[str, Any]:
    return {"op": op, "urn": URN.format(kind, name), "type": kind, "keys": list(keys)}


PREVIEW: dict[str, Any] = {
    "steps": [
        step("create", "aws:sagemaker/model:Model", "churn-live-model"),
        step("update", "aws:sagemaker/endpoint:Endpoint", "churn-live-endpoint", "endpointConfigName", "tags"),
        step("replace", "aws:kms/key:Key", "keys-raw", "multiRegion"),
        step("create", "aws:iam/role:Role", "churn-training-role"),
        step("delete", "aws:sns/topic:Topic", "old"),
    ],
    "counts": {"same": 140, "create": 2, "update": 1, "replace": 1, "delete": 1},
    "advisories": [],
    "by": "by the Pulumi CLI",
}
COST: dict[str, Any] = {
    "total": {"usd": 90.4, "fixed": 80.0, "traffic": 10.4, "seen": False},
    "limit_usd": 95.0,
    "against": {
        "before": 83.1,
        "after": 90.4,
        "change": 7.3,
        "components": [
            {"workload": "churn", "component": "live", "before": 60.0, "after": 70.0, "change": 10.0},
            {"workload": "", "component": "network", "before": 23.1, "after": 20.4, "change": -2.7},
        ],
    },
}
POLICIES: dict[str, Any] = {
    "stops": True,
    "report": {
        "resources": 192,
        "policies": [
            {"name": "budget-with-alerts", "level": "advisory"},
            {"name": "kms-rotation", "level": "mandatory"},
            {"name": "s3-public", "level": "mandatory"},
        ],
        "results": [
            {"policy": "budget-with-alerts", "urn": "", "outcome": "failed", "message": "the stack has no budget"},
            {"policy": "kms-rotation", "urn": "u", "outcome": "failed", "message": "key 'keys-raw': no rotation"},
            {"policy": "s3-public", "urn": "u", "outcome": "passed", "message": ""},
        ],
    },
}


def test_a_comment_says_changes_price_and_verdict_the_gravest_first() -> None:
    said = comment("staging", preview=PREVIEW, cost=COST, policies=POLICIES)
    assert said == GOLDEN.read_text()
    assert (
        said.index("old") < said.index("keys-raw") < said.index("churn-live-endpoint") < said.index("churn-live-model")
    )
    assert said.index("kms-rotation") < said.index("budget-with-alerts")
    assert "Violations: **1 that stop an update**, and 1 of advice" in said


def test_a_change_of_nothing_is_three_lines() -> None:
    unchanged = COST["against"] | {"change": 0.0, "components": []}
    report = POLICIES["report"] | {"results": []}
    said = comment(
        "prod",
        preview=PREVIEW | {"steps": [], "counts": {"same": 145}},
        cost=COST | {"against": unchanged, "limit_usd": None},
        policies={"stops": False, "report": report},
    )
    assert said == (
        "### prod\n\n"
        "**Changes** none, 145 stay as they are (by the Pulumi CLI).\n\n"
        "**Price** 90.40 USD a month, +0.00 by this change.\n\n"
        "**Policies** Violations: none that stop an update, and 0 of advice; 192 resources judged by 3 policies.\n"
    )


def test_a_stack_above_its_limit_is_told_so() -> None:
    said = comment("prod", preview=None, cost=COST | {"limit_usd": 90.0, "against": None}, policies=None)
    assert "**Price** 90.40 USD a month; the stack's limit is 90.00. **Above the limit.**" in said
    assert "Above" not in comment("prod", preview=None, cost=COST | {"limit_usd": 90.4}, policies=None)


def test_what_could_not_be_had_is_told() -> None:
    said = comment("prod", preview=None, cost=None, policies=None)
    assert said.count("not known: nobody asked, or the step failed; the run says which") == 3


def test_what_a_pull_request_names_so_is_text_and_nothing_else() -> None:
    name = "a`|</details><!-- @everyone\n\n# x"
    hostile = PREVIEW | {"steps": [step("create", "aws:sns/topic:Topic", name)]}
    said = comment("prod", preview=hostile, cost=None, policies=None)
    assert "| + | `Topic` `a'\\|</details><!-- @everyone # x` |  |" in said


def test_a_comment_stays_within_what_github_takes() -> None:
    many = [step("create", "aws:sns/topic:Topic", "n" * 500, *(["k" * 500] * 3)) for _ in range(900)]
    results = [{"policy": "kms-rotation", "urn": "u", "outcome": "failed", "message": "m" * 5000}] * 900
    report = POLICIES["report"] | {"results": results}
    said = comment("prod", preview=PREVIEW | {"steps": many}, cost=COST, policies={"stops": True, "report": report})
    assert "| and 860 more | | |" in said
    assert 2 * len(said) < 65_536  # two stacks share one


def test_the_command_reads_what_the_others_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "preview.json").write_text("")  # its command failed
    (tmp_path / "policies.json").write_text(json.dumps(POLICIES))
    assert main(["comment", str(tmp_path), "--stack", "staging"]) == 0
    assert capsys.readouterr().out == comment("staging", preview=None, cost=None, policies=POLICIES)
    for content in (b"{", b"\xff\xfe{}"):
        (tmp_path / "cost.json").write_bytes(content)
        assert main(["comment", str(tmp_path), "--stack", "staging"]) == 1
        assert "cost.json: found no JSON" in capsys.readouterr().err
    for content in ("[1]", "{}", '"total"', json.dumps(POLICIES)):
        (tmp_path / "cost.json").write_text(content)
        assert main(["comment", str(tmp_path), "--stack", "staging"]) == 1
        assert capsys.readouterr().err.strip() == (
            f"error: {tmp_path / 'cost.json'}: found no 'total'; give what `cost` printed with --json"
        )
