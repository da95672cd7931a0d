"""What AWS keeps of a stack that no stack has in its state: release records and signs, and logs of its endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from contracts.names import EndpointNames, Names


@dataclass(frozen=True, kw_only=True)
class Remains:
    """Names of parameters, and log groups with their bytes."""

    parameters: list[str]
    log_groups: dict[str, int]

    def __bool__(self) -> bool:
        return bool(self.parameters or self.log_groups)


def find(names: Names, endpoints: Iterable[EndpointNames], client: Callable[[str], Any]) -> Remains:
    """What is there. Parameters are those under the path of the stack, whichever workload they belonged to."""
    pages = client("ssm").get_paginator("get_parameters_by_path").paginate(Path=names.parameter_path, Recursive=True)
    parameters = [parameter["Name"] for page in pages for parameter in page["Parameters"]]
    groups: dict[str, int] = {}
    for endpoint in endpoints:
        group = endpoint.log_group
        found = client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        groups |= {each["logGroupName"]: each.get("storedBytes", 0) for each in found if each["logGroupName"] == group}
    return Remains(parameters=parameters, log_groups=groups)


def delete(remains: Remains, client: Callable[[str], Any]) -> None:
    """Delete it all. SSM, DeleteParameters: up to 10 names."""
    for start in range(0, len(remains.parameters), 10):
        client("ssm").delete_parameters(Names=remains.parameters[start : start + 10])
    for group in remains.log_groups:
        client("logs").delete_log_group(logGroupName=group)
