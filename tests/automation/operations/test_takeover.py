"""What an account has of a stack, with the ids that `pulumi import` asks for."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from automation.operations.findings import Stack
from automation.operations.taken import TAKEN
from automation.operations.takeover import ALIAS, BUCKET, BY_NAME, KEY, fill
from local.adapter.services import resource_type
from local.adapter.table import Scope
from local.emulator import Emulator

GROUP, ENDPOINT, VPC = "aws:cloudwatch/logGroup:LogGroup", "aws:sagemaker/endpoint:Endpoint", "aws:ec2/vpc:Vpc"
TOPIC = "aws:sns/topic:Topic"


def resource(kind: str, name: str, /, **inputs: str) -> dict[str, Any]:
    return {"type": kind, "name": name, "inputs": inputs, "propertyDependencies": {}}


def entry(kind: str, name: str, parent: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, **({"parent": parent} if parent else {}), **more}


def test_what_is_there_has_its_id_and_what_cannot_be_found_by_a_name_is_put_aside(
    emulator: Emulator, tmp_path: Path
) -> None:
    own = f"t{uuid.uuid4().hex[:10]}"
    s3, kms = emulator.client("s3"), emulator.client("kms")
    s3.create_bucket(Bucket=f"{own}-raw", CreateBucketConfiguration={"LocationConstraint": emulator.region})
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{own}-raw", TargetKeyId=key)
    emulator.client("logs").create_log_group(logGroupName=f"/{own}")
    alias = resource(ALIAS, "keys-raw-alias", name=f"alias/{own}-raw")
    alias["propertyDependencies"] = {"targetKeyId": [f"urn:pulumi:s::p::mlplatform:keys:Keys${KEY}::keys-raw"]}
    resources = [
        resource(BUCKET, "lake-raw-bucket", bucket=f"{own}-raw"),
        resource(BUCKET, "lake-artifacts-bucket", bucket=f"{own}-artifacts"),
        resource(KEY, "keys-raw"),
        resource(KEY, "keys-models"),
        alias,
        resource(GROUP, "live-logs", name=f"/{own}"),
        resource(ENDPOINT, "live-endpoint", name=f"{own}-live"),
        resource(TOPIC, "alerts-topic", name=f"{own}-alerts"),
        resource(VPC, "network"),
    ]
    file = tmp_path / "import.json"
    components = [
        entry("mlplatform:keys:Keys", "keys", component=True),
        entry("mlplatform:lake:Lake", "lake", component=True),
        entry("mlplatform:bucket:Bucket", "lake-raw", parent="lake", component=True),
        entry("mlplatform:serving:Realtime", "live", component=True),
    ]
    placeholders = [
        entry(BUCKET, "lake-raw-bucket", parent="lake-raw", id="<PLACEHOLDER>"),
        entry(BUCKET, "lake-artifacts-bucket", parent="lake", id="<PLACEHOLDER>"),
        entry(KEY, "keys-rawKey", parent="keys", id="<PLACEHOLDER>", logicalName="keys-raw"),
        entry(KEY, "keys-models", parent="keys", id="<PLACEHOLDER>"),
        entry(ALIAS, "keys-raw-alias", parent="keys", id="<PLACEHOLDER>"),
        entry(GROUP, "live-logs", id="<PLACEHOLDER>"),
        entry(ENDPOINT, "live-endpoint", parent="live", id="<PLACEHOLDER>"),
        entry(TOPIC, "alerts-topic", id="<PLACEHOLDER>"),
        entry(VPC, "network", id="<PLACEHOLDER>"),
    ]
    file.write_text(json.dumps({"nameTable": {"aws": "urn:p"}, "resources": [*components, *placeholders]}))
    filled = fill(file, Stack(resources=resources, region=emulator.region, client=emulator.client))
    written, rest = (json.loads(path.read_text()) for path in (file, tmp_path / "import.rest.json"))
    assert written["nameTable"] == rest["nameTable"] == {"aws": "urn:p"}
    assert [(each["name"], each.get("id")) for each in written["resources"]] == [
        ("keys", None),
        ("lake", None),
        ("lake-raw", None),
        ("lake-raw-bucket", f"{own}-raw"),
        ("keys-rawKey", key),
        ("keys-raw-alias", f"alias/{own}-raw"),
        ("live-logs", f"/{own}"),
    ]
    assert [(each["name"], each["id"]) for each in rest["resources"]] == [
        ("alerts-topic", "<PLACEHOLDER>"),
        ("network", "<PLACEHOLDER>"),
    ]
    assert filled.found == [
        f"lake-raw-bucket ({own}-raw)",
        f"keys-rawKey ({key})",
        f"keys-raw-alias (alias/{own}-raw)",
        f"live-logs (/{own})",
    ]
    assert (filled.rest, filled.others) == (tmp_path / "import.rest.json", 2)


@pytest.mark.parametrize("kind", [*BY_NAME, BUCKET])
def test_the_id_of_such_a_type_is_its_name(kind: str) -> None:
    key = TAKEN[kind].key if kind in TAKEN else "bucket"
    scope = Scope(account="123456789012", region="eu-west-1", name="logical", inputs={key: "its-name"})
    assert resource_type(kind).id(scope) == "its-name"
