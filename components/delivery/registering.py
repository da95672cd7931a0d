"""What takes a model over from another stack (`automation.operations.registration`): its role may do nothing else.

It reads packages, runs and images there, as that stack's policies allow it too where it is in another account
(`components.readers`), and writes them here. Neither stack's releases, endpoints or data are within reach.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components import access, readers
from components.access import Statement
from contracts.layout import Layout
from contracts.names import Names


def registering(names: Names, theirs: Names, key: pulumi.Input[str], their_key: str) -> list[Statement]:
    """Statements of the role; the keys are the ARNs of those of both stacks' artifacts buckets."""
    groups = {stack: readers.package_arns(stack, f"*-{stack.stack}") for stack in (theirs, names)}
    read = theirs.bucket_arn(theirs.artifacts_bucket, readers.MODEL_OBJECTS)
    written = names.bucket_arn(names.artifacts_bucket, f"{Layout('*').taken_over(theirs.account, theirs.stack)}*")
    return [
        access.allow("FindModels", readers.READ_PACKAGES, [arn for arns in groups.values() for arn in arns]),
        access.allow("RegisterModels", ["sagemaker:CreateModelPackage"], groups[names]),
        access.allow("ReadModels", ["s3:GetObject"], [read]),
        access.allow("WriteModels", ["s3:PutObject"], [written]),
        access.allow("DecryptModels", ["kms:Decrypt"], [their_key], conditions=readers.through_s3(names)),
        access.allow("EncryptModels", ["kms:GenerateDataKey"], [key], conditions=readers.through_s3(names)),
        access.allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        access.allow("PullImages", readers.PULL_IMAGES, _repositories(theirs)),
        access.allow(
            "PushImages",
            [
                *readers.PULL_IMAGES[:2],
                *(
                    f"ecr:{verb}"
                    for verb in (
                        "CompleteLayerUpload",
                        "DescribeImages",
                        "DescribeRepositories",
                        "InitiateLayerUpload",
                        "PutImage",
                        "UploadLayerPart",
                    )
                ),
            ],
            _repositories(names),
        ),
    ]


def _repositories(names: Names) -> Sequence[str]:
    """All of a stack: those of its images, and those that it has for images of others."""
    return [names.arn("ecr", f"repository/{names.resource('*')}")]
