"""A stack comes up in steps, first without images, then without a release: what it waits for, and how it gets it."""

from __future__ import annotations

from collections.abc import Mapping

from components.ground import judged
from components.models.parameters import IMAGES
from components.naming import Names
from contracts.release import Record

_RECORD = (
    ".venv/bin/python -c 'from contracts import release as r; "
    'print(r.to_json(r.promote(None, "<package ARN>", who="<you>", why="first release", when="<now, ISO 8601 UTC>")))\''
)


def waiting_for(names: Names, *, images: Mapping[str, str], record: Record | None) -> list[str]:
    """What is left out of the stack for now: the reason, and the command that brings it. Empty for a complete stack."""
    up = judged.up_command(names.stack)
    put = "aws ssm put-parameter --type String --overwrite --name"
    waits = [
        f"the {image} image: push it to {names.resource(image)}, then `{put} {names.image_parameter(image)} "
        f"--value <repository>@sha256:<digest>` and `{up}` (brings the training pipeline)"
        for image in IMAGES
        if image not in images
    ]
    if record is None:
        waits.append(
            f"a release: approve a package of group {names.package_group}, then "
            f'`{put} {names.release_parameter} --value "$({_RECORD})"` and `{up}` '
            "(brings the endpoint, its alarms and its monitors)"
        )
    return waits
