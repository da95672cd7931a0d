"""The key that signs a stack's images where CodePipeline delivers it.

Builds of CodePipeline have no token that Sigstore would take for a signature without a key, as those of GitHub and
GitLab have.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components import access
from components.delivery.stages import signing_key
from components.ground import Ground


class ImageSigning(pulumi.ComponentResource):
    """An asymmetric key, which AWS cannot rotate, and its alias, by which cosign and who verifies name it.

    ImageSigning("delivery-signing", ground)
    """

    def __init__(self, name: str, ground: Ground, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:delivery:ImageSigning", name, None, opts)
        names = ground.names
        key = aws.kms.Key(
            f"{name}-key",
            description=f"{names.prefix}: signatures of images",
            customer_master_key_spec="ECC_NIST_P256",
            key_usage="SIGN_VERIFY",
            deletion_window_in_days=30,
            policy=access.document([access.grant("AccountDecidesByIam", ["kms:*"], ["*"], {"AWS": names.root_arn})]),
            opts=pulumi.ResourceOptions(parent=self, protect=ground.protect),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=signing_key(names),
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"arn": key.arn})
