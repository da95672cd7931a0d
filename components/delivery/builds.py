"""What the pipelines of a stack and their builds may do. Pure statements.

A build reads the source, writes its log and reports, and where it makes images those, and beyond that takes roles of
delivery: those say what it may do to a stack (`components.delivery.permissions`). One that runs whatever the repository
installs takes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi

from components import access, readers
from components.access import Statement
from components.delivery.stages import IMAGES, SOURCE, Builder, Delivered, project
from components.delivery.trust import DELIVERY, DEPLOY, PREVIEW, REGISTER
from contracts import delivery, layout
from contracts.names import Names
from settings import Archive, CodeCommit, CodeConnections

#: Roles beside those of the builders.
PIPELINE: Final = f"{DELIVERY}-pipeline"
EVENTS: Final = f"{DELIVERY}-events"
#: The topic where approvals are asked for.
APPROVALS: Final = f"{DELIVERY}-approvals"


def role(builder: Builder) -> str:
    """What the role of a builder is called after the stack's prefix."""
    return f"{DELIVERY}-{builder}"


def log_group(names: Names) -> str:
    """The log group of all builds."""
    return f"/aws/codebuild/{names.resource(DELIVERY)}"


def takes(builder: Builder, of: Delivered) -> list[str]:
    """ARNs of the roles of delivery that a builder takes."""
    match builder:
        case Builder.PLAIN | Builder.TRAIN:
            return []
        case Builder.LOOK:
            return [names.admin_role_arn(PREVIEW) for names in (of.names, of.production)]
        case Builder.DEPLOY:
            return [of.names.admin_role_arn(DEPLOY)]
        case Builder.PRODUCTION:
            return [of.production.admin_role_arn(role) for role in (DEPLOY, REGISTER)]


def building(builder: Builder, of: Delivered, key: pulumi.Input[str], data_key: pulumi.Input[str]) -> list[Statement]:
    """What a build may do. `key` encrypts what the pipelines hand on, `data_key` what is accepted."""
    stack = of.names
    own = [build for build in of.builds if build.builder is builder]
    groups = [stack.arn("codebuild", f"report-group/{project(stack, build.name)}-*") for build in own]
    statements = [
        access.write_logs(stack, [log_group(stack)]),
        access.allow(
            "Report",
            [
                f"codebuild:{verb}"
                for verb in ("BatchPutTestCases", "CreateReport", "CreateReportGroup", "UpdateReport")
            ],
            groups,
        ),
        *_artifacts(stack, key, written=[IMAGES] if any(build.images for build in own) else []),
        *_pull(of),
    ]
    if builder is Builder.TRAIN:
        statements += _training(of, data_key)
    if roles := takes(builder, of):
        statements.append(access.allow("TakeRoles", ["sts:AssumeRole"], roles))
    if builder is not Builder.PLAIN:
        statements.append(_tell(stack))
    if of.settings.inside_vpc:
        statements += [*access.build_network_interfaces(stack), _network(stack)]
    return statements


def running(of: Delivered, key: pulumi.Input[str], messages: pulumi.Input[str]) -> list[Statement]:
    """What a pipeline itself may do: fetch the source, start builds, and ask for an approval.

    `key` encrypts what the pipelines hand on, `messages` the topic of approvals.
    """
    stack = of.names
    return [
        *_artifacts(stack, key, written=[SOURCE]),
        access.allow(
            "Build",
            ["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
            [stack.arn("codebuild", f"project/{project(stack, build.name)}") for build in of.builds],
        ),
        access.allow("AskForApproval", ["sns:Publish"], [of.approvals]),
        access.use_key("EncryptMessages", [messages], write=True),
        *_source(of),
    ]


def starting(names: Names) -> list[Statement]:
    """What the event rules may do: start the pipelines."""
    started = [names.arn("codepipeline", f"{names.delivery}{end}") for end in ("", "-*")]
    return [access.allow("Start", ["codepipeline:StartPipelineExecution"], started)]


def _artifacts(names: Names, key: pulumi.Input[str], *, written: Sequence[str]) -> list[Statement]:
    """Reading what the pipelines hand on, and writing the artifacts of these names.

    A run may wait for its approval for days. Who could write its source meanwhile would have production deploy it.
    """
    bucket, folder = names.artifacts_bucket, layout.delivery(names.delivery)
    writing = [names.bucket_arn(bucket, f"{folder}{artifact}/*") for artifact in written]
    return [
        access.allow("Artifacts", ["s3:GetObject", "s3:GetObjectVersion"], [names.bucket_arn(bucket, f"{folder}*")]),
        *([access.allow("WriteArtifacts", ["s3:PutObject"], writing)] if writing else []),
        access.allow(
            "ArtifactsBucket",
            ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
            [names.bucket_arn(bucket)],
        ),
        access.use_key("EncryptArtifacts", [key], write=bool(writing)),
    ]


def _pull(of: Delivered) -> list[Statement]:
    """The image that builds run in."""
    registry, _, repository = of.settings.image.partition("@")[0].partition("/")
    account, _, _, region = registry.split(".")[:4]
    return access.pull_images(of.names, f"arn:{of.names.partition}:ecr:{region}:{account}:repository/{repository}")


def _source(of: Delivered) -> list[Statement]:
    match of.settings.source:
        case CodeConnections(connection=arn):
            service = arn.split(":")[2]
            return [access.allow("Source", [f"{service}:UseConnection"], [arn])]
        case CodeCommit(repository=repository):
            verbs = ("CancelUploadArchive", "GetBranch", "GetCommit", "GetUploadArchiveStatus", "UploadArchive")
            return [
                access.allow("Source", [f"codecommit:{v}" for v in verbs], [of.names.arn("codecommit", repository)])
            ]
        case Archive(bucket=bucket, key=key, encryption_key=encrypts):
            found, through_s3 = [of.names.bucket_arn(bucket, key)], readers.through_s3(of.names)
            keys = [encrypts] if encrypts else []
            return [
                *(access.allow("DecryptSource", ["kms:Decrypt"], [each], conditions=through_s3) for each in keys),
                access.allow("Source", ["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion"], found),
                access.allow("SourceBucket", ["s3:GetBucketVersioning"], [of.names.bucket_arn(bucket)]),
            ]


def _training(of: Delivered, data_key: pulumi.Input[str]) -> list[Statement]:
    """Starting training where it is due (`automation.operations.training`): what the newest models were made of, which
    keys accepted data has, and which data sets were published of it."""
    stack, found = of.names, of.workloads
    bucket, groups = stack.processed_bucket, [each.package_group for each in found]
    return [
        access.allow(
            "Train",
            ["sagemaker:DescribePipeline", "sagemaker:StartPipelineExecution"],
            [stack.arn("sagemaker", f"pipeline/{each.pipeline}") for each in found],
        ),
        access.allow(  # whichever of the two a workload has
            "TrainByMachine",
            ["states:DescribeStateMachine", "states:StartExecution"],
            [each.training_machine_arn for each in found],
        ),
        access.allow(
            "SeeModels",
            ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
            [
                *(stack.arn("sagemaker", f"model-package-group/{group}") for group in groups),
                *(stack.arn("sagemaker", f"model-package/{group}/*") for group in groups),
            ],
        ),
        access.allow(
            "SeeAccepted",
            ["s3:ListBucket"],
            [stack.bucket_arn(bucket)],
            conditions={"StringLike": {"s3:prefix": [f"{each.layout.accepted}*" for each in found]}},
        ),
        *access.read_objects("SeeDataSets", stack, bucket, [f"{each.layout.data_sets}index/" for each in found]),
        access.use_key("DecryptDataSets", [data_key], write=False),
    ]


def _tell(names: Names) -> Statement:
    """Saying why a build ends, as that event alone (EventBridge user guide, "Using IAM policy conditions")."""
    told = {"events:source": delivery.SOURCE, "events:detail-type": delivery.DETAIL_TYPE}
    bus = names.arn("events", "event-bus/default")
    return access.allow("TellReason", ["events:PutEvents"], [bus], conditions={"StringEquals": told})


def _network(names: Names) -> Statement:
    """CodeBuild user guide, "Allow CodeBuild access to AWS services required to create a VPC network interface"."""
    return access.allow(
        "HandNetworkInterfaces",
        ["ec2:CreateNetworkInterfacePermission"],
        [names.arn("ec2", "network-interface/*")],
        conditions={"StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"}},
    )
