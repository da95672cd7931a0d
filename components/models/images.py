"""The container registry: one repository for the training image, one for the inference images, and those of others.

Tags are immutable, images are scanned when pushed, encrypted, and the oldest expire. The platform refers to images by
digest only; the build writes the digests to SSM (`components.models.parameters`). Signatures and bills of materials lie
beside their images, without a tag, and stay as long as these (`lifecycle`).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from components import access, readers
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.service import Service
from contracts.images import IMAGES, INFERENCE
from contracts.names import Names
from settings import Images as ImageSettings

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "ecr",
        types="ecr/lifecyclePolicy ecr/repository ecr/repositoryPolicy",
        reads="BatchCheckLayerAvailability BatchGetImage DescribeImageScanFindings DescribeImages DescribeRepositories "
        "GetDownloadUrlForLayer GetLifecyclePolicy GetRepositoryPolicy ListTagsForResource",
        reads_anywhere="GetAuthorizationToken",
        changes="CompleteLayerUpload CreateRepository DeleteLifecyclePolicy DeleteRepository DeleteRepositoryPolicy "
        "InitiateLayerUpload "
        "PutImage PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy SetRepositoryPolicy "
        "TagResource UntagResource UploadLayerPart",
        named="repository/{prefix}-*",
    ),
)


@dataclass(frozen=True, kw_only=True)
class ImagesArgs:
    """`settings` is the section of the stack config. `functions` says that Lambda runs the inference image."""

    ground: Ground
    settings: ImageSettings
    functions: bool = False


def functions(names: Names) -> Statement:
    """Lambda's leave to pull an image for the stack's functions (AWS Lambda developer guide, "Create a Lambda function
    using a container image", "Amazon ECR permissions").
    """
    source = {"StringLike": {"aws:SourceArn": names.arn("lambda", f"function:{names.every}")}}
    verbs = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    return access.grant("RunFunctions", verbs, [], {"Service": "lambda.amazonaws.com"}, conditions=source)


def lifecycle(keep: int) -> str:
    """The lifecycle document of a repository: the newest `keep` images stay.

    Only what has a tag is counted and expires. What cosign pushes is an artifact without a tag that refers to its
    image: a rule for untagged images would take it away from an image that still serves, and one for any image would
    count it, so that signing one image anew with each delivery pushed others out. ECR takes such artifacts away within
    a day of their image, by no rule of ours (Amazon ECR user guide, "Automate the cleanup of images by using lifecycle
    policies", read 2026-11-29). As tags are immutable, no image loses its own to a newer one.
    """
    rule = {
        "rulePriority": 1,
        "description": "Keep the newest images, and with each what refers to it",
        "selection": {
            "tagStatus": "tagged",
            "tagPatternList": ["*"],
            "countType": "imageCountMoreThan",
            "countNumber": keep,
        },
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})


class Images(pulumi.ComponentResource):
    """The repositories, by what they are called behind the stack's name.

    images = Images("images", ImagesArgs(ground=ground, settings=settings.images))
    images.urls["training"]
    """

    urls: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:images:Images", name, None, opts)
        self.urls = {}
        ours = Counter(image.repository for image in IMAGES.values())
        for image in (*ours, *args.settings.others):
            repository = awsx.ecr.Repository(
                f"{name}-{image}",
                name=args.ground.names.resource(image),
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
                encryption_configurations=[
                    aws.ecr.RepositoryEncryptionConfigurationArgs(
                        encryption_type="KMS", kms_key=args.ground.keys[Domain.MODELS].arn
                    )
                ],
                force_delete=False,
                lifecycle_policy=awsx.ecr.LifecyclePolicyArgs(skip=True),  # it knows no patterns of tags
                opts=pulumi.ResourceOptions(parent=self, protect=args.ground.protect),
            )
            aws.ecr.LifecyclePolicy(
                f"{name}-{image}-lifecycle",
                repository=args.ground.names.resource(image),
                policy=lifecycle(args.settings.keep_images * max(ours[image], 1)),  # one for each processor
                opts=pulumi.ResourceOptions(parent=self, depends_on=[repository]),
            )
            outsiders = [
                *([readers.images(args.ground.model_readers)] if args.ground.model_readers else []),
                *([functions(args.ground.names)] if args.functions and image == INFERENCE else []),
            ]
            if outsiders:
                aws.ecr.RepositoryPolicy(
                    f"{name}-{image}-readers",
                    repository=args.ground.names.resource(image),
                    policy=access.own_document(*outsiders),
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[repository]),
                )
            self.urls[image] = repository.url
        self.register_outputs({"urls": self.urls})
