"""What ECR lists of an image's signatures and bills of materials, and which of it is recorded."""

from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from automation.operations import referrers
from contracts.referrers import SBOM, SIGNATURE, Referrers
from tests.automation.conftest import BILL, SIGNED, Platform

REPOSITORY = "mlplatform-staging-training"


@pytest.fixture
def image(platform: Platform) -> str:
    return platform.push("training", "signed")


def test_the_newest_signature_and_the_newest_bill_of_materials_are_found(platform: Platform, image: str) -> None:
    ecr = platform.client("ecr")
    assert referrers.current(REPOSITORY, image, ecr=ecr) is None
    newest = platform.refer("training", image, SIGNED, "2026-11-29T10:00:00Z")
    platform.refer("training", image, SIGNED, "2026-11-28T10:00:00Z")
    bill = platform.refer("training", image, BILL, "2026-11-28T10:00:00Z")
    platform.refer("training", image, "https://slsa.dev/provenance/v1", "2026-11-29T11:00:00Z")
    found = referrers.current(REPOSITORY, image, ecr=ecr)
    assert found == Referrers(image=image, artifacts={SIGNATURE: newest, SBOM: bill})
    assert referrers.current(REPOSITORY, platform.push("training", "other"), ecr=ecr) is None


def test_what_was_recorded_stays_as_long_as_all_of_it_is_there(platform: Platform, image: str) -> None:
    ecr = platform.client("ecr")
    first = platform.refer("training", image, SIGNED, "2026-11-28T10:00:00Z")
    before = Referrers(image=image, artifacts={SIGNATURE: first})
    again = platform.refer("training", image, SIGNED, "2026-11-29T10:00:00Z")
    assert referrers.current(REPOSITORY, image, before, ecr=ecr) == before
    ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": first}])
    now = Referrers(image=image, artifacts={SIGNATURE: again})
    assert referrers.current(REPOSITORY, image, before, ecr=ecr) == now
    of_another = Referrers(image=f"sha256:{'0' * 64}", artifacts={SIGNATURE: again})
    assert referrers.current(REPOSITORY, image, of_another, ecr=ecr) == now


def test_a_signature_of_notation_is_one_too_and_every_page_is_read() -> None:
    ecr = boto3.client("ecr", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    subject, signature, other = (f"sha256:{digit * 64}" for digit in "123")
    asked = {"repositoryName": REPOSITORY, "subjectId": {"imageDigest": subject}}
    described = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1}
    notation = {"digest": signature, "artifactType": "application/vnd.cncf.notary.signature", **described}
    with Stubber(ecr) as stub:
        unknown = {"digest": other, "artifactType": "application/json", **described}
        stub.add_response("list_image_referrers", {"referrers": [unknown], "nextToken": "2"}, asked)
        stub.add_response("list_image_referrers", {"referrers": [notation]}, {**asked, "nextToken": "2"})
        found = referrers.current(REPOSITORY, subject, ecr=ecr)
    assert found == Referrers(image=subject, artifacts={SIGNATURE: signature})
