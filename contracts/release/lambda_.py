"""An endpoint whose releases are versions of a Lambda function, as the release sees it (`live.Host`).

The function has the endpoint's name and an alias, `live`, which clients invoke. A version is immutable and says in its
description what it serves: `<endpoint>-<release id>-<hash of the content> of <ARN of the package>`, where the first
word is what a configuration is called elsewhere. While CodeDeploy moves the alias, two versions share it (AWS Lambda
developer guide, "Implement Lambda canary deployments using a weighted alias").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from contracts.release.live import Configured, Deployed, Live, release_of
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
    """`client` is boto3's, of the service `lambda`; `deployments` is that of `codedeploy`, without which nothing is
    told of why a rollout was turned back, and of its alarms.
    """

    endpoint: str
    client: Any
    deployments: Any = None

    def observe(self) -> Live | None:
        """What the alias says; None when there is none, or the function is stopped: it may not run at all then."""
        alias = self._alias()
        if alias is None or self._stopped():
            return None
        config, _ = self._served(alias["FunctionVersion"])
        return Live(
            endpoint=self.endpoint,
            status="Updating" if _shared(alias) else "InService",
            config=config,
            release=release_of(self.endpoint, config),
            counts={},
            weights={CHAMPION: 100.0},
            changed=max(_instant(each["LastModified"]) for each in self._versions()),
            failure=self._failure(),
        )

    def configuration(self, release: str) -> str | None:
        """What the newest version of a release is called."""
        found = [each for each in self._versions() if release_of(self.endpoint, _config(each)) == release]
        return _config(found[-1]) if found else None

    def configured(self, live: Live) -> dict[str, Configured]:
        """The one version that serves."""
        package = next(_package(each) for each in self._versions() if _config(each) == live.config)
        return {CHAMPION: Configured(package=package or None, weight=100.0, instances=None)}

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

    def _served(self, version: str) -> tuple[str, str]:
        found = self.client.get_function_configuration(FunctionName=self.endpoint, Qualifier=version)
        return _config(found), _package(found)

    def _failure(self) -> str:
        """Why the newest deployment was turned back, if it was."""
        newest = next(iter(self.newest()), None)
        if newest is None or newest["status"] not in ("Failed", "Stopped"):
            return ""
        return newest.get("errorInformation", {}).get("message", "") or f"the deployment is {newest['status']}"

    def newest(self) -> Iterator[dict[str, Any]]:
        """Deployments that people or programs asked for, the newest first; those that turn one back are left out."""
        if self.deployments is None:
            return
        named = {"applicationName": self.endpoint, "deploymentGroupName": self.endpoint}
        pages = self.deployments.get_paginator("list_deployments").paginate(**named)
        known = [each for page in pages for each in page["deployments"]]
        asked = [known[start : start + _AT_ONCE] for start in range(0, len(known), _AT_ONCE)]
        found = [
            each
            for some in asked
            for each in self.deployments.batch_get_deployments(deploymentIds=some)["deploymentsInfo"]
        ]
        for deployment in sorted(found, key=lambda each: each["createTime"], reverse=True):
            if deployment.get("creator") != "codeDeployRollback":
                yield deployment


def _shared(alias: dict[str, Any]) -> bool:
    return bool((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights"))


def _config(version: dict[str, Any]) -> str:
    return version.get("Description", "").partition(_OF)[0]


def _package(version: dict[str, Any]) -> str:
    return version.get("Description", "").partition(_OF)[2]


def _instant(text: str) -> datetime:
    """Lambda writes 2026-11-29T14:00:00.000+0000."""
    return datetime.fromisoformat(text).astimezone(UTC)
