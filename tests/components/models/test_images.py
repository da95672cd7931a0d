from __future__ import annotations

import json

import pytest

from components.models.images import Images, ImagesArgs
from settings import Images as ImageSettings
from tests.components.engine import deploy, ground


@pytest.mark.parametrize("protect", [True, False])
def test_one_guarded_repository_for_each_image(protect: bool) -> None:
    def program() -> None:
        Images("images", ImagesArgs(ground=ground(protect=protect), settings=ImageSettings(keep_images=5)))

    deployment = deploy(program)
    repositories = deployment.all("awsx:ecr:Repository")
    assert [r.inputs["name"] for r in repositories] == ["mlplatform-staging-inference", "mlplatform-staging-training"]
    for repository in repositories:
        assert repository.protect is protect
        assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
        assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository.inputs["forceDelete"] is False
        assert repository.inputs["encryptionConfigurations"] == [
            {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-west-1:123456789012:key/keys-models"}
        ]
        assert repository.inputs["lifecyclePolicy"] == {"skip": True}
    assert deployment.outputs["images"]["urls"] == {
        image: f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-{image}"
        for image in ("training", "inference")
    }


def test_images_are_counted_by_their_tags_so_that_no_signature_is_taken_for_one_or_expires_before_its_image() -> None:
    def program() -> None:
        Images("images", ImagesArgs(ground=ground(), settings=ImageSettings(keep_images=5)))

    policies = deploy(program).all("aws:ecr/lifecyclePolicy:LifecyclePolicy")
    assert sorted(policy.inputs["repository"] for policy in policies) == [
        "mlplatform-staging-inference",
        "mlplatform-staging-training",
    ]
    for policy in policies:
        (rule,) = json.loads(policy.inputs["policy"])["rules"]
        assert rule["selection"] == {
            "tagStatus": "tagged",
            "tagPatternList": ["*"],
            "countType": "imageCountMoreThan",
            "countNumber": 10 if "inference" in policy.inputs["repository"] else 5,  # for two processors
        }
        assert rule["action"] == {"type": "expire"}


def test_images_of_others_have_such_repositories_too() -> None:
    def program() -> None:
        Images("images", ImagesArgs(ground=ground(), settings=ImageSettings(others=("fraud-net",))))

    deployment = deploy(program)
    theirs, _, training = sorted(deployment.all("awsx:ecr:Repository"), key=lambda each: each.inputs["name"])
    assert theirs.inputs["name"] == "mlplatform-staging-fraud-net"
    assert {**training.inputs, "name": ""} == {**theirs.inputs, "name": ""}
    assert sorted(deployment.outputs["images"]["urls"]) == ["fraud-net", "inference", "training"]
