"""Where the state of a stack is copied before it is changed, and how it comes back."""

from __future__ import annotations

import json
import uuid
from fnmatch import fnmatch

import pytest
from botocore.exceptions import ClientError

from automation.stacks import backups, workspace
from components.delivery import permissions
from contracts.names import Names
from local.emulator import Emulator
from tests.automation.stacks.conftest import RESOURCES, Engine


@pytest.mark.parametrize(
    ("written", "shell", "given", "place"),
    [
        (None, None, None, "<project>/.state/prod"),
        ("https://api.pulumi.com", None, None, "<project>/.state/prod"),
        (None, "file:///states", None, "<project>/.state/prod"),
        (None, "s3://states", None, "s3://states/.pulumi/backups/ml-platform/prod"),
        (
            "s3://own/ml/?region=eu-west-1",
            "s3://states",
            None,
            "s3://own/ml/.pulumi/backups/ml-platform/prod?region=eu-west-1",
        ),
        ("s3://own", None, "/var/states", "/var/states"),
    ],
)
def test_a_copy_is_beside_a_state_in_s3_else_below_the_project(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    written: str | None,
    shell: str | None,
    given: str | None,
    place: str,
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    if shell:
        monkeypatch.setenv("PULUMI_BACKEND_URL", shell)
    if written:
        file = engine.project / "Pulumi.prod.yaml"
        file.write_text(f"{file.read_text()}  ml-platform:backend: {written}\n")
    assert backups.place("prod", engine.project, given) == place.replace("<project>", str(engine.project))


def test_a_copy_in_a_directory_is_the_state_with_its_secrets_encrypted(engine: Engine) -> None:
    engine.put("staging", resources=[RESOURCES[0]])
    where = engine.project / "states"
    back = backups.back_up(workspace.select("staging", engine.project), str(where), "eu-west-1")
    (file,) = where.iterdir()
    assert back == f"pulumi stack import --stack staging --file {file}"
    assert [each["name"] for each in json.loads(file.read_text())["deployment"]["resources"]] == ["lake-raw-bucket"]
    assert engine.calls[-1]["argv"] == ["stack", "export", "--stack", "staging"]


def test_a_copy_in_s3_outlives_the_machine(engine: Engine, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    engine.put("staging", resources=[RESOURCES[0]])
    bucket, s3 = f"b-{uuid.uuid4().hex[:12]}", emulator.client("s3")
    stack = workspace.select("staging", engine.project)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        backups.back_up(stack, f"s3://{bucket}", "eu-west-1")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": emulator.region})
    back = backups.back_up(stack, f"s3://{bucket}/.pulumi/backups/ml-platform/staging?region=eu-west-1", "us-east-1")
    (found,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert found["Key"].startswith(".pulumi/backups/ml-platform/staging/staging-2")
    assert back == f"aws s3 cp s3://{bucket}/{found['Key']} - | pulumi stack import --stack staging"
    copied = json.loads(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    assert [each["name"] for each in copied["deployment"]["resources"]] == ["lake-raw-bucket"]


def test_the_copy_is_where_the_deploying_role_of_delivery_may_write_and_the_reading_one_not(engine: Engine) -> None:
    file = engine.project / "Pulumi.prod.yaml"
    file.write_text(f"{file.read_text()}  ml-platform:backend: s3://states\n")
    place = backups.place("prod", engine.project, None).removeprefix("s3://")
    names = Names(stack="prod", account="123456789012", region="eu-west-1")
    for write, allowed in ((True, True), (False, False)):
        statements = permissions.state(names, "states", None, write=write)
        puts = [str(arn) for each in statements if "s3:PutObject" in each.actions for arn in each.resources]
        assert any(fnmatch(f"arn:aws:s3:::{place}/prod-1.json", arn) for arn in puts) is allowed
        assert not any(fnmatch("arn:aws:s3:::states/.pulumi/backups/ml-platform/dev/dev-1.json", arn) for arn in puts)
