"""The commands that look at a stack, against the emulator."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from automation.commands import main, screenshots, target, watching
from automation.commands.screen import rendered
from automation.operations import capacity, releases
from automation.operations.capacity import Scaled
from automation.operations.releases import By
from contracts.kinds import BATCH, INFERENCE_COMPONENT
from contracts.names import Names
from tests.automation.conftest import Platform

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def churn(emulator: Any) -> Platform:
    """The endpoint of a stack that no other test of the emulator has."""
    names = Names(stack="watched", account=emulator.account, region=emulator.region)
    where = {"LocationConstraint": emulator.region}
    emulator.client("s3").create_bucket(Bucket=names.artifacts_bucket, CreateBucketConfiguration=where)
    return Platform(emulator=emulator, names=names.of_workload("churn").of_endpoint("live"))


@pytest.fixture
def run(churn: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for name, value in churn.emulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "40")  # what is read from a pipe is not folded
    (tmp_path / "Pulumi.yaml").write_text((target.PROJECT / "Pulumi.yaml").read_text())
    (tmp_path / "Pulumi.watched.yaml").write_text("config: {'aws:region': eu-west-1, 'ml-platform:stack': watched}")
    monkeypatch.setattr(target, "PROJECT", tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--stack", "watched"])
        said = capsys.readouterr()
        return int(code), said.out.strip(), said.err.strip()

    return command


def test_verify_and_status_from_nothing_to_a_release_that_is_not_rolled_out(
    run: Run, churn: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("verify") == (
        0,
        "endpoint churn-watched-live: waits for its first release\nwatched: 1 of 1 endpoints are as wanted",
        "",
    )
    churn.register()
    record = releases.promote(churn.names, "1", by=By(who="user/ana", why="first"), clients=churn.clients)
    said = f"release {record.wanted.id} is promoted and not deployed: run `up`"
    assert run("verify", "--workload", "churn", "--endpoint", "live") == (
        7,
        f"endpoint churn-watched-live: {said}\nwatched: 1 of 1 endpoints differ from what is wanted",
        f"differs: churn-watched-live: {said}",
    )
    code, out, err = run("verify", "--json")
    (found,) = json.loads(out)["endpoints"]
    assert (code, found["wanted"], found["live"], found["differences"]) == (7, record.wanted.id, None, [said])
    assert err == f"endpoint churn-watched-live: {said}\ndiffers: churn-watched-live: {said}"
    churn.up(record)
    assert run("verify")[0] == 0
    code, out, _ = run("status")
    assert (code, out.splitlines()[0]) == (0, "watched  123456789012  eu-west-1")
    assert re.search(r"churn-watched-live +InService +" + record.wanted.id + r" +champion 100 % on 3 ", out)
    assert "no alarm rings, 1 are quiet" in out
    assert "no training run yet" in out
    monkeypatch.setattr(watching.local, "synth", lambda *_: {"stack": "watched", "resources": []})
    monkeypatch.setattr(watching, "estimate", lambda _: SimpleNamespace(total=SimpleNamespace(usd=1234.567)))
    monkeypatch.setattr(watching.Document, "of", lambda found: found)
    said = "1,234.57 USD a month by list prices and usual traffic; `cost` says what for"
    assert run("status", "--cost")[1].splitlines()[-1] == said
    assert json.loads(run("status", "--cost", "--json")[1])["usd_a_month"] == 1234.57
    document = json.loads(run("status", "--json")[1])
    assert "usd_a_month" not in document
    assert (document["endpoints"][0]["instances"], document["runs"]) == ({"champion": 3}, [])
    goes = "champion of endpoint churn-watched-live goes from 3 to 5 instances; `status` says when"
    assert run("scale", "--to", "5", "--yes") == (0, goes, "")
    assert re.search(r"champion 100 % on 5 ", run("status")[1])
    found = json.loads(run("scale", "--to", "5", "--yes", "--json")[1])
    assert (found["before"], found["after"], found["limits"]) == (5, 5, None)
    assert run("scale", "--to", "5", "--variant", "nobody", "--yes")[2] == (
        "error: --variant: found nobody; allowed: champion; name a variant that serves"
    )


def test_copies_of_an_inference_component_are_scaled_as_instances_are(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target.Target, "kind", lambda *_: INFERENCE_COMPONENT)
    done = Scaled(variant="champion", unit="copies", before=2, after=4, limits=(0, 4))
    monkeypatch.setattr(capacity, "scale", lambda *_, **__: done)
    goes = "champion of endpoint churn-watched-live goes from 2 to 4 copies; `status` says when"
    assert run("scale", "--to", "4", "--yes") == (0, f"{goes}; it scales by itself between 0 and 4", "")


def test_what_has_nothing_to_scale_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target.Target, "kind", lambda *_: BATCH)
    code, _, said = run("scale", "--to", "5", "--yes")
    assert (code, said) == (
        1,
        "error: endpoint churn-watched-live is of kind batch: nothing of it runs between its runs; set the "
        "instances of a run, `instance_count`, in the stack's file and run `up`",
    )


def test_an_endpoint_that_is_not_declared_is_refused(run: Run) -> None:
    assert run("verify", "--endpoint", "nightly") == (1, "", "error: --endpoint: found 'nightly'; allowed: live")


def test_logs_are_printed_with_time_and_group(run: Run, churn: Platform) -> None:
    client, group = churn.client("logs"), f"/aws/sagemaker/Endpoints/{churn.names.prefix}"
    others = f"/aws/sagemaker/InferenceComponents/{churn.names.prefix}, /aws/sagemaker/TransformJobs"
    if not client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:  # an endpoint writes as well
        assert run("logs") == (0, f"nothing since 1h in {group}, {others}", "")
        client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="champion/i-1")
    now = datetime.now(UTC).replace(microsecond=0)
    event = {"timestamp": int(now.timestamp() * 1000), "message": "ERROR by a test\n"}
    client.put_log_events(logGroupName=group, logStreamName="champion/i-1", logEvents=[event])
    ours = ("logs", "--filter", "ERROR")
    assert run(*ours)[1] == f"{now:%Y-%m-%d %H:%M:%S} churn-watched-live ERROR by a test"
    line = {"when": now.isoformat(), "group": group, "text": "ERROR by a test"}
    assert json.loads(run(*ours, "--json", "--since", "5m", "--lines", "1")[1]) == {"lines": [line]}
    assert run("logs", "--filter", "nobody wrote this")[1] == f"nothing since 1h in {group}, {others}"
    assert run("logs", "--source", "functions")[1] == "nothing since 1h in any log group"
    assert run("logs", "--source", "training")[2] == (
        "error: pipeline churn-watched has not run yet: start it with `retrain`"
    )


@pytest.mark.parametrize("since", ["1", "h", "0h", "2w", "-1h", "99999m"])
def test_a_span_that_is_none_is_refused(run: Run, since: str) -> None:
    assert run("logs", f"--since={since}")[2] == (
        f"error: --since: found {since!r}; allowed: minutes, hours or days, such as 30m, 2h, 1d"
    )
    assert watching._span("2d").days == 2


def test_a_screen_of_80_columns_breaks_no_line_in_two() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(rendered(screenshots._status()))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["prod", "123456789012", "eu-west-1"]
    for what in (
        "churn-prod-live ",
        "InService",
        "champion 90 % on 3 ",
        "ana 2026-11-28",
        "Executing",
        "waits for approval",
        "drift of churn-prod-live: 0.231 at 2026-11-28T11:00",
    ):
        assert any(what in line for line in lines), what


def test_what_differs_is_told_beneath_the_endpoints() -> None:
    status = screenshots._status()
    (endpoint,) = status.endpoints
    verdict = dataclasses.replace(endpoint.verdict, live="0123456789", differences=("it serves another: run `up`",))
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(rendered(dataclasses.replace(status, endpoints=[dataclasses.replace(endpoint, verdict=verdict)])))
    assert "churn-prod-live: it serves another: run `up`" in console.export_text().splitlines()


def test_the_picture_of_the_documentation_is_current_and_pictures_load_nothing() -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in screenshots.IMAGES.glob("*.svg")}
    assert sorted(stored) == ["cost.svg", "status.svg"]
    assert stored["status.svg"] == screenshots.status(), "stale: python -m automation.commands.screenshots"
    for drawn in stored.values():
        assert re.findall(r"(?:url\(|href=)[\"']?http[^\"')]*", drawn) == []
