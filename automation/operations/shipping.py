"""Shipping an image that was built: pushed as it is, signed with its bill of materials, and scanned, in this order.

An image is a directory as `make images` leaves it: skopeo's form of one, with Docker's manifest, which is the form that
SageMaker takes. Its digest is known before it is pushed, so every stack gets the same bytes or none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import WaiterError

from automation.operations.errors import RefusedError
from contracts import images
from contracts.names import Names

#: What SageMaker takes for an endpoint; it refuses the manifests of OCI.
MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
#: Severities of a finding that keep an image from being used.
STOPS: Final = ("CRITICAL", "HIGH")


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Who is to have signed an image: a key as cosign names it, or an identity with the issuer of its token.

    An identity is what the certificate says for which Sigstore took the token: of GitHub the workflow's URL and branch,
    `https://github.com/example/ml-platform/.github/workflows/stack.yml@refs/heads/main`.
    """

    key: str | None = None
    identity: str | None = None
    issuer: str | None = None

    def __str__(self) -> str:
        return self.key or f"{self.identity} of {self.issuer}"

    def flags(self) -> list[str]:
        """As `cosign verify` takes them."""
        if self.key:
            return ["--key", self.key]
        return ["--certificate-identity", str(self.identity), "--certificate-oidc-issuer", str(self.issuer)]


def signer(key: str | None, identity: str | None, issuer: str | None) -> Signer | None:
    """Of the options of a command; None where none was given. RefusedError for those that name nobody, or two."""
    if not (key or identity or issuer):
        return None
    if key and (identity or issuer):
        raise RefusedError(
            f"--key: found {key} and --identity {identity}, --issuer {issuer}; give a key or the other two"
        )
    if not key and not (identity and issuer):
        raise RefusedError(
            f"--identity: found {identity}, --issuer: found {issuer}; allowed: both, or none, such as the URL of the "
            "workflow that ships with its branch, and https://token.actions.githubusercontent.com"
        )
    return Signer(key=key, identity=identity, issuer=issuer)


class _FailedError(RefusedError):
    """A tool that is there and refused."""


def digest(directory: Path) -> str:
    """The digest of a built image. RefusedError where there is none, or one that SageMaker would refuse."""
    path = directory / "manifest.json"
    if not path.is_file():
        raise RefusedError(f"{directory}: found no image; build it with `make images`")
    text = path.read_bytes()
    found = json.loads(text).get("mediaType")
    if found != MANIFEST:
        raise RefusedError(f"{path}: found mediaType {found}; allowed: {MANIFEST}; build it with `make images`")
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def require_approved(image: str, built: str, approved: str) -> None:
    """RefusedError for a digest that is not the one approved of the image (`training=sha256:...`, blanks in between).

    Hours may pass between an approval and what it is of, and the images lie where a newer run's builds write theirs.
    """
    if f"{image}={built}" not in approved.split():
        raise RefusedError(
            f"{image}: found {built}; approved: {approved or 'no image'}; what is to be shipped was replaced since the "
            "approval, and nothing was pushed; start the delivery again"
        )


def push(names: Names, image: str, directory: Path, *, ecr: Any) -> str:
    """Push a built image unless it is there; returns its reference by digest."""
    repository, built = names.ground.resource(images.repository(image)), digest(directory)
    uri = _uri(repository, ecr)
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": built}])
    except ecr.exceptions.ImageNotFoundException:
        with _logged_in(ecr, uri) as environment:
            command = [
                "skopeo",
                "copy",
                "--preserve-digests",
                f"dir:{directory}",
                f"docker://{uri}:{_tag(image, built)}",
            ]
            _run(command, environment)
    return f"{uri}@{built}"


def take_over(names: Names, image: str, source: str, *, ecr: Any) -> str:
    """Copy an image of another repository, given by digest, unless it is here; returns its reference here."""
    repository, built = names.ground.resource(images.repository(image)), source.partition("@")[2]
    uri = _uri(repository, ecr)
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": built}])
    except ecr.exceptions.ImageNotFoundException:
        with _logged_in(ecr, uri, source) as environment:
            command = [
                "skopeo",
                "copy",
                "--preserve-digests",
                f"docker://{source}",
                f"docker://{uri}:{_tag(image, built)}",
            ]
            _run(command, environment)
    return f"{uri}@{built}"


def _tag(image: str, built: str) -> str:
    prefix = images.IMAGES[image].tag_prefix if image in images.IMAGES else ""
    return f"{prefix}sha256-{built.removeprefix('sha256:')[:16]}"


def sign(reference: str, bill: Path, *, ecr: Any, key: str | None = None) -> None:
    """Sign an image, and its bill of materials with it: with a key, or as whoever runs this is known to Sigstore."""
    if not bill.is_file():
        raise RefusedError(f"{bill}: found no bill of materials; build it with `make images`")
    with _logged_in(ecr, reference.partition("@")[0]) as environment:
        by = ["--key", key] if key else []
        _run(["cosign", "sign", "--yes", *by, reference], environment)
        _run(["cosign", "attest", "--yes", *by, "--type", "spdxjson", "--predicate", str(bill), reference], environment)


def verify(reference: str, *, ecr: Any, by: Signer) -> None:
    """RefusedError for an image without a signature by somebody, or without a bill of materials that they attest."""
    proofs = {
        "signature": ["cosign", "verify", *by.flags(), reference],
        "bill of materials": ["cosign", "verify-attestation", *by.flags(), "--type", "spdxjson", reference],
    }
    with _logged_in(ecr, reference.partition("@")[0]) as environment:
        for proof, command in proofs.items():
            try:
                _run(command, environment)
            except _FailedError as error:
                raise RefusedError(
                    f"{reference}: found no {proof} by {by}; allowed: images that were shipped by it; "
                    f"ship this one, or train and approve a model on one that was ({error})"
                ) from error


def scan(names: Names, image: str, built: str, *, ecr: Any) -> Mapping[str, int]:
    """Wait for the scan of an image; returns its findings by severity. RefusedError for grave ones, and for no scan."""
    asked: dict[str, Any] = {
        "repositoryName": names.ground.resource(images.repository(image)),
        "imageId": {"imageDigest": built},
    }
    try:
        ecr.get_waiter("image_scan_complete").wait(**asked)
        summary = ecr.describe_image_scan_findings(**asked)["imageScanFindings"]
    except (WaiterError, ecr.exceptions.ScanNotFoundException) as error:
        raise RefusedError(
            f"{image} {built}: its scan does not end ({error}); look it up in ECR, then try again"
        ) from error
    found: Mapping[str, int] = summary.get("findingSeverityCounts", {})
    if grave := {severity: found[severity] for severity in STOPS if found.get(severity)}:
        told = ", ".join(f"{number} {severity.lower()}" for severity, number in grave.items())
        raise RefusedError(
            f"{image} {built}: found {told} vulnerabilities; allowed: none of these; take newer packages "
            "(`make lock UPGRADE=--upgrade`) or a newer base image, and build anew"
        )
    return found


def _uri(repository: str, ecr: Any) -> str:
    try:
        return ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"]
    except ecr.exceptions.RepositoryNotFoundException as error:
        raise RefusedError(f"repository {repository} is not there; run `up`, which makes it") from error


@contextmanager
def _logged_in(ecr: Any, *uris: str) -> Generator[Mapping[str, str]]:
    """The environment in which skopeo and cosign may use the registries; the password is gone with it.

    One token is for every registry that whoever has it may use (Amazon ECR API reference, GetAuthorizationToken).
    """
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "config.json"
        file.touch(mode=0o600)
        file.write_text(
            json.dumps({"auths": {uri.partition("/")[0]: {"auth": token} for uri in uris}}), encoding="utf-8"
        )
        yield {**os.environ, "DOCKER_CONFIG": home, "REGISTRY_AUTH_FILE": str(file)}


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    if shutil.which(command[0]) is None:
        raise RefusedError(f"{command[0]} is not on PATH; install it, it is what images are shipped with")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise _FailedError(f"`{' '.join(command)}` failed with {done.returncode}: {done.stderr.strip() or 'no word'}")
