"""A rendered definition whose Prepare joins accepted rows with a feature group's offline store.

Made of the rendered `train`, `tune` or `machine`, so that what is not joined keeps its one definition. The job asks
SageMaker and Glue for the store, so it is not isolated any more; its calls go through the VPC's endpoints, as those of
Evaluate do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from workloads.pipeline import metadata


def from_store(definition: str, group: str, region: str) -> str:
    """The definition with the store of `group` in it, and in what a package says of its data, as `render` has them."""
    document = json.loads(definition)
    (prepare,) = _requests(document, "Prepare")
    prepare["AppSpecification"]["ContainerArguments"] += ["--feature-group", group]
    prepare["NetworkConfig"]["EnableNetworkIsolation"] = False
    prepare["Environment"]["AWS_DEFAULT_REGION"] = region  # a job is given AWS_REGION, which boto3 does not read
    metadata.put(document, "feature_group", group)
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _requests(document: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """What a step of a pipeline, or a state of a machine, asks SageMaker for."""
    yield from (step["Arguments"] for step in document.get("Steps", []) if step["Name"] == name)
    if name in document.get("States", {}):
        yield document["States"][name]["Parameters"]
