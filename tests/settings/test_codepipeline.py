from __future__ import annotations

from typing import Any

import pytest

import settings
from tests.settings.written import faults, load

IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/delivery@sha256:{'0' * 64}"
COMMIT = {"kind": "codecommit", "repository": "ml-platform"}
PIPELINE: dict[str, Any] = {"source": COMMIT, "image": IMAGE}


def told(pipeline: dict[str, Any], **stack: Any) -> list[str]:
    return faults(delivery={"codepipeline": PIPELINE | pipeline, "state_bucket": "example-pulumi-state"}, **stack)


def test_a_stack_has_no_pipeline_and_is_deployed_by_none_unless_it_says_so() -> None:
    default = settings.Delivery()
    assert (default.codepipeline, default.deployed_by, default.delivers) == (None, None, False)
    assert settings.Delivery(deployed_by=settings.DeployedBy()).delivers


def test_a_pipeline_builds_outside_the_network_and_waits_three_days() -> None:
    found = settings.CodePipeline.model_validate(PIPELINE)
    assert (found.inside_vpc, found.approval_hours, found.production.stack) == (False, 72, "prod")
    assert found.source == settings.CodeCommit(kind="codecommit", repository="ml-platform", branch="main")


@pytest.mark.parametrize(
    ("pipeline", "stack", "line"),
    [
        (
            {"image": IMAGE.partition("@")[0] + ":latest"},
            {},
            'image: found "123456789012.dkr.ecr.eu-west-1.amazonaws.com/delivery:latest"; '
            f"allowed: text like {IMAGE}; choose such a value",
        ),
        ({"source": COMMIT | {"kind": "svn"}}, {}, None),
        (
            {"approvers": ("a@example.com", "a@example.com")},
            {},
            'approvers: found ["a@example.com"]; allowed: each once; remove the repetition',
        ),
        (
            {"approval_hours": 1441},
            {},
            "approval_hours: found 1441; allowed: 1 to 1440; choose such a value, or remove the key for the default 72",
        ),
        (
            {"production": {"stack": "stack"}},
            {},
            'production.stack: found "stack"; allowed: another stack than this one; '
            "declare the pipeline in the stack that is deployed before it, such as staging",
        ),
        (
            {"inside_vpc": True},
            {},
            "inside_vpc: found true; allowed: false, or true with network.create.nat or network.existing; "
            "leave builds outside, or give the network a way out",
        ),
    ],
)
def test_a_fault_says_what_is_allowed(pipeline: dict[str, Any], stack: dict[str, Any], line: str | None) -> None:
    found = told(pipeline, **stack)
    if line is None:
        assert found[0].startswith("ml-platform:delivery.codepipeline.source.kind: found ")
    else:
        assert found == [f"ml-platform:delivery.codepipeline.{line}"]


def test_builds_in_a_network_with_nat_and_another_stack_as_production_are_fine() -> None:
    pipeline = PIPELINE | {"inside_vpc": True, "production": {"stack": "prod"}}
    found = load(
        delivery={"codepipeline": pipeline, "state_bucket": "state"}, network={"create": {"nat": "single"}}
    ).delivery.codepipeline
    assert found is not None
    assert (found.inside_vpc, found.production.stack) == (True, "prod")


def test_a_pipeline_is_told_where_the_state_is() -> None:
    assert faults(delivery={"codepipeline": PIPELINE}) == [
        "ml-platform:delivery.state_bucket: found nothing; allowed: a bucket, with delivery.codepipeline; "
        "name it; builds have no token of Pulumi Cloud"
    ]


@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        ("cn-north-1", "amazonaws.com.cn"),
        ("us-gov-west-1", "amazonaws.com"),
        ("eusc-de-east-1", "amazonaws.eu"),
        ("us-iso-east-1", "c2s.ic.gov"),
        ("eu-isoe-west-1", "cloud.adc-e.uk"),
    ],
)
def test_a_pipeline_may_stand_in_any_partition(region: str, suffix: str) -> None:
    image = f"123456789012.dkr.ecr.{region}.{suffix}/delivery@sha256:{'0' * 64}"
    found = settings.CodePipeline.model_validate(PIPELINE | {"image": image, "production": {"region": region}})
    assert (found.image, found.production.region) == (image, region)


def test_a_host_that_only_looks_like_one_of_aws_is_none() -> None:
    (fault,) = told({"image": IMAGE.replace("amazonaws.com/", "amazonaws.com.example/")})
    assert "allowed: text like" in fault
