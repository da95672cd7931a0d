"""An endpoint whose releases are models of an inference component, as the release sees it (`live.Host`).

The component has the endpoint's name, and one model at a time, called as a configuration is elsewhere,
`<endpoint>-<release id>-<hash of the content>`. Another one takes over by an update of the component.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from contracts.release.live import Configured, Deployed, Live, Started, release_of
from contracts.release.record import CHAMPION

#: How the component is moved in an emergency: in halves, which are the most that a step may be (API reference,
#: InferenceComponentRollingUpdatePolicy), and without waiting for alarms, which go off already.
AT_ONCE: Final = {
    "RollingUpdatePolicy": {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 0,
        "MaximumExecutionTimeoutInSeconds": 3600,
    }
}
#: What of a specification an update has to say again beside the model.
_KEPT: Final = ("ComputeResourceRequirements", "StartupParameters", "SchedulingConfig")


@dataclass(frozen=True)
class Component:
    """`client` is boto3's, of the service `sagemaker`."""

    endpoint: str
    client: Any

    def observe(self) -> Live | None:
        """What DescribeInferenceComponent says; None when there is no such component."""
        found = self._described()
        if found is None:
            return None
        model = found["Specification"]["ModelName"]
        return Live(
            endpoint=self.endpoint,
            status=found["InferenceComponentStatus"],
            config=model,
            release=release_of(self.endpoint, model),
            counts={CHAMPION: found["RuntimeConfig"]["DesiredCopyCount"]},
            weights={CHAMPION: 100.0},
            changed=found["LastModifiedTime"],
            failure=found.get("FailureReason", ""),
        )

    def configuration(self, release: str) -> str | None:
        """Name of the newest model of a release."""
        found = self.client.list_models(
            NameContains=f"{self.endpoint}-{release}", SortBy="CreationTime", SortOrder="Descending", MaxResults=1
        )["Models"]
        return found[0]["ModelName"] if found else None

    def configured(self, live: Live) -> dict[str, Configured]:
        """The one model, as a variant that takes everything."""
        container = self.client.describe_model(ModelName=live.config)["PrimaryContainer"]
        package = container.get("ModelPackageName")
        return {CHAMPION: Configured(package=package, weight=100.0, instances=live.counts[CHAMPION])}

    def started(self, config: str) -> dict[str, Started]:
        """Nothing: a model says no number of copies."""
        del config
        return {}

    def deployed(self) -> dict[str, Deployed]:
        """The copies that are there, and that are asked for."""
        found = self._described()
        if found is None:
            return {}
        copies = found["RuntimeConfig"]
        image = found["Specification"].get("Container", {}).get("DeployedImage", {})
        return {
            CHAMPION: Deployed(
                instances=copies["CurrentCopyCount"],
                desired=copies["DesiredCopyCount"],
                image=image.get("ResolvedImage", ""),
            )
        }

    def guards(self) -> list[str]:
        """Names of the alarms that its last rollout had."""
        last = (self._described() or {}).get("LastDeploymentConfig", {})
        return [alarm["AlarmName"] for alarm in last.get("AutoRollbackConfiguration", {}).get("Alarms", [])]

    def move(self, config: str, live: Live, unguarded: Callable[[str], None]) -> bool:
        """UpdateInferenceComponent with another model; the copies stay as many. Without alarms, which go off already.

        It brings no copy back: of a component without any the next one has the other model. What SageMaker answers
        where the component is on its way stands nowhere, so it is looked at again.
        """
        del unguarded
        found = self._described()
        if found is None or found["InferenceComponentStatus"] != live.status:
            return False
        kept = {name: found["Specification"][name] for name in _KEPT if name in found["Specification"]}
        try:
            self.client.update_inference_component(
                InferenceComponentName=self.endpoint,
                Specification={"ModelName": config, **kept},
                DeploymentConfig=AT_ONCE,
            )
        except self.client.exceptions.ClientError:
            now = self._described()
            if now is not None and now["InferenceComponentStatus"] == live.status:
                raise
            return False
        return True

    def _described(self) -> dict[str, Any] | None:
        try:
            return self.client.describe_inference_component(InferenceComponentName=self.endpoint)
        except self.client.exceptions.ClientError as error:
            if "Could not find inference component" in error.response["Error"]["Message"]:
                return None
            raise
