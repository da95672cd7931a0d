"""Identity and access: IAM statements built in one place, and one role for each job.

`allow` and `deny` build statements from the actions and the ARNs they need and refuse what least privilege forbids:
action wildcards, `*` as a resource where the action can name one, PassRole without a service. `Role` is one role with
its inline policies, trusted for one AWS service of this account only.

A statement names what it can by name. The policy of a role is one text, and one ARN in it that AWS chooses leaves the
whole unknown before the resource exists, so that a preview judges nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.service import Service
from components.without_resource import WITHOUT_RESOURCE
from contracts.layout import Layout
from contracts.names import DEAD_LETTERS, Names, WorkloadNames

#: What SageMaker and CodeBuild look at before they put network interfaces into a VPC.
_NETWORK: Final = (
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
Conditions = Mapping[str, Mapping[str, pulumi.Input[str] | Sequence[pulumi.Input[str]]]]
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "iam",
        types="iam/role iam/rolePolicy iam/rolePolicyAttachment",
        reads="GetRole GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies "
        "ListRoleTags",
        # What could give a role more than the boundary stands in `components.delivery.permissions`.
        changes="DeleteRole DeleteRolePolicy DetachRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole "
        "UpdateRoleDescription",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy. Resources and condition values may be outputs; everything else shapes the document.

    A `sid` that is empty is not written.
    """

    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[pulumi.Input[str], ...]
    conditions: Conditions = field(default_factory=dict[str, Mapping[str, str]])
    principal: str | Mapping[str, str | Sequence[str]] | None = None

    @property
    def known(self) -> bool:
        """Whether nothing in it waits for a resource."""
        values = [value for keys in self.conditions.values() for value in keys.values()]
        listed = [v for value in values for v in (value if isinstance(value, Sequence) else [value])]
        return all(isinstance(part, str) for part in (*self.resources, *listed))

    def to_dict(self) -> dict[str, Any]:
        """The statement as IAM writes it; outputs stay in place."""
        body: dict[str, Any] = {**({"Sid": self.sid} if self.sid else {}), "Effect": self.effect}
        if self.principal is not None:
            body["Principal"] = self.principal
        body |= {"Action": sorted(self.actions), "Resource": list(self.resources)}
        if self.conditions:
            body["Condition"] = self.conditions
        return body


def allow(
    sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]], *, conditions: Conditions | None = None
) -> Statement:
    """A statement of an identity policy. Raises ValueError where it would allow more than it names."""
    for action in actions:
        if not re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action):
            raise ValueError(f"statement {sid}: found action {action!r}; allowed: one action by name, service:Action")
    if "*" in resources and (named := sorted(set(actions) - WITHOUT_RESOURCE)):
        raise ValueError(f"statement {sid}: found resource '*' for {named}; allowed: the ARNs these actions need")
    if not actions or not resources:
        raise ValueError(f"statement {sid}: found no action or no resource; allowed: at least one of each")
    if "iam:PassRole" in actions and "iam:PassedToService" not in (conditions or {}).get("StringEquals", {}):
        raise ValueError(f"statement {sid}: found iam:PassRole for any service; allowed: with `pass_role` only")
    return Statement(
        sid=sid,
        effect="Allow",
        actions=tuple(actions),
        resources=tuple(dict.fromkeys(resources)),  # one key may serve several domains
        conditions=conditions or {},
    )


def pass_role(sid: str, role_arns: Sequence[pulumi.Input[str]], service: str) -> Statement:
    """Leave to hand these roles to one AWS service (for example sagemaker.amazonaws.com) and to no other."""
    return allow(sid, ["iam:PassRole"], role_arns, conditions={"StringEquals": {"iam:PassedToService": service}})


def grant(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    principal: str | Mapping[str, str | Sequence[str]],
    *,
    conditions: Conditions | None = None,
) -> Statement:
    """A statement of a resource policy that lets `principal` in. An anonymous principal needs a condition."""
    if principal == "*" and not conditions:
        raise ValueError(f"statement {sid}: found principal '*' without a condition; allowed: a condition or an ARN")
    return Statement(
        sid=sid,
        effect="Allow",
        actions=tuple(actions),
        resources=tuple(resources),
        conditions=conditions or {},
        principal=principal,
    )


def deny(
    sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]], *, conditions: Conditions
) -> Statement:
    """A statement of a resource policy that refuses everybody for whom the conditions hold."""
    return Statement(
        sid=sid, effect="Deny", actions=tuple(actions), resources=tuple(resources), conditions=conditions, principal="*"
    )


def forbid(sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]]) -> Statement:
    """A statement of an identity policy that refuses, whatever other policies of the identity allow."""
    return Statement(sid=sid, effect="Deny", actions=tuple(actions), resources=tuple(resources))


def document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """The policy document, as JSON with a stable order."""
    sids = [statement.sid for statement in statements if statement.sid]
    if repeated := sorted({sid for sid in sids if sids.count(sid) > 1}):
        raise ValueError(f"policy document: found the statement ids {repeated} twice; allowed: each once")
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [statement.to_dict() for statement in statements]}, sort_keys=True
    )


def trust(service: str, account: str, *, names_source: bool = True) -> Statement:
    """Trust in an AWS service while it acts for this account, and for no other (the confused-deputy problem).

    A condition on a key that the request lacks never holds, and nobody could take the role. So where no AWS document
    promises that the service names its source (`names_source` False), the condition binds only where the key is there.
    """
    operator = "StringEquals" if names_source else "StringEqualsIfExists"
    return Statement(
        sid="AssumedByService",
        effect="Allow",
        actions=("sts:AssumeRole",),
        resources=(),
        conditions={operator: {"aws:SourceAccount": account}},
        principal={"Service": service},
    )


def own_document(*statements: Statement) -> pulumi.Output[str]:
    """A policy that names no resource, because what has it is the resource: a role's trust, a repository's policy."""
    bodies = [{k: v for k, v in statement.to_dict().items() if k != "Resource"} for statement in statements]
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": bodies}, sort_keys=True)


def network_interfaces(names: Names) -> list[Statement]:
    """What a SageMaker job or model in the VPC needs to put its network interfaces there.

    As the SageMaker developer guide lists it ("SageMaker roles", permissions of CreateModel with a private VPC).
    """
    return _network_interfaces(
        names,
        manage=[
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
        ],
        describe=_NETWORK,
    )


def function_network_interfaces(names: Names) -> list[Statement]:
    """What a Lambda function in the VPC needs to put its network interfaces there.

    As the managed policy AWSLambdaVPCAccessExecutionRole lists it: less than SageMaker asks for.
    """
    return _network_interfaces(
        names,
        manage=["ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"],
        describe=["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
    )


def build_network_interfaces(names: Names) -> list[Statement]:
    """What a build of CodeBuild in the VPC needs to put its network interfaces there.

    CodeBuild user guide, "Allow CodeBuild access to AWS services required to create a VPC network interface"; leave for
    CodeBuild to attach them comes beside it, with its condition.
    """
    return _network_interfaces(names, manage=["ec2:DeleteNetworkInterface"], describe=_NETWORK)


def glue_network_interfaces(names: Names) -> list[Statement]:
    """What a job of Glue in the VPC needs to put its network interfaces there.

    As the managed policy AWSGlueServiceRole lists it; by the tag on what it has made Glue finds it again.
    """
    network = ["NetworkInterfaces", "RouteTables", "SecurityGroups", "Subnets", "VpcEndpoints"]
    return [
        *_network_interfaces(
            names,
            manage=["ec2:CreateTags", "ec2:DeleteNetworkInterface"],
            describe=[f"ec2:Describe{each}" for each in network],
        ),
        allow("DescribeVpc", ["ec2:DescribeVpcAttribute"], [names.arn("ec2", "vpc/*")]),
    ]


def _network_interfaces(names: Names, *, manage: Sequence[str], describe: Sequence[str]) -> list[Statement]:
    parts = [names.arn("ec2", f"{kind}/*") for kind in ("network-interface", "security-group", "subnet")]
    return [
        allow("CreateNetworkInterfaces", ["ec2:CreateNetworkInterface"], parts),
        allow("ManageNetworkInterfaces", manage, parts[:1]),
        allow("DescribeNetwork", describe, ["*"]),
    ]


def write_logs(names: Names, groups: Sequence[str], *, create: bool = False) -> Statement:
    """Writing to log groups, by name; with `create` also making the groups that SageMaker shares between all jobs."""
    resources = [names.arn("logs", f"log-group:{group}{suffix}") for group in groups for suffix in ("", ":*")]
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    return allow("WriteLogs", [*actions, *(["logs:CreateLogGroup"] if create else [])], resources)


def put_metrics(namespaces: Sequence[str]) -> Statement:
    """Publishing metrics to these CloudWatch namespaces; the action takes no resource, the condition bounds it."""
    return allow(
        "PublishMetrics",
        ["cloudwatch:PutMetricData"],
        ["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": list(namespaces)}},
    )


def let_go_of_variants(names: Names) -> list[Statement]:
    """Ending the scaling of variants, whose targets have no names of their own: the condition bounds it to that
    dimension (service authorization reference, "Application Auto Scaling", read 2026-11-30).
    """
    return [
        allow("SeeScaling", ["application-autoscaling:DescribeScalableTargets"], ["*"]),
        allow(
            "LetGoOfVariants",
            ["application-autoscaling:DeregisterScalableTarget"],
            [names.arn("application-autoscaling", "scalable-target/*")],
            conditions={
                "StringEquals": {"application-autoscaling:scalable-dimension": "sagemaker:variant:DesiredInstanceCount"}
            },
        ),
    ]


def use_key(sid: str, key_arns: Sequence[pulumi.Input[str]], *, write: bool) -> Statement:
    """Reading, and with `write` also writing, what these KMS keys encrypt."""
    actions = ["kms:Decrypt", "kms:DescribeKey", *(["kms:Encrypt", "kms:GenerateDataKey"] if write else [])]
    return allow(sid, actions, key_arns)


def grant_key(sid: str, key_arns: Sequence[pulumi.Input[str]]) -> Statement:
    """Letting an AWS service use these keys for encrypted volumes, for as long as the resource lives."""
    return allow(sid, ["kms:CreateGrant"], key_arns, conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}})


def read_objects(sid: str, names: Names, bucket: str, prefixes: Sequence[str]) -> list[Statement]:
    """Reading and listing the objects under these prefixes; a prefix ends in `/`, or is a whole key."""
    return [
        allow(f"{sid}Objects", ["s3:GetObject"], [names.bucket_arn(bucket, f"{prefix}*") for prefix in prefixes]),
        find_objects(f"{sid}List", names, bucket, prefixes),
    ]


def find_objects(sid: str, names: Names, bucket: str, prefixes: Sequence[str]) -> Statement:
    """Listing the objects under these prefixes."""
    listed = {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}}
    return allow(sid, ["s3:ListBucket"], [names.bucket_arn(bucket)], conditions=listed)


def write_objects(sid: str, names: Names, bucket: str, prefixes: Sequence[str]) -> Statement:
    """Writing objects under these prefixes, in one piece or in parts."""
    resources = [names.bucket_arn(bucket, f"{prefix}*") for prefix in prefixes]
    return allow(sid, ["s3:AbortMultipartUpload", "s3:PutObject"], resources)


def place_archives(names: Names, layout: Layout) -> list[Statement]:
    """Copying the archives of packages to where multi-model endpoints serve them from, and taking them away again."""
    there, archives = f"{layout.models}*", f"{layout.runs}*/model.tar.gz"
    return [
        find_objects("FindArchives", names, names.artifacts_bucket, [layout.models]),
        allow("ReadArchives", ["s3:GetObject"], [names.bucket_arn(names.artifacts_bucket, archives)]),
        allow(
            "PlaceArchives",
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [names.bucket_arn(names.artifacts_bucket, there)],
        ),
    ]


def send_dead_letters(names: WorkloadNames) -> Statement:
    """Leave to put a letter into the workload's dead-letter queue; the names may be those of one of its endpoints."""
    queue = names.of_workload(names.workload).resource(DEAD_LETTERS)
    return allow("DeadLetters", ["sqs:SendMessage"], [names.arn("sqs", queue)])


def pull_images(names: Names, repository_arn: str | None = None) -> list[Statement]:
    """Pulling container images from one repository, or without it from all of the stack."""
    return [
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "PullImages",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [repository_arn or names.arn("ecr", f"repository/{names.ground.resource('*')}")],
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class RoleArgs:
    """`job` names the role (`<prefix>-<job>`), `service` is the AWS service that assumes it.

    `names_source` False says that AWS does not promise that the service names the account it acts for (see `trust`).
    `path` is the IAM path, by default that of jobs.
    `trusted` says who assumes a role that is for no service.
    """

    names: Names
    job: str
    description: str
    statements: Sequence[Statement]
    permissions_boundary: pulumi.Input[str]
    service: str = ""
    names_source: bool = True
    trusted: Statement | None = None
    path: str | None = None


class Role(pulumi.ComponentResource):
    """One job's role with its inline policies: `permissions`, known at every preview, and `keys` for the rest.

    Keys are all that the rest is about: of what the platform makes, their ARNs alone do not follow from names.

    role = Role("training-job", RoleArgs(names=names, job="training", service="sagemaker.amazonaws.com", ...))
    """

    arn: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(self, name: str, args: RoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:access:Role", name, None, opts)
        role = aws.iam.Role(
            f"{name}-role",
            name=args.names.resource(args.job),
            path=args.path or args.names.iam_path,
            description=args.description,
            assume_role_policy=own_document(
                args.trusted or trust(args.service, args.names.account, names_source=args.names_source)
            ),
            permissions_boundary=args.permissions_boundary,
            max_session_duration=3600,
            opts=pulumi.ResourceOptions(parent=self),
        )
        known = [statement for statement in args.statements if statement.known]
        waiting = [statement for statement in args.statements if not statement.known]
        policies = [
            aws.iam.RolePolicy(
                f"{name}-{child}",
                name=title,
                role=role.name,
                policy=document(statements),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for child, title, statements in (("policy", "permissions", known), ("keys", "keys", waiting))
            if statements
        ]
        # What needs the permissions waits for the policies, not for the role alone.
        self.arn = pulumi.Output.all(role.arn, *(each.id for each in policies)).apply(lambda parts: str(parts[0]))
        self.name = role.name
        self.register_outputs({"arn": self.arn, "name": self.name})
