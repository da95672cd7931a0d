"""What `promote` and its like find of the signatures of a model's image: cosign is played, the rest is the real act."""

from __future__ import annotations

from pathlib import Path

import pytest

from automation.operations import releases
from contracts.referrers import SBOM, SIGNATURE, Referrers
from tests.automation.commands.test_commands import Run, churn, run
from tests.automation.conftest import BILL, SIGNED, Platform

__all__ = ["churn", "run"]

KEY = "awskms:///arn:aws:kms:eu-west-1:123456789012:alias/mlplatform-staging-delivery-images"
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-inference@sha256:{'1' * 64}"
OTHERS = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-lightgbm@sha256:{'2' * 64}"
#: Fails at what FAILS names, in the manner of cosign.
COSIGN = """#!/bin/sh
echo "$*" >> "$SAID"
if [ "$1" = "$FAILS" ]; then echo "no matching signatures" >&2; exit 10; fi
"""


@pytest.fixture(autouse=True)
def _cosign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "bin" / "cosign"
    tool.parent.mkdir()
    tool.write_text(COSIGN)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    for option in ("KEY", "IDENTITY", "ISSUER"):
        monkeypatch.delenv(f"SIGNING_{option}", raising=False)


def test_a_model_is_promoted_on_an_image_that_the_key_signed(run: Run, churn: Platform) -> None:
    package = churn.register(image=IMAGE)
    done = run("promote", package, "--why", "x", "--key", KEY, "--yes")
    assert done.code == 0
    assert f"image {IMAGE}: signature and bill of materials by {KEY} verified" in done.out


@pytest.mark.parametrize(("fails", "lacks"), [("verify", "signature"), ("verify-attestation", "bill of materials")])
def test_one_without_signature_or_bill_of_materials_is_refused_and_nothing_written(
    run: Run, churn: Platform, monkeypatch: pytest.MonkeyPatch, fails: str, lacks: str
) -> None:
    package = churn.register(image=IMAGE)
    monkeypatch.setenv("FAILS", fails)
    monkeypatch.setenv("SIGNING_KEY", KEY)
    before = releases.read(churn.names, churn.clients)
    acts = (("promote", package), ("split", package, "--percent", "10"), ("shadow", package))
    for act in acts:
        refused = run(*act, "--why", "x", "--yes")
        assert refused.code == 1
        assert f"error: {IMAGE}: found no {lacks} by {KEY}; allowed: images that were shipped by it" in refused.err
    assert releases.read(churn.names, churn.clients) == before


WORKFLOW = "https://github.com/example/ml-platform/.github/workflows/stack.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"


def test_what_a_workflow_signed_without_a_key_is_verified_by_its_identity(
    run: Run, churn: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, other = churn.register(image=IMAGE), churn.register(image=IMAGE)
    for act in (("promote", package), ("split", other, "--percent", "10")):
        done = run(*act, "--why", "x", "--yes", "--identity", WORKFLOW, "--issuer", ISSUER)
        assert f"image {IMAGE}: signature and bill of materials by {WORKFLOW} of {ISSUER} verified" in done.out
    asked = (tmp_path / "said").read_text().splitlines()
    assert asked[0] == f"verify --certificate-identity {WORKFLOW} --certificate-oidc-issuer {ISSUER} {IMAGE}"
    assert len(asked) == 4
    before = releases.read(churn.names, churn.clients)
    monkeypatch.setenv("FAILS", "verify")
    for act in (("promote", other), ("split", other, "--percent", "10"), ("shadow", other)):
        refused = run(*act, "--why", "x", "--yes", "--identity", WORKFLOW, "--issuer", ISSUER)
        assert (refused.code, f"found no signature by {WORKFLOW} of {ISSUER}" in refused.err) == (1, True)
        half = run(*act, "--why", "x", "--yes", "--identity", WORKFLOW)
        assert (half.code, half.err.startswith("error: --identity: found https://github.com/")) == (1, True)
    assert releases.read(churn.names, churn.clients) == before


def test_what_was_not_checked_is_not_called_signed(run: Run, churn: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "verify")
    done = run("promote", churn.register(image=IMAGE), "--why", "x", "--yes")
    assert done.code == 0
    assert f"image {IMAGE}: its signature and bill of materials were not checked: give --key or --identity" in done.out


def test_an_image_of_others_is_theirs_to_sign(run: Run, churn: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "verify")
    done = run("promote", churn.register(image=OTHERS), "--why", "x", "--key", KEY, "--yes")
    assert done.code == 0
    assert f"image {OTHERS} is of others: who made it signs it, and nothing of that was checked" in done.out


HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture
def signed(churn: Platform) -> dict[str, Referrers]:
    """Both images in their repositories, with a signature and a bill of materials each."""
    found = dict[str, Referrers]()
    for image in ("training", "inference"):
        digest = churn.push(image, f"{churn.names.workload}-signed")
        artifacts = {SIGNATURE: churn.refer(image, digest, SIGNED), SBOM: churn.refer(image, digest, BILL)}
        found[image] = Referrers(image=digest, artifacts=artifacts)
    return found


def registered(churn: Platform, signed: dict[str, Referrers], image: str | None = None) -> str:
    """A package as the pipeline registers it."""
    uris = {name: f"{HOST}/mlplatform-staging-{name}@{found.image}" for name, found in signed.items()}
    metadata = {f"{name}_image_referrers": found.text() for name, found in signed.items()}
    metadata["training_image"] = uris["training"]
    return churn.register(image=image or uris["inference"], metadata=metadata)


def take_away(churn: Platform, image: str, digest: str) -> None:
    gone = [{"imageDigest": digest}]
    churn.client("ecr").batch_delete_image(repositoryName=f"mlplatform-staging-{image}", imageIds=gone)


def test_what_a_model_was_registered_with_is_compared_with_what_is_there(
    run: Run, churn: Platform, signed: dict[str, Referrers]
) -> None:
    done = run("promote", registered(churn, signed), "--why", "x", "--yes")
    assert done.code == 0
    for image, found in signed.items():
        told = f"signature {found.artifacts[SIGNATURE]}, sbom {found.artifacts[SBOM]} as it was registered"
        assert f"{image} image {found.image}: {told}" in done.out


@pytest.mark.parametrize("image", ["training", "inference"])
def test_a_model_whose_image_lost_its_bill_of_materials_is_refused_though_it_was_signed_anew(
    run: Run, churn: Platform, signed: dict[str, Referrers], image: str
) -> None:
    package, bill = registered(churn, signed), signed[image].artifacts[SBOM]
    take_away(churn, image, bill)
    churn.refer(image, signed[image].image, BILL)
    before = releases.read(churn.names, churn.clients)
    refused = run("promote", package, "--why", "x", "--yes")
    assert refused.code == 1
    assert f"error: {image} image {signed[image].image}: found no sbom {bill}, with which {package} was" in refused.err
    assert releases.read(churn.names, churn.clients) == before


def test_a_training_image_that_has_expired_took_its_signature_with_it_and_one_that_serves_may_not(
    run: Run, churn: Platform, signed: dict[str, Referrers]
) -> None:
    package = registered(churn, signed)
    for image in ("training", "inference"):
        for digest in (*signed[image].artifacts.values(), signed[image].image):
            take_away(churn, image, digest)
        done = run("promote", package, "--why", "x", "--yes")
        if image == "training":
            told = f"training image {signed[image].image} has expired: what signed it is gone with it"
            assert (done.code, told in done.out) == (0, True)
    assert done.code == 1
    assert f"inference image {signed['inference'].image}: found no signature" in done.err


def test_of_an_image_of_others_nothing_of_the_platforms_is_asked(
    run: Run, churn: Platform, signed: dict[str, Referrers]
) -> None:
    for digest in signed["inference"].artifacts.values():
        take_away(churn, "inference", digest)
    done = run("promote", registered(churn, signed, image=OTHERS), "--why", "x", "--yes")
    assert done.code == 0
    assert "inference image" not in done.out


def test_a_text_that_the_pipeline_did_not_write_is_refused(run: Run, churn: Platform) -> None:
    package = churn.register(image=IMAGE, metadata={"inference_image_referrers": "none"})
    refused = run("promote", package, "--why", "x", "--yes")
    assert refused.code == 1
    assert f"error: {package}: inference_image_referrers: found 'none'; allowed: sha256:<image>" in refused.err
