from __future__ import annotations

import pytest

from automation.operations import images
from automation.operations.errors import RefusedError
from contracts.referrers import SBOM, SIGNATURE, Referrers
from tests.automation.conftest import BILL, SIGNED, Platform


def publish(platform: Platform, image: str, version: str) -> str:
    return images.publish(platform.names, image, version, ecr=platform.client("ecr"), ssm=platform.client("ssm"))


def recorded(platform: Platform, image: str) -> str:
    return platform.client("ssm").get_parameter(Name=platform.names.image_parameter(image))["Parameter"]["Value"]


def test_a_pushed_image_is_recorded_by_digest_whether_it_is_named_by_tag_or_digest(platform: Platform) -> None:
    digest = platform.push("training", "v1")
    uri = publish(platform, "training", "v1")
    assert uri == f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-training@{digest}"
    assert publish(platform, "training", digest) == uri == recorded(platform, "training")


def test_what_refers_to_an_image_is_recorded_once_however_often_it_is_signed_and_anew_for_another(
    platform: Platform,
) -> None:
    def referrers() -> str:
        name = platform.names.referrers_parameter("training")
        return platform.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]

    first, second = (platform.push("training", f"signed-{number}") for number in range(2))
    signature, bill = platform.refer("training", first, SIGNED), platform.refer("training", first, BILL)
    publish(platform, "training", first)
    recorded = Referrers(image=first, artifacts={SIGNATURE: signature, SBOM: bill}).text()
    assert referrers() == recorded
    platform.refer("training", first, SIGNED, "2026-11-30T10:00:00Z")
    publish(platform, "training", first)
    assert referrers() == recorded
    publish(platform, "training", second)
    assert referrers() == recorded  # nobody signed the second; what is recorded names the first
    newer = platform.refer("training", second, SIGNED)
    publish(platform, "training", second)
    assert referrers() == f"{second} signature={newer}"


def test_the_newest_image_is_the_one_pushed_last(platform: Platform) -> None:
    pushed = [platform.push("inference", f"newest-{number}") for number in range(2)]
    assert images.newest(platform.names, "inference", ecr=platform.client("ecr")) in pushed


def test_the_images_of_one_repository_are_not_taken_for_each_other(platform: Platform) -> None:
    """By their tags, also where the other one was pushed later."""
    intel = platform.push("inference", "apart")
    graviton = platform.push("inference", "arm64-apart")
    ecr = platform.client("ecr")
    assert images.newest(platform.names, "inference-arm64", ecr=ecr) == graviton
    assert images.newest(platform.names, "inference", ecr=ecr) != graviton
    repository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-inference"
    assert publish(platform, "inference-arm64", graviton) == f"{repository}@{graviton}"
    assert recorded(platform, "inference-arm64") == f"{repository}@{graviton}"
    with pytest.raises(RefusedError) as caught:
        publish(platform, "inference", "arm64-apart")
    assert str(caught.value) == (
        "repository mlplatform-staging-inference: found arm64-apart with tags arm64-apart, which is not for "
        "linux/amd64; allowed: a tag other than arm64-...; build workloads/inference/Dockerfile for linux/amd64 and "
        "push it there with a tag other than arm64-..."
    )
    with pytest.raises(RefusedError, match=r"with tags apart, which is not for linux/arm64; allowed: a tag arm64-..."):
        publish(platform, "inference-arm64", intel)


@pytest.mark.parametrize("version", ["no-such-tag", f"sha256:{'0' * 64}"])
def test_an_image_that_was_not_pushed_is_refused(platform: Platform, version: str) -> None:
    with pytest.raises(RefusedError) as caught:
        publish(platform, "training", version)
    assert str(caught.value) == (
        f"repository mlplatform-staging-training has no image {version}; push it, then publish it"
    )


def test_there_are_three_images(platform: Platform) -> None:
    with pytest.raises(RefusedError, match=r"image: found 'batch'; allowed: training, inference, inference-arm64$"):
        publish(platform, "batch", "v1")


def test_without_a_repository_it_says_what_makes_it(platform: Platform) -> None:
    other = platform.names.__class__(
        stack="other", account="123456789012", region="eu-west-1", workload="churn", endpoint="live"
    )
    with pytest.raises(RefusedError, match="repository mlplatform-other-training is not there; run `pulumi up`"):
        images.publish(other, "training", "v1", ecr=platform.client("ecr"), ssm=platform.client("ssm"))
