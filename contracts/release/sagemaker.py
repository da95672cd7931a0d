"""An endpoint of SageMaker, whatever its kind, as the release sees it (`live.Host`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from contracts.release import emergency, scaled
from contracts.release.live import Configured, Deployed, Live, Started, release_of

_COUNTS_KEPT: Final = {
    "RetainAllVariantProperties": True,
    "ExcludeRetainedVariantProperties": [
        {"VariantPropertyType": "DesiredWeight"},
        {"VariantPropertyType": "DataCaptureConfig"},
    ],
}


@dataclass(frozen=True)
class SageMaker:
    """`client` is boto3's, of the service `sagemaker`; `scaling` that of Application Auto Scaling, None where no
    variant that scales is ever taken away.
    """

    endpoint: str
    client: Any
    scaling: Any = None

    def observe(self) -> Live | None:
        """What DescribeEndpoint says; None when there is no such endpoint."""
        try:
            found = self.client.describe_endpoint(EndpointName=self.endpoint)
        except self.client.exceptions.ClientError as error:
            if "Could not find endpoint" in error.response["Error"]["Message"]:
                return None
            raise
        variants = found.get("ProductionVariants", [])
        config = found["EndpointConfigName"]
        return Live(
            endpoint=self.endpoint,
            status=found["EndpointStatus"],
            config=config,
            release=release_of(self.endpoint, config),
            counts=_counts([*variants, *found.get("ShadowProductionVariants", [])]),
            weights=_weights(variants),
            changed=found["LastModifiedTime"],
            failure=found.get("FailureReason", ""),
            # Serverless ones take no deployment configuration (SageMaker developer guide, "Deployment guardrails").
            guarded=not any("CurrentServerlessConfig" in variant for variant in variants),
        )

    def configuration(self, release: str) -> str | None:
        """Name of the newest endpoint configuration of a release; None when there is none."""
        found = self.client.list_endpoint_configs(
            NameContains=f"{self.endpoint}-{release}", SortBy="CreationTime", SortOrder="Descending", MaxResults=1
        )["EndpointConfigs"]
        return found[0]["EndpointConfigName"] if found else None

    def configured(self, live: Live) -> dict[str, Configured]:
        """Production and shadow variants of the configuration that serves, by name."""
        config = self.client.describe_endpoint_config(EndpointConfigName=live.config)
        return {
            variant["VariantName"]: self._configured(variant)
            for variant in [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]
        }

    def started(self, config: str) -> dict[str, Started]:
        """What DescribeEndpointConfig says of variants with instances."""
        try:
            found = self.client.describe_endpoint_config(EndpointConfigName=config)
        except self.client.exceptions.ClientError as error:
            if "Could not find endpoint configuration" in error.response["Error"]["Message"]:
                return {}
            raise
        return {
            variant["VariantName"]: Started(
                instances=variant["InitialInstanceCount"], weight=variant.get("InitialVariantWeight", 1.0)
            )
            for variant in [*found["ProductionVariants"], *found.get("ShadowProductionVariants", [])]
            if "InitialInstanceCount" in variant
        }

    def deployed(self) -> dict[str, Deployed]:
        """What DescribeEndpoint says of each variant, shadows too."""
        found = self.client.describe_endpoint(EndpointName=self.endpoint)
        return {
            variant["VariantName"]: Deployed(
                instances=variant.get("CurrentInstanceCount"),
                desired=variant.get("DesiredInstanceCount"),
                image=next((each["ResolvedImage"] for each in variant.get("DeployedImages", [])), ""),
            )
            for variant in [*found.get("ProductionVariants", []), *found.get("ShadowProductionVariants", [])]
        }

    def guards(self) -> list[str]:
        """Names of the alarms that its last rollout had."""
        last = self.client.describe_endpoint(EndpointName=self.endpoint).get("LastDeploymentConfig", {})
        return [alarm["AlarmName"] for alarm in last.get("AutoRollbackConfiguration", {}).get("Alarms", [])]

    def move(self, config: str, live: Live, unguarded: Callable[[str], None]) -> bool:
        """UpdateEndpoint, once what scales and does not stay is let go. Of one that is not guarded there are neither
        alarms nor counts to keep."""
        errors = self.client.exceptions
        if live.guarded and self.scaling:
            scaled.make_way(self.endpoint, live.config, config, sagemaker=self.client, scaling=self.scaling)
        request: dict[str, Any] = {"EndpointName": self.endpoint, "EndpointConfigName": config}
        how: dict[str, Any] = {}
        if live.guarded:
            request |= _COUNTS_KEPT
            how = {"DeploymentConfig": emergency.deployment_config(self.endpoint)}
        try:
            self.client.update_endpoint(**request, **how)
        except errors.ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if "in-progress" in message:
                return False
            if code != "ValidationException" or not how:
                raise
            self.client.update_endpoint(**request)
            unguarded(f"{message}\nRun `pulumi up` without --refresh: with it, the endpoint would be replaced.")
        return True

    def _configured(self, variant: dict[str, Any]) -> Configured:
        found = self.client.describe_model(ModelName=variant["ModelName"])
        container = (found.get("Containers") or [found["PrimaryContainer"]])[0]
        return Configured(
            package=container.get("ModelPackageName"),
            weight=variant.get("InitialVariantWeight", 1.0),
            instances=variant.get("InitialInstanceCount"),
            archives=container.get("ModelDataUrl", "") if container.get("Mode") == "MultiModel" else "",
        )


def _counts(variants: list[dict[str, Any]]) -> dict[str, int]:
    counts = {v["VariantName"]: v.get("DesiredInstanceCount", v.get("CurrentInstanceCount")) for v in variants}
    return {name: count for name, count in counts.items() if count is not None}


def _weights(variants: list[dict[str, Any]]) -> dict[str, float]:
    weights = {v["VariantName"]: v.get("DesiredWeight", v.get("CurrentWeight", 0.0)) for v in variants}
    total = sum(weights.values())
    return {name: round(100 * weight / total, 2) for name, weight in weights.items()} if total else {}
