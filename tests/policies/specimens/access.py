"""Roles and their permissions."""

from __future__ import annotations

import json
from typing import Any

from tests.policies.support import ACCOUNT, REGION, Specimen

BUCKET = "arn:aws:s3:::111122223333-prod-raw"


def document(*statements: dict[str, Any]) -> str:
    """A policy document; statements allow unless they say otherwise."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


def trust(service: str, **more: Any) -> str:
    """A trust policy for a service on behalf of this account."""
    return document(
        {
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            **more,
        }
    )


def specimens() -> list[Specimen]:
    """A role with a policy and an attachment."""
    return [
        Specimen(
            "iam/role",
            "training-role",
            {
                "assumeRolePolicy": trust("sagemaker.amazonaws.com"),
                "permissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
                "inlinePolicies": [
                    {
                        "name": "read",
                        "policy": document({"Sid": "Read", "Action": ["s3:GetObject"], "Resource": [f"{BUCKET}/*"]}),
                    }
                ],
                "managedPolicyArns": [f"arn:aws:iam::{ACCOUNT}:policy/metrics"],
            },
        ),
        Specimen(
            "iam/rolePolicy",
            "training-permissions",
            {
                "role": "training-role",
                "policy": document(
                    {"Sid": "Token", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
                    {
                        "Sid": "Pass",
                        "Action": "iam:PassRole",
                        "Resource": f"arn:aws:iam::{ACCOUNT}:role/training",
                        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                    },
                    {
                        "Sid": "Train",
                        "Action": ["sagemaker:CreateTrainingJob"],
                        "Resource": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/churn-*",
                    },
                ),
            },
            {"role": ["training-role"], "policy": ["training-role"]},
        ),
        Specimen(
            "iam/policy",
            "metrics",
            {"policy": document({"Sid": "Metrics", "Action": "cloudwatch:PutMetricData", "Resource": "*"})},
        ),
        Specimen(
            "iam/rolePolicyAttachment",
            "metrics-attachment",
            {"role": "training-role", "policyArn": f"arn:aws:iam::{ACCOUNT}:policy/metrics"},
        ),
    ]
