"""Images that others made: which of them a run may ask, and which endpoints serve them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

from automation.operations import foreign, shipping
from automation.operations.errors import RefusedError
from automation.operations.shipping import Signer
from contracts.kinds import KINDS
from contracts.names import Names

NAMES = Names(stack="staging", account="123456789012", region="eu-west-1").of_workload("churn")
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST, OTHER = "sha256:" + "7" * 64, "sha256:" + "8" * 64
IMAGE = f"{HOST}/mlplatform-staging-theirs@{DIGEST}"
REALTIME = {"live": KINDS["realtime"]}


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found = list[Any]()
    monkeypatch.setattr(shipping, "scan", lambda names, image, digest, ecr: found.append((names, image, digest)))
    return found


class Ecr:
    """A registry with one image."""

    class exceptions:  # noqa: N801  (as boto3 calls it)
        RepositoryNotFoundException = type("RepositoryNotFoundException", (Exception,), {})
        ImageNotFoundException = type("ImageNotFoundException", (Exception,), {})

    def describe_images(self, *, repositoryName: str, imageIds: list[dict[str, str]]) -> None:  # noqa: N803
        if repositoryName != "mlplatform-staging-theirs":
            raise self.exceptions.RepositoryNotFoundException
        if imageIds != [{"imageDigest": DIGEST}]:
            raise self.exceptions.ImageNotFoundException


def usable(image: str, others: tuple[str, ...] = ("theirs", "absent"), kinds: Any = REALTIME) -> None:
    foreign.require_usable(NAMES, image, others=others, kinds=kinds, ecr=Ecr())


def test_one_by_digest_in_a_repository_of_the_config_is_scanned_as_the_platforms_own(scanned: list[Any]) -> None:
    usable(IMAGE)
    usable(IMAGE, kinds={"live": KINDS["realtime"], "queued": KINDS["asynchronous"]})
    assert scanned == [(NAMES.ground, "theirs", DIGEST)] * 2


def test_one_that_a_key_did_not_sign_is_refused_before_its_scan(
    scanned: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[Any]()

    def verify(image: str, *, ecr: Any, by: Signer) -> None:
        asked.append((image, type(ecr), by.key))
        if by.key != "theirs.pub":
            raise RefusedError("found no signature")

    monkeypatch.setattr(shipping, "verify", verify)
    for by in (Signer(key="theirs.pub"), None):
        foreign.require_usable(NAMES, IMAGE, others=("theirs",), kinds=REALTIME, ecr=Ecr(), by=by)
    assert asked == [(IMAGE, Ecr, "theirs.pub")]
    with pytest.raises(RefusedError, match="found no signature"):
        foreign.require_usable(NAMES, IMAGE, others=("theirs",), kinds=REALTIME, ecr=Ecr(), by=Signer(key="else.pub"))
    assert len(scanned) == 2


@pytest.mark.parametrize(
    "image",
    [
        f"{HOST}/mlplatform-staging-inference@{DIGEST}",
        f"{HOST}/mlplatform-prod-theirs@{DIGEST}",
        f"{HOST}/theirs@{DIGEST}",
        f"210987654321.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-theirs@{DIGEST}",
        f"123456789012.dkr.ecr.us-east-1.amazonaws.com/mlplatform-staging-theirs@{DIGEST}",
        f"docker.io/library/theirs@{DIGEST}",
        "",
    ],
)
def test_one_that_lies_elsewhere_is_refused_with_where_it_must_lie(scanned: list[Any], image: str) -> None:
    with pytest.raises(RefusedError) as refused:
        usable(image, others=("theirs",))
    assert str(refused.value) == (
        f"--image: found {image!r}; allowed: {HOST}/mlplatform-staging-theirs, from which the stack's jobs and "
        "endpoints pull; name one in ml-platform:images.others, run `up`, and push the image there"
    )
    assert scanned == []


def test_a_stack_without_such_a_repository_says_so() -> None:
    with pytest.raises(RefusedError, match="allowed: no repository yet, from which"):
        usable(IMAGE, others=())


@pytest.mark.parametrize("ending", ["", ":latest", ":1.2", "@sha256:77", f":1.2@{DIGEST}"])
def test_a_tag_is_refused_with_how_to_learn_the_digest(scanned: list[Any], ending: str) -> None:
    image = f"{HOST}/mlplatform-staging-theirs{ending}"
    with pytest.raises(RefusedError) as refused:
        usable(image)
    assert str(refused.value) == (
        f"--image: found {image!r}; allowed: {HOST}/mlplatform-staging-theirs@sha256:..., by digest, as a tag may be "
        "another image tomorrow; `aws ecr describe-images` tells that of a tag"
    )
    assert scanned == []


def test_endpoints_that_need_the_platforms_service_are_refused_with_the_rest(scanned: list[Any]) -> None:
    kinds = {name: KINDS[name] for name in ("batch", "fargate", "realtime", "serverless", "asynchronous")}
    with pytest.raises(RefusedError) as refused:
        usable("theirs:1", kinds=kinds)
    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "endpoints.batch.kind",
        "endpoints.fargate.kind",
        "endpoints.serverless.kind",
        "--image",
    ]
    assert lines[0] == (
        "endpoints.batch.kind: found batch; allowed for an image of others: realtime, asynchronous, where it is "
        "isolated and SageMaker captures what it is asked; give its model a workload of its own"
    )
    assert scanned == []


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            f"{HOST}/mlplatform-staging-absent@{DIGEST}",
            "repository mlplatform-staging-absent is not there; run `up`, which makes it, and push the image",
        ),
        (
            f"{HOST}/mlplatform-staging-theirs@{OTHER}",
            f"repository mlplatform-staging-theirs has no image {OTHER}; push it there, then register it",
        ),
    ],
)
def test_one_that_is_not_there_is_refused(scanned: list[Any], image: str, message: str) -> None:
    with pytest.raises(RefusedError) as refused:
        usable(image)
    assert str(refused.value) == message
    assert scanned == []


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The platform's model as version 1, one in an image of others as version 2."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        sagemaker = boto3.client("sagemaker", region_name="eu-west-1")
        sagemaker.create_model_package_group(ModelPackageGroupName="churn-staging")
        for image in (f"{HOST}/mlplatform-staging-inference@{DIGEST}", IMAGE):
            specification = {
                "Containers": [{"Image": image, "ModelDataUrl": "s3://bucket/model.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            }
            sagemaker.create_model_package(ModelPackageGroupName="churn-staging", InferenceSpecification=specification)
        yield sagemaker


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_image_of_others_is_promoted_only_to_what_serves_it(packages: Any, kind: str) -> None:
    names = NAMES.of_endpoint("live")
    foreign.require_served(names, "1", KINDS[kind], sagemaker=packages)
    if kind in ("realtime", "asynchronous"):
        foreign.require_served(names, "2", KINDS[kind], sagemaker=packages)
        return
    with pytest.raises(RefusedError) as refused:
        foreign.require_served(names, "2", KINDS[kind], sagemaker=packages)
    assert str(refused.value) == (
        f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/2 has an image of others, {IMAGE}, and "
        f"endpoint churn-staging-live is of kind {kind}; allowed: realtime, asynchronous"
    )
