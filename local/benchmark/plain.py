"""A program that registers what a synth has, with nothing of the platform: each resource as it is written there.

The file of the synth is the config `plain:synth`. Modules of the SDK are loaded as they are by any program that uses
their resources.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws

_MODULES = {"lambda": "lambda_"}


def _inputs(value: Any) -> Any:
    """The inputs as the SDK takes them: what a synth tells of an archive is its hash."""
    if isinstance(value, list):
        return [_inputs(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"archive"}:
        return pulumi.FileArchive(str(Path(__file__).parent))
    return {key: _inputs(each) for key, each in value.items()}


provider = pulumi_aws.Provider("aws", region=pulumi.Config("aws").require("region"))
opts = pulumi.ResourceOptions(provider=provider)
for resource in json.loads(Path(pulumi.Config("plain").require("synth")).read_text(encoding="utf-8"))["resources"]:
    if resource["type"].startswith("aws:"):
        module: str = resource["type"].split(":")[1].split("/")[0]
        getattr(pulumi_aws, _MODULES.get(module, module))
        pulumi.CustomResource(resource["type"], resource["name"], _inputs(resource["inputs"]), opts)
    elif not resource["type"].startswith("pulumi:"):
        pulumi.ComponentResource(resource["type"], resource["name"])
