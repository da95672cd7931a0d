"""`--refresh`: the state is brought to what is live before the plan, and the plan puts back what the program wants."""

from __future__ import annotations

from typing import Any

import pytest

from local.adapter.errors import ApiRefused
from local.judge.model import Violation
from local.runtime import PolicyViolationError
from tests.local.runtime.deployments import BUCKET, TOPIC, changed, deploy, entries

TOPICS = {"aws:sns/topic:Topic": ("displayName", "tagsAll")}
NEWS = """
bucket = aws.s3.Bucket("data", bucket="data")
aws.sns.Topic("news", name="news", display_name="ours", tags={"team": "a"}, opts=pulumi.ResourceOptions(OPTIONS))
"""


@pytest.fixture
def news(project: Any) -> dict[str, Any]:
    """A topic that a refresh reads, as it is live, beside a bucket that none reads."""
    project.write("Pulumi.dev.yaml", "config: {aws:defaultTags: {tags: {stage: dev}}}")
    project.cloud.refreshes = TOPICS
    deploy(project, NEWS.replace("OPTIONS", ""))
    return project.cloud.live["news"]


def test_what_is_as_it_was_left_is_the_same_and_types_that_are_not_read_are_said_once(
    project: Any, news: dict[str, Any]
) -> None:
    before = project.stack().state_path.read_text()
    deployment = project.up(refresh=True)
    assert (changed(deployment), project.stack().state_path.read_text()) == ({}, before)
    assert deployment.refreshed == [
        "refresh: 1 resources read, 0 differ from the state, 0 gone",
        "  left as the state has them, for no refresh reads their types here: aws:s3/bucket:Bucket",
    ]


def test_what_a_hand_has_changed_is_told_and_put_back(project: Any, news: dict[str, Any]) -> None:
    tags = {"team": "a", "by": "hand"}
    news |= {"displayName": "theirs", "tags": tags, "tagsAll": tags | {"stage": "dev"}}
    assert changed(project.up()) == {}  # without a refresh nobody knows
    expected = project.preview(refresh=True)
    assert changed(expected) == {"update": [f"{TOPIC}news"]}
    assert expected.changed[f"{TOPIC}news"] == ("displayName", "tags", "tagsAll")
    assert expected.refreshed[:2] == [
        "refresh: 1 resources read, 1 differ from the state, 0 gone",
        "  ~ news: displayName, tags, tagsAll",
    ]
    assert changed(project.up(refresh=True)) == {"update": [f"{TOPIC}news"]}
    live = project.cloud.live["news"]
    assert (live["displayName"], live["tagsAll"]) == ("ours", {"team": "a", "stage": "dev"})
    assert changed(project.up(refresh=True)) == {}


def test_a_tag_of_its_own_that_is_gone_is_told_apart_from_the_default_ones(project: Any, news: dict[str, Any]) -> None:
    news["tagsAll"] = {"stage": "dev"}
    found = project.preview(refresh=True)
    assert found.changed[f"{TOPIC}news"] == ("tags", "tagsAll")


def test_a_preview_reads_and_writes_nothing(project: Any, news: dict[str, Any]) -> None:
    before = project.stack().state_path.read_text()
    news["displayName"] = "theirs"
    project.preview(refresh=True)
    assert project.stack().state_path.read_text() == before


def test_an_update_that_its_preview_stops_leaves_the_state_as_it_was(
    project: Any, news: dict[str, Any], policies: Any
) -> None:
    before = project.stack().state_path.read_text()
    news["displayName"] = "theirs"
    policies.analyze_with = lambda judged: [Violation(policy="p", level="mandatory", message="no", urn=judged.urn)]
    with pytest.raises(PolicyViolationError):
        project.up(policies, refresh=True)
    assert project.stack().state_path.read_text() == before


def test_an_ignored_change_is_kept_as_it_is_live(project: Any, news: dict[str, Any]) -> None:
    project.program(NEWS.replace("OPTIONS", "ignore_changes=['displayName']"))
    news["displayName"] = "theirs"
    assert changed(project.up(refresh=True)) == {}
    assert entries(project)[f"{TOPIC}news"]["inputs"]["displayName"] == "theirs"


def test_what_is_gone_leaves_the_state_and_is_made_again(project: Any, news: dict[str, Any]) -> None:
    del project.cloud.live["news"]
    found = project.preview(refresh=True)
    assert (changed(found), found.refreshed[1]) == ({"create": [f"{TOPIC}news"]}, "  - news")
    assert f"{TOPIC}news" in entries(project)
    assert changed(project.up(refresh=True)) == {"create": [f"{TOPIC}news"]}
    assert changed(project.up(refresh=True)) == {}


def test_what_is_gone_and_wanted_no_more_is_not_deleted_again(project: Any, news: dict[str, Any]) -> None:
    del project.cloud.live["news"]
    project.program('aws.s3.Bucket("data", bucket="data")')
    assert changed(project.up(refresh=True)) == {}
    assert set(entries(project)) & {f"{TOPIC}news", f"{BUCKET}data"} == {f"{BUCKET}data"}


def test_what_was_secret_stays_secret(project: Any) -> None:
    project.cloud.refreshes = TOPICS
    deploy(project, "aws.sns.Topic('news', name='news', display_name=pulumi.Output.secret('ours'))")
    project.cloud.live["news"]["displayName"] = "theirs"
    project.program("aws.sns.Topic('news', name='news', opts=pulumi.ResourceOptions(ignore_changes=['displayName']))")
    assert changed(project.up(refresh=True)) == {}
    kept = entries(project)[f"{TOPIC}news"]["inputs"]["displayName"]
    assert (kept["value"], len(kept)) == ("theirs", 2)


def test_a_refusal_that_is_not_the_absence_of_the_resource_ends_it(
    project: Any, news: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> Any:
        raise ApiRefused("news", "sns", "GetTopicAttributes", "AccessDenied", "not you")

    monkeypatch.setattr(project.cloud, "read", refused)
    with pytest.raises(ApiRefused, match="AccessDenied: not you"):
        project.up(refresh=True)


def test_what_was_recorded_only_is_not_asked_for(project: Any) -> None:
    project.cloud.refreshes, project.cloud.recorded_types = TOPICS, set(TOPICS)
    deploy(project, "aws.sns.Topic('news', name='news')")
    del project.cloud.live["news"]
    deployment = project.up(refresh=True)
    assert (changed(deployment), deployment.refreshed) == (
        {},
        ["refresh: 0 resources read, 0 differ from the state, 0 gone"],
    )
