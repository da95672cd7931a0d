"""A stack comes up in steps, first without images, then without a release: what it waits for, and how it gets it."""

from __future__ import annotations

from collections.abc import Mapping

from components.ground import judged
from components.models.parameters import IMAGES
from contracts.names import Names
from contracts.release import Record
from settings import Workload

_RECORD = (
    ".venv/bin/python -c 'from contracts import release as r; "
    'print(r.to_json(r.promote(None, "<package ARN>", who="<you>", why="first release", when="<now, ISO 8601 UTC>")))\''
)


def waiting_for(
    names: Names,
    workloads: Mapping[str, Workload],
    *,
    images: Mapping[str, str],
    releases: Mapping[str, Mapping[str, Record]],
) -> list[str]:
    """What is left out of the stack for now: the reason, and the command that brings it. Empty for a complete stack."""
    up = judged.up_command(names.stack)
    put = "aws ssm put-parameter --type String --overwrite --name"
    waits = [
        f"the {image} image: push it to {names.resource(image)}, then `{put} {names.image_parameter(image)} "
        f"--value <repository>@sha256:<digest>` and `{up}` (brings the training pipelines)"
        for image in IMAGES
        if image not in images
    ]
    for workload, settings in workloads.items():
        for endpoint in settings.endpoints:
            if endpoint not in releases[workload]:
                mine = names.of_workload(workload).of_endpoint(endpoint)
                waits.append(
                    f"a release of {mine.prefix}: approve a package of group {mine.package_group}, then "
                    f'`{put} {mine.release_parameter} --value "$({_RECORD})"` and `{up}` '
                    "(brings the endpoint, its alarms and its monitors)"
                )
    return waits
