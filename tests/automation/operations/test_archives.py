"""A multi-model endpoint: models added, replaced, withdrawn and rolled back, each release served from its own place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from automation.operations import archives, releases, rollouts
from automation.operations.errors import RefusedError
from automation.operations.releases import By
from automation.operations.smoke import check
from automation.operations.verification import verify
from contracts.loader import load
from contracts.release import CHAMPION, Record, ReleaseError
from tests.automation.conftest import Platform

BY = By(who="ana", why="regions")


def promote(platform: Platform, package: str, model: str = CHAMPION) -> Record:
    return releases.promote_model(platform.names, package, model, by=BY, clients=platform.clients)


def deployed(platform: Platform, record: Record) -> Record:
    platform.up(record)
    return releases.follow(
        platform.names, who="ana", clients=platform.clients, patience_seconds=600, sleep=lambda _: None
    ).record


def kept(platform: Platform) -> dict[str, set[str]]:
    """Id of each release that has archives -> its models."""
    prefix = platform.names.archives("")
    keys = archives._keys(platform.names.artifacts_bucket, prefix, platform.clients.s3)
    found: dict[str, set[str]] = {}
    for key in keys:
        release, _, file = key.removeprefix(prefix).partition("/")
        found.setdefault(release, set()).add(file)
    return found


def ask(platform: Platform, model: str) -> str:
    answer = platform.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=platform.names.prefix, Body=b"1", TargetModel=archives.target(model)
    )
    return json.loads(answer["Body"].read())["model"]


def differences(platform: Platform) -> tuple[str, ...]:
    return verify(platform.names, platform.clients).differences


def test_models_are_added_replaced_and_rolled_back_together(platform: Platform) -> None:
    one, two, three = (platform.register(marks=mark) for mark in "abc")
    first = deployed(platform, promote(platform, one))
    second = deployed(platform, promote(platform, two, "eu"))
    third = deployed(platform, promote(platform, three, "eu"))
    assert third.wanted.models == {"champion": one, "eu": three}
    assert rollouts.served(third) == f"{one} as champion, {three} as eu"
    assert kept(platform) == {
        first.wanted.id: {"champion.tar.gz"},
        second.wanted.id: {"champion.tar.gz", "eu.tar.gz"},
        third.wanted.id: {"champion.tar.gz", "eu.tar.gz"},
    }
    assert ask(platform, "eu") == platform.names.package_group
    assert differences(platform) == ()
    releases.roll_back(platform.names, by=BY, clients=platform.clients, tell=lambda *_: None, patience_seconds=600)
    back = releases.read(platform.names, platform.clients)
    assert back is not None
    assert back.serving.models == {"champion": one, "eu": two}
    assert differences(platform) == ()


def test_another_champion_keeps_the_others_and_a_withdrawn_one_is_gone(platform: Platform) -> None:
    one, two = platform.register(), platform.register()
    promote(platform, one)
    promote(platform, two, "eu")
    record = promote(platform, two)
    assert record.wanted.models == {"champion": two, "eu": two}
    record = releases.withdraw_model(platform.names, "eu", by=BY, clients=platform.clients)
    assert record.wanted.models == {"champion": two}


def test_archives_of_releases_that_left_the_record_are_taken_away(platform: Platform) -> None:
    record = [promote(platform, platform.register()) for _ in range(6)][-1]
    assert set(kept(platform)) == {release.id for release in record.releases}
    assert len(record.releases) == 4


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda p: promote(p, "1", "eu"),
            "model: found none called champion, which endpoint {} always has; promote it",
        ),
        (lambda p: promote(p, "2"), "package: found '2'; allowed"),
    ],
)
def test_what_is_refused_before_the_first_release_writes_nothing(platform: Platform, act: Any, message: str) -> None:
    platform.register()
    with pytest.raises(RefusedError, match=message.format(platform.names.prefix)):
        act(platform)
    assert releases.read(platform.names, platform.clients) is None
    assert kept(platform) == {}


def test_what_is_no_model_of_the_endpoint_is_not_withdrawn(platform: Platform) -> None:
    promote(platform, platform.register())
    for model, message in (
        ("eu", "serves none beside the champion"),
        (CHAMPION, "promote another package in its place"),
    ):
        with pytest.raises(RefusedError, match=message):
            releases.withdraw_model(platform.names, model, by=BY, clients=platform.clients)


def test_the_same_again_is_refused(platform: Platform) -> None:
    package = platform.register()
    promote(platform, package)
    with pytest.raises(ReleaseError, match="is wanted already since"):
        promote(platform, package)


def test_a_lost_record_is_rebuilt_from_the_archives(platform: Platform) -> None:
    one, two = platform.register(), platform.register()
    promote(platform, one)
    record = deployed(platform, promote(platform, two, "eu"))
    platform.client("ssm").delete_parameter(Name=platform.names.release_parameter)
    found = releases.follow(
        platform.names, who="ana", clients=platform.clients, patience_seconds=600, sleep=lambda _: None
    ).record
    assert (found.wanted.id, found.wanted.models) == (record.wanted.id, {"champion": one, "eu": two})


def test_archives_that_are_missing_or_too_many_differ(platform: Platform) -> None:
    one, two = platform.register(), platform.register()
    promote(platform, one)
    record = deployed(platform, promote(platform, two, "eu"))
    s3, bucket, place = platform.clients.s3, platform.names.artifacts_bucket, platform.names.archives(record.wanted.id)
    s3.copy({"Bucket": bucket, "Key": f"{place}eu.tar.gz"}, bucket, f"{place}us.tar.gz")
    s3.delete_object(Bucket=bucket, Key=f"{place}eu.tar.gz")
    assert differences(platform) == (
        f"model eu ({two}) has no archive at s3://{bucket}/{place}: `rollback`, and promote it anew",
        f"s3://{bucket}/{place} has us.tar.gz, which release {record.wanted.id} has not: take it away",
    )


def test_a_smoke_test_asks_every_model(platform: Platform) -> None:
    promote(platform, platform.register())
    record = deployed(platform, promote(platform, platform.register(), "eu"))
    live, contract = platform.clients.host(platform.names).observe(), load("contracts/churn.yaml")
    cases = check(
        platform.names,
        contract,
        record,
        live,
        stopped=False,
        host="sagemaker",
        client=platform.client,
    )
    each = ("answers a row", "answers rows as it answers one", "refuses a wrong row")
    assert [case.name for case in cases] == [f"{model} {what}" for model in ("champion", "eu") for what in each]
    # The stand-in knows no contract; that it answers at all says that each model was asked for by its name.
    assert all("'model'" in str(case.failure) or "two rows" in str(case.failure) for case in cases)
