"""The package of a rendered definition for Graviton too: the same model in the image that was built for it."""

from __future__ import annotations

import json
from typing import Any, Final

from contracts.architectures import ARM64
from workloads.pipeline.graph import walk

#: What the registry's pages offer for it; an endpoint may take any type with the processor.
_TYPES: Final = ("ml.c6g.large", "ml.c6g.xlarge", "ml.c7g.large", "ml.c7g.xlarge", "ml.m6g.large", "ml.m6g.xlarge")
_MIME: Final = ("SupportedContentTypes", "SupportedResponseMIMETypes")


def with_arm64(definition: str, image: str) -> str:
    """The definition, as `render` has them, whose packages name `image` for arm64."""
    document = json.loads(definition)
    for _, node in walk(document):
        if isinstance(node, dict) and "InferenceSpecification" in node:
            node["AdditionalInferenceSpecifications"] = [_specification(node["InferenceSpecification"], image)]
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _specification(own: dict[str, Any], image: str) -> dict[str, Any]:
    """The image of `own` is known to the run alone: in a state machine, the member's name says so (`Image.$`)."""
    (container,) = own["Containers"]
    model = {name: value for name, value in container.items() if name.partition(".")[0] != "Image"}
    return {
        "Name": ARM64,
        "Description": "The same model in the image for Graviton",
        "Containers": [{**model, "Image": image}],
        "SupportedRealtimeInferenceInstanceTypes": list(_TYPES),
        **{name: own[name] for name in _MIME},
    }
