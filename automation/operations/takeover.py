"""What of a stack's resources an account has already, with the ids that `pulumi import` asks for.

Found by the names that the program gives (`python -m local synth`). Where the id is another word than the name (ARNs,
URLs), or nothing has a name (a VPC, its subnets, policies of buckets), nobody can tell but a person.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from automation.operations.findings import Stack
from automation.operations.taken import TAKEN, listed

BUCKET: Final = "aws:s3/bucket:Bucket"
ALIAS, KEY = "aws:kms/alias:Alias", "aws:kms/key:Key"
#: Types of `TAKEN` that the provider imports by their name.
BY_NAME: Final = (
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:ecr/repository:Repository",
    "aws:iam/role:Role",
    ALIAS,
    "aws:lambda/function:Function",
    "aws:sagemaker/endpoint:Endpoint",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "aws:sagemaker/featureGroup:FeatureGroup",
    "aws:sagemaker/model:Model",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    "aws:sagemaker/pipeline:Pipeline",
    "aws:ssm/parameter:Parameter",
)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What a file for `pulumi import` names by now, and where the rest is that only a person can find."""

    found: Sequence[str]
    rest: Path
    others: int


def ids(stack: Stack) -> dict[tuple[str, str], str]:
    """Type and logical name of each resource that the account has -> its id."""
    found: dict[tuple[str, str], str] = {}
    for kind in BY_NAME:
        named = _named(stack, kind, TAKEN[kind].key)
        there = listed(stack, TAKEN[kind]) if named else set()
        found |= {(kind, logical): name for logical, name in named.items() if name in there}
    found |= {(BUCKET, logical): name for logical, name in _named(stack, BUCKET, "bucket").items() if _has(stack, name)}
    return found | dict(_keys(stack, found))


def fill(file: Path, stack: Stack) -> Filled:
    """Keep in a file of `pulumi preview --import-file` what the account has, with its id, and the components around it;
    put beside it what nobody could look for. What was looked for and is not there is in neither.
    """
    written: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    known, looked_for = ids(stack), {*BY_NAME, BUCKET, KEY}
    entries: list[dict[str, Any]] = written["resources"]
    taken = [each | {"id": known[of]} for each in entries if (of := _of(each)) in known]
    others = [each for each in entries if each["type"].startswith("aws:") and each["type"] not in looked_for]
    rest = file.with_suffix(f".rest{file.suffix}")
    for path, kept in ((file, taken), (rest, others)):
        around = _around(kept, entries)
        path.write_text(json.dumps({**written, "resources": [*around, *kept]}, indent=2) + "\n", encoding="utf-8")
    return Filled(found=[f"{each['name']} ({each['id']})" for each in taken], rest=rest, others=len(others))


def _of(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Type and logical name; `name` is another one where two types have the same."""
    return entry["type"], entry.get("logicalName") or entry["name"]


def _around(kept: Sequence[Mapping[str, Any]], entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The components that are parents of these, and theirs, in the order of the file."""
    by_name = {each["name"]: each for each in entries if each.get("component")}
    needed: set[str] = set()
    for each in kept:
        parent = by_name.get(each.get("parent", ""))
        while parent and parent["name"] not in needed:
            needed.add(parent["name"])
            parent = by_name.get(parent.get("parent", ""))
    return [each for name, each in by_name.items() if name in needed]


def _named(stack: Stack, kind: str, key: str) -> dict[str, str]:
    """Logical name -> the name that the program gives in AWS."""
    return {
        each["name"]: each["inputs"][key] for each in stack.resources if each["type"] == kind and key in each["inputs"]
    }


def _has(stack: Stack, bucket: str) -> bool:
    try:
        stack.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "403"):  # 403: it is somebody else's
            return False
        raise
    return True


def _keys(stack: Stack, found: Mapping[tuple[str, str], str]) -> Iterator[tuple[tuple[str, str], str]]:
    """A key has no name but those of its aliases; which alias is whose, the program says."""
    for each in stack.resources:
        alias = found.get((ALIAS, each["name"])) if each["type"] == ALIAS else None
        if alias:
            key = stack.client("kms").describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
            for urn in each["propertyDependencies"].get("targetKeyId", []):
                yield (KEY, urn.rpartition("::")[2]), key
