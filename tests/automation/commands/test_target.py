"""Which stack, workload, endpoint and account a command means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber

from automation.commands import target
from automation.commands.target import Target
from automation.operations.errors import AccessError, RefusedError
from contracts.kinds import KINDS
from contracts.release.component import Component
from contracts.release.ecs import Ecs
from contracts.release.lambda_ import Function

PROJECT = """
config:
  pulumi:disable-default-providers: {value: [aws]}
  workloads: {type: object, default: {churn: {contract: c.yaml, endpoints: {live: {kind: realtime}}}}}
"""
TWO = '{"churn": {"endpoints": {"live": {}, "nightly": {}}}, "income": {"endpoints": {"live": {}}}}'


def read(directory: Path, config: str, caller: str = "arn:aws:sts::123456789012:assumed-role/deploy/ana") -> Target:
    """Stack test of a project, asked by `caller`."""
    (directory / "Pulumi.yaml").write_text(PROJECT)
    (directory / "Pulumi.test.yaml").write_text(config)
    found = target.read("test", directory)
    sts = boto3.client("sts", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(sts)
    answer = {"Account": caller.split(":")[4], "Arn": caller, "UserId": "AROA:ana"}
    stub.add_response("get_caller_identity", answer, {})
    stub.activate()
    found._clients["sts"] = sts
    return found


def test_the_default_workload_and_its_endpoint_need_not_be_named(tmp_path: Path) -> None:
    names = read(tmp_path, "config: {'aws:region': eu-west-1}").endpoint(None, None)
    assert names.release_parameter == "/mlplatform/test/churn/live/release"
    assert (names.account, names.region, names.partition) == ("123456789012", "eu-west-1", "aws")


def test_the_partition_and_the_account_are_the_callers(tmp_path: Path) -> None:
    found = read(tmp_path, "config: {'aws:region': cn-north-1}", caller="arn:aws-cn:iam::210987654321:user/ana")
    assert (found.names.partition, found.names.account, found.who) == ("aws-cn", "210987654321", "user/ana")


@pytest.mark.parametrize(
    ("workload", "endpoint", "message"),
    [
        (None, None, "--workload: found none; allowed: churn, income"),
        ("chrun", None, "--workload: found 'chrun'; allowed: churn, income"),
        ("churn", None, "--endpoint: found none; allowed: live, nightly"),
        ("income", "nightly", "--endpoint: found 'nightly'; allowed: live"),
    ],
)
def test_what_is_not_clear_has_to_be_named(
    tmp_path: Path, workload: str | None, endpoint: str | None, message: str
) -> None:
    config = f"config: {{'aws:region': eu-west-1, 'ml-platform:workloads': '{TWO}'}}"
    with pytest.raises(RefusedError) as caught:
        read(tmp_path, config).endpoint(workload, endpoint)
    assert str(caught.value) == message


def test_endpoints_that_sagemaker_does_not_run_are_told_apart_by_their_kind(tmp_path: Path) -> None:
    others = (
        '"edge": {"kind": "fargate"}, "night": {"kind": "batch"}, "rare": {"kind": "lambda"}, '
        '"zero": {"kind": "inference_component"}'
    )
    kinds = f'{{"churn": {{"endpoints": {{"live": {{}}, {others}}}}}}}'
    found = read(tmp_path, f"config: {{'aws:region': eu-west-1, 'ml-platform:workloads': '{kinds}'}}")
    hosts = {names.endpoint: found.kind(names).host for names in found.endpoints}
    run = {"edge": "ecs", "rare": "lambda", "zero": "component"}
    assert hosts == {"live": "sagemaker", "night": "sagemaker", **run}
    assert found.releases.elsewhere == {f"churn-test-{name}": host for name, host in run.items()}
    assert isinstance(found.releases.host(found.endpoint("churn", "edge")), Ecs)
    assert isinstance(found.releases.host(found.endpoint("churn", "rare")), Function)
    assert isinstance(found.releases.host(found.endpoint("churn", "zero")), Component)


def test_a_stack_whose_endpoints_sagemaker_runs_asks_no_other_service(tmp_path: Path) -> None:
    clients = read(tmp_path, "config: {'aws:region': eu-west-1}").releases
    assert (clients.elsewhere, clients.others) == ({}, {})


def test_a_kind_that_there_is_not_is_refused_with_its_place(tmp_path: Path) -> None:
    kinds = '{"churn": {"endpoints": {"live": {"kind": "fargat"}}}}'
    found = read(tmp_path, f"config: {{'aws:region': eu-west-1, 'ml-platform:workloads': '{kinds}'}}")
    with pytest.raises(RefusedError) as caught:
        found.kind(found.endpoint("churn", "live"))
    place = "ml-platform:workloads.churn.endpoints.live.kind"
    assert str(caught.value) == f"{place}: found 'fargat'; allowed: {', '.join(KINDS)}"


def test_an_account_that_the_stack_does_not_allow_is_refused(tmp_path: Path) -> None:
    found = read(tmp_path, "config: {'aws:region': eu-west-1, 'aws:allowedAccountIds': ['111122223333']}")
    with pytest.raises(RefusedError) as caught:
        _ = found.names
    assert str(caught.value) == (
        "account: found 123456789012; allowed by aws:allowedAccountIds of stack test: 111122223333; "
        "use that account's credentials"
    )


def test_a_region_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    with pytest.raises(RefusedError, match=r"aws:region: found none in Pulumi.test.yaml; set it there, or AWS_REGION"):
        _ = read(tmp_path, "config: {}").names


def test_the_stacks_roles_are_assumed_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    class Session:
        """A session whose sts notes what it is asked for."""

        def __init__(self, **given: Any) -> None:
            self.given = given

        def client(self, service: str) -> Session:
            assert service == "sts"
            return self

        def assume_role(self, **request: Any) -> dict[str, Any]:
            asked.append(request | {"with": self.given.get("aws_access_key_id")})
            keys = {"AccessKeyId": f"key-{len(asked)}", "SecretAccessKey": "s", "SessionToken": "t"}
            return {"Credentials": keys}

    monkeypatch.setattr(boto3, "Session", Session)
    roles = "[{roleArn: 'arn:aws:iam::1:role/a', sessionName: ci}, {roleArn: 'arn:aws:iam::2:role/b', externalId: e}]"
    found = read(tmp_path, f"config: {{'aws:region': eu-west-1, 'aws:profile': p, 'aws:assumeRoles': {roles}}}")
    assert found.session.given["aws_access_key_id"] == "key-2"
    assert asked == [
        {"RoleArn": "arn:aws:iam::1:role/a", "RoleSessionName": "ci", "with": None},
        {"RoleArn": "arn:aws:iam::2:role/b", "RoleSessionName": "ml-platform", "ExternalId": "e", "with": "key-1"},
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"config: [", r" is not YAML: "),
        (
            "config: {owner: Jürgen}".encode("latin-1"),
            r" is not UTF-8 \(invalid start byte at byte 17\); save it as UTF-8$",
        ),
        (b"config: [1, 2]", r": config: found list; write a mapping$"),
        (b"hello", r": found str; write a mapping$"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.test.yaml").write_bytes(content)
    with pytest.raises(RefusedError, match=rf"Pulumi.test.yaml{told}"):
        target.read("test", tmp_path)


@pytest.mark.parametrize(
    ("workloads", "told"),
    [
        ("[churn]", ": found list"),
        ("", ": found nothing"),
        ("churn", ": found str"),
        ("{churn: }", ".churn: found nothing"),
        ("{churn: {endpoints: [live]}}", ".churn.endpoints: found list"),
    ],
)
def test_workloads_that_are_no_mapping_are_refused(tmp_path: Path, workloads: str, told: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read(tmp_path, f"config: {{'ml-platform:workloads': {workloads}}}")
    assert str(caught.value) == (
        f"ml-platform:workloads{told} in Pulumi.test.yaml; allowed: a mapping by name; "
        "`python -m settings check Pulumi.test.yaml` says all"
    )


def test_nobody_is_told_how_to_become_somebody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(**_: Any) -> None:
        raise NoCredentialsError

    found = read(tmp_path, "config: {'aws:region': eu-west-1}")
    monkeypatch.setattr(found.client("sts"), "get_caller_identity", nobody)
    with pytest.raises(RefusedError, match=r"--endpoint: found 'nope'; allowed: live"):  # told by the file alone
        found.endpoint("churn", "nope")
    with pytest.raises(RefusedError, match=r"--workload: found 'nope'; allowed: churn"):
        found.workload("nope")
    with pytest.raises(AccessError, match=r"credentials: log in, or name a profile by AWS_PROFILE or as aws:profile "):
        _ = found.caller


def test_an_empty_file_leaves_the_defaults_of_the_project(tmp_path: Path) -> None:
    assert read(tmp_path, "").config == read(tmp_path, "config:").config
