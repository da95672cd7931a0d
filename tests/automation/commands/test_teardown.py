"""Taking a stack down: the CLI played, what holds data in the emulator."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automation.commands import main
from automation.commands import output as outputs
from automation.operations.errors import DeploymentError
from automation.stacks import teardown, workspace
from automation.stacks.log import Log
from contracts.names import Names
from local.emulator import Emulator
from tests.automation.conftest import Platform
from tests.automation.stacks.conftest import BUCKET, ROOT, Engine

GLUE = "dataCatalogEncryptionSettings:DataCatalogEncryptionSettings"
LAKE = "dataLakeSettings:DataLakeSettings"
KEY = {"type": "aws:kms/key:Key", "name": "keys-raw", "id": "k-1", "inputs": {"deletionWindowInDays": 30}}
TOPIC = {"type": "aws:sns/topic:Topic", "name": "alerts", "id": "arn:topic"}
Run = Callable[..., tuple[int, str, str]]


def churn(emulator: Emulator) -> Platform:
    names = Names(stack="gone", account=emulator.account, region=emulator.region)
    return Platform(emulator=emulator, names=names.of_workload("churn").of_endpoint("live"))


@pytest.fixture(autouse=True)
def gone(engine: Engine) -> None:
    """A stack that no other test of the emulator has."""
    text = (engine.project / "Pulumi.staging.yaml").read_text().replace("stack: staging", "stack: gone")
    (engine.project / "Pulumi.gone.yaml").write_text(text)


@pytest.fixture
def run(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(["destroy", *arguments])
        said = capsys.readouterr()
        return int(code), said.out.strip(), said.err.strip()

    return command


@pytest.fixture
def lake(emulator: Emulator, engine: Engine) -> dict[str, Any]:
    """A stack of key, bucket and topic; two versions of an object are in the bucket."""
    name, s3 = f"b-{uuid.uuid4().hex[:12]}", emulator.client("s3")
    where = {"LocationConstraint": emulator.region}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True)
    for text in (b"1", b"2"):
        s3.put_object(Bucket=name, Key="rows.csv", Body=text)
    bucket = {"type": BUCKET, "name": "lake-raw-bucket", "id": name}
    engine.put("gone", resources=[KEY, bucket, TOPIC])
    return bucket


def versions(emulator: Emulator, bucket: str) -> int:
    return len(emulator.client("s3").list_object_versions(Bucket=bucket).get("Versions", []))


def test_a_stack_with_data_says_what_it_holds_and_is_left_alone(run: Run, engine: Engine, lake: dict[str, Any]) -> None:
    code, out, err = run("--stack", "gone", "--yes")
    assert (code, out.splitlines()) == (1, [f"holds {lake['id']}: 2 object versions"])
    assert err == (
        f"error: AWS deletes none of these with something in it: {lake['id']}: 2 object versions; give --empty to "
        "delete that too, for good, or empty them yourself"
    )
    assert engine.names("gone") == ["keys-raw", "lake-raw-bucket", "alerts"]


def test_with_empty_all_of_it_goes_and_the_key_that_waits_is_told(
    run: Run, engine: Engine, lake: dict[str, Any], emulator: Emulator
) -> None:
    platform = churn(emulator)
    ssm = emulator.client("ssm")
    ssm.put_parameter(Name=platform.names.release_parameter, Value="{}", Type="String", Overwrite=True)
    group = f"/aws/sagemaker/Endpoints/{platform.names.prefix}"
    emulator.client("logs").create_log_group(logGroupName=group)
    code, out, err = run("--stack", "gone", "--empty", "--yes", "--remove", "--json")
    found = json.loads(out)
    assert (code, [step["op"] for step in found["steps"]]) == (0, ["delete"] * 3)
    assert found["emptied"] == [{"holder": lake["id"], "kind": "object versions", "deleted": 2, "locked": 0}]
    assert found["left"] == [
        {
            "what": "key keys-raw",
            "why": "waits 30 days; `aws kms cancel-key-deletion --key-id k-1` brings it back",
            "cost": "nothing while it waits (AWS KMS pricing)",
        }
    ]
    assert f"{lake['id']}: 2 object versions gone" in err
    assert versions(emulator, lake["id"]) == 0
    assert emulator.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    assert ssm.get_parameters_by_path(Path="/mlplatform/gone", Recursive=True)["Parameters"] == []
    assert (engine.stacks(), (engine.project / "Pulumi.gone.yaml").is_file()) == (["staging"], True)
    assert engine.calls[-1]["argv"] == ["stack", "rm", "--yes", "--preserve-config", "gone"]


def test_a_second_run_completes_a_broken_one(run: Run, engine: Engine, lake: dict[str, Any]) -> None:
    engine.set(fails={"keys-raw": "AccessDeniedException: kms:ScheduleKeyDeletion"})
    code, _, err = run("--stack", "gone", "--empty", "--yes")
    assert (code, err) == (
        5,
        "failed: AccessDeniedException: kms:ScheduleKeyDeletion\n"
        "done: 2 delete; `python -m automation destroy --stack gone` goes on from there",
    )
    engine.set(fails={})
    code, out, _ = run("--stack", "gone", "--empty", "--yes")
    assert (code, out.splitlines()[-1]) == (
        0,
        "gone: 1 delete; run `pulumi stack rm --preserve-config` when you will not bring it back (docs/stacks.md)",
    )
    assert engine.names("gone") == []
    assert run("--stack", "gone", "--yes")[1].startswith("gone: nothing was left to delete; ")


def test_a_bucket_that_fills_up_on_the_way_is_emptied_once_more(
    engine: Engine, lake: dict[str, Any], emulator: Emulator
) -> None:
    engine.set(fails={"lake-raw-bucket": "BucketNotEmpty"}, fails_once=True)
    written: list[str] = []

    def late(log: Log) -> None:
        if any(step.name == "lake-raw-bucket" for step, _ in log.running.values()) and not written:
            written.append(emulator.client("s3").put_object(Bucket=lake["id"], Key="late", Body=b"x")["ETag"])

    done = teardown.tear_down(
        workspace.select("gone", engine.project), emulator.client, region="eu-west-1", empty=True, watch=late
    )
    assert [(each.content.holder, each.deleted) for each in done.emptied] == [(lake["id"], 2), (lake["id"], 1)]
    assert (engine.names("gone"), versions(emulator, lake["id"])) == ([], 0)


def test_what_is_locked_is_told_with_its_time_and_what_it_costs(
    engine: Engine, lake: dict[str, Any], emulator: Emulator
) -> None:
    until = datetime.now(UTC) + timedelta(days=30)
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
    emulator.client("s3").put_object(Bucket=lake["id"], Key="kept", Body=b"x" * 1024, **lock)
    engine.set(fails={"lake-raw-bucket": "BucketNotEmpty"})
    with pytest.raises(DeploymentError) as caught:
        teardown.tear_down(workspace.select("gone", engine.project), emulator.client, region="eu-west-1", empty=True)
    assert str(caught.value).splitlines() == [
        "BucketNotEmpty",
        "done: 1 delete; `python -m automation destroy --stack gone` goes on from there",
        f"left: 1 object versions in {lake['id']}: locked until {until:%Y-%m-%d}; bucket and key stay with them, then "
        "give the same command; costs 0.0 GiB: ~2.41e-08 USD a month",
    ]
    assert engine.names("gone") == ["keys-raw", "lake-raw-bucket"]


def test_what_the_program_retains_is_told_with_what_it_costs_unless_it_goes_with_its_bucket() -> None:
    contract = {"type": teardown.OBJECT, "urn": "urn::contract", "retainOnDelete": True}
    settings = {"type": f"aws:glue/{GLUE}", "urn": "urn::encryption", "retainOnDelete": True}
    topic = {**TOPIC, "urn": "urn::alerts", "retainOnDelete": True}
    lake = {"type": BUCKET, "urn": "urn::lake", "id": "artifacts"}
    resources = [
        {**contract, "inputs": {"bucket": "artifacts"}},
        {**contract, "urn": "urn::elsewhere", "inputs": {"bucket": "others"}},
        settings,
        {**settings, "type": f"aws:lakeformation/{LAKE}", "urn": "urn::lakes"},
        topic,
        lake,
    ]
    assert [*map(str, teardown.leftovers(resources, [], "eu-west-1"))] == [
        f"left: {teardown.OBJECT} elsewhere: the program retains it; costs as much as before",
        f"left: aws:glue/{GLUE} encryption: the program retains it; costs nothing: a setting of the account",
        f"left: aws:lakeformation/{LAKE} lakes: the program retains it; costs nothing: a setting of the account",
        "left: aws:sns/topic:Topic alerts: the program retains it; costs as much as before",
    ]


def test_all_that_the_program_retains_has_a_word_of_its_own() -> None:
    """`retain_on_delete` follows the resource that it is of."""
    found: set[str] = set()
    for path in (ROOT / "components").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for retained in re.finditer("retain_on_delete", text):
            made = re.findall(r"aws\.(\w+\.[A-Z]\w+)\(\n", text[: retained.start()])
            found.add([each for each in made if not each.endswith("Args")][-1])
    assert found == {"s3.BucketObjectv2", "glue.DataCatalogEncryptionSettings", "lakeformation.DataLakeSettings"}


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("us-east-1", "2.0 GiB: 0.046 USD a month"),
        ("eu-west-1", "2.0 GiB: ~0.0506 USD a month"),
        ("xx-north-1", "2.0 GiB at a price that contracts/prices.csv does not know in xx-north-1"),
    ],
)
def test_what_it_costs_to_keep_is_the_list_price_of_the_region(region: str, said: str) -> None:
    assert teardown.stored(2 * 1024**3, "s3", "standard storage", region) == said


def test_without_empty_records_and_logs_are_left_and_told(run: Run, engine: Engine, emulator: Emulator) -> None:
    platform = churn(emulator)
    path, group = platform.names.release_parameter, f"/aws/sagemaker/Endpoints/{platform.names.prefix}"
    emulator.client("ssm").put_parameter(Name=path, Value="{}", Type="String", Overwrite=True)
    emulator.client("logs").create_log_group(logGroupName=group)
    engine.put("gone", resources=[TOPIC])
    code, out, _ = run("--stack", "gone", "--yes", "--json")
    found = json.loads(out)
    assert (code, found["parameters"], [*found["log_groups"]]) == (0, [path], [group])
    assert run("--stack", "gone", "--yes")[1].splitlines()[:2] == [
        "left: 1 parameters under /mlplatform/gone; costs nothing",
        "left: 1 log groups of endpoints; costs 0.0 GiB: ~0 USD a month",
    ]
    emulator.client("logs").delete_log_group(logGroupName=group)


def test_a_protected_stack_is_refused_before_the_cli_is_asked(run: Run, engine: Engine) -> None:
    engine.put("prod", resources=[TOPIC])
    code, _, err = run("--stack", "prod", "--empty", "--yes")
    assert (code, err) == (
        1,
        "error: stack prod has ml-platform:protect: set it to false and run `up` first (docs/stacks.md)",
    )
    assert engine.calls == []


def test_a_protected_resource_is_refused_before_anything_is_deleted(
    run: Run, engine: Engine, lake: dict[str, Any], emulator: Emulator
) -> None:
    engine.put("gone", resources=[TOPIC, {**lake, "protect": True}])
    code, _, err = run("--stack", "gone", "--empty", "--yes")
    assert code == 1
    assert err.startswith("error: the stack is protected: set ml-platform:protect to false and run `up` first")
    assert (engine.names("gone"), versions(emulator, lake["id"])) == (["alerts", "lake-raw-bucket"], 2)


def test_the_name_of_the_stack_is_asked_for(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.put("gone", resources=[TOPIC])
    assert run("--stack", "gone")[2] == ("error: This takes gone down: 1 delete. Nobody can answer here: give --yes")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []
    monkeypatch.setattr(outputs.typer, "prompt", lambda text, **_: asked.append(text) or "prod")
    assert run("--stack", "gone")[2] == "error: found 'prod'; allowed: gone; nothing was done"
    assert (asked, engine.names("gone")) == (
        ["This takes gone down: 1 delete. Type gone to go on"],
        ["alerts"],
    )
