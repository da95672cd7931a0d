"""The sections of the ground: every fault with what to do."""

from __future__ import annotations

from typing import Any, get_args

import pytest

import settings
from tests.settings.written import faults

KEYS = (
    "stack, workloads, protect, require_policies, backend, tags, timezone, network, keys, access, delivery, lake, "
    "lake_formation, audit, images, registry, logs, notifications, cost, catalog, features, ingestion, monitoring, "
    "retraining"
)


@pytest.mark.parametrize(
    ("section", "line"),
    [
        (
            {"cost": {"monthly_limit_usd": 0}},
            "cost.monthly_limit_usd: found 0; allowed: a number above 0; choose such a value",
        ),
        (
            {"access": {"permissions_boundary": "boundary"}},
            'access.permissions_boundary: found "boundary"; '
            "allowed: text like arn:aws:iam::123456789012:policy/boundary; choose such a value",
        ),
        (
            {"access": {"personas": {"mlops": ["arn:aws:iam::123456789012:role/mlops"]}}},
            'access.personas.mlops[0]: found "arn:aws:iam::123456789012:role/mlops"; '
            "allowed: with sign_in: sso, a role below role/aws-reserved/sso.amazonaws.com/; "
            "name a permission set's role, or say sign_in: mfa",
        ),
        (
            {"access": {"personas": {"sign_in": "mfa", "auditor": ["arn:aws:iam::123456789012:root"]}}},
            'access.personas.auditor[0]: found "arn:aws:iam::123456789012:root"; allowed: text like '
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_DataScientist_*; "
            "choose such a value",
        ),
        (
            {"lake": {"infrequent_access_after_days": 60, "archive_after_days": 80}},
            "lake.archive_after_days: found 80; allowed: 90 or more; "
            "S3 keeps an object 30 days in Standard-IA: archive later or tier earlier",
        ),
        (
            {"lake": {"block_public_access": "no"}},
            'lake.block_public_access: found "no"; allowed: true or false; choose such a value, '
            "or remove the key for the default true",
        ),
        (
            {"lake_formation": {"administrators": ["arn:aws:iam::123456789012:role/lake"]}},
            'lake_formation: found "no tables"; allowed: catalog.tables: true; Lake Formation guards tables alone',
        ),
        (
            {"catalog": {"tables": True}, "lake_formation": {"administrators": ["arn:aws:iam::123456789012:role/*"]}},
            'lake_formation.administrators[0]: found "arn:aws:iam::123456789012:role/*"; allowed: text like '
            "arn:aws:iam::123456789012:role/lake-administrator; choose such a value",
        ),
        (
            {"audit": {"keep_days": 90, "lock_days": 91}},
            "audit.keep_days: found 90; allowed: 91 or more; lock_days keeps it for as long",
        ),
        (
            {"audit": {"lock_days": 0}},
            "audit.lock_days: found 0; allowed: 1 to 3650; choose such a value, or remove the key for the default 90",
        ),
        (
            {"features": {"online_ttl_days": 1.5}},
            "features.online_ttl_days: found 1.5; allowed: 1 to 3650; "
            "choose such a value, or remove the key for the default 365",
        ),
        (
            {"monitoring": {"drift_score": 0}},
            "monitoring.drift_score: found 0; allowed: above 0, at most 10; choose such a value",
        ),
        (
            {"notifications": {"notify": ["nobody"]}},
            'notifications.notify[0]: found "nobody"; allowed: text like on-call@example.com; choose such a value',
        ),
        ({"monitoring": []}, "monitoring: found []; allowed: a mapping; choose such a value"),
        (
            {"retraining": {"label_shift": 5}},  # percent were meant
            "retraining.label_shift: found 5; allowed: above 0, at most 1; choose such a value",
        ),
        (
            {"retraining": {"schedule": "hourly"}},
            'retraining.schedule: found "hourly"; allowed: never, daily, weekly; '
            'choose such a value, or remove the key for the default "weekly"',
        ),
        (
            {"logs": {"retention_days": 100}},
            "logs.retention_days: found 100; allowed: "
            + ", ".join(str(days) for days in get_args(settings.RetentionDays))
            + "; choose such a value, or remove the key for the default 365",
        ),
        (
            {"protect": "maybe"},
            'protect: found "maybe"; allowed: true or false; write it as YAML of that type',
        ),
        (
            {"network": "10.0.0.0/16"},
            'network: found "10.0.0.0/16"; allowed: a mapping; write it as YAML of that type',
        ),
        (
            {"logs": {"retention": 30}},
            "logs.retention: found 30; allowed: retention_days; there is no such key: correct its name or remove it",
        ),
        (
            {"netwrok": {"nat": "none"}},
            f'netwrok: found {{"nat": "none"}}; allowed: {KEYS}; there is no such key: correct its name or remove it',
        ),
        (
            {"serving": "ml.m5.large"},
            f'serving: found "ml.m5.large"; allowed: {KEYS}; there is no such key: correct its name or remove it',
        ),
        (
            {"notifications": {"notify": ["a@example.com", "a@example.com"]}},
            'notifications.notify: found ["a@example.com"]; allowed: each once; remove the repetition',
        ),
        (
            {"lake": {"block_public_access": "false"}},
            'lake.block_public_access: found "false"; allowed: true or false; write it without quotes',
        ),
        (
            {"monitoring": {"quality_instance_type": "ml.m8g.medium"}},  # of endpoints only
            'monitoring.quality_instance_type: found "ml.m8g.medium"; allowed: what SageMaker takes for processing '
            "jobs, such as ml.c7i.large, ml.t3.medium, ml.m5.large; name one of its instance types",
        ),
        (
            {"monitoring": {"engine": "clarify"}},
            'monitoring.engine: found "clarify"; allowed: platform, sagemaker; '
            'choose such a value, or remove the key for the default "platform"',
        ),
    ],
)
def test_each_fault_says_what_to_do(section: dict[str, Any], line: str) -> None:
    assert faults(**section) == [f"ml-platform:{line}"]
