"""Tags of every SageMaker resource, by ARN, with a key set once.

moto finds some kinds only, fails on the others, and lets AddTags repeat a key.
"""

from __future__ import annotations

from typing import Any

from moto.sagemaker.exceptions import ResourceNotFound
from moto.sagemaker.models import SageMakerModelBackend

from local.emulator.extension import replace

_KINDS = (
    "_models",
    "endpoints",
    "endpoint_configs",
    "feature_groups",
    "model_packages",
    "model_package_groups",
    "pipelines",
    "notebook_instances",
    "training_jobs",
    "transform_jobs",
    "processing_jobs",
    "experiments",
    "trials",
    "trial_components",
    "clusters",
    "domains",
    "auto_ml_jobs",
    "compilation_jobs",
    "hyper_parameter_tuning_jobs",
    "data_quality_job_definitions",
    "model_bias_job_definitions",
    "model_quality_job_definitions",
    "model_explainability_job_definitions",
)


def tagged(backend: SageMakerModelBackend, arn: str) -> Any:
    """The resource of an ARN, with a list of tags.

    Raises:
        ResourceNotFound: there is none.
    """
    resources = [resource for kind in _KINDS for resource in getattr(backend, kind).values()]
    resources += [card for cards in backend.model_cards.values() for card in cards[:1]]
    for resource in resources:
        if arn.lower() == str(resource.arn).lower():
            if resource.tags is None:
                resource.tags = []
            return resource
    raise ResourceNotFound(f"Could not find resource {arn}")


def add_tags(self: SageMakerModelBackend, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
    """AddTags: a key that is there gets the new value."""
    resource = tagged(self, arn)
    merged = {tag["Key"]: tag["Value"] for tag in [*resource.tags, *tags]}
    resource.tags = [{"Key": key, "Value": value} for key, value in merged.items()]
    return resource.tags


def install() -> None:
    """Find every kind of resource."""
    replace(SageMakerModelBackend, "_get_resource_from_arn", tagged)
    replace(SageMakerModelBackend, "add_tags", add_tags)
