"""What the program reads from SSM Parameter Store: image digests and the release record.

Both are data that others write (an image build, a promotion, the rollback Lambda). Reading by path answers an empty
list where there is nothing yet; reading one parameter would fail, and with it the first deployment of a stack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.naming import Names
from contracts import release
from contracts.release import Record

_BY_DIGEST = re.compile(r"[\w./-]+@sha256:[0-9a-f]{64}")

TRAINING, INFERENCE = "training", "inference"
IMAGES = (TRAINING, INFERENCE)


def read_path(path: str, opts: pulumi.InvokeOptions) -> dict[str, str]:
    """The parameters right below a path: full name -> value."""
    found = aws.ssm.get_parameters_by_path(path=path, recursive=False, with_decryption=False, opts=opts)
    # No `strict`: names without values are no parameters.
    return dict(zip(found.names or (), found.values or (), strict=False))


def images(names: Names, parameters: Mapping[str, str]) -> dict[str, str]:
    """Image -> URI by digest, for the images that are built. Raises RunError for a URI that names a tag instead."""
    found = {
        image: parameters[names.image_parameter(image)]
        for image in IMAGES
        if names.image_parameter(image) in parameters
    }
    wrong = {image: uri for image, uri in found.items() if not _BY_DIGEST.fullmatch(uri)}
    if wrong:
        lines = [
            f"  {names.image_parameter(i)}: found {uri!r}; allowed: <repository>@sha256:<digest>"
            for i, uri in wrong.items()
        ]
        raise pulumi.RunError("image parameters must name images by digest; push again:\n" + "\n".join(lines))
    return found


def release_record(names: Names, parameters: Mapping[str, str]) -> Record | None:
    """The release record, None before the first promotion. Raises RunError for a record that cannot be read."""
    text = parameters.get(names.release_parameter)
    if text is None:
        return None
    try:
        return release.from_json(text)
    except release.ReleaseError as error:
        raise pulumi.RunError(f"{names.release_parameter}: {error}; promote a package again to replace it") from error
