"""Publishing an image: saying which pushed image the platform is to use."""

from __future__ import annotations

import re
from typing import Any

from automation.operations import referrers
from automation.operations.errors import RefusedError
from contracts.images import IMAGES
from contracts.names import Names
from contracts.referrers import Referrers, parse

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
#: Signatures and bills of materials lie in the same repository, and are no images.
_IMAGES = ("application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json")


def newest(names: Names, image: str, *, ecr: Any) -> str:
    """Digest of the image that was pushed last. RefusedError if there is none."""
    repository = _repository(names, image)
    try:
        pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository)
        listed = [pushed for page in pages for pushed in page["imageDetails"]]
    except ecr.exceptions.RepositoryNotFoundException as error:
        raise RefusedError(f"repository {repository} is not there; run `pulumi up`, which makes it") from error
    found = [
        pushed
        for pushed in listed
        if "subjectManifestDigest" not in pushed
        and pushed.get("artifactMediaType", _IMAGES[0]) in _IMAGES
        and IMAGES[image].has_tags(pushed.get("imageTags", []))
    ]
    if not found:
        raise RefusedError(f"repository {repository} has no {image} image; {_how(image)}")
    return max(found, key=lambda pushed: pushed["imagePushedAt"])["imageDigest"]


def publish(names: Names, image: str, version: str, *, ecr: Any, ssm: Any) -> str:
    """Record a pushed image where the program reads it; `version` is its tag or digest. Returns its URI by digest.

    What refers to it is recorded before it, and names it: who dies in between has changed nothing that is read.
    """
    repository = _repository(names, image)
    wanted = {"imageDigest" if _DIGEST.fullmatch(version) else "imageTag": version}
    try:
        found = ecr.describe_images(repositoryName=repository, imageIds=[wanted])["imageDetails"][0]
        uri = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"]
    except ecr.exceptions.RepositoryNotFoundException as error:
        raise RefusedError(f"repository {repository} is not there; run `pulumi up`, which makes it") from error
    except ecr.exceptions.ImageNotFoundException as error:
        raise RefusedError(f"repository {repository} has no image {version}; push it, then publish it") from error
    if not IMAGES[image].has_tags(found.get("imageTags", [])):
        raise RefusedError(
            f"repository {repository}: found {version} with tags {', '.join(found.get('imageTags', [])) or 'none'}, "
            f"which is not for {IMAGES[image].platform}; allowed: {_tags(image)}; {_how(image)}"
        )
    uri = f"{uri}@{found['imageDigest']}"
    _record_referrers(names, image, found["imageDigest"], ecr=ecr, ssm=ssm)
    ssm.put_parameter(Name=names.image_parameter(image), Value=uri, Type="String", Overwrite=True)
    return uri


def _record_referrers(names: Names, image: str, digest: str, *, ecr: Any, ssm: Any) -> None:
    parameter = names.referrers_parameter(image)
    try:
        before: Referrers | None = parse(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
    except (ssm.exceptions.ParameterNotFound, ValueError):  # the first of an image, or nothing that we wrote
        before = None
    now = referrers.current(_repository(names, image), digest, before, ecr=ecr)
    if now is not None and now != before:
        ssm.put_parameter(Name=parameter, Value=now.text(), Type="String", Overwrite=True)


def known(image: str) -> str:
    """The name of an image. RefusedError for any other."""
    if image not in IMAGES:
        raise RefusedError(f"image: found {image!r}; allowed: {', '.join(IMAGES)}")
    return image


def _repository(names: Names, image: str) -> str:
    return names.ground.resource(IMAGES[known(image)].repository)


def _how(image: str) -> str:
    found = IMAGES[image]
    return f"build {found.dockerfile} for {found.platform} and push it there with {_tags(image)}"


def _tags(image: str) -> str:
    """The tags that an image may have: they tell those of one repository apart."""
    mine = IMAGES[image].tag_prefix
    if mine:
        return f"a tag {mine}..."
    others = [each.tag_prefix for each in IMAGES.values() if each.repository == IMAGES[image].repository]
    return f"a tag other than {others[-1]}..." if others[-1] else "any tag"
