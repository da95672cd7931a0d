"""A model of one stack taken over by another, in one account and across two."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ecr.responses import ECRResponse

from automation.operations import packages, registration, releases, shipping
from automation.operations.errors import RefusedError
from automation.operations.model_testing import Suite
from automation.operations.registration import Clients
from automation.operations.releases import By
from automation.operations.shipping import Signer
from contracts.names import EndpointNames, Names, WorkloadNames
from local.emulator.storage import container_images

ACCOUNT, ANOTHER, REGION = "123456789012", "210987654321", "eu-west-1"
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": shipping.MANIFEST, "config": {"digest": "x"}, "layers": []})


def clients_of(account: str) -> Callable[[str], Any]:
    """Clients of an account, by a role assumed there: moto keeps accounts apart by it."""
    role = f"arn:aws:iam::{account}:role/deploy"
    sts = boto3.client("sts", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    given = sts.assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    session = boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=REGION,
    )
    return functools.cache(session.client)


def stack(names: WorkloadNames, client: Callable[[str], Any]) -> None:
    """Bucket, repository and package group, as an `up` makes them."""
    where = {"LocationConstraint": names.region}
    client("s3").create_bucket(Bucket=names.artifacts_bucket, CreateBucketConfiguration=where)
    client("ecr").create_repository(repositoryName=names.ground.resource("inference"))
    client("sagemaker").create_model_package_group(ModelPackageGroupName=names.package_group)


@pytest.fixture(params=["one account", "two accounts"])
def prod(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[Prod]:
    """A stack that takes over from staging."""
    monkeypatch.setattr(ECRResponse, "list_image_referrers", container_images.list_image_referrers, raising=False)
    account = ANOTHER if request.param == "two accounts" else ACCOUNT
    with mock_aws():
        theirs = Names(stack="staging", account=ACCOUNT, region=REGION).of_workload("churn")
        names = Names(stack="prod", account=account, region=REGION).of_workload("churn")
        there, here = clients_of(ACCOUNT), clients_of(account)
        stack(theirs, there)
        stack(names, here)
        yield Prod(names=names.of_endpoint("live"), theirs=theirs, client=here, there=there)


class Prod:
    def __init__(
        self, *, names: EndpointNames, theirs: WorkloadNames, client: Callable[[str], Any], there: Callable[[str], Any]
    ) -> None:
        self.names, self.theirs, self.client, self.there = names, theirs, client, there
        self.clients = Clients(
            s3=client("s3"), sagemaker=client("sagemaker"), ecr=client("ecr"), there=there("sagemaker")
        )

    def push(self, client: Callable[[str], Any], names: Names) -> str:
        """The image in the repository of a stack; its URI."""
        repository = names.ground.resource("inference")
        ecr = client("ecr")
        if not ecr.list_images(repositoryName=repository)["imageIds"]:
            ecr.put_image(repositoryName=repository, imageManifest=MANIFEST, imageTag="1")
        digest = ecr.list_images(repositoryName=repository)["imageIds"][0]["imageDigest"]
        return f"{names.account}.dkr.ecr.{names.region}.amazonaws.com/{repository}@{digest}"

    def approved(
        self,
        *,
        image: str | None = None,
        arm64: str | None = None,
        status: str = "Approved",
        said: dict[str, str] | None = None,
    ) -> str:
        """A package of staging, as the pipeline registers it; its ARN."""
        theirs, s3 = self.theirs, self.there("s3")
        image = image or self.push(self.there, theirs)
        run = f"s3://{theirs.artifacts_bucket}/{theirs.layout.runs}run-1"
        for file in ("model.tar.gz", "evaluation.json", "baseline.json"):
            key = f"{theirs.layout.runs}run-1/{file}"
            s3.put_object(Bucket=theirs.artifacts_bucket, Key=key, Body=f"{file} of the run".encode())
        sagemaker = self.there("sagemaker")
        metrics = {"ContentType": "application/json", "S3Uri": f"{run}/evaluation.json"}
        graviton = {"Name": "arm64", "Containers": [{"Image": arm64, "ModelDataUrl": f"{run}/model.tar.gz"}]}
        return sagemaker.create_model_package(
            ModelPackageGroupName=theirs.package_group,
            ModelPackageDescription="churn within 30 days",
            ModelApprovalStatus=status,
            InferenceSpecification={
                "Containers": [{"Image": image, "ModelDataUrl": f"{run}/model.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            **({"AdditionalInferenceSpecifications": [graviton]} if arm64 else {}),
            ModelMetrics={"ModelQuality": {"Statistics": metrics}},
            CustomerMetadataProperties={
                "dataset_version": "data-0966df5e6f34",
                "dataset_uri": f"s3://{theirs.processed_bucket}/{theirs.layout.accepted}",
                "drift_baseline": f"{run}/baseline.json",
                **(said or {}),
            },
        )["ModelPackageArn"]

    def register(self, package: str, key: str | None = None, suite: Suite | None = None) -> registration.Registered:
        by = Signer(key=key) if key else None
        return registration.register(self.names, self.theirs, package, clients=self.clients, by=by, suite=suite)

    def read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        assert bucket == self.names.artifacts_bucket
        return self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()

    def registered(self) -> list[str]:
        found = self.client("sagemaker").list_model_packages(ModelPackageGroupName=self.names.package_group)
        return [package["ModelPackageArn"] for package in found["ModelPackageSummaryList"]]


class Noted(Suite):
    """A suite that notes what it is asked for, and fails it where it is told to."""

    def run(self, uri: str, *, owner: str, tell: Callable[[str], object]) -> None:
        self.report.write_text(f"ran {uri} of {owner}")
        if self.s3 == "fails":
            raise RefusedError("it fails")

    def skip(self, what: str, why: str, tell: Callable[[str], object]) -> None:
        self.report.write_text(f"skipped: {why}")


def test_its_archive_is_tested_before_anything_is_copied(prod: Prod, tmp_path: Path) -> None:
    package, report = prod.approved(), tmp_path / "model.xml"
    prod.push(prod.client, prod.names)
    with pytest.raises(RefusedError, match=r"^it fails$"):
        prod.register(package, suite=Noted(report=report, s3="fails"))
    assert prod.registered() == []
    assert "Contents" not in prod.client("s3").list_objects_v2(
        Bucket=prod.names.artifacts_bucket, Prefix="runs/churn/from-"
    )
    prod.register(package, suite=Noted(report=report, s3=None))
    archive = f"s3://{prod.theirs.artifacts_bucket}/{prod.theirs.layout.runs}run-1/model.tar.gz"
    assert report.read_text() == f"ran {archive} of {ACCOUNT}"
    prod.register(package, suite=Noted(report=report, s3="fails"))
    assert report.read_text() == f"skipped: it was registered before, as {prod.registered()[0]}"


def test_the_archive_of_an_image_of_others_is_left_to_it(prod: Prod, tmp_path: Path) -> None:
    repository, report = prod.theirs.ground.resource("scorer"), tmp_path / "model.xml"
    for client, names in ((prod.there, prod.theirs), (prod.client, prod.names)):
        client("ecr").create_repository(repositoryName=names.ground.resource("scorer"))
    ecr = prod.there("ecr")
    ecr.put_image(repositoryName=repository, imageManifest=MANIFEST, imageTag="1")
    digest = ecr.list_images(repositoryName=repository)["imageIds"][0]["imageDigest"]
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}@{digest}"
    prod.client("ecr").put_image(
        repositoryName=prod.names.ground.resource("scorer"), imageManifest=MANIFEST, imageTag="1"
    )
    prod.register(prod.approved(image=image), suite=Noted(report=report, s3="fails"))
    assert report.read_text() == "skipped: image scorer of others serves it, which was asked where it was evaluated"


def test_the_package_is_registered_with_the_same_bytes_and_image_and_the_source_and_promoted(prod: Prod) -> None:
    digest = prod.push(prod.client, prod.names).partition("@")[2]
    source = prod.approved()
    done = prod.register(source)
    assert (done.source, done.new, done.package) == (source, True, packages.arn(prod.names, "1"))
    found = prod.client("sagemaker").describe_model_package(ModelPackageName=done.package)
    run = f"s3://{prod.names.artifacts_bucket}/runs/{prod.names.workload}/from-{prod.theirs.account}-staging/run-1"
    (container,) = found["InferenceSpecification"]["Containers"]
    host = f"{prod.names.account}.dkr.ecr.{prod.names.region}.amazonaws.com"
    assert container["Image"] == f"{host}/mlplatform-{prod.names.stack}-inference@{digest}"
    assert container["ModelDataUrl"] == f"{run}/model.tar.gz"
    assert found["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == f"{run}/evaluation.json"
    assert found["CustomerMetadataProperties"] == {
        "dataset_version": "data-0966df5e6f34",
        "dataset_uri": f"s3://{prod.theirs.processed_bucket}/{prod.theirs.layout.accepted}",
        "drift_baseline": f"{run}/baseline.json",
        "source_package": source,
    }
    for file in ("model.tar.gz", "evaluation.json", "baseline.json"):
        assert prod.read(f"{run}/{file}") == f"{file} of the run".encode()
    assert (found["ModelPackageDescription"], found["ModelApprovalStatus"]) == (
        "churn within 30 days",
        "PendingManualApproval",
    )
    by, clients = By(who="ana", why="good in staging"), prod_releases(prod)
    with pytest.raises(RefusedError, match="is PendingManualApproval; allowed: Approved; approve it first"):
        releases.promote(prod.names, "1", by=by, clients=clients)
    packages.approve(prod.names, "1", why="good in staging", sagemaker=prod.client("sagemaker"))
    assert releases.promote(prod.names, "1", by=by, clients=clients).wanted.champion == done.package


def test_one_that_was_approved_for_this_stack_before_may_be_promoted_at_once(prod: Prod) -> None:
    prod.push(prod.client, prod.names)
    registration.register(prod.names, prod.theirs, prod.approved(), clients=prod.clients, approved=True)
    clients = prod_releases(prod)
    made = releases.promote(prod.names, "1", by=By(who="ana", why="good in staging"), clients=clients)
    assert made.wanted.champion == packages.arn(prod.names, "1")


def prod_releases(prod: Prod) -> releases.Clients:
    return releases.Clients(**{name: prod.client(name) for name in ("s3", "ssm", "sagemaker", "scheduler")})


def test_what_was_registered_is_not_registered_twice_and_another_one_is(prod: Prod) -> None:
    prod.push(prod.client, prod.names)
    first = prod.register(prod.approved())
    again = prod.register(first.source)
    assert (again.package, again.new) == (first.package, False)
    assert prod.register(prod.approved()).package == packages.arn(prod.names, "2")
    assert len(prod.registered()) == 2


def test_an_image_that_is_not_here_is_copied_by_digest(prod: Prod, monkeypatch: pytest.MonkeyPatch) -> None:
    source, told = prod.approved(), list[list[str]]()
    monkeypatch.setattr(shipping, "_run", lambda command, _: told.append(command))
    prod.register(source)
    (container,) = prod.clients.there.describe_model_package(ModelPackageName=source)["InferenceSpecification"][
        "Containers"
    ]
    there, _, digest = container["Image"].partition("@")
    (command,) = told
    assert command[:3] == ["skopeo", "copy", "--preserve-digests"]
    assert command[3] == f"docker://{there}@{digest}"
    assert command[4].endswith(f"/{prod.names.ground.resource('inference')}:sha256-{digest[7:23]}")


def test_the_image_for_graviton_comes_too_under_a_tag_that_says_so(prod: Prod, monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[list[str]]()
    monkeypatch.setattr(shipping, "_run", lambda command, _: told.append(command))
    intel = prod.push(prod.there, prod.theirs.ground)
    graviton = f"{intel.partition('@')[0]}@sha256:{'a' * 64}"
    done = prod.register(prod.approved(arm64=graviton))
    assert {command[3]: command[4].rpartition(":")[2] for command in told} == {
        f"docker://{intel}": f"sha256-{intel.partition('@sha256:')[2][:16]}",
        f"docker://{graviton}": "arm64-sha256-aaaaaaaaaaaaaaaa",
    }
    found = prod.client("sagemaker").describe_model_package(ModelPackageName=done.package)
    (further,) = found["AdditionalInferenceSpecifications"]
    (own,) = found["InferenceSpecification"]["Containers"]
    here = f"{prod.names.account}.dkr.ecr.{prod.names.region}.amazonaws.com/{prod.names.ground.resource('inference')}"
    assert further["Containers"] == [{**own, "Image": f"{here}@sha256:{'a' * 64}"}]


def test_half_way_nothing_is_registered_and_a_second_run_completes_it(prod: Prod) -> None:
    prod.push(prod.client, prod.names)
    source = prod.approved()
    theirs, s3 = prod.theirs, prod.there("s3")
    key = f"{theirs.layout.runs}run-1/model.tar.gz"  # copied after evaluation and baseline
    s3.delete_object(Bucket=theirs.artifacts_bucket, Key=key)
    with pytest.raises(RefusedError) as caught:
        prod.register(source)
    assert str(caught.value) == (
        f"s3://{theirs.artifacts_bucket}/{key} is not there any more; train and approve a model anew in staging"
    )
    assert prod.registered() == []
    s3.put_object(Bucket=theirs.artifacts_bucket, Key=key, Body=b"model.tar.gz of the run")
    assert prod.register(source).new
    assert len(prod.registered()) == 1


def test_what_the_other_stack_does_not_let_be_read_ends_it_before_anything_is_registered(prod: Prod) -> None:
    class Denied:
        def copy_object(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "CopyObject")

    prod.push(prod.client, prod.names)
    source = prod.approved()
    with pytest.raises(ClientError, match="AccessDenied"):
        registration.register(prod.names, prod.theirs, source, clients=replace(prod.clients, s3=Denied()))
    assert prod.registered() == []


def test_a_package_that_nobody_approved_there_is_refused(prod: Prod) -> None:
    source = prod.approved(status="PendingManualApproval")
    with pytest.raises(RefusedError, match=f"{source} is PendingManualApproval; allowed: Approved; approve it first"):
        prod.register(source)
    with pytest.raises(RefusedError, match=f"group {prod.theirs.package_group} of account .* has no approved package"):
        registration.newest_approved(prod.theirs, sagemaker=prod.clients.there)


def test_the_newest_approved_one_is_taken_of_several(prod: Prod) -> None:
    prod.approved()
    newest = prod.approved()
    prod.approved(status="PendingManualApproval")
    assert registration.newest_approved(prod.theirs, sagemaker=prod.clients.there) == newest


@pytest.mark.parametrize(
    "image",
    [
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-inference:latest",
        f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/elsewhere@sha256:{'0' * 64}",
        f"999999999999.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-inference@sha256:{'0' * 64}",
    ],
)
def test_an_image_by_tag_or_of_another_repository_is_refused(prod: Prod, image: str) -> None:
    with pytest.raises(RefusedError) as caught:
        prod.register(prod.approved(image=image))
    assert str(caught.value) == f"image: found {image}; allowed: one by digest in a repository of stack staging"
    assert prod.registered() == []


def test_a_stack_without_the_group_says_what_makes_it(prod: Prod) -> None:
    class Missing:
        """SageMaker's answer for a group that is not there, which moto gives as an empty list."""

        def get_paginator(self, _: str) -> Missing:
            return self

        def paginate(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, "ListModelPackages")

    clients = replace(prod.clients, sagemaker=Missing())
    with pytest.raises(RefusedError, match=r"group churn-prod\S* is not there; run `up`, which makes it"):
        registration.register(prod.names, prod.theirs, prod.approved(), clients=clients)


def test_what_refers_to_its_image_here_takes_the_place_of_what_does_there(prod: Prod) -> None:
    digest = prod.push(prod.client, prod.names).partition("@")[2]
    there = f"{digest} signature=sha256:{'1' * 64}"
    manifest = {
        **json.loads(MANIFEST),
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "subject": {"digest": digest},
        "annotations": {"dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1"},
    }
    signed = prod.client("ecr").put_image(
        repositoryName=prod.names.ground.resource("inference"), imageManifest=json.dumps(manifest), imageTag="signature"
    )
    here = f"{digest} signature={signed['image']['imageId']['imageDigest']}"
    said = {"inference_image_referrers": there, "training_image_referrers": there}
    done = prod.register(prod.approved(said=said))
    found = prod.client("sagemaker").describe_model_package(ModelPackageName=done.package)
    metadata = found["CustomerMetadataProperties"]
    assert metadata["inference_image_referrers"] == here
    assert "training_image_referrers" not in metadata


def test_an_image_that_the_key_did_not_sign_is_not_copied_and_nothing_registered(
    prod: Prod, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = prod.approved()
    asked = list[tuple[str, str]]()

    def verify(reference: str, *, ecr: Any, by: Signer) -> None:
        asked.append((reference, str(by)))
        if by.key != "staging.pub":
            raise RefusedError("found no signature")

    monkeypatch.setattr(shipping, "verify", verify)
    monkeypatch.setattr(shipping, "take_over", lambda *_, **__: asked.append(("copied", "")))
    with pytest.raises(RefusedError, match="found no signature"):
        prod.register(source, key="prod.pub")
    assert len(asked) == 1
    assert prod.registered() == []
    prod.register(source, key="staging.pub")
    image = prod.push(prod.there, prod.theirs)
    assert asked[1:] == [(image, "staging.pub"), ("copied", "")]
