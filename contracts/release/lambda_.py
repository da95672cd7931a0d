"""An endpoint whose releases are versions of a Lambda function, as the release sees it (`live.Host`).

The function has the endpoint's name and an alias, `live`, which clients invoke. A version is immutable and says in its
description what it serves: `<endpoint>-<release id>-<hash of the content> of <ARN of the package>`, where the first
word is what a configuration is called elsewhere. CodeDeploy moves the alias: it says itself whether it is about to, for
two versions share the alias only later, or never where it moves at once (AWS Lambda developer guide, "Implement Lambda
canary deployments using a weighted alias").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from contracts.release.live import Configured, Deployed, Live, Started, release_of
from contracts.release.record import CHAMPION

#: The alias that clients invoke.
ALIAS: Final = "live"
_OF: Final = " of "
#: Deployments that BatchGetDeployments takes (CodeDeploy API reference).
_AT_ONCE: Final = 25
#: Status of a deployment of CodeDeploy that is under way (API reference, DeploymentInfo).
UNDER_WAY: Final = ("Created", "Queued", "InProgress", "Baking", "Ready")


def description(config: str, package: str) -> str:
    """What a version of the function says that it serves."""
    return f"{config}{_OF}{package}"


@dataclass(frozen=True)
class Function:
    """`client` is boto3's, of the service `lambda`; `deployments` is that of `codedeploy`."""

    endpoint: str
    client: Any
    deployments: Any

    def observe(self) -> Live | None:
        """What the alias says; None when there is none, or the function is stopped: it may not run at all then."""
        if self._alias() is None or self._stopped():
            return None
        known = self._deployments()  # before the alias: one that ends in between has moved it
        alias = self._alias()
        if alias is None:
            return None
        version = self._described(alias["FunctionVersion"])
        newest, config = next(iter(_asked(known)), None), _config(version)
        return Live(
            endpoint=self.endpoint,
            status="Updating" if _shared(alias) or _under_way(known) else "InService",
            config=config,
            release=release_of(self.endpoint, config),
            counts={},
            weights={CHAMPION: 100.0},
            changed=_changed(newest) if newest else _instant(version["LastModified"]),
            failure=_failure(newest) if newest else "",
        )

    def configuration(self, release: str) -> str | None:
        """What the newest version of a release is called."""
        found = [each for each in self._versions() if release_of(self.endpoint, _config(each)) == release]
        return _config(found[-1]) if found else None

    def configured(self, live: Live) -> dict[str, Configured]:
        """The one version that serves."""
        package = next(_package(each) for each in self._versions() if _config(each) == live.config)
        return {CHAMPION: Configured(package=package or None, weight=100.0, instances=None)}

    def started(self, config: str) -> dict[str, Started]:
        """Nothing: a version says no number of environments."""
        del config
        return {}

    def deployed(self) -> dict[str, Deployed]:
        """The image of what serves; there are no instances."""
        if self._alias() is None:
            return {}
        image = self.client.get_function(FunctionName=self.endpoint, Qualifier=ALIAS)["Code"]["ImageUri"]
        return {CHAMPION: Deployed(instances=None, desired=None, image=image)}

    def guards(self) -> list[str]:
        """Names of the alarms that turn its rollouts back."""
        named = {"applicationName": self.endpoint, "deploymentGroupName": self.endpoint}
        group = self.deployments.get_deployment_group(**named)["deploymentGroupInfo"]
        alarms = group.get("alarmConfiguration", {})
        return [alarm["name"] for alarm in alarms.get("alarms", [])] if alarms.get("enabled") else []

    def move(self, config: str, live: Live, unguarded: Callable[[str], None]) -> bool:
        """UpdateAlias: no deployment, so that no alarm that goes off already turns it back."""
        del live, unguarded
        if _under_way(self._deployments()):
            return False
        alias = self._alias()
        if alias is None or _shared(alias):
            return False
        version = [each["Version"] for each in self._versions() if _config(each) == config][-1]
        self.client.update_alias(
            FunctionName=self.endpoint,
            Name=ALIAS,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": {}},
            RevisionId=alias["RevisionId"],
        )
        return True

    def _alias(self) -> dict[str, Any] | None:
        try:
            return self.client.get_alias(FunctionName=self.endpoint, Name=ALIAS)
        except self.client.exceptions.ResourceNotFoundException:
            return None

    def _stopped(self) -> bool:
        reserved = self.client.get_function_concurrency(FunctionName=self.endpoint)
        return reserved.get("ReservedConcurrentExecutions") == 0

    def _versions(self) -> list[dict[str, Any]]:
        """Those that were published, oldest first."""
        pages = self.client.get_paginator("list_versions_by_function").paginate(FunctionName=self.endpoint)
        found = [each for page in pages for each in page["Versions"] if each["Version"].isdecimal()]
        return sorted(found, key=lambda each: int(each["Version"]))

    def _described(self, version: str) -> dict[str, Any]:
        return self.client.get_function_configuration(FunctionName=self.endpoint, Qualifier=version)

    def running(self) -> dict[str, Any] | None:
        """The deployment under way that somebody asked for, the newest one."""
        return next((each for each in _asked(self._deployments()) if each["status"] in UNDER_WAY), None)

    def _deployments(self) -> list[dict[str, Any]]:
        """All of them, the newest first."""
        named = {"applicationName": self.endpoint, "deploymentGroupName": self.endpoint}
        pages = self.deployments.get_paginator("list_deployments").paginate(**named)
        known = [each for page in pages for each in page["deployments"]]
        asked = [known[start : start + _AT_ONCE] for start in range(0, len(known), _AT_ONCE)]
        found = [
            each
            for some in asked
            for each in self.deployments.batch_get_deployments(deploymentIds=some)["deploymentsInfo"]
        ]
        return sorted(found, key=lambda each: each["createTime"], reverse=True)


def _asked(deployments: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that people or programs asked for, without those that turn one back."""
    return [each for each in deployments if each.get("creator") != "codeDeployRollback"]


def _under_way(deployments: Sequence[dict[str, Any]]) -> bool:
    return any(each["status"] in UNDER_WAY for each in deployments)


def _changed(newest: dict[str, Any]) -> datetime:
    return newest.get("completeTime") or newest["createTime"]


def _failure(newest: dict[str, Any]) -> str:
    """Why the newest deployment was turned back, if it was."""
    if newest["status"] not in ("Failed", "Stopped"):
        return ""
    return newest.get("errorInformation", {}).get("message", "") or f"the deployment is {newest['status']}"


def _shared(alias: dict[str, Any]) -> bool:
    return bool((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights"))


def _config(version: dict[str, Any]) -> str:
    return version.get("Description", "").partition(_OF)[0]


def _package(version: dict[str, Any]) -> str:
    return version.get("Description", "").partition(_OF)[2]


def _instant(text: str) -> datetime:
    """Lambda writes 2026-11-29T14:00:00.000+0000."""
    return datetime.fromisoformat(text).astimezone(UTC)
