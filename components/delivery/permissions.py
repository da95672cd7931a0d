"""What a delivery pipeline may do to a stack: read its configuration, or also change it. Pure statements.

Nothing here reads data: no object of the lake, no record, no capture, and of logs only an endpoint's. What is the
stack's is told by its name, networks and keys by tag. The actions are those of `components.delivery.services`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pulumi

from components import access
from components.access import Statement
from components.delivery.services import SERVICES, Services
from components.service import Service
from contracts import partitions
from contracts.names import ADMIN, PLATFORM, Names
from contracts.namespaces import HOSTS
from contracts.release.lambda_ import ALIAS

#: Groups of model packages, and packages of a group.
_PACKAGES: Final = (("-group", ""), ("", "/*"))


def named(names: Names, services: Services) -> list[str]:
    """Patterns of the ARNs of all that the stack names, on each level. IAM takes no pattern for a service.

    What a service names beside resources that have no name goes with those (`_by_resource`).
    """
    return [
        *(arn for service in services.values() if not service.unnamed for arn in _named_of(service, names)),
        names.every_role,
        f"arn:{names.partition}:cloudwatch::{names.account}:dashboard/*-{names.stack}",
        names.bucket_arn(names.bucket("*")),
    ]


def _named_of(service: Service, names: Names) -> list[str]:
    told = {
        "every": names.every,
        "ending": f"*-{names.stack}",
        "prefix": names.prefix,
        "parameters": names.parameter_path,
        "databases": names.every_database,
    }
    return [names.arn(service.name, pattern.format_map(told)) for pattern in service.named.split()]


def provider_arn(names: Names, issuer: str) -> str:
    """The account's identity provider for an issuer, which it can have once."""
    return f"arn:{names.partition}:iam::{names.account}:oidc-provider/{issuer}"


def reading(
    names: Names,
    issuers: Sequence[str],
    key: pulumi.Input[str],
    state: Iterable[Statement],
    services: Services = SERVICES,
) -> list[Statement]:
    """What a preview and the check for drift read: configuration, parameters, the stack's contracts, Pulumi's state.

    `key` is the ARN of the key of the artifacts bucket, which holds the contracts.
    """
    return [
        *_by_resource("Read", names, services, {name: service.reads for name, service in services.items()}),
        _anywhere("ReadWithoutResource", _actions({name: each.reads_anywhere for name, each in services.items()})),
        access.allow("ReadAdministered", _actions({"iam": SERVICES["iam"].reads}), _administered(names, issuers)),
        access.allow("ReadContracts", ["s3:GetObject", "s3:GetObjectTagging"], [_contracts(names)]),
        _through_s3("DecryptObjects", ["kms:Decrypt"], key, names),
        *state,
    ]


def _administered(names: Names, issuers: Sequence[str]) -> list[str]:
    """What an administrator alone changes: who delivers, as what, the roles of people, and all boundaries."""
    return [
        *(names.admin_arn(kind, "*") for kind in ("role", "policy")),
        *(provider_arn(names, issuer) for issuer in issuers),
    ]


def changing(
    names: Names, key: pulumi.Input[str], state: Iterable[Statement], services: Services = SERVICES
) -> list[Statement]:
    """What a deployment changes of all that the stack names, but roles, and Pulumi's state; `key` as for `reading`."""
    verbs = {name: each.changes for name, each in services.items() if not each.unnamed and name != "iam"}
    return [
        *_by_resource("Change", names, services, verbs),
        access.allow("WriteContracts", ["s3:DeleteObject", "s3:PutObject", "s3:PutObjectTagging"], [_contracts(names)]),
        _through_s3("EncryptObjects", ["kms:GenerateDataKey"], key, names),
        *_rollouts(names),
        *_models(names, services),
        *state,
    ]


def changing_ground(
    names: Names, boundaries: Sequence[pulumi.Input[str]], services: Services = SERVICES
) -> list[Statement]:
    """What a deployment changes of networks, keys and roles, and nothing that carries another stack's tag.

    `boundaries` are the ARNs of the permissions boundaries of the platform's roles: no role is made without one.
    """
    unnamed = {name: each.changes for name, each in services.items() if each.unnamed and name != "kms"}
    gone = [verb for verb in unnamed["ec2"].split() if verb.startswith(("Delete", "Release"))]
    unnamed["ec2"] = " ".join(verb for verb in unnamed["ec2"].split() if verb not in gone)
    return [
        *_by_resource("Change", names, services, unnamed),
        access.allow(
            "DeleteNetwork",
            [f"ec2:{verb}" for verb in gone],
            [names.arn("ec2", pattern) for pattern in SERVICES["ec2"].unnamed.split()],
            conditions={"StringEquals": {"aws:ResourceTag/Environment": names.stack}},
        ),
        *_roles(names, boundaries, services),
        *_keys(names),
        _anywhere("ChangeWithoutResource", _actions({name: each.changes_anywhere for name, each in services.items()})),
        access.allow(
            "NameEndpoints",
            ["route53:AssociateVPCWithHostedZone"],
            [f"arn:{names.partition}:route53:::hostedzone/*"],
        ),
        Statement(
            sid="OtherStacks",
            effect="Deny",
            actions=("ec2:*", "kms:*"),
            resources=("*",),
            conditions={
                "StringNotEquals": {"aws:ResourceTag/Environment": names.stack},
                "Null": {"aws:ResourceTag/Environment": "false"},
            },
        ),
    ]


def signing(names: Names) -> Statement:
    """What signs images with the stack's key, as cosign asks for it."""
    own = {"aws:ResourceTag/Environment": names.stack, "aws:ResourceTag/Project": "ml-platform"}
    return access.allow(
        "SignImages",
        ["kms:GetPublicKey", "kms:Sign"],
        [names.arn("kms", "key/*")],
        conditions={"StringEquals": own},
    )


def unchanged(names: Names) -> Statement:
    """What no allowance gives to who delivers, within whatever boundary: to change what an administrator alone does,
    of any stack. The boundary of `size.bounding` gives none of it, and needs no denial.
    """
    # Attach, Create, Delete, Pass, Put, Remove, Set, Tag, Update: IAM's verbs that change these begin so.
    verbs = ("A*", "C*", "D*", "P*", "R*", "S*", "T*", "U*")
    account = f"arn:{names.partition}:iam::{names.account}"
    return Statement(
        sid="Administered",
        effect="Deny",
        actions=tuple(f"iam:{verb}" for verb in verbs),
        resources=tuple(f"{account}:{place}/*" for place in (f"role/{ADMIN}", f"policy/{ADMIN}", "oidc-provider")),
    )


def state(names: Names, bucket: str | None, key: str | None, *, write: bool) -> list[Statement]:
    """Pulumi's state in S3, of this stack only, and the key of its secrets (Pulumi docs, "Using a DIY backend")."""
    found: list[Statement] = []
    if bucket:
        project = f"*/ml-platform/{names.stack}"  # below backups, history, locks and stacks
        files = [".pulumi/meta.yaml", f".pulumi/{project}.*", f".pulumi/{project}/*"]
        arns = [names.bucket_arn(bucket, file) for file in files]
        verb = "Write" if write else "Read"
        actions = ["s3:DeleteObject", "s3:PutObject"] if write else ["s3:GetObject"]
        found += [access.allow(f"{verb}State", actions, arns)]
        if not write:
            found += [access.allow("ListState", ["s3:ListBucket"], [names.bucket_arn(bucket)])]
    if key:
        sid, actions = (
            ("WriteSecrets", ["kms:Encrypt", "kms:GenerateDataKey"])
            if write
            else ("ReadSecrets", ["kms:Decrypt", "kms:DescribeKey"])
        )
        found += [access.allow(sid, actions, [key])]
    return found


def _roles(names: Names, boundaries: Sequence[pulumi.Input[str]], services: Services) -> list[Statement]:
    handed_to = _principals(each.handed_to for each in services.values())
    links = _principals(each.links for each in services.values())
    linked = f"arn:{names.partition}:iam::*:role/aws-service-role/*"  # shorter; a role is made in its own account alone
    return [
        access.allow("ChangeRoles", _actions({"iam": SERVICES["iam"].changes}), [names.every_role]),
        access.allow(
            "BoundRoles",
            ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"],
            [names.every_role],
            conditions={"StringEquals": {"iam:PermissionsBoundary": list(dict.fromkeys(boundaries))}},
        ),
        access.allow(
            "HandRoles",
            ["iam:PassRole"],
            [names.every_role],
            conditions={"StringEquals": {"iam:PassedToService": handed_to}},
        ),
        access.allow(
            "Link",
            ["iam:CreateServiceLinkedRole"],
            [linked],
            conditions={"StringEquals": {"iam:AWSServiceName": links}},
        ),
    ]


def _principals(words: Iterable[str]) -> list[str]:
    return [f"{word}.amazonaws.com" for word in sorted({word for each in words for word in each.split()})]


def _rollouts(names: Names) -> list[Statement]:
    """What an update needs to see a rollout through (`automation.operations.rollouts`): the lock of the release record,
    and the errors in an endpoint's log."""
    # Of endpoints, and of inference components.
    log = names.arn("logs", f"log-group:{HOSTS.rpartition('/')[0]}/*/{names.every}")
    locks = names.bucket_arn(names.artifacts_bucket, "locks/*")
    return [
        *access.read_objects("SeeLocks", names, names.artifacts_bucket, ["locks/"]),
        access.allow("LockReleases", ["s3:DeleteObject", "s3:PutObject"], [locks]),
        access.allow("ReadErrors", ["logs:FilterLogEvents"], [log]),
    ]


def _models(names: Names, services: Services) -> list[Statement]:
    """What brings a model to an endpoint and tests what it answers: rows that the test makes up. No function but those
    that are endpoints has the alias.
    """
    functions = access.allow(
        "TestFunctions", ["lambda:InvokeFunction"], [names.arn("lambda", f"function:{names.every}:{ALIAS}")]
    )
    return [
        access.allow(
            "SeePackages",
            ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
            [names.arn("sagemaker", f"model-package{kind}/*-{names.stack}{end}") for kind, end in _PACKAGES],
        ),
        access.allow(
            "TestEndpoints", ["sagemaker:InvokeEndpoint"], [names.arn("sagemaker", f"endpoint/{names.every}")]
        ),
        *([functions] if "codedeploy" in services else []),
    ]


def _keys(names: Names) -> list[Statement]:
    """Making keys, changing them and handing them to services. A key is told by its tag, which it gets when it is made:
    one without it is somebody else's in the account. Nor is it tagged where it has an alias that is not the stack's; a
    key that is being made has none, and then the condition holds (AWS KMS developer guide, "kms:ResourceAliases"; IAM
    user guide, "Set operators for multivalued context keys"). To name one asks for both, the alias and the key.
    """
    naming = "CreateAlias DeleteAlias UpdateAlias"
    change = _actions({"kms": f"{SERVICES['kms'].changes} {naming} GenerateDataKey"})
    tagged = {"aws:RequestTag/Environment": names.stack, "aws:RequestTag/Project": "ml-platform"}
    own = {"aws:ResourceTag/Environment": names.stack, "aws:ResourceTag/Project": "ml-platform"}
    alias = f"alias/{PLATFORM}-{names.stack}-*"
    keys, aliases = names.arn("kms", "key/*"), names.arn("kms", alias)
    nobodys = {"ForAllValues:StringLike": {"kms:ResourceAliases": alias}}
    return [
        _anywhere("MakeKeys", ["kms:CreateKey"], conditions={"StringEquals": tagged}),
        access.allow("TagKeys", ["kms:TagResource"], [keys], conditions={"StringEquals": tagged, **nobodys}),
        access.allow("ChangeKeys", change, [keys], conditions={"StringEquals": own}),
        access.allow(
            "GrantKeys",
            ["kms:CreateGrant"],
            [keys],
            conditions={"StringEquals": own, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        access.allow("NameKeys", _actions({"kms": naming}), [aliases]),
    ]


def _through_s3(sid: str, actions: Sequence[str], key: pulumi.Input[str], names: Names) -> Statement:
    """What S3 does for a role with the key of the artifacts bucket, the stack's own or an existing one (Amazon S3 user
    guide, "Using server-side encryption with AWS KMS keys").
    """
    host = f"s3.{names.region}.{partitions.of(names.region).dns_suffix}"
    return access.allow(sid, actions, [key], conditions={"StringEquals": {"kms:ViaService": host}})


def _anywhere(sid: str, actions: Iterable[str], *, conditions: access.Conditions | None = None) -> Statement:
    """Actions that take no resource (the policy pack has AWS's table of them and judges this)."""
    return Statement(sid=sid, effect="Allow", actions=tuple(actions), resources=("*",), conditions=conditions or {})


def _contracts(names: Names) -> str:
    return names.bucket_arn(names.artifacts_bucket, "contracts/*")


def _actions(verbs: Mapping[str, str]) -> list[str]:
    return sorted(f"{service}:{verb}" for service, text in verbs.items() for verb in text.split())


def _by_resource(sid: str, names: Names, services: Services, verbs: Mapping[str, str]) -> list[Statement]:
    """One statement for all that the stack names, and one for each service with resources that have no name."""
    unnamed = {
        name: [
            *(names.arn(name, pattern) for pattern in services[name].unnamed.split()),
            *_named_of(services[name], names),
        ]
        for name in verbs
        if services[name].unnamed
    }
    statements = [
        access.allow(f"{sid}{''.join(word.title() for word in name.split('-'))}", _actions({name: verbs[name]}), arns)
        for name, arns in unnamed.items()
    ]
    rest = _actions({name: text for name, text in verbs.items() if name not in unnamed})
    return [access.allow(f"{sid}Named", rest, named(names, services)), *statements] if rest else statements
