"""What SDK v3 (3.27) cannot say, and what it says too much, put right in the compiled definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workloads.pipeline.graph import steps_of
from workloads.pipeline.tokens import TOKENS

#: Under which the package's metadata has the image that serves it: the platform's, or that of whoever made the model.
IMAGE = "inference_image"


def finish(
    definition: dict[str, Any], *, entrypoints: Mapping[str, Sequence[str]], defaults: Mapping[str, str]
) -> dict[str, Any]:
    """The same definition, changed in place, with

    - the entry point of each training step in `entrypoints` (step -> argv): the SDK states one for uploaded code only;
    - the default of each parameter in `defaults` (parameter -> token): the SDK takes no text for a number's default,
      and none that is not among the values that are allowed;
    - so many hosts of each training step as the token says: the SDK takes no text there either;
    - the image of a package, which the evaluation knows: the SDK takes no reference there;
    - no empty members, and no container environment: the SDK puts in a region and empty program names.
    """
    steps = {step["Name"]: step for step in steps_of(definition["Steps"])}
    for name, argv in entrypoints.items():
        steps[name]["Arguments"]["AlgorithmSpecification"]["ContainerEntrypoint"] = list(argv)
    parameters = {parameter["Name"]: parameter for parameter in definition["Parameters"]}
    for name, token in defaults.items():
        parameters[name]["DefaultValue"] = TOKENS[token].placeholder
    for step in steps.values():
        if step["Type"] == "Training":
            step["Arguments"]["ResourceConfig"]["InstanceCount"] = TOKENS["training_hosts"].placeholder
        if step["Type"] == "RegisterModel":
            _tidy_package(step["Arguments"])
    for member in [key for key, value in definition.items() if value is None]:
        del definition[member]
    return definition


def _tidy_package(package: dict[str, Any]) -> None:
    for container in package["InferenceSpecification"]["Containers"]:
        container.pop("Environment", None)
        container["Image"] = package["CustomerMetadataProperties"][IMAGE]
    metrics = package["ModelMetrics"]
    for kind in [kind for kind, value in metrics.items() if not value]:
        del metrics[kind]
