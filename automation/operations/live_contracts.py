"""Whether what is deployed can take the contracts of the config: the program's own refusal, before it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from automation.operations.findings import Finding, unknown
from contracts import growth, schema
from contracts.names import WorkloadNames
from contracts.schema import Contract


def findings(wanted: Mapping[WorkloadNames, Contract], client: Callable[[str], Any]) -> Iterator[Finding]:
    """One for each reason why a contract is not taken, or one that it is; none where nothing was deployed yet."""
    for names, contract in wanted.items():
        subject = f"contract {names.workload}"
        try:
            live = _live(names, client)
        except (ClientError, BotoCoreError) as error:
            yield unknown(subject, error)
            continue
        if live is None:
            continue
        faults = growth.faults(live, contract)
        fix = "docs/automation.md, A contract grows"
        yield from (Finding(subject=subject, holds=False, found=fault, fix=fix) for fault in faults)
        if not faults:
            yield Finding(subject=subject, holds=True, found="what is deployed can take it")


def _live(names: WorkloadNames, client: Callable[[str], Any]) -> Contract | None:
    ssm, s3 = client("ssm"), client("s3")
    try:
        sha = ssm.get_parameter(Name=names.contract_parameter)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise
    found = s3.get_object(Bucket=names.artifacts_bucket, Key=names.layout.contract(sha))
    return schema.from_json(found["Body"].read())
