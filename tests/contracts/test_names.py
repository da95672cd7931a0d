"""Names of the three levels: exact values, and what cannot be called so."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from contracts.names import MAX_PREFIX, Names, NamesError, clashes, covers

GROUND = Names(stack="staging", account="123456789012", region="eu-west-1")
CHURN = GROUND.of_workload("churn")
LIVE = CHURN.of_endpoint("live")


def test_each_level_has_a_prefix_of_its_own() -> None:
    assert [level.prefix for level in (GROUND, CHURN, LIVE)] == [
        "mlplatform-staging",
        "churn-staging",
        "churn-staging-live",
    ]
    assert LIVE.resource("drift") == "churn-staging-live-drift"
    assert LIVE.of_its_workload == CHURN
    assert LIVE.ground == CHURN.ground == GROUND


def test_roles_of_jobs_of_every_level_lie_below_the_stacks_path() -> None:
    account = "arn:aws:iam::123456789012"
    assert LIVE.role_arn("drift") == f"{account}:role/mlplatform/staging/churn-staging-live-drift"
    assert {level.every_role for level in (GROUND, CHURN, LIVE)} == {f"{account}:role/mlplatform/staging/*"}
    assert GROUND.job_arn("any") == f"{account}:role/mlplatform/staging/any"


def test_what_an_administrator_alone_changes_lies_beside_the_path_of_jobs() -> None:
    account = "arn:aws:iam::123456789012"
    assert GROUND.admin_role_arn("user-x") == f"{account}:role/mlplatform-admin/staging/mlplatform-staging-user-x"
    assert LIVE.admin_arn("policy", "any") == f"{account}:policy/mlplatform-admin/staging/any"
    assert not fnmatchcase(GROUND.admin_arn("role", "any"), GROUND.every_role)


def test_an_endpoint_knows_its_workloads_pipeline_and_packages() -> None:
    assert (LIVE.pipeline, LIVE.package_group, LIVE.accepted_uri) == (
        "churn-staging",
        "churn-staging",
        "s3://123456789012-staging-ai-processed-data/accepted/churn/",
    )


def test_buckets_and_images_are_the_stacks_on_every_level() -> None:
    assert {level.raw_bucket for level in (GROUND, CHURN, LIVE)} == {"123456789012-staging-ai-raw-data"}
    assert {level.image_parameter("training") for level in (GROUND, LIVE)} == {"/mlplatform/staging/images/training"}


def test_the_release_record_has_a_path_of_its_own_for_each_endpoint() -> None:
    assert LIVE.release_parameter == "/mlplatform/staging/churn/live/release"
    assert LIVE.parameter_path == "/mlplatform/staging"


def test_objects_of_a_workload_lie_under_its_name() -> None:
    layout = CHURN.layout
    found = (layout.incoming, layout.accepted, layout.quarantine, layout.data_capture, layout.offline_store)
    assert found == tuple(
        f"{kind}/churn/" for kind in ("incoming", "accepted", "quarantine", "data-capture", "offline-store")
    )
    assert (layout.contracts, layout.runs, layout.checkpoints, layout.locks) == tuple(
        f"{kind}/churn/" for kind in ("contracts", "runs", "checkpoints", "locks")
    )
    assert LIVE.data_capture_uri == "s3://123456789012-staging-ai-processed-data/data-capture/churn"


def test_the_longest_names_have_63_characters() -> None:
    longest = GROUND.of_workload("w" * (MAX_PREFIX - len("-staging-live"))).of_endpoint("live")
    assert len(longest.resource("drift-0123456789abcdef")) == 63
    with pytest.raises(NamesError, match=rf"with {MAX_PREFIX + 1} characters; allowed: {MAX_PREFIX}"):
        GROUND.of_workload("w" * (MAX_PREFIX - len("-staging-live") + 1)).of_endpoint("live")


@pytest.mark.parametrize(
    "name", ["", "Churn", "churn_eu", "-churn", "churn-", "ch--urn", "1churn", "mlplatform", "images"]
)
def test_a_workload_cannot_be_called(name: str) -> None:
    with pytest.raises(NamesError, match=f"workload: found {name!r}; allowed: a-z and 0-9"):
        GROUND.of_workload(name)


@pytest.mark.parametrize("name", ["", "Live", "live-eu", "live_eu", "2live", "training", "dead"])
def test_an_endpoint_cannot_be_called(name: str) -> None:
    with pytest.raises(NamesError, match=f"endpoint: found {name!r}; allowed: a-z and 0-9, from a letter, without"):
        CHURN.of_endpoint(name)


@pytest.mark.parametrize("stack", ["", "Prod", "prod_eu", "a" * 33])
def test_a_stack_cannot_be_called(stack: str) -> None:
    with pytest.raises(NamesError, match=f"stack: found {stack!r}; allowed: up to 32"):
        Names(stack=stack, account="123456789012", region="eu-west-1")


@pytest.mark.parametrize(
    ("stack", "other", "covered"),
    [("eu", "prod-eu", True), ("prod", "prod-eu", True), ("prod", "prod", True), ("prod-eu", "prod", False),
     ("prod", "preprod", False), ("pr-1", "pr-12", False)],
)  # fmt: skip
def test_a_stacks_pattern_covers_another_whose_name_has_its_words(stack: str, other: str, covered: bool) -> None:
    assert covers(stack, other) is covered
    names = Names(stack=stack, account="123456789012", region="eu-west-1")
    others = Names(stack=other, account="123456789012", region="eu-west-1")
    assert fnmatchcase(others.resource("training"), names.every) is covered
    assert fnmatchcase(others.role_arn("training"), names.every_role) is (stack == other)


def test_workloads_clash_where_the_names_of_one_begin_with_those_of_another() -> None:
    assert clashes("prod", ["churn", "churn-eu", "income"]) == []
    assert clashes("prod", ["churn", "churn-prod", "churn-prod-eu"]) == [
        ("churn", "churn-prod"),
        ("churn", "churn-prod-eu"),
    ]
