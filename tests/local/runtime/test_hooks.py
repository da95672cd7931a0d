"""Hooks of the program around creations and updates, and replacements that follow another one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from local.identity import ACCESS_KEY
from local.judge.model import Violation
from local.runtime import LocalRunError, PolicyViolationError
from local.runtime.errors import HookError

TOLD = """
import json, pathlib
def told(when):
    def hook(args):
        line = [when, args.name, args.id, args.new_inputs, args.old_inputs, args.new_outputs]
        with pathlib.Path({log!r}).open("a") as log:
            log.write(json.dumps(line, default=str) + "\\n")
    return hook
options = pulumi.ResourceHookOptions(on_dry_run={on_dry_run})
bindings = pulumi.ResourceHookBinding(**{{
    name: [pulumi.ResourceHook(name, told(name), options)]
    for name in ("before_create", "after_create", "before_update", "after_update")
}})
aws.sns.Topic("news", name="news", display_name={text!r}, opts=pulumi.ResourceOptions(hooks=bindings))
"""


def lines(log: Path) -> list[list[Any]]:
    found = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    log.unlink(missing_ok=True)
    return found


def test_hooks_run_around_creation_and_update_with_what_is_known_then(project: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    project.program(TOLD.format(log=str(log), on_dry_run=False, text="a"))
    project.up()
    inputs = {"displayName": "a", "name": "news"}
    before, after = lines(log)
    assert before == ["before_create", "news", "", inputs, None, None]
    assert after[:5] == ["after_create", "news", "news", inputs, None]
    assert after[5]["arn"] == "arn:aws:test:::news"

    project.up()
    assert lines(log) == []  # nothing happens to it

    project.program(TOLD.format(log=str(log), on_dry_run=False, text="b"))
    project.up()
    before, after = lines(log)
    changed = {"displayName": "b", "name": "news"}
    assert before == ["before_update", "news", "news", changed, inputs, None]
    assert after[:5] == ["after_update", "news", "news", changed, inputs]


def test_a_preview_runs_the_hooks_that_ask_for_it(project: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    project.program(TOLD.format(log=str(log), on_dry_run=False, text="a"))
    project.preview()
    assert lines(log) == []
    project.program(TOLD.format(log=str(log), on_dry_run=True, text="a"))
    project.preview()
    assert [line[0] for line in lines(log)] == ["before_create", "after_create"]


FAILING = """
def fail(args):
    raise ValueError("no champion is live")
options = pulumi.ResourceHookOptions(ignore_errors={ignore_errors})
hook = pulumi.ResourceHook("verify", fail, options)
topic = aws.sns.Topic("news", name="news", opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding({when}=[hook])))
aws.sns.Topic("later", name="later", display_name=topic.arn)
"""


@pytest.mark.parametrize(("when", "exists"), [("before_create", False), ("after_create", True)])
def test_a_hook_that_fails_stops_the_update_where_it_is(project: Any, when: str, exists: bool) -> None:
    project.program(FAILING.format(when=when, ignore_errors=False))
    with pytest.raises(HookError, match=r"^urn:\S+Topic::news: hook 'verify': no champion is live$"):
        project.up()
    assert ("news" in project.cloud.live, "later" in project.cloud.live) == (exists, False)
    assert ('"news"' in project.stack().state_path.read_text()) is exists  # the state says what exists


def test_a_hook_whose_errors_are_ignored_stops_nothing(project: Any) -> None:
    project.program(FAILING.format(when="after_create", ignore_errors=True))
    project.up()
    assert set(project.cloud.live) == {"news", "later"}


def test_no_hook_runs_for_what_a_policy_refuses(project: Any, policies: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    project.program(TOLD.format(log=str(log), on_dry_run=False, text="a"))
    policies.analyze_with = lambda resource: (
        [Violation(policy="p", level="mandatory", message="m", urn=resource.urn)] if resource.name == "news" else []
    )
    with pytest.raises(PolicyViolationError):
        project.up(policies)
    assert lines(log) == []


def test_two_hooks_of_one_name_are_refused(project: Any) -> None:
    project.program("pulumi.ResourceHook('h', lambda args: None)\npulumi.ResourceHook('h', lambda args: None)")
    with pytest.raises(LocalRunError, match=r"^resource hook 'h': registered twice; give one of the two another name$"):
        project.preview()


ACTING = """
import json, os
from pathlib import Path
def act(args):
    import boto3
    session = boto3.Session(profile_name={profile!r}, region_name="eu-west-1")
    client = session.client("sagemaker")
    keys = session.get_credentials().access_key
    Path({log!r}).write_text(json.dumps([client.meta.endpoint_url, keys, os.environ["AWS_REGION"]]))
hook = pulumi.ResourceHook("act", act)
aws.sns.Topic("news", name="news", opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(after_create=[hook])))
"""


@pytest.mark.parametrize("profile", [None, "production"])
def test_a_hook_acts_on_the_emulated_account_whatever_profile_the_stack_names(
    project: Any, tmp_path: Path, profile: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    config = {"aws:region": "eu-central-1"} | ({"aws:profile": profile} if profile else {})
    project.write("Pulumi.dev.yaml", json.dumps({"config": config}))
    project.program(ACTING.format(log=str(tmp_path / "log"), profile=profile))
    before = dict(os.environ)
    project.up()
    found = json.loads((tmp_path / "log").read_text())
    assert found == [project.cloud.endpoint_url, ACCESS_KEY, "eu-central-1"]
    assert dict(os.environ) == before


def test_what_a_failed_run_left_does_not_stop_the_next_one(project: Any) -> None:
    project.program(FAILING.format(when="after_create", ignore_errors=False))
    with pytest.raises(HookError):
        project.up()
    project.program(FAILING.format(when="after_create", ignore_errors=True))
    project.up()
    assert set(project.cloud.live) == {"news", "later"}


def test_what_the_provider_reads_back_is_what_the_next_run_compares_with(project: Any) -> None:
    """As for an endpoint whose rollout was turned back: it serves something else than the inputs say."""
    project.program('aws.sns.Topic("news", name="news", display_name="old")')
    project.up()
    project.cloud.reads_back = {"displayName": "old"}
    project.program('aws.sns.Topic("news", name="news", display_name="new")')
    project.up()
    project.cloud.operations()
    project.up()
    assert project.cloud.operations() == [("update", "news")]  # it is tried again
    project.program('aws.sns.Topic("news", name="news", display_name="old")')
    project.up()
    assert project.cloud.operations() == []  # there already
