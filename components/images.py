"""The container registry: one repository for the training image and one for the inference image.

Tags are immutable, images are scanned when pushed, encrypted, and the oldest expire. The platform refers to images by
digest only; the build writes the digests to SSM (`components.parameters`).
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from components.naming import Names
from components.parameters import IMAGES


@dataclass(frozen=True, kw_only=True)
class ImagesArgs:
    """`key_arn` encrypts the images; `keep_images` is per repository; `protect` refuses deletion."""

    names: Names
    key_arn: pulumi.Input[str]
    keep_images: int
    protect: bool


class Images(pulumi.ComponentResource):
    """The repositories, by image name.

    images = Images("images", ImagesArgs(names=names, key_arn=key.arn, keep_images=30, protect=True))
    images.urls["training"]
    """

    urls: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:images:Images", name, None, opts)
        self.urls = {}
        for image in IMAGES:
            repository = awsx.ecr.Repository(
                f"{name}-{image}",
                name=args.names.resource(image),
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
                encryption_configurations=[
                    aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=args.key_arn)
                ],
                force_delete=False,
                lifecycle_policy=awsx.ecr.LifecyclePolicyArgs(
                    rules=[
                        awsx.ecr.LifecyclePolicyRuleArgs(
                            description="Untagged images were replaced or never finished",
                            tag_status=awsx.ecr.LifecycleTagStatus.UNTAGGED,
                            maximum_age_limit=7,
                        ),
                        awsx.ecr.LifecyclePolicyRuleArgs(
                            description="Keep the newest images",
                            tag_status=awsx.ecr.LifecycleTagStatus.ANY,
                            maximum_number_of_images=args.keep_images,
                        ),
                    ]
                ),
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
            )
            self.urls[image] = repository.url
        self.register_outputs({"urls": self.urls})
