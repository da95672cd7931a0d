"""Processors that models are served on, and which container of a package is for which of them.

A package's own container is for x86_64. One that the pipeline registered while the stack had an image for Graviton has
a further inference specification, called as the processor is, with the same model in that image (SageMaker API
reference, CreateModelPackage: AdditionalInferenceSpecifications; ContainerDefinition: InferenceSpecificationName).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

Architecture = Literal["x86_64", "arm64"]
X86_64: Final = "x86_64"
ARM64: Final = "arm64"


def container(package: Mapping[str, Any], architecture: Architecture) -> Mapping[str, Any] | None:
    """The container of a package, as the registry describes it, for a processor; None where it has none.

    A model in an image of others has none for Graviton: that specification would lead to the platform's own image,
    which is told by its repository.
    """
    (own,) = package["InferenceSpecification"]["Containers"]
    if architecture == X86_64:
        return own
    return next((each for each in _beside(package) if _repository(each) == _repository(own)), None)


def images(package: Mapping[str, Any]) -> list[str]:
    """URIs of the images that serve a package, each once, that for x86_64 first."""
    found = (container(package, architecture) for architecture in (X86_64, ARM64))
    return list(dict.fromkeys(each["Image"] for each in found if each))


def _beside(package: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for specification in package.get("AdditionalInferenceSpecifications") or ():
        if specification["Name"] == ARM64:
            yield from specification["Containers"]


def _repository(found: Mapping[str, Any]) -> str:
    return found["Image"].partition("@")[0]
