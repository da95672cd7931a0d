from __future__ import annotations

import dataclasses
import re

import pulumi
import pulumi_aws as aws
import pytest

from components.naming import Names, content_name
from tests.components.engine import NAMES, deploy


def test_names_of_a_stack() -> None:
    assert NAMES.endpoint == NAMES.pipeline == NAMES.package_group == "churn-staging"
    assert NAMES.raw_bucket == "123456789012-staging-ai-raw-data"
    assert NAMES.processed_bucket == "123456789012-staging-ai-processed-data"
    assert NAMES.artifacts_bucket == "123456789012-staging-ai-artifacts"
    assert NAMES.accepted_uri == "s3://123456789012-staging-ai-processed-data/accepted/"
    assert NAMES.release_parameter == "/mlplatform/staging/churn-staging/release"
    assert NAMES.release_path == "/mlplatform/staging/churn-staging"
    assert NAMES.image_parameter("training") == "/mlplatform/staging/images/training"
    assert NAMES.arn("sagemaker", "endpoint/churn-staging") == (
        "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/churn-staging"
    )
    assert NAMES.bucket_arn("b") == "arn:aws:s3:::b"
    assert NAMES.bucket_arn("b", "runs/*") == "arn:aws:s3:::b/runs/*"
    assert NAMES.role_arn("training") == "arn:aws:iam::123456789012:role/churn-staging-training"


def test_names_of_a_caller_in_another_partition() -> None:
    caller = aws.AwaitableGetCallerIdentityResult(
        account_id="123456789012", arn="arn:aws-cn:iam::123456789012:user/x", id="123456789012", user_id="x"
    )
    names = Names.of(caller, workload="churn", stack="prod", region="cn-north-1")
    assert names.root_arn == "arn:aws-cn:iam::123456789012:root"
    assert names.bucket_arn("b") == "arn:aws-cn:s3:::b"


def test_a_prefix_leaves_room_for_what_follows_it() -> None:
    longest = dataclasses.replace(NAMES, workload="w" * 32)
    assert len(f"{longest.prefix}-drift-d32c5kddcf5bb8c3") == 63
    with pytest.raises(pulumi.RunError) as caught:
        dataclasses.replace(NAMES, workload="w" * 33)
    assert str(caught.value) == (
        f"<workload>-<stack>: found '{'w' * 33}-staging' with 41 characters; allowed: 40; "
        "shorten `name` in the contract or the stack's name"
    )


@pytest.mark.parametrize("stack", ["s" * 33, "Prod", "my_stack", "a--b", "-a", "a.b", ""])
def test_a_stack_names_buckets_too(stack: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        dataclasses.replace(NAMES, workload="w", stack=stack)
    assert str(caught.value) == (
        f"stack: found {stack!r}; allowed: up to 32 of a-z and 0-9, with single hyphens in between; "
        "name the stack anew, because buckets and endpoint carry its name"
    )
    longest = dataclasses.replace(NAMES, workload="w", stack="s" * 32)
    assert len(longest.processed_bucket) == 63


def test_a_name_follows_from_the_content() -> None:
    found: list[str] = []

    def program() -> None:
        same_but_later = {"b": [pulumi.Output.from_input("x")], "a": 1}
        for content in ({"a": 1, "b": ["x"]}, same_but_later, {"a": 1, "b": ["y"]}):
            content_name("churn-1", content).apply(found.append)

    deploy(program)
    assert len(found) == 3
    assert len(set(found)) == 2
    for name in found:
        assert re.fullmatch(r"churn-1-[0-9a-f]{8}", name)


def test_a_name_is_unknown_while_its_content_is() -> None:
    names: list[str] = []

    def program() -> None:
        key = aws.kms.Key("key")
        content_name("churn-1", [key.arn]).apply(names.append)

    deploy(program, preview=True)
    assert names == []
    deploy(program)
    assert len(names) == 1
