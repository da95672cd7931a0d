"""The trail and the analyzer: what is declared, who may write and read it, and that strict policies hold."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from automation.cost import Document, Traffic, estimate
from components.ground import audit, existing_key
from components.ground.keys import Domain, Keys, KeysArgs, key_policy_of
from local.judge.evidence import judge
from local.runtime import Stack
from settings import Audit as AuditSettings
from settings.keys import Keys as KeySettings
from tests.components.engine import BOUNDARY, NAMES, Deployment, deploy, policy

BUCKET = "123456789012-staging-ai-audit"
TRAIL = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/mlplatform-staging-audit"
PACK = Path(__file__).parents[3] / "policies"


@functools.cache
def audited(*, protect: bool = False, **section: Any) -> Deployment:
    settings = AuditSettings.model_validate(section)

    def program() -> None:
        granted = audit.granted(NAMES, settings)
        keys = Keys("keys", KeysArgs(names=NAMES, settings=KeySettings(), protect=protect, granted=granted))
        audit.Audit(
            "audit",
            audit.AuditArgs(
                names=NAMES,
                keys=keys,
                settings=settings,
                log_bucket="access-logs",
                log_retention_days=365,
                permissions_boundary=BOUNDARY,
                protect=protect,
            ),
        )

    return deploy(program)


def test_the_trail_covers_every_region_is_encrypted_and_shows_when_somebody_changed_it() -> None:
    trail = audited(trail=True, protect=True).one("audit-trail", "Trail")
    assert {key: value for key, value in trail.inputs.items() if key != "advancedEventSelectors"} == {
        "name": "mlplatform-staging-audit",
        "s3BucketName": BUCKET,
        "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/keys-logs",
        "enableLogFileValidation": True,
        "includeGlobalServiceEvents": True,
        "isMultiRegionTrail": True,
        "cloudWatchLogsGroupArn": "arn:aws:logs:eu-west-1:123456789012:"
        "log-group:/aws/cloudtrail/mlplatform-staging-audit:*",
        "cloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/mlplatform/staging/mlplatform-staging-audit",
    }
    assert trail.protect
    assert {"audit-files-policy", "audit-role-policy", "audit-events"} <= set(trail.dependencies)


def test_the_trail_records_objects_of_the_lake_and_by_default_what_changes_the_account() -> None:
    objects = {
        "name": "Objects of the lake",
        "fieldSelectors": [
            {"field": "eventCategory", "equals": ["Data"]},
            {"field": "resources.type", "equals": ["AWS::S3::Object"]},
            {
                "field": "resources.ARN",
                "startsWiths": [
                    f"arn:aws:s3:::123456789012-staging-ai-{bucket}/"
                    for bucket in ("raw-data", "processed-data", "artifacts")
                ],
            },
        ],
    }
    management = {
        "name": "Management events",
        "fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}],
    }
    for settings, selectors in ({}, [objects, management]), ({"management_events": False}, [objects]):
        trail = audited(trail=True, **settings).one("audit-trail", "Trail")
        assert trail.inputs["advancedEventSelectors"] == selectors


def test_its_files_are_locked_and_only_the_trail_writes_them() -> None:
    deployment = audited(trail=True, lock_days=30, keep_days=400)
    retention = {"mode": "COMPLIANCE", "days": 30}
    assert deployment.one("audit-files-lock").inputs["rule"] == {"defaultRetention": retention}
    rules = {rule["id"]: rule for rule in deployment.one("audit-files-lifecycle").inputs["rules"]}
    assert rules["expire-all"]["expiration"] == {"days": 400}
    statements = policy(deployment.one("audit-files-policy"))
    mine = {
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceArn": TRAIL}},
    }
    allowed = {sid: statement for sid, statement in statements.items() if statement["Effect"] == "Allow"}
    assert allowed == {
        "TrailLooks": {
            "Effect": "Allow",
            "Action": ["s3:GetBucketAcl"],
            "Resource": [f"arn:aws:s3:::{BUCKET}"],
            **mine,
        },
        "TrailWrites": {
            "Effect": "Allow",
            "Action": ["s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{BUCKET}/AWSLogs/123456789012/*"],
            **mine,
        },
    }
    assert {"DenyPlainHttp", "DenyOldTls", "DenyOtherEncryption", "DenyOtherKeys"} <= set(statements)


def test_the_key_of_logs_lets_the_trail_in_where_there_is_one() -> None:
    assert policy(audited(trail=True).one("keys-logs", "Key"))["TrailOfThisStack"] == {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
        "Resource": ["*"],
        "Condition": {"StringEquals": {"aws:SourceArn": TRAIL}},
    }
    assert "TrailOfThisStack" not in policy(audited(analyzer=True).one("keys-logs", "Key"))


def test_a_key_that_is_there_already_is_asked_for_the_trail_too() -> None:
    statements = [statement.to_dict() for statement in key_policy_of(Domain, NAMES, {})]
    key = {"Enabled": True, "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT"}
    key |= {"KeyPolicy": {"Version": "2012-10-17", "Statement": statements}}
    (line,) = existing_key.faults(key, NAMES, audit.granted(NAMES, AuditSettings(trail=True)))
    assert line.startswith("KeyPolicy: does not let in cloudtrail.amazonaws.com; have its owner add ")


def test_the_analyzer_looks_for_what_is_open_to_others_than_the_account() -> None:
    deployment = audited(analyzer=True)
    analyzer = deployment.one("audit-analyzer").inputs
    assert analyzer == {"analyzerName": "mlplatform-staging-analyzer", "type": "ACCOUNT"}
    assert deployment.names("aws:cloudtrail/trail:Trail") == []


@functools.cache
def prod() -> dict[str, Any]:
    return Stack("prod", config_overrides={"audit": {"trail": True, "analyzer": True}}).synth(bootstrap=True)


def test_the_policies_find_nothing_in_strict_levels() -> None:
    report = judge(prod(), PACK, PACK / "config" / "strict.json")
    mine = [result for result in report.results if result.urn.rpartition("::")[2].startswith("audit")]
    assert [result.message for result in report.failures if result in mine] == []
    passed = {result.policy for result in mine if result.outcome == "passed"}
    assert {"cloudtrail-hardened", "cloudtrail-data-events", "iam-trust-policy-scoped", "s3-versioning"} <= passed


@pytest.mark.parametrize("section", [{}, {"keep_days": 400}])
def test_it_is_off_by_default(section: dict[str, Any]) -> None:
    settings = AuditSettings.model_validate(section)
    assert (settings.trail, settings.analyzer, audit.granted(NAMES, settings)) == (False, False, {})


def test_a_trail_costs_its_data_events_and_the_analyzer_nothing() -> None:
    lines = estimate(Document.of(prod()), Traffic()).lines
    costs = {line.resource: line.usd for line in lines if line.component == "audit"}
    assert costs["audit-trail"] == pytest.approx(0.22)  # eu-west-1
    assert "audit-analyzer" not in costs
