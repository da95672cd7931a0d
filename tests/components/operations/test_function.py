from __future__ import annotations

import functools

import pytest

from components.operations.function import PROJECT, Function, FunctionArgs, archive_files
from tests.components.engine import BOUNDARY, CHURN, LETTERS, Deployment, deploy, ground, permissions


def test_an_archive_holds_the_files_of_its_patterns() -> None:
    assert archive_files(["contracts/__init__.py", "contracts/tr*.py"]) == {
        "contracts/__init__.py": str(PROJECT / "contracts/__init__.py"),
        "contracts/tree.py": str(PROJECT / "contracts/tree.py"),
    }


def test_a_pattern_without_files_is_an_error() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        archive_files(["workloads/nothing/*.py"])
    assert str(caught.value) == f"code of a function: no file matches 'workloads/nothing/*.py' in {PROJECT}"


@functools.cache
def function() -> Deployment:
    def program() -> None:
        Function(
            "f",
            FunctionArgs(
                ground=ground(logs={"retention_days": 400}),
                names=CHURN,
                role="rollback",
                description="Rolls back",
                handler="workloads.rollback.handler.handle",
                code=["contracts/tree.py"],
                environment={"ENDPOINT_NAME": "churn-staging"},
                statements=[],
                dead_letter_arn=LETTERS,
                timeout_seconds=30,
            ),
        )

    return deploy(program)


def test_a_function_has_every_guard() -> None:
    inputs = dict(function().one("f-function").inputs)
    code = inputs.pop("code")
    assert set(code.assets) == {"contracts/tree.py"}
    messages = "arn:aws:kms:eu-west-1:123456789012:key/keys-messages"
    assert inputs == {
        "name": "churn-staging-rollback",
        "description": "Rolls back",
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": "workloads.rollback.handler.handle",
        "role": "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-rollback",
        "timeout": 30,
        "memorySize": 256,
        "reservedConcurrentExecutions": 1,
        "kmsKeyArn": messages,
        "environment": {"variables": {"ENDPOINT_NAME": "churn-staging"}},
        "vpcConfig": {
            "subnetIds": ["subnet-private0", "subnet-private1", "subnet-private2"],
            "securityGroupIds": ["sg-networkworkloadsgroup"],
        },
        "deadLetterConfig": {"targetArn": LETTERS},
        "tracingConfig": {"mode": "Active"},
        "loggingConfig": {"logFormat": "Text", "logGroup": "/aws/lambda/churn-staging-rollback"},
    }


def test_its_log_group_is_encrypted_and_kept_as_long_as_the_stack_says() -> None:
    assert function().one("f-logs").inputs == {
        "name": "/aws/lambda/churn-staging-rollback",
        "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/keys-logs",
        "retentionInDays": 400,
    }


def test_its_role_writes_its_own_log_only() -> None:
    statements = permissions(function(), "f-role")
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/churn-staging-rollback"
    assert statements["WriteLogs"]["Resource"] == [group, f"{group}:*"]
    assert statements["DeadLetters"]["Resource"] == [LETTERS]
    assert function().one("f-role-role").inputs["permissionsBoundary"] == BOUNDARY
