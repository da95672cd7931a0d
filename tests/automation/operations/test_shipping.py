"""An image on its way into a stack, with the registry's answers written out and its tools as stubs."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from automation.operations import images, shipping
from automation.operations.errors import RefusedError
from automation.operations.shipping import Signer
from contracts.names import Names

NAMES = Names(stack="staging", account="123456789012", region="eu-west-1")
REPOSITORY = "mlplatform-staging-training"
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": shipping.MANIFEST})
DIGEST = f"sha256:{hashlib.sha256(MANIFEST.encode()).hexdigest()}"
TOKEN = base64.b64encode(b"AWS:secret").decode()
_TOOL = """#!/bin/sh
echo "${0##*/} $*" >> "$SAID"
cat "$DOCKER_CONFIG/config.json" > "$SAID.config"
test "$DOCKER_CONFIG/config.json" = "$REGISTRY_AUTH_FILE" || exit 9
if [ "${0##*/}" = "$BROKEN" ]; then echo "no way" >&2; exit 1; fi
"""


class Registry:
    """A client of ECR that expects these calls, in this order."""

    def __init__(self) -> None:
        self.client: Any = boto3.client(
            "ecr", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stubber = Stubber(self.client)
        self.stubber.activate()

    def has_the_repository(self) -> None:
        found = {"repositories": [{"repositoryUri": f"{HOST}/{REPOSITORY}"}]}
        self.stubber.add_response("describe_repositories", found, {"repositoryNames": [REPOSITORY]})

    def has_the_image(self, *, there: bool) -> None:
        asked = {"repositoryName": REPOSITORY, "imageIds": [{"imageDigest": DIGEST}]}
        if there:
            self.stubber.add_response("describe_images", {"imageDetails": []}, asked)
        else:
            self.stubber.add_client_error("describe_images", "ImageNotFoundException", expected_params=asked)

    def lets_in(self) -> None:
        self.stubber.add_response("get_authorization_token", {"authorizationData": [{"authorizationToken": TOKEN}]}, {})

    def scanned(self, **counts: int) -> None:
        asked = {"repositoryName": REPOSITORY, "imageId": {"imageDigest": DIGEST}}
        found: dict[str, Any] = {"imageScanStatus": {"status": "COMPLETE"}}
        found["imageScanFindings"] = {"findingSeverityCounts": counts}
        for _ in range(2):  # the waiter's, and ours
            self.stubber.add_response("describe_image_scan_findings", found, asked)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What skopeo and cosign are told."""
    for tool in ("skopeo", "cosign"):
        path = tmp_path / "bin" / tool
        path.parent.mkdir(exist_ok=True)
        path.write_text(_TOOL)
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    return tmp_path / "said"


def built(home: Path, manifest: str = MANIFEST) -> Path:
    directory = home / "training"
    directory.mkdir()
    (directory / "manifest.json").write_text(manifest)
    (home / "training.spdx.json").write_text("{}")
    return directory


def test_the_digest_of_an_image_is_known_before_it_is_pushed(tmp_path: Path) -> None:
    assert shipping.digest(built(tmp_path)) == DIGEST


def test_an_image_in_a_form_that_sagemaker_refuses_is_refused_here(tmp_path: Path) -> None:
    directory = built(tmp_path, '{"mediaType": "application/vnd.oci.image.manifest.v1+json"}')
    with pytest.raises(
        RefusedError, match=r"found mediaType application/vnd\.oci\.image\.manifest\.v1\+json; allowed: "
    ):
        shipping.digest(directory)
    with pytest.raises(RefusedError, match="found no image; build it with `make images`"):
        shipping.digest(tmp_path / "nowhere")


def test_an_image_that_is_not_the_approved_one_of_its_name_is_refused() -> None:
    approved = f"inference=sha256:{'1' * 64} training={DIGEST}"
    shipping.require_approved("training", DIGEST, approved)
    for image, built_, of in (
        ("inference", DIGEST, approved),
        ("training", "sha256:2", approved),
        ("training", DIGEST, ""),
    ):
        with pytest.raises(RefusedError, match=rf"^{image}: found {built_}; approved: .*nothing was pushed"):
            shipping.require_approved(image, built_, of)


def test_an_image_is_pushed_as_it_is_under_a_tag_of_its_digest(registry: Registry, said: Path, tmp_path: Path) -> None:
    directory = built(tmp_path)
    registry.has_the_repository()
    registry.has_the_image(there=False)
    registry.lets_in()
    reference = shipping.push(NAMES, "training", directory, ecr=registry.client)
    assert reference == f"{HOST}/{REPOSITORY}@{DIGEST}"
    tag = f"sha256-{DIGEST[7:23]}"
    assert said.read_text() == (f"skopeo copy --preserve-digests dir:{directory} docker://{HOST}/{REPOSITORY}:{tag}\n")
    assert json.loads(said.with_suffix(".config").read_text()) == {"auths": {HOST: {"auth": TOKEN}}}


def test_what_was_pushed_before_is_not_pushed_again(registry: Registry, said: Path, tmp_path: Path) -> None:
    registry.has_the_repository()
    registry.has_the_image(there=True)
    reference = shipping.push(NAMES, "training", built(tmp_path), ecr=registry.client)
    assert reference == f"{HOST}/{REPOSITORY}@{DIGEST}"
    assert not said.exists()


def test_an_image_is_signed_with_its_bill_of_materials(registry: Registry, said: Path, tmp_path: Path) -> None:
    built(tmp_path)
    registry.lets_in()
    bill, reference = tmp_path / "training.spdx.json", f"{HOST}/{REPOSITORY}@{DIGEST}"
    shipping.sign(reference, bill, ecr=registry.client)
    assert said.read_text().splitlines() == [
        f"cosign sign --yes {reference}",
        f"cosign attest --yes --type spdxjson --predicate {bill} {reference}",
    ]
    with pytest.raises(RefusedError, match=r"other\.json: found no bill of materials"):
        shipping.sign(reference, tmp_path / "other.json", ecr=registry.client)


def test_a_tool_that_fails_or_is_not_there_ends_the_shipping(
    registry: Registry, said: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = built(tmp_path)
    for broken, message in (("skopeo", r"`skopeo copy .*` failed with 1: no way"), ("", "skopeo is not on PATH")):
        registry.has_the_repository()
        registry.has_the_image(there=False)
        registry.lets_in()
        monkeypatch.setenv("BROKEN", broken)
        if not broken:
            monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(RefusedError, match=message):
            shipping.push(NAMES, "training", directory, ecr=registry.client)


KEY = "awskms:///arn:aws:kms:eu-west-1:123456789012:alias/mlplatform-staging-delivery-images"


WORKFLOW = "https://github.com/example/ml-platform/.github/workflows/stack.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("by", "flags"),
    [
        (Signer(key=KEY), f"--key {KEY}"),
        (
            Signer(identity=WORKFLOW, issuer=ISSUER),
            f"--certificate-identity {WORKFLOW} --certificate-oidc-issuer {ISSUER}",
        ),
    ],
)
def test_an_image_is_verified_with_its_bill_of_materials(
    registry: Registry, said: Path, by: Signer, flags: str
) -> None:
    registry.lets_in()
    reference = f"{HOST}/{REPOSITORY}@{DIGEST}"
    shipping.verify(reference, ecr=registry.client, by=by)
    assert said.read_text().splitlines() == [
        f"cosign verify {flags} {reference}",
        f"cosign verify-attestation {flags} --type spdxjson {reference}",
    ]


def test_who_is_to_have_signed_is_a_key_or_an_identity_with_its_issuer() -> None:
    assert shipping.signer(None, None, None) is None
    assert shipping.signer(KEY, None, None) == Signer(key=KEY)
    assert str(shipping.signer(None, WORKFLOW, ISSUER)) == f"{WORKFLOW} of {ISSUER}"
    with pytest.raises(
        RefusedError, match=rf"^--key: found {KEY} and --identity {WORKFLOW}, --issuer None; give a key"
    ):
        shipping.signer(KEY, WORKFLOW, None)
    for identity, issuer in ((WORKFLOW, None), (None, ISSUER)):
        with pytest.raises(
            RefusedError, match=f"^--identity: found {identity}, --issuer: found {issuer}; allowed: both"
        ):
            shipping.signer(None, identity, issuer)


def test_an_image_that_the_key_did_not_sign_is_refused_and_no_tool_is_no_verdict(
    registry: Registry, said: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = f"{HOST}/{REPOSITORY}@{DIGEST}"
    monkeypatch.setenv("BROKEN", "cosign")
    registry.lets_in()
    with pytest.raises(RefusedError) as refused:
        shipping.verify(reference, ecr=registry.client, by=Signer(key=KEY))
    assert str(refused.value) == (
        f"{reference}: found no signature by {KEY}; allowed: images that were shipped by it; ship this one, or "
        f"train and approve a model on one that was (`cosign verify --key {KEY} {reference}` failed with 1: no way)"
    )
    monkeypatch.setenv("PATH", "/nowhere")
    registry.lets_in()
    with pytest.raises(RefusedError, match=r"^cosign is not on PATH; install it"):
        shipping.verify(reference, ecr=registry.client, by=Signer(key=KEY))


def test_a_scan_with_nothing_grave_lets_an_image_pass(registry: Registry) -> None:
    registry.scanned(MEDIUM=3, LOW=1)
    assert shipping.scan(NAMES, "training", DIGEST, ecr=registry.client) == {"MEDIUM": 3, "LOW": 1}


def test_a_grave_finding_keeps_an_image_out(registry: Registry) -> None:
    registry.scanned(CRITICAL=1, HIGH=2, LOW=4)
    with pytest.raises(RefusedError, match="found 1 critical, 2 high vulnerabilities; allowed: none of these"):
        shipping.scan(NAMES, "training", DIGEST, ecr=registry.client)


def test_an_image_whose_scan_failed_is_not_used(registry: Registry) -> None:
    asked = {"repositoryName": REPOSITORY, "imageId": {"imageDigest": DIGEST}}
    failed = {"imageScanStatus": {"status": "FAILED"}}
    registry.stubber.add_response("describe_image_scan_findings", failed, asked)
    with pytest.raises(RefusedError, match="its scan does not end"):
        shipping.scan(NAMES, "training", DIGEST, ecr=registry.client)


def test_without_a_repository_nothing_is_pushed(registry: Registry, tmp_path: Path) -> None:
    registry.stubber.add_client_error("describe_repositories", "RepositoryNotFoundException")
    with pytest.raises(RefusedError, match=f"repository {REPOSITORY} is not there; run `up`, which makes it"):
        shipping.push(NAMES, "training", built(tmp_path), ecr=registry.client)


def test_signatures_in_the_repository_are_no_newer_images(registry: Registry) -> None:
    listed = [
        {
            "imageDigest": "sha256:1",
            "imagePushedAt": 1,
            "artifactMediaType": "application/vnd.docker.container.image.v1+json",
        },
        {"imageDigest": "sha256:2", "imagePushedAt": 2},  # before ECR said what it is
        {
            "imageDigest": "sha256:3",
            "imagePushedAt": 3,
            "artifactMediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        },
    ]
    registry.stubber.add_response("describe_images", {"imageDetails": listed}, {"repositoryName": REPOSITORY})
    assert images.newest(NAMES, "training", ecr=registry.client) == "sha256:2"
