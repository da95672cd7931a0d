"""What the program reads from SSM Parameter Store: image digests and release records.

Both are data that others write (an image build, a promotion, the rollback Lambda). Reading by path answers an empty
list where there is nothing yet; reading one parameter would fail, and with it the first deployment of a stack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from contracts import release
from contracts.names import EndpointNames, Names
from contracts.release import Record
from settings import Workload

_BY_DIGEST = re.compile(r"[\w./-]+@sha256:[0-9a-f]{64}")

TRAINING, INFERENCE = "training", "inference"
IMAGES = (TRAINING, INFERENCE)


def read(names: Names, opts: pulumi.InvokeOptions) -> dict[str, str]:
    """All parameters of the stack: full name -> value. One call, however many workloads there are."""
    found = aws.ssm.get_parameters_by_path(path=names.parameter_path, recursive=True, with_decryption=False, opts=opts)
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


def release_records(
    names: Names, workloads: Mapping[str, Workload], parameters: Mapping[str, str]
) -> dict[str, dict[str, Record]]:
    """Workload -> endpoint -> release record, of those endpoints that have one."""
    return {
        workload: {
            endpoint: record
            for endpoint in settings.endpoints
            if (record := release_record(names.of_workload(workload).of_endpoint(endpoint), parameters))
        }
        for workload, settings in workloads.items()
    }


def release_record(names: EndpointNames, parameters: Mapping[str, str]) -> Record | None:
    """The release record, None before the first promotion. Raises RunError for a record that cannot be read."""
    text = parameters.get(names.release_parameter)
    if text is None:
        return None
    try:
        return release.from_json(text)
    except release.ReleaseError as error:
        raise pulumi.RunError(f"{names.release_parameter}: {error}; promote a package again to replace it") from error
