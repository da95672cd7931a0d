"""A fleet: the servers of one endpoint configuration; and how traffic is spread over fleets and variants."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from moto.sagemaker.models import SageMakerModelBackend

from local.emulator.context import Context
from local.emulator.sagemaker import packages
from local.emulator.sagemaker.copies import ComponentServer
from local.emulator.sagemaker.inference_pipeline import PipelineServer
from local.emulator.sagemaker.model_servers import Container, ModelServer, StartError
from local.emulator.sagemaker.models import described_model
from local.emulator.sagemaker.multi_model import MultiModelServer
from local.emulator.sagemaker.serverless import ServerlessServer
from local.identity import Caller


class NoVariantError(LookupError):
    """No variant can take a request."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A variant at work. `weight` is relative to the others'; `instances` is what the configuration or scaling says."""

    name: str
    model: str
    weight: float
    instances: int | None
    serverless: dict[str, Any] | None
    container: Container
    server: ModelServer

    def summary(self, *, desired: Variant | None = None) -> dict[str, Any]:
        """DescribeEndpoint's form; `desired` are the values the variant is on its way to."""
        wanted = desired or self
        image = self.container.image
        summary = {
            "VariantName": self.name,
            "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image}],
            "CurrentWeight": self.weight,
            "DesiredWeight": wanted.weight,
            "CurrentInstanceCount": self.instances,
            "DesiredInstanceCount": wanted.instances,
            "CurrentServerlessConfig": self.serverless,
            "DesiredServerlessConfig": wanted.serverless,
        }
        return {key: value for key, value in summary.items() if value is not None}


@dataclass(kw_only=True)
class Fleet:
    """The servers of one endpoint configuration."""

    config_name: str
    capture: dict[str, Any] | None
    production: dict[str, Variant]
    shadow: dict[str, Variant]

    def variants(self) -> list[Variant]:
        """Production variants, then the shadow variant."""
        return [*self.production.values(), *self.shadow.values()]

    def choose(self, target: str | None) -> Variant:
        """The variant a request goes to: the target, or one at random by weight.

        Raises:
            NoVariantError: the target is no production variant, or no variant has any weight.
        """
        if target is not None:
            if target not in self.production:
                raise NoVariantError(f"Variant {target} is not a production variant of the endpoint.")
            return self.production[target]
        candidates = list(self.production.values())
        weights = [variant.weight for variant in candidates]
        if not sum(weights):
            raise NoVariantError("No production variant has a weight above 0; give a TargetVariant.")
        return random.choices(candidates, weights)[0]  # noqa: S311  spreads load, guards nothing

    def shadowed(self, variant: Variant) -> Variant | None:
        """The shadow variant, for the share of a production variant's requests that it is to see."""
        for shadow in self.shadow.values():
            share = min(1.0, shadow.weight / variant.weight) if variant.weight else 1.0
            if random.random() < share:  # noqa: S311
                return shadow
        return None

    def change(self, name: str, *, weight: float | None, instances: int | None) -> None:
        """Set what is given of a variant's weight and count, and keep the rest."""
        variant = self.production[name]
        self.production[name] = replace(
            variant,
            weight=variant.weight if weight is None else weight,
            instances=variant.instances if instances is None else instances,
        )

    def stop(self) -> None:
        """End all servers, after the requests under way."""
        for variant in self.variants():
            variant.server.drain()

    def kill(self) -> None:
        """End all servers at once."""
        for variant in self.variants():
            variant.server.kill()


@dataclass(kw_only=True)
class Traffic:
    """Which fleet of an endpoint serves: the live one (blue); during a deployment the new one (green) has a share."""

    blue: Fleet
    green: Fleet | None = None
    green_share: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fleet(self) -> Fleet:
        """The fleet for one request."""
        with self.lock:
            if self.green is not None and random.random() < self.green_share:  # noqa: S311
                return self.green
            return self.blue

    def shift(self, share: float) -> None:
        """Send this share of the requests to the green fleet."""
        with self.lock:
            self.green_share = share

    def settle(self, fleet: Fleet) -> None:
        """Let one fleet serve everything."""
        with self.lock:
            self.blue, self.green, self.green_share = fleet, None, 0.0

    def fleets(self) -> list[Fleet]:
        """The fleets at work."""
        with self.lock:
            return [self.blue] + ([self.green] if self.green is not None else [])


def containers(backend: SageMakerModelBackend, model_name: str) -> list[Container]:
    """What a model serves: its own containers, each as it says or as its model package does, in the order of a request.

    Raises:
        StartError: a package does not have one container.
    """
    model = described_model(backend, model_name)
    caller = Caller.of(
        model["ExecutionRoleArn"], model.get("VpcConfig"), isolated=bool(model.get("EnableNetworkIsolation"))
    )
    found = [model["PrimaryContainer"]] if model.get("PrimaryContainer") else model["Containers"]
    return [_container(backend, given, caller) for given in found]


def _container(backend: SageMakerModelBackend, given: dict[str, Any], caller: Caller) -> Container:
    environment = dict(given.get("Environment") or {}) | caller.environment()
    if not given.get("ModelPackageName"):
        several = given.get("Mode") == "MultiModel"
        return Container(
            image=given.get("Image", ""), model_data=_model_data(given), environment=environment, several=several
        )
    package = packages.described(backend, given["ModelPackageName"])
    registered = _specification(package, given.get("InferenceSpecificationName")).get("Containers") or []
    if len(registered) != 1:
        raise StartError(f"Model package {given['ModelPackageName']} has {len(registered)} containers, served is one.")
    return Container(
        image=registered[0].get("Image", ""),
        model_data=_model_data(given) or _model_data(registered[0]),
        environment=dict(registered[0].get("Environment") or {}) | environment,
    )


def _specification(package: dict[str, Any], name: str | None) -> dict[str, Any]:
    """That of the package which a model names (API reference, ContainerDefinition: InferenceSpecificationName)."""
    beside = {each["Name"]: each for each in package.get("AdditionalInferenceSpecifications") or ()}
    if name is not None and name not in beside:
        raise StartError(f"Model package has no inference specification {name}; it has {', '.join(beside) or 'none'}.")
    return (package.get("InferenceSpecification") or {}) if name is None else beside[name]


def _model_data(given: dict[str, Any]) -> str | None:
    source = (given.get("ModelDataSource") or {}).get("S3DataSource") or {}
    return given.get("ModelDataUrl") or source.get("S3Uri")


def launch(context: Context, backend: SageMakerModelBackend, endpoint: str, config: dict[str, Any]) -> Fleet:
    """Start the servers of a described endpoint configuration, all or none.

    Raises:
        StartError: a variant cannot be served.
    """
    fleet = Fleet(
        config_name=config["EndpointConfigName"],
        capture=config.get("DataCaptureConfig"),
        production={},
        shadow={},
    )
    groups = ((fleet.production, "ProductionVariants"), (fleet.shadow, "ShadowProductionVariants"))
    for target, key in groups:
        for declared in config.get(key, []):
            try:
                target[declared["VariantName"]] = _launch(context, backend, endpoint, declared)
            except StartError:
                fleet.kill()
                raise
    return fleet


def _launch(context: Context, backend: SageMakerModelBackend, endpoint: str, declared: dict[str, Any]) -> Variant:
    name = declared["VariantName"]
    number = len(list(context.directory("endpoints", endpoint).glob(f"{name}-*"))) + 1
    directory = context.directory("endpoints", endpoint, f"{name}-{number}")
    if not declared.get("ModelName"):  # what is served are inference components
        return Variant(
            name=name,
            model="",
            weight=float(declared.get("InitialVariantWeight", 1.0)),
            instances=declared.get("InitialInstanceCount", 1),
            serverless=None,
            container=Container(image="", model_data=None, environment={}),
            server=ComponentServer(context, backend, endpoint, directory, name),
        )
    served = containers(backend, declared["ModelName"])
    serverless = declared.get("ServerlessConfig")
    if serverless:
        server = ServerlessServer(context, backend.region_name, directory, name, served[0], serverless)
    elif len(served) > 1:
        server = PipelineServer(context, backend.region_name, directory, name, served)
        server.start_all()
    else:
        kind = MultiModelServer if served[0].several else ModelServer
        server = kind(context, backend.region_name, directory, name)
        server.start(served[0])
    return Variant(
        name=name,
        model=declared["ModelName"],
        weight=float(declared.get("InitialVariantWeight", 1.0)),
        instances=declared.get("InitialInstanceCount"),
        serverless=serverless,
        container=served[-1],
        server=server,
    )
