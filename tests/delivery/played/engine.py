"""A `pulumi` for builds: that of `tests.automation.stacks`, whose `up` also rolls an endpoint's wanted release out.

It does with the emulator's endpoint what the provider and the program's hook do: a configuration for each release, the
endpoint moved by a canary, and the run failed with the reason where the rollout was turned back.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import boto3

from automation.operations import releases, rollouts
from contracts.names import EndpointNames, Names
from contracts.release import emergency
from tests.automation.conftest import Platform
from tests.automation.stacks import stub_pulumi


class Account:
    """What a platform asks of an emulator, as whoever runs this."""

    def client(self, service: str) -> Any:
        return boto3.client(service)  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownMemberType]


def endpoint(stack: str) -> EndpointNames:
    account, region = boto3.client("sts").get_caller_identity()["Account"], boto3.Session().region_name
    return Names(stack=stack, account=account, region=str(region)).of_workload("churn").of_endpoint("live")


def roll_out(stack: str) -> str | None:
    """Bring the endpoint to its wanted release; why it is not there, None where it is."""
    platform = Platform(emulator=Account(), names=endpoint(stack))  # type: ignore[arg-type]
    record = releases.read(platform.names, platform.clients)
    if record is None:
        return None
    alarm = emergency.halt_alarm(platform.names.prefix)
    bake = {"TerminationWaitInSeconds": 0, "MaximumExecutionTimeoutInSeconds": 3600}
    canary = {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
        "WaitIntervalInSeconds": 300,
    }
    platform.up(
        record,
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": canary, **bake},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
        },
    )
    wanted = platform.config(record.wanted.id)
    serves = platform.settled()["EndpointConfigName"]
    see = rollouts.seen_through(region=platform.names.region, profile=None, roles=[])
    return see(platform.names, wanted, serves) or None


class Deployment(stub_pulumi.Run):
    """A run whose endpoint is real."""

    def _acted(self, op: str, pending: str, resource: dict[str, Any]) -> Iterator[stub_pulumi.Event]:
        if resource["type"].endswith(":Endpoint") and (reason := roll_out(self.stack)):
            op, self.told = "update", self.told | {"fails": {resource["name"]: reason}}
        yield from super()._acted(op, pending, resource)


if __name__ == "__main__":
    stub_pulumi.Run = Deployment  # type: ignore[misc]
    sys.exit(stub_pulumi.main(sys.argv[1:]))
