"""The text in which a package names what refers to its images."""

from __future__ import annotations

import re

import pytest

from contracts.referrers import SBOM, SIGNATURE, Referrers, key, parse

IMAGE, SIGNED, BILL = (f"sha256:{digit * 64}" for digit in "123")
#: Of a value of CustomerMetadataProperties (SageMaker API reference, CreateModelPackage).
ALLOWED = re.compile(r"[\w_.:/=+\-@ ]{0,256}")


@pytest.mark.parametrize("artifacts", [{SIGNATURE: SIGNED, SBOM: BILL}, {SIGNATURE: SIGNED}, {SBOM: BILL}])
def test_what_is_written_is_read_again_and_sagemaker_takes_it(artifacts: dict[str, str]) -> None:
    found = Referrers(image=IMAGE, artifacts=artifacts)
    assert parse(found.text()) == found
    assert ALLOWED.fullmatch(found.text())


def test_the_signature_stands_before_the_bill_of_materials() -> None:
    text = Referrers(image=IMAGE, artifacts={SBOM: BILL, SIGNATURE: SIGNED}).text()
    assert text == f"{IMAGE} signature={SIGNED} sbom={BILL}"


@pytest.mark.parametrize(
    "text", ["", IMAGE, f"{IMAGE} key={SIGNED}", f"{IMAGE} signature=sha256:1", f"signature={SIGNED}"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match=re.escape(f"found {text!r}; allowed: sha256:<image> signature=sha256:<artifact>")
    ):
        parse(text)


def test_each_image_has_a_key_of_its_own() -> None:
    assert key("training") == "training_image_referrers"
