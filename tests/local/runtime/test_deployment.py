"""What a second run does to what the first one left: nothing, update, replace, delete; and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from local.runtime import Op, ProtectedError, RefusedError, StateError, UnsupportedError
from tests.local.runtime.deployments import BUCKET, STACK, TOPIC, changed, deploy, entries

BOTH = """
bucket = aws.s3.Bucket("data", bucket="data")
aws.sns.Topic("news", name="news", display_name=bucket.arn)
"""


def test_the_first_run_creates_in_the_order_of_dependencies(project: Any) -> None:
    project.program(BOTH)
    deployment = project.up()
    assert project.cloud.operations() == [("create", "data", "data"), ("create", "news", "news")]
    assert set(deployment.resources) == {f"{BUCKET}data", f"{TOPIC}news"}
    assert deployment.resources[f"{TOPIC}news"]["id"] == "news"
    assert deployment.resources[f"{TOPIC}news"]["outputs"]["arn"] == "arn:aws:test:::news"
    assert len(deployment.changes[Op.CREATE]) == 4  # with the stack and the default provider


def test_an_unchanged_program_changes_nothing(project: Any) -> None:
    deploy(project, BOTH)
    before = project.stack().state_path.read_text()
    deployment = project.up()
    assert (changed(deployment), project.cloud.operations()) == ({}, [])
    assert project.stack().state_path.read_text() == before
    assert changed(project.preview()) == {}


def test_a_changed_input_is_an_update_in_place(project: Any) -> None:
    deploy(project, BOTH)
    project.program(BOTH.replace("bucket.arn", "'other'"))
    assert changed(project.preview()) == {"update": [f"{TOPIC}news"]}
    assert changed(project.up()) == {"update": [f"{TOPIC}news"]}
    assert project.cloud.operations() == [("update", "news")]
    assert project.cloud.live["news"]["displayName"] == "other"


def test_what_depends_on_an_update_stays_known_and_the_same(project: Any) -> None:
    deploy(project, BOTH)
    project.program(BOTH.replace('bucket="data"', 'bucket="data", tags={"a": "b"}'))
    assert changed(project.preview()) == {"update": [f"{BUCKET}data"]}
    project.up()
    assert project.cloud.operations() == [("update", "data")]


def test_a_replacement_is_created_first_and_the_old_one_deleted_last(project: Any) -> None:
    project.cloud.forces_replacement = {"fifoTopic"}
    text = """
        topic = aws.sns.Topic("news", fifo_topic=FIFO)
        aws.sns.TopicPolicy("policy", arn=topic.arn, policy="{}")
    """
    deploy(project, text.replace("FIFO", "False"))
    old = entries(project)[f"{TOPIC}news"]["id"]
    project.program(text.replace("FIFO", "True"))
    policy = f"{STACK}aws:sns/topicPolicy:TopicPolicy::policy"
    assert changed(project.preview()) == {"replace": [f"{TOPIC}news"], "update": [policy]}
    assert changed(project.up()) == {"replace": [f"{TOPIC}news"], "update": [policy]}
    new = entries(project)[f"{TOPIC}news"]["id"]
    assert new != old
    assert project.cloud.operations() == [("create", "news", new), ("update", "policy-2"), ("delete", old)]
    assert changed(project.up()) == {}


def test_a_resource_that_keeps_its_own_name_is_deleted_before_it_is_replaced(project: Any) -> None:
    project.cloud.forces_replacement = {"fifoTopic"}
    deploy(project, 'aws.sns.Topic("news", name="news")')
    project.program('aws.sns.Topic("news", name="news", fifo_topic=True)')
    assert changed(project.up()) == {"replace": [f"{TOPIC}news"]}
    assert project.cloud.operations() == [("delete", "news"), ("create", "news", "news")]


def test_delete_before_replace_is_what_the_program_says(project: Any) -> None:
    project.cloud.forces_replacement = {"fifoTopic"}
    text = 'aws.sns.Topic("news", fifo_topic=FIFO, opts=pulumi.ResourceOptions(delete_before_replace=True))'
    deploy(project, text.replace("FIFO", "False"))
    project.program(text.replace("FIFO", "True"))
    project.up()
    assert [call[0] for call in project.cloud.operations()] == ["delete", "create"]


def test_replace_on_changes_replaces_where_an_update_would_do(project: Any) -> None:
    text = """
        aws.sns.Topic("news", tags={"a": "A", "b": "B"}, opts=pulumi.ResourceOptions(replace_on_changes=["tags.a"]))
    """
    deploy(project, text)
    project.program(text.replace('"B"', '"C"'))
    assert changed(project.up()) == {"update": [f"{TOPIC}news"]}
    project.program(text.replace('"B"', '"C"').replace('"A"', '"D"'))
    assert changed(project.up()) == {"replace": [f"{TOPIC}news"]}


def test_another_trigger_replaces_where_no_input_differs(project: Any) -> None:
    text = """
        aws.sns.Topic("news", name="news", opts=pulumi.ResourceOptions(
            replacement_trigger={"type": "small"}, delete_before_replace=True))
    """
    deploy(project, text)
    assert changed(project.up()) == {}
    project.program(text.replace("small", "large"))
    assert changed(project.preview()) == {"replace": [f"{TOPIC}news"]}
    assert changed(project.up()) == {"replace": [f"{TOPIC}news"]}
    assert project.cloud.operations() == [("delete", "news"), ("create", "news", "news")]
    assert changed(project.up()) == {}


def test_a_new_name_is_a_replacement_that_does_not_wait_for_the_old_name(project: Any) -> None:
    project.cloud.forces_replacement = {"name"}
    deploy(project, 'aws.sns.Topic("news", name="one")')
    project.program('aws.sns.Topic("news", name="two")')
    project.up()
    assert project.cloud.operations() == [("create", "news", "two"), ("delete", "one")]


@pytest.mark.parametrize(("ignored", "kept"), [("display_name", "first"), ("*", "first"), ("tags.a", "second")])
def test_ignored_changes_keep_the_old_value(project: Any, ignored: str, kept: str) -> None:
    text = """
        aws.sns.Topic("news", name="news", display_name="NAME", tags={"a": "A", "b": "B"},
                      opts=pulumi.ResourceOptions(ignore_changes=["IGNORED"]))
    """.replace("IGNORED", ignored)
    deploy(project, text.replace("NAME", "first"))
    project.program(text.replace("NAME", "second").replace('"A"', '"C"'))
    project.up()
    live = project.cloud.live["news"]
    assert live["displayName"] == kept
    assert live["tags"]["a"] == ("C" if ignored == "display_name" else "A")


def test_what_is_gone_is_deleted_dependents_first(project: Any) -> None:
    deploy(project, BOTH)
    project.program('aws.sns.Topic("other", name="other")')
    assert changed(project.preview())["delete"] == [f"{BUCKET}data", f"{TOPIC}news"]
    deployment = project.up()
    assert deployment.changes[Op.DELETE] == [f"{TOPIC}news", f"{BUCKET}data"]
    assert project.cloud.operations() == [("create", "other", "other"), ("delete", "news"), ("delete", "data")]
    assert set(deployment.resources) == {f"{TOPIC}other"}


def test_a_component_goes_with_its_children(project: Any) -> None:
    deploy(
        project,
        """
        shop = pulumi.ComponentResource("shop:index:Shop", "shop")
        aws.sns.Topic("news", name="news", opts=pulumi.ResourceOptions(parent=shop))
        """,
    )
    project.program("")
    child = f"{STACK}shop:index:Shop$aws:sns/topic:Topic::news"
    assert project.up().changes[Op.DELETE][:2] == [child, f"{STACK}shop:index:Shop::shop"]


def test_retained_resources_are_forgotten_and_left_alone(project: Any) -> None:
    deploy(project, 'aws.sns.Topic("news", name="news", opts=pulumi.ResourceOptions(retain_on_delete=True))')
    project.program("")
    assert changed(project.up())["delete"][0] == f"{TOPIC}news"
    assert project.cloud.operations() == []
    assert "news" in project.cloud.live
    assert f"{TOPIC}news" not in entries(project)


PROTECTED = 'aws.sns.Topic("news", name="news", fifo_topic=False, opts=pulumi.ResourceOptions(protect=True))'


def test_a_protected_resource_is_not_deleted_and_nothing_else_is_touched(project: Any) -> None:
    deploy(project, PROTECTED + '\naws.s3.Bucket("data", bucket="data")')
    project.program('aws.s3.Bucket("more", bucket="more")')
    message = rf"^{TOPIC}news: would be deleted and is protected; set protect=False and run `up` first$"
    with pytest.raises(RefusedError, match=message):
        project.up()
    assert project.cloud.operations() == []


def test_a_protected_resource_is_not_replaced(project: Any) -> None:
    project.cloud.forces_replacement = {"fifoTopic"}
    deploy(project, PROTECTED)
    project.program(PROTECTED.replace("fifo_topic=False", "fifo_topic=True").replace("True)", "False)"))
    message = rf"^{TOPIC}news: would be replaced \(fifoTopic\) and is protected; set protect=False first$"
    with pytest.raises(RefusedError, match=message):
        project.up()
    assert project.cloud.operations() == []


def test_protection_ends_with_a_run_that_says_so(project: Any) -> None:
    deploy(project, PROTECTED)
    deploy(project, PROTECTED.replace("protect=True", "protect=False"))
    project.program("")
    project.up()
    assert project.cloud.operations() == [("delete", "news")]


def test_a_renamed_resource_is_found_by_its_alias_with_its_generated_name(project: Any) -> None:
    deploy(project, 'aws.sns.Topic("news")')
    before = entries(project)[f"{TOPIC}news"]
    project.program('aws.sns.Topic("letters", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="news")]))')
    deployment = project.up()
    assert (changed(deployment), project.cloud.operations()) == ({}, [])
    assert f"{TOPIC}news" not in entries(project)
    assert entries(project)[f"{TOPIC}letters"]["inputs"] == before["inputs"]


def test_children_of_a_renamed_component_are_found_by_its_alias(project: Any) -> None:
    text = """
        shop = pulumi.ComponentResource("shop:index:TYPE", "NAME", None, pulumi.ResourceOptions(aliases=ALIASES))
        aws.sns.Topic("NAME-news", name="news", opts=pulumi.ResourceOptions(parent=shop))
    """
    deploy(project, text.replace("TYPE", "Shop").replace("NAME", "old").replace("ALIASES", "[]"))
    aliases = 'aliases=[pulumi.Alias(name="old", type_="shop:index:Shop")]'
    project.program(text.replace("TYPE", "Store").replace("NAME", "new").replace("aliases=ALIASES", aliases))
    assert changed(project.up()) == {}
    assert project.cloud.operations() == []
    assert f"{STACK}shop:index:Store$aws:sns/topic:Topic::new-news" in entries(project)


def test_recorded_resources_are_told_from_those_that_exist(project: Any) -> None:
    project.cloud.recorded_types = {"aws:sns/topic:Topic"}
    project.program(BOTH)
    for _ in range(2):
        deployment = project.up()
        assert (deployment.created, deployment.recorded) == ([f"{BUCKET}data"], [f"{TOPIC}news"])


def test_the_preview_reports_every_refused_input_together(project: Any) -> None:
    project.cloud.refuses = {"news": "must be short", "data": "must be long"}
    project.program(BOTH)
    with pytest.raises(RefusedError) as refused:
        project.up()
    assert sorted(refused.value.faults) == [
        "aws:s3/bucket:Bucket 'data': name = 'data': must be long",
        "aws:sns/topic:Topic 'news': name = 'news': must be short",
    ]
    assert project.cloud.operations() == []


def test_events_count_up_to_the_total_that_the_preview_found(project: Any) -> None:
    project.program(BOTH)
    project.up()
    updates = [event for event in project.events if event.phase == "update"]
    assert [(event.count, event.total) for event in updates] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {event.total for event in project.events if event.phase == "preview"} == {None}


def test_destroy_deletes_everything_dependents_first_and_forgets_it(project: Any) -> None:
    deploy(project, BOTH)
    stack = project.stack()
    assert stack.destroy(project.cloud, project.events.append)[:2] == [f"{TOPIC}news", f"{BUCKET}data"]
    assert project.cloud.operations() == [("delete", "news"), ("delete", "data")]
    assert (project.events[-1].phase, project.events[-1].count, project.events[-1].total) == ("destroy", 4, 4)
    assert not stack.state_path.exists()


def test_destroy_refuses_protected_resources_before_it_touches_anything(project: Any) -> None:
    deploy(project, PROTECTED + '\naws.s3.Bucket("data", bucket="data")')
    with pytest.raises(ProtectedError, match=rf"set protect=False and run `up` first:\n  {TOPIC}news$"):
        project.stack().destroy(project.cloud)
    assert project.cloud.operations() == []


def test_the_state_of_another_cloud_is_not_used(project: Any) -> None:
    deploy(project, BOTH)
    project.cloud.endpoint_url = "http://127.0.0.1:2"
    with pytest.raises(
        StateError, match=r"live in http://127\.0\.0\.1:1, not in http://127\.0\.0\.1:2; an emulator that has"
    ):
        project.up()
    project.stack().forget()
    project.cloud.live.clear()
    assert changed(project.up())["create"]


def test_outputs_are_kept_for_later(project: Any) -> None:
    deploy(project, BOTH + '\npulumi.export("url", "http://x")\npulumi.export("key", pulumi.Output.secret("k"))')
    assert project.stack().outputs(project.cloud) == {"url": "http://x", "key": "k"}


def test_code_in_an_archive_is_updated_when_a_file_changes(project: Any) -> None:
    project.write("handler.py", "one")
    text = """
        aws.s3.BucketObject("code", bucket="b", key="k", source=pulumi.FileAsset("handler.py"))
    """
    deploy(project, text)
    assert changed(project.up()) == {}
    project.write("handler.py", "two")
    assert list(changed(project.up())) == ["update"]


def test_ignored_code_stays_as_it_was_deployed(project: Any) -> None:
    project.write("handler.py", "one")
    deploy(
        project,
        """
        aws.s3.BucketObject("code", bucket="b", key="k", source=pulumi.FileAsset("handler.py"),
                            opts=pulumi.ResourceOptions(ignore_changes=["source"]))
        """,
    )
    project.write("handler.py", "two")
    assert changed(project.up()) == {}


def test_policies_judge_what_stays_when_changes_are_ignored(project: Any, policies: Any) -> None:
    text = """
        aws.sns.Topic("news", display_name="NAME", tags={"a": "NAME"},
                      opts=pulumi.ResourceOptions(ignore_changes=["display_name", "tags"]))
    """
    deploy(project, text.replace("NAME", "first"))
    project.program(text.replace("NAME", "second"))
    project.up(policies)
    shown = [judged.properties for judged in policies.judged if judged.name == "news"]
    assert [(inputs["displayName"], inputs["tagsAll"]) for inputs in shown] == [("first", {"a": "first"})] * 2


def test_several_stacks_of_one_process_do_not_meet(project: Any) -> None:
    project.write("Pulumi.test.yaml", "config: {}")
    deploy(project, 'aws.sns.Topic("news", name=pulumi.get_stack())')
    other = type(project)(project.directory)
    other.program('aws.sns.Topic("news", name=pulumi.get_stack())')
    from local.runtime import Stack

    deployment = Stack("test", project_dir=project.directory).up(other.cloud)
    assert list(deployment.resources) == ["urn:pulumi:test::shop::aws:sns/topic:Topic::news"]
    assert list(other.cloud.live) == ["test"]
    assert changed(project.up()) == {}


def test_a_reference_to_an_unregistered_resource_is_refused(project: Any) -> None:
    project.program("""
        from pulumi.runtime import invoke
        invoke("pulumi:pulumi:getResource", {"urn": "urn:pulumi:dev::shop::aws:sns/topic:Topic::gone"})
    """)
    with pytest.raises(UnsupportedError, match=r"::gone: referred to, but not registered in this program$"):
        project.preview()
