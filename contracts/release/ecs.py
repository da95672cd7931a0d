"""An endpoint whose releases are task definitions of an ECS service, as the release sees it (`live.Host`).

Every release has a family of its own, called as a configuration is, `<endpoint>-<release id>-<hash of the content>`;
cluster and service have the endpoint's name. Where the service is on its way is said by its newest deployment (Amazon
ECS API reference, ServiceDeploymentBrief).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from contracts.release.live import Configured, Deployed, Live, Started, release_of
from contracts.release.record import CHAMPION

#: Label of the container that says which model package the task serves.
PACKAGE_LABEL: Final = "model-package"
#: Status of a deployment -> that of the endpoint, in SageMaker's words.
_STATUS: Final = {
    "PENDING": "Updating",
    "IN_PROGRESS": "Updating",
    "STOP_REQUESTED": "Updating",
    "ROLLBACK_REQUESTED": "RollingBack",
    "ROLLBACK_IN_PROGRESS": "RollingBack",
    "SUCCESSFUL": "InService",
    "ROLLBACK_SUCCESSFUL": "InService",
    "STOPPED": "InService",
    "ROLLBACK_FAILED": "Failed",
}
#: How the service is moved in an emergency: all traffic at once, and without waiting for alarms, which go off already.
AT_ONCE: Final = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}


@dataclass(frozen=True)
class Ecs:
    """`client` is boto3's, of the service `ecs`."""

    endpoint: str
    client: Any

    def observe(self) -> Live | None:
        """What DescribeServices says, and the newest deployment; None when there is no such service."""
        seen = self._seen()
        if seen is None:
            return None
        service, deployment = seen
        turned_back = deployment["status"].startswith(("ROLLBACK", "STOP"))
        config = family(service["taskDefinition"])
        return Live(
            endpoint=self.endpoint,
            status=_STATUS[deployment["status"]],
            config=config,
            release=release_of(self.endpoint, config),
            counts={CHAMPION: service["desiredCount"]},
            weights={CHAMPION: 100.0},
            changed=deployment.get("finishedAt") or deployment["createdAt"],
            failure=deployment.get("statusReason", "") if turned_back else "",
        )

    def configuration(self, release: str) -> str | None:
        """Name of the newest family of a release that has a task definition."""
        families = self.client.list_task_definition_families(
            familyPrefix=f"{self.endpoint}-{release}", status="ACTIVE"
        )["families"]
        return max(families, key=self._registered, default=None)

    def configured(self, live: Live) -> dict[str, Configured]:
        """The one variant that a service has."""
        container = self._definition(live.config)["containerDefinitions"][0]
        package = container.get("dockerLabels", {}).get(PACKAGE_LABEL)
        return {CHAMPION: Configured(package=package, weight=100.0, instances=live.counts[CHAMPION])}

    def started(self, config: str) -> dict[str, Started]:
        """Nothing: a task definition says no number of tasks."""
        del config
        return {}

    def deployed(self) -> dict[str, Deployed]:
        """The tasks that run, and their image."""
        service = self._service()
        if service is None:
            return {}
        container = self._definition(service["taskDefinition"])["containerDefinitions"][0]
        running = Deployed(instances=service["runningCount"], desired=service["desiredCount"], image=container["image"])
        return {CHAMPION: running}

    def guards(self) -> list[str]:
        """Names of the alarms that turn its rollouts back."""
        service = self._service()
        alarms = (service or {}).get("deploymentConfiguration", {}).get("alarms", {})
        return list(alarms.get("alarmNames", [])) if alarms.get("enable") else []

    def move(self, config: str, live: Live, unguarded: Callable[[str], None]) -> bool:
        """UpdateService. An alarm that goes off when a deployment begins does not turn it back (Amazon ECS developer
        guide, "How CloudWatch alarms detect Amazon ECS deployment failures"), so they may stay.
        """
        del live, unguarded
        service = self._service()
        if service is None or _STATUS[self._deployment(service)["status"]] in ("Updating", "RollingBack"):
            return False
        how = {**service.get("deploymentConfiguration", {}), **AT_ONCE}
        for steps in ("canaryConfiguration", "linearConfiguration"):
            how.pop(steps, None)
        self.client.update_service(
            cluster=self.endpoint, service=self.endpoint, taskDefinition=config, deploymentConfiguration=how
        )
        return True

    def _seen(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The service, and its newest deployment as it was before and after: a rollout that ends between two questions
        would else be told as over, with the task definition that it was turned back from.
        """
        after: dict[str, Any] | None = None
        while (service := self._service()) is not None:
            before, after = after, self._deployment(service)
            if before is not None and _state(before) == _state(after):
                return service, after
        return None

    def _service(self) -> dict[str, Any] | None:
        try:
            found = self.client.describe_services(cluster=self.endpoint, services=[self.endpoint])["services"]
        except self.client.exceptions.ClusterNotFoundException:
            return None
        return next((each for each in found if each["status"] != "INACTIVE"), None)

    def _deployment(self, service: dict[str, Any]) -> dict[str, Any]:
        """The newest one; they come in no promised order, and in pages."""
        found, page = list[dict[str, Any]](), dict[str, Any]()
        while page.get("nextToken") or not page:
            after = {"nextToken": page["nextToken"]} if page else {}
            page = self.client.list_service_deployments(cluster=self.endpoint, service=self.endpoint, **after)
            found += page["serviceDeployments"]
        return max(found, key=lambda each: each["createdAt"]) if found else _forgotten(service)

    def _definition(self, name: str) -> dict[str, Any]:
        return self.client.describe_task_definition(taskDefinition=name)["taskDefinition"]

    def _registered(self, family: str) -> str:
        return str(self._definition(family).get("registeredAt", ""))


def _forgotten(service: dict[str, Any]) -> dict[str, Any]:
    """The deployment of a service of which ECS lists none: it tells those of the last 90 days (Amazon ECS developer
    guide, "Viewing Amazon ECS service deployments"), and one of a new service may not be listed yet.
    """
    told = service["deployments"]
    moves = any(each.get("rolloutState") == "IN_PROGRESS" for each in told)
    return {
        "serviceDeploymentArn": "",
        "status": "PENDING" if moves else "SUCCESSFUL",
        "createdAt": max((each["updatedAt"] for each in told), default=service["createdAt"]),
    }


def _state(deployment: dict[str, Any]) -> tuple[str, str]:
    return deployment["serviceDeploymentArn"], deployment["status"]


def family(definition: str) -> str:
    """`churn-prod-live-0123456789-0123abcd` of `arn:...:task-definition/churn-prod-live-0123456789-0123abcd:1`."""
    return definition.rpartition("/")[2].partition(":")[0]
