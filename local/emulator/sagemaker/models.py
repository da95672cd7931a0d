"""Models and endpoint configurations as they were given: nothing dropped, no name taken twice.

moto overwrites an existing name, always answers `EnableNetworkIsolation: false`, drops shadow variants, VPC, role and
explainer settings, and knows only instance types up to the m5 generation (the API model's own list is checked instead).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpointConfig, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.emulator.extension import replace, store, wrap

_MODEL_EXTRAS = ("EnableNetworkIsolation", "InferenceExecutionConfig", "DeploymentRecommendation")
_CONFIG_EXTRAS = (
    "ShadowProductionVariants",
    "ExplainerConfig",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
    "MetricsConfig",
)


def arn(backend: SageMakerModelBackend, kind: str, name: str) -> str:
    """The ARN of a SageMaker resource."""
    return f"arn:{backend.partition}:sagemaker:{backend.region_name}:{backend.account_id}:{kind}/{name}"


def variants(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Production and shadow variants of a described endpoint configuration."""
    return config["ProductionVariants"] + config.get("ShadowProductionVariants", [])


def config_faults(request: dict[str, Any]) -> list[str]:
    """What is wrong with a CreateEndpointConfig request beyond its shape."""
    production = request["ProductionVariants"]
    shadow = request.get("ShadowProductionVariants") or []
    found: list[str] = []
    names = [v["VariantName"] for v in production + shadow]
    found += [f"variant name {n} is used more than once" for n in sorted({n for n in names if names.count(n) > 1})]
    if shadow and (len(shadow) > 1 or len(production) > 1):
        found.append(
            "ShadowProductionVariants can only be used with one ProductionVariant and one ShadowProductionVariant, "
            f"found {len(production)} and {len(shadow)}"
        )
    for variant in production + shadow:
        name = variant["VariantName"]
        serverless, instances = variant.get("ServerlessConfig"), variant.get("InstanceType")
        if bool(serverless) == bool(instances):
            found.append(f"variant {name} must have exactly one of InstanceType and ServerlessConfig")
        if instances and not variant.get("InitialInstanceCount") and not variant.get("ManagedInstanceScaling"):
            found.append(f"variant {name} has InstanceType {instances} and no InitialInstanceCount")
        if not variant.get("ModelName") and not request.get("ExecutionRoleArn"):
            found.append(f"variant {name} names no model, so ExecutionRoleArn is required")
        if variant.get("ModelName") and variant.get("ManagedInstanceScaling"):
            found.append("ManagedInstanceScaling is only supported for inference component endpoints")
        if serverless and (request.get("DataCaptureConfig") or shadow):
            found.append(f"serverless variant {name} supports neither DataCaptureConfig nor shadow variants")
    return found


def install() -> None:
    """Correct moto's models and endpoint configurations."""
    wrap(SageMakerResponse, "create_model", _create_model)
    replace(SageMakerResponse, "describe_model", _describe_model)
    replace(SageMakerResponse, "list_models", _list_models)
    wrap(SageMakerResponse, "create_endpoint_config", _create_endpoint_config)
    wrap(SageMakerModelBackend, "describe_endpoint_config", _describe_endpoint_config)
    replace(FakeEndpointConfig, "validate_production_variants", lambda *_: None)
    wrap(SageMakerModelBackend, "validate_production_variants", _validate_models)


def _create_model(original: Callable[..., ActionResult], self: SageMakerResponse) -> ActionResult:
    request, backend = self._get_params(), self.sagemaker_backend
    name = request["ModelName"]
    if name in backend._models:
        raise ValidationError(f'Cannot create already existing model "{arn(backend, "model", name)}".')
    if bool(request.get("PrimaryContainer")) == bool(request.get("Containers")):
        raise ValidationError("Exactly one of PrimaryContainer and Containers must be provided.")
    answer = original(self)
    store(backend, "model extras")[name] = {k: request[k] for k in _MODEL_EXTRAS if request.get(k) is not None}
    return answer


def _describe_model(self: SageMakerResponse) -> ActionResult:
    return ActionResult(described_model(self.sagemaker_backend, self._get_param("ModelName")))


def _list_models(self: SageMakerResponse) -> ActionResult:
    """By the time of creation, the newest first; moto lists all in any order."""
    request = self._get_params()
    # moto keeps them in the order in which they were made.
    found = [
        each for each in self.sagemaker_backend.list_models() if request.get("NameContains", "") in each.model_name
    ]
    if request.get("SortOrder") != "Ascending":
        found.reverse()
    return ActionResult({"Models": [model.response_object for model in found[: request.get("MaxResults", 100)]]})


def described_model(backend: SageMakerModelBackend, name: str) -> dict[str, Any]:
    """The answer of DescribeModel, without the empty members moto adds."""
    described = backend.describe_model(name).response_object | store(backend, "model extras").get(name, {})
    return {k: v for k, v in described.items() if v not in ({}, [])}


def _create_endpoint_config(original: Callable[..., ActionResult], self: SageMakerResponse) -> ActionResult:
    request, backend = self._get_params(), self.sagemaker_backend
    name = request["EndpointConfigName"]
    config_arn = arn(backend, "endpoint-config", name)
    if name in backend.endpoint_configs:
        raise ValidationError(f'Cannot create already existing endpoint configuration "{config_arn}".')
    found = config_faults(request)
    for variant in request["ProductionVariants"]:
        if not variant.get("ModelName"):  # of inference components
            continue
        model = described_model(backend, variant["ModelName"])
        if variant.get("ServerlessConfig") and (model.get("VpcConfig") or model.get("EnableNetworkIsolation")):
            found.append(
                f"serverless variant {variant['VariantName']} supports neither VpcConfig nor network isolation"
            )
    if found:
        raise ValidationError(f"Invalid endpoint configuration: {'; '.join(found)}.")
    for variant in request.get("ShadowProductionVariants") or []:
        backend.describe_model(variant["ModelName"])  # answers with AWS's error when there is none
    answer = original(self)
    backend.endpoint_configs[name].arn = config_arn  # pyright: ignore[reportAttributeAccessIssue]  moto: a tuple
    extras = {k: request[k] for k in _CONFIG_EXTRAS if request.get(k) is not None}
    store(backend, "config extras")[name] = extras
    return answer


def _validate_models(
    original: Callable[..., None], self: SageMakerModelBackend, production_variants: list[dict[str, Any]]
) -> None:
    """Of those that name one: inference components bring their models."""
    original(self, [variant for variant in production_variants if variant.get("ModelName")])


def _describe_endpoint_config(
    original: Callable[..., dict[str, Any]], self: SageMakerModelBackend, endpoint_config_name: str
) -> dict[str, Any]:
    described = original(self, endpoint_config_name)
    described |= store(self, "config extras").get(endpoint_config_name, {})
    return {k: v for k, v in described.items() if v not in ({}, None)}
