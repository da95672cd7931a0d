"""What the program reads from SSM Parameter Store: image digests and release records.

Both are data that others write (an image build, a promotion, the rollback Lambda). Reading by path answers an empty
list where there is nothing yet; reading one parameter would fail, and with it the first deployment of a stack.

What a stack had and has no more is an error, never a smaller stack: the sign beside each parameter tells the two apart
(`components.models.signs`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.models.signs import sign
from contracts import referrers, release
from contracts.images import IMAGES
from contracts.kinds import KINDS, Kind
from contracts.kinds.changing import refusal
from contracts.names import EndpointNames, Names
from contracts.release import Record, fit
from settings import PROJECT, Workload

_BY_DIGEST = re.compile(r"[\w./-]+@sha256:[0-9a-f]{64}")

#: The command line of operators, from the project's directory.
AUTOMATION = ".venv/bin/python -m automation"


def read(names: Names, opts: pulumi.InvokeOptions) -> dict[str, str]:
    """All parameters of the stack: full name -> value. One call, however many workloads there are."""
    found = aws.ssm.get_parameters_by_path(path=names.parameter_path, recursive=True, with_decryption=False, opts=opts)
    # No `strict`: names without values are no parameters.
    return dict(zip(found.names or (), found.values or (), strict=False))


def images(names: Names, parameters: Mapping[str, str]) -> dict[str, str]:
    """Image -> URI by digest, for the images that are built.

    Raises RunError for a URI that names a tag instead, and for an image that the stack had.
    """
    _refuse_lost(
        {
            names.image_parameter(image): f"publish {image} --stack {names.stack}"
            for image in IMAGES
            if _is_lost(names.image_parameter(image), parameters)
        },
        "the training pipelines",
    )
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


def image_referrers(names: Names, images: Mapping[str, str], parameters: Mapping[str, str]) -> dict[str, str]:
    """Image -> what refers to it, for those of `images` of which it is recorded; what is of a former one is none.

    Raises RunError for a text that `publish` did not write.
    """
    found: dict[str, str] = {}
    for image, uri in images.items():
        name = names.referrers_parameter(image)
        if name not in parameters:
            continue
        try:
            recorded = referrers.parse(parameters[name])
        except ValueError as error:
            raise pulumi.RunError(
                f"{name}: {error}; write it again with `{AUTOMATION} publish {image} --stack {names.stack}`"
            ) from error
        if uri.endswith(f"@{recorded.image}"):
            found[image] = recorded.text()
    return found


def release_records(
    names: Names, workloads: Mapping[str, Workload], parameters: Mapping[str, str]
) -> dict[str, dict[str, Record]]:
    """Workload -> endpoint -> release record, of those endpoints that have one.

    Raises RunError for a record that the stack had, and for an endpoint that would be of another kind.
    """
    endpoints = [names.of_workload(w).of_endpoint(e) for w, found in workloads.items() for e in found.endpoints]
    _refuse_lost(
        {
            mine.release_parameter: f"follow --stack {mine.stack} --workload {mine.workload} --endpoint {mine.endpoint}"
            for mine in endpoints
            if _is_lost(mine.release_parameter, parameters)
        },
        "their endpoints, which serve",
    )
    _refuse_other_kinds(
        {mine: workloads[mine.workload].endpoints[mine.endpoint].kind for mine in endpoints}, parameters
    )
    return {
        workload: {
            endpoint: record
            for endpoint, its in settings.endpoints.items()
            if (record := release_record(of_workload.of_endpoint(endpoint), KINDS[its.kind], parameters))
        }
        for workload, settings in workloads.items()
        for of_workload in (names.of_workload(workload),)
    }


def release_record(names: EndpointNames, kind: Kind, parameters: Mapping[str, str]) -> Record | None:
    """The release record, None before the first promotion.

    Raises RunError for a record that cannot be read, or that endpoints of the kind cannot serve.
    """
    text = parameters.get(names.release_parameter)
    if text is None:
        return None
    try:
        record = release.from_json(text)
        fit.check(record, kind)
    except release.ReleaseError as error:
        raise pulumi.RunError(
            f"{names.release_parameter}: {error}; put back what `aws ssm get-parameter-history --name "
            f"{names.release_parameter}` has, or delete it and rebuild it with `{AUTOMATION} follow`"
        ) from error
    return record


def found(
    names: Names,
    images: Mapping[str, str],
    workloads: Mapping[str, Workload],
    releases: Mapping[str, Mapping[str, Record]],
) -> dict[str, str]:
    """The parameters that were found, with what their signs are to say: of an endpoint its kind."""
    return {names.image_parameter(image): "an image" for image in images} | {
        names.of_workload(workload).of_endpoint(endpoint).release_parameter: workloads[workload]
        .endpoints[endpoint]
        .kind
        for workload, mine in releases.items()
        for endpoint in mine
    }


def _refuse_other_kinds(kinds: Mapping[EndpointNames, str], parameters: Mapping[str, str]) -> None:
    lines = [
        f"  {PROJECT}:workloads.{names.workload}.endpoints.{names.endpoint}.kind: {refused}"
        for names, kind in kinds.items()
        if (refused := refusal(names.prefix, parameters.get(sign(names.release_parameter), ""), kind))
    ]
    if lines:
        raise pulumi.RunError("endpoints keep the kind that they were deployed as:\n" + "\n".join(lines))


def _is_lost(parameter: str, parameters: Mapping[str, str]) -> bool:
    return sign(parameter) in parameters and parameter not in parameters


def _refuse_lost(ways_back: Mapping[str, str], would_go: str) -> None:
    if not ways_back:
        return
    lines = [f"  {parameter}: bring it back with `{AUTOMATION} {way}`" for parameter, way in ways_back.items()]
    raise pulumi.RunError(
        f"parameters that this stack was deployed with are gone; without them this run would delete {would_go}:\n"
        + "\n".join(lines)
        + "\nwhere it is meant, take the endpoint or workload out of the stack config"
    )
