"""The contracts that live workloads go by, and whether what came in under them can take those of the program.

A workload's newest contract is named by a parameter, which the program writes before anything works by the contract
(`components.models.training`); a workload from before there was one, or one whose name came back, is known by the
contract of a live model. Both are hashes, and the contract lies in the artifacts bucket for good. Only one that differs
from the program's is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from contracts import growth, schema
from contracts.names import Names, WorkloadNames
from contracts.release import Record
from contracts.schema import Contract


def require_growth(
    names: Names,
    contracts: Mapping[str, Contract],
    parameters: Mapping[str, str],
    releases: Mapping[str, Mapping[str, Record]],
    packages: Mapping[str, Mapping[str, Any]],
    opts: pulumi.InvokeOptions,
) -> None:
    """RunError, with every reason of all workloads, where what is live cannot take a contract (`contracts.growth`)."""
    refused = [
        refusal
        for workload, contract in contracts.items()
        for mine in (names.of_workload(workload),)
        for sha, whose in _live(mine, parameters, releases[workload], packages)
        if sha != schema.contract_sha(schema.to_json(contract))
        if (live := _read(mine, sha, whose, opts))
        if (refusal := growth.refusal(live, contract, called=f"{whose} (contract {sha})"))
    ]
    if refused:
        raise pulumi.RunError("\n".join([*refused, "nothing was changed; docs/automation.md: A contract grows"]))


def _live(
    names: WorkloadNames,
    parameters: Mapping[str, str],
    releases: Mapping[str, Record],
    packages: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, str]]:
    """Hash of each contract and what goes by it. Each contract was taken by what went by the one before, so that of the
    newest deployment stands for those of its models."""
    if names.contract_parameter in parameters:
        yield parameters[names.contract_parameter], "what is deployed"
        return
    for endpoint, record in releases.items():
        package = packages.get(record.wanted.champion, {})
        if sha := package.get("CustomerMetadataProperties", {}).get("contract_sha"):
            yield sha, f"the live model of {names.of_endpoint(endpoint).prefix}"


def _read(names: WorkloadNames, sha: str, whose: str, opts: pulumi.InvokeOptions) -> Contract | None:
    """None, and a line that says so, for one that is not there: of a model that came from another stack, say."""
    bucket, key = names.artifacts_bucket, names.layout.contract(sha)
    if key not in (aws.s3.get_objects(bucket=bucket, prefix=key, opts=opts).keys or ()):
        pulumi.log.info(f"{names.workload}: the contract of {whose} is not at s3://{bucket}/{key}: nothing is compared")
        return None
    return schema.from_json(aws.s3.get_object(bucket=bucket, key=key, opts=opts).body)
