"""What `promote` and its like find of the signatures of a model's image: cosign is played, the rest is the real act."""

from __future__ import annotations

from pathlib import Path

import pytest

from automation.operations import releases
from tests.automation.commands.test_commands import Run, churn, run
from tests.automation.conftest import Platform

__all__ = ["churn", "run"]

KEY = "awskms:///arn:aws:kms:eu-west-1:123456789012:alias/mlplatform-staging-delivery-images"
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-inference@sha256:{'1' * 64}"
OTHERS = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-lightgbm@sha256:{'2' * 64}"
#: Fails at what FAILS names, in the manner of cosign.
COSIGN = """#!/bin/sh
if [ "$1" = "$FAILS" ]; then echo "no matching signatures" >&2; exit 10; fi
"""


@pytest.fixture(autouse=True)
def _cosign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "bin" / "cosign"
    tool.parent.mkdir()
    tool.write_text(COSIGN)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    monkeypatch.delenv("SIGNING_KEY", raising=False)


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
        assert f"error: {IMAGE}: found no {lacks} by {KEY}; allowed: images that `ship` signed with it" in refused.err
    assert releases.read(churn.names, churn.clients) == before


def test_what_was_not_checked_is_not_called_signed(run: Run, churn: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "verify")
    done = run("promote", churn.register(image=IMAGE), "--why", "x", "--yes")
    assert done.code == 0
    assert f"image {IMAGE}: its signature and bill of materials were not checked: give --key" in done.out


def test_an_image_of_others_is_theirs_to_sign(run: Run, churn: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "verify")
    done = run("promote", churn.register(image=OTHERS), "--why", "x", "--key", KEY, "--yes")
    assert done.code == 0
    assert f"image {OTHERS} is of others: who made it signs it, and nothing of that was checked" in done.out
