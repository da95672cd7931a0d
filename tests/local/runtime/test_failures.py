"""What a run that failed leaves behind: a truthful state, and a next run that goes on from it."""

from __future__ import annotations

from typing import Any

import pytest

from local.adapter.errors import ApiRefused
from local.runtime import Op, StoppedError
from tests.local.runtime.deployments import TOPIC, changed, deploy, entries


def test_a_failing_create_leaves_a_truthful_state_and_the_next_run_goes_on(project: Any) -> None:
    text = """
        first = aws.sns.Topic("first", name="first")
        second = aws.sns.Topic("second", name="second", opts=pulumi.ResourceOptions(depends_on=[first]))
        aws.sns.Topic("third", name="third", opts=pulumi.ResourceOptions(depends_on=[second]))
    """
    project.program(text)
    project.cloud.fails_on = "second"
    with pytest.raises(RuntimeError, match=r"^no capacity for second$"):
        project.up()
    assert [urn for urn in entries(project) if "sns" in urn] == [f"{TOPIC}first"]
    project.cloud.fails_on = None
    assert sorted(urn for urn in project.up().changes[Op.CREATE]) == [f"{TOPIC}second", f"{TOPIC}third"]


def test_a_failing_create_of_a_replacement_keeps_the_old_one(project: Any) -> None:
    project.cloud.forces_replacement = {"fifoTopic"}
    deploy(project, 'aws.sns.Topic("news", fifo_topic=False)')
    old = entries(project)[f"{TOPIC}news"]["id"]
    project.program('aws.sns.Topic("news", fifo_topic=True)')
    project.cloud.fails_on = "news"
    with pytest.raises(RuntimeError, match=r"^no capacity for news$"):
        project.up()
    assert entries(project)[f"{TOPIC}news"]["id"] == old
    assert list(project.cloud.live) == [old]


def left_incomplete(project: Any, monkeypatch: Any) -> None:
    """A run whose topic is made and then fails, as an endpoint does that never gets in service."""
    create = project.cloud.create

    def fail(type_token: str, name: str, inputs: dict[str, Any], /, *, urn: str) -> Any:
        made = create(type_token, name, inputs, urn=urn)
        raise ApiRefused("topic", "sns", "Wait", "Failed", "never ready", created_id=made.id)

    with monkeypatch.context() as patch:
        patch.setattr(project.cloud, "create", fail)
        with pytest.raises(ApiRefused, match="never ready"):
            project.up()


def test_a_resource_that_failed_after_it_was_made_is_in_the_state_and_made_anew(project: Any, monkeypatch: Any) -> None:
    project.program('aws.sns.Topic("news", name="news", opts=pulumi.ResourceOptions(protect=True))')
    left_incomplete(project, monkeypatch)
    assert entries(project)[f"{TOPIC}news"]["incomplete"] is True
    project.cloud.operations()
    assert project.up().changes[Op.REPLACE] == [f"{TOPIC}news"]
    assert project.cloud.operations() == [("delete", "news"), ("create", "news", "news")]
    assert entries(project)[f"{TOPIC}news"]["incomplete"] is False
    assert entries(project)[f"{TOPIC}news"]["protect"] is True
    assert changed(project.up()) == {}


def test_a_replacement_that_failed_after_it_was_made_leaves_both_in_the_state(project: Any, monkeypatch: Any) -> None:
    project.cloud.forces_replacement = {"fifoTopic"}
    deploy(project, 'aws.sns.Topic("news", fifo_topic=False)')
    project.program('aws.sns.Topic("news", fifo_topic=True)')
    left_incomplete(project, monkeypatch)
    assert len(project.cloud.live) == 2
    project.up()
    assert list(project.cloud.live) == [entries(project)[f"{TOPIC}news"]["id"]]


def test_an_old_one_that_could_not_be_deleted_is_deleted_by_the_next_run(project: Any, monkeypatch: Any) -> None:
    project.cloud.forces_replacement = {"fifoTopic"}
    deploy(project, 'aws.sns.Topic("news", fifo_topic=False)')
    old = entries(project)[f"{TOPIC}news"]["id"]
    project.program('aws.sns.Topic("news", fifo_topic=True)')

    def refuse(*arguments: Any) -> None:
        raise RuntimeError("in use")

    with monkeypatch.context() as patch:
        patch.setattr(project.cloud, "delete", refuse)
        with pytest.raises(RuntimeError, match=r"^in use$"):
            project.up()
    assert len(project.cloud.live) == 2
    project.cloud.operations()
    assert changed(project.up()) == {}
    assert project.cloud.operations() == [("delete", old)]


def test_after_a_failure_nothing_else_is_touched(project: Any) -> None:
    project.program("\n".join(f'aws.sns.Topic("t{n}", name="t{n}")' for n in range(30)))
    project.cloud.fails_on = "t3"
    with pytest.raises(RuntimeError, match=r"^no capacity for t3$") as failed:
        project.up()
    assert isinstance(failed.value.__cause__, StoppedError | None)
    assert len(project.cloud.live) < 29
