from __future__ import annotations

import json
from typing import Any

import pytest

from components.ground import collected
from components.ground.keys import Domain

ARN = "arn:aws:{}:eu-west-1:123456789012:{}"


def synth(*statements: dict[str, Any]) -> dict[str, Any]:
    """A stack whose roles have these statements, one role each."""
    resources = [
        ("pulumi:providers:aws", {"region": "eu-west-1"}),
        ("aws:iam/role:Role", {"permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary"}),
        *(
            ("aws:kms/alias:Alias", {"name": f"alias/mlplatform-thestack-{domain}", "targetKeyId": f"id-{domain}"})
            for domain in Domain
        ),
        *(
            ("aws:iam/rolePolicy:RolePolicy", {"role": "job", "policy": json.dumps({"Statement": [s]})})
            for s in statements
        ),
    ]
    return {"resources": [{"type": kind, "inputs": inputs} for kind, inputs in resources]}


def collect(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    return collected.collect(synth(*statements))["jobs"]["Statement"]


def allow(action: str, *resources: str, **condition: Any) -> dict[str, Any]:
    written = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": [action], "Resource": list(resources), **written}


@pytest.mark.parametrize(
    ("service", "resource", "pattern"),
    [
        ("sagemaker", "endpoint/theworkload-thestack-theendpoint", "endpoint/*-<stack>-*"),
        ("sagemaker", "endpoint-config/theworkload-thestack-theendpoint-*", "endpoint-config/*-<stack>-*"),
        ("sagemaker", "pipeline/theworkload-thestack", "pipeline/*-<stack>"),
        ("sagemaker", "model-package/theworkload-thestack/*", "model-package/*-<stack>/*"),
        ("sagemaker", "processing-job/pipelines-*", "processing-job/pipelines-*"),
        ("sns", "mlplatform-thestack-alerts", "*-<stack>-*"),
        ("logs", "log-group:/aws/vpc/flow-logs/mlplatform-thestack:*", "log-group:/aws/vpc/flow-logs/*-<stack>:*"),
        ("ssm", "parameter/mlplatform/thestack/theworkload/theendpoint/release", "parameter/mlplatform/<stack>/*"),
        ("ec2", "network-interface/*", "network-interface/*"),
    ],
)
def test_a_name_of_the_stack_becomes_its_pattern(service: str, resource: str, pattern: str) -> None:
    (found,) = collect(allow(f"{service}:Do", ARN.format(service, resource)))
    assert found["Resource"] == [f"arn:<partition>:{service}:<region>:<account>:{pattern}"]


def test_a_bucket_keeps_what_tells_it_from_those_of_a_stack_whose_name_begins_alike() -> None:
    (found,) = collect(allow("s3:GetObject", "arn:aws:s3:::123456789012-thestack-ai-artifacts/runs/theworkload/*"))
    assert found["Resource"] == ["arn:<partition>:s3:::<account>-<stack>-ai-*"]


def test_a_key_is_named_by_its_domain() -> None:
    (found,) = collect(allow("kms:Decrypt", ARN.format("kms", "key/id-models"), ARN.format("kms", "key/id-raw")))
    assert found["Resource"] == ["<key of models>", "<key of raw>"]


def test_statements_of_a_service_become_one_and_say_nothing_twice() -> None:
    endpoint, configuration = (
        ARN.format("sagemaker", f"{kind}/theworkload-thestack-theendpoint") for kind in ("endpoint", "endpoint-config")
    )
    found = collect(
        allow("sagemaker:UpdateEndpoint", endpoint, configuration),
        allow("sagemaker:DescribeEndpoint", endpoint),
        allow("ecr:BatchGetImage", ARN.format("ecr", "repository/mlplatform-thestack-training")),
        allow("ecr:BatchGetImage", ARN.format("ecr", "repository/mlplatform-thestack-*")),
    )
    assert found == [
        {
            "Sid": "Ecr",
            "Effect": "Allow",
            "Action": ["ecr:BatchGetImage"],
            "Resource": ["arn:<partition>:ecr:<region>:<account>:repository/*-<stack>-*"],
        },
        {
            "Sid": "Sagemaker",
            "Effect": "Allow",
            "Action": ["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpoint"],
            "Resource": ["arn:<partition>:sagemaker:<region>:<account>:*/*-<stack>-*"],
        },
    ]


def test_types_without_a_name_stay_apart() -> None:
    kinds = [ARN.format("ec2", f"{kind}/*") for kind in ("network-interface", "subnet")]
    (found,) = collect(allow("ec2:CreateNetworkInterface", *kinds))
    assert [each.rpartition(":")[2] for each in found["Resource"]] == ["network-interface/*", "subnet/*"]


def test_conditions_stay_but_for_those_that_tell_workloads_apart() -> None:
    publish = {"cloudwatch:namespace": ["A", "B"]}, {"cloudwatch:namespace": "C"}
    mine = {"aws:ResourceTag/Workload": "theworkload"}
    jobs = ARN.format("sagemaker", "training-job/pipelines-*")
    found = collect(
        *(allow("cloudwatch:PutMetricData", "*", StringEquals=each) for each in publish),
        allow("sagemaker:StopTrainingJob", jobs, StringEquals=mine, Null={"aws:RequestTag/Workload": "true"}),
        allow("xray:PutTraceSegments", "*"),
    )
    assert [(s["Sid"], s.get("Condition")) for s in found] == [
        ("CloudwatchNamespace", {"StringEquals": {"cloudwatch:namespace": ["A", "B", "C"]}}),
        ("Sagemaker", None),
        ("WithoutResource", None),
    ]


def test_what_is_allowed_without_a_condition_is_not_said_again_with_one() -> None:
    """Only where the same action on as much is allowed anyway: what is left allows the same (`tests.synth`)."""
    own, all_of_it = (f"arn:aws:s3:::123456789012-thestack-ai-{name}" for name in ("artifacts", "access-logs"))
    below = {"s3:prefix": "runs/*/*"}
    elsewhere = "arn:aws:s3:::elsewhere"
    assert [
        (s["Sid"], s["Action"], s["Resource"], s.get("Condition"))
        for s in collect(
            allow("s3:ListBucket", own, elsewhere, StringLike=below),
            allow("s3:ListBucketVersions", own, StringLike=below),
            allow("s3:ListBucket", all_of_it),
        )
    ] == [
        ("S3", ["s3:ListBucket"], ["arn:<partition>:s3:::<account>-<stack>-ai-*"], None),
        (
            "S3Prefix",
            ["s3:ListBucket", "s3:ListBucketVersions"],
            ["arn:<partition>:s3:::<account>-<stack>-ai-*", "arn:<partition>:s3:::elsewhere"],
            {"StringLike": {"s3:prefix": "runs/*/*"}},
        ),
    ]


def test_a_denial_is_not_what_a_role_may_do() -> None:
    arn = ARN.format("sns", "mlplatform-thestack-alerts")
    assert [
        s["Action"] for s in collect(allow("sns:Publish", arn), {**allow("sns:Publish", arn), "Effect": "Deny"})
    ] == [["sns:Publish"]]


def test_people_have_a_boundary_of_their_own() -> None:
    given = synth(allow("xray:PutTraceSegments", "*"), allow("ecr:GetAuthorizationToken", "*"))
    given["resources"][-1]["inputs"]["role"] = "mlplatform-thestack-user-mlops"
    found = collected.collect(given)
    assert {whose: [s["Action"] for s in document["Statement"]] for whose, document in found.items()} == {
        "jobs": [["xray:PutTraceSegments"]],
        "people": [["ecr:GetAuthorizationToken"]],
    }


def test_a_log_group_and_what_is_in_it_are_told_by_one_pattern() -> None:
    group = ARN.format("logs", "log-group:/aws/sagemaker/ProcessingJobs")
    other = ARN.format("logs", "log-group:/aws/sagemaker/TrainingJobs")
    (statement,) = collect(allow("logs:PutLogEvents", group, f"{group}:*", other))
    assert [each.rpartition(":")[2] for each in statement["Resource"]] == [
        "/aws/sagemaker/ProcessingJobs*",
        "/aws/sagemaker/TrainingJobs",
    ]


def test_log_groups_of_several_kinds_of_job_are_told_by_one_pattern() -> None:
    groups = [ARN.format("logs", f"log-group:/aws/sagemaker/{kind}") for kind in ("ProcessingJobs", "TransformJobs")]
    endpoints = ARN.format("logs", "log-group:/aws/sagemaker/Endpoints")
    given = [each for group in (*groups, endpoints) for each in (group, f"{group}:*")]
    (statement,) = collect(allow("logs:PutLogEvents", *given))
    assert [each.rpartition(":")[2] for each in statement["Resource"]] == [
        "/aws/sagemaker/*Jobs*",
        "/aws/sagemaker/Endpoints*",
    ]


def test_a_condition_whose_values_cannot_be_joined_is_refused() -> None:
    with pytest.raises(ValueError) as caught:
        collect(allow("sns:Publish", "*", StringNotEquals={"aws:PrincipalTag/Team": "a"}))
    assert str(caught.value) == (
        "sns:Publish: found a condition StringNotEquals; allowed: ArnEquals, ArnLike, Bool, StringEquals, "
        "StringEqualsIfExists, StringLike"
    )


def test_more_than_a_managed_policy_takes_is_refused() -> None:
    arns = [ARN.format("glue", f"table/database{i:03}/*") for i in range(100)]
    with pytest.raises(
        ValueError, match=r"^permissions boundary of jobs: found \d{4,} characters with the longest names; all"
    ):
        collect(allow("glue:GetTable", *arns))
