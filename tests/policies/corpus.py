"""Policy documents that are known to be bad, with where each is known from, and the policies that must flag it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"


@dataclass(frozen=True)
class Bad:
    """A document: kind (`permission`, `trust` or `resource`), its statements, and who must flag it."""

    name: str
    kind: str
    statements: tuple[dict[str, Any], ...]
    caught: frozenset[str]


def bad(name: str, kind: str, *statements: dict[str, Any], caught: str) -> Bad:
    """A bad document; statements allow unless they say otherwise, `caught` lists policies parted by spaces."""
    return Bad(name, kind, tuple({"Effect": "Allow", **each} for each in statements), frozenset(caught.split()))


_STAR = "iam-no-resource-star"
_UP = f"{_STAR} iam-no-privilege-escalation"
_PASS = f"{_UP} iam-pass-role-scoped"


def way(name: str, *actions: str, caught: str = _UP) -> Bad:
    """A way to more rights: its actions on every resource."""
    return bad(name, "permission", {"Action": list(actions), "Resource": "*"}, caught=caught)


# IAM User Guide, "Creating the first admin" and AWS Config rule iam-policy-no-statements-with-admin-access.
ADMIN = bad(
    "administrator",
    "permission",
    {"Action": "*", "Resource": "*"},
    caught=f"{_PASS} iam-no-admin-statement iam-no-service-wildcard iam-no-data-exfiltration",
)

# Gietzen, "AWS IAM Privilege Escalation - Methods and Mitigation", Rhino Security Labs 2018.
ESCALATIONS = (
    way("CreateNewPolicyVersion", "iam:CreatePolicyVersion"),
    way("SetExistingDefaultPolicyVersion", "iam:SetDefaultPolicyVersion"),
    way("CreateAccessKey", "iam:CreateAccessKey"),
    way("CreateLoginProfile", "iam:CreateLoginProfile"),
    way("UpdateLoginProfile", "iam:UpdateLoginProfile"),
    way("AttachUserPolicy", "iam:AttachUserPolicy"),
    way("AttachGroupPolicy", "iam:AttachGroupPolicy"),
    way("AttachRolePolicy", "iam:AttachRolePolicy", "sts:AssumeRole"),
    way("PutUserPolicy", "iam:PutUserPolicy"),
    way("PutGroupPolicy", "iam:PutGroupPolicy"),
    way("PutRolePolicy", "iam:PutRolePolicy", "sts:AssumeRole"),
    way("AddUserToGroup", "iam:AddUserToGroup"),
    way("UpdateRolePolicyToAssumeIt", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole"),
    way("CreateEC2WithExistingIP", "iam:PassRole", "ec2:RunInstances", caught=_PASS),
    way(
        "PassRoleToNewLambdaThenInvoke", "iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction", caught=_PASS
    ),
    way("PassExistingRoleToNewGlueDevEndpoint", "iam:PassRole", "glue:CreateDevEndpoint", caught=_PASS),
    way("UpdateExistingGlueDevEndpoint", "glue:UpdateDevEndpoint"),
    way("PassExistingRoleToCloudFormation", "iam:PassRole", "cloudformation:CreateStack", caught=_PASS),
    way("EditExistingLambdaFunctionWithRole", "lambda:UpdateFunctionCode"),
    # The ways through machine learning.
    way("PassRoleToTrainingJob", "iam:PassRole", "sagemaker:CreateTrainingJob", caught=_PASS),
    way("PassRoleToProcessingJob", "iam:PassRole", "sagemaker:CreateProcessingJob", caught=_PASS),
    way("OpenNotebooksOfOthers", "sagemaker:CreatePresignedNotebookInstanceUrl"),
    way("OpenStudioAsOthers", "sagemaker:CreatePresignedDomainUrl"),
    way("WildcardWriting", "iam:Put*", "iam:Attach*", "sts:*", caught=f"{_UP} iam-no-service-wildcard"),
    bad(
        "OverTlsOnly",
        "permission",
        {
            "Action": "lambda:UpdateFunctionCode",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        },
        caught=_UP,
    ),
    bad(
        "InOneRegionOnly",
        "permission",
        {
            "Action": "lambda:UpdateFunctionCode",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
        caught=_UP,
    ),
    bad(
        "EveryFunctionOfAnAccount",
        "permission",
        {"Action": "lambda:UpdateFunctionCode", "Resource": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:*"},
        caught="iam-no-privilege-escalation",
    ),
    bad(
        "SplitOverStatements",
        "permission",
        {"Action": "iam:PassRole", "Resource": "*"},
        {"Action": "sagemaker:CreateTrainingJob", "Resource": "*"},
        caught=_PASS,
    ),
)

# cloudsplaining's glossary: data exfiltration, resource exposure, and service wildcards.
DATA = (
    way("EveryObject", "s3:GetObject", caught=f"{_STAR} iam-no-data-exfiltration"),
    way("EverySecret", "secretsmanager:GetSecretValue", caught=f"{_STAR} iam-no-data-exfiltration"),
    way("EveryParameter", "ssm:GetParameter*", caught=f"{_STAR} iam-no-data-exfiltration"),
    way("EveryCiphertext", "kms:Decrypt", caught=f"{_STAR} iam-no-data-exfiltration"),
    bad(
        "EveryBucketByArn",
        "permission",
        {"Action": "s3:Get*", "Resource": "arn:aws:s3:::*"},
        caught=f"{_STAR} iam-no-data-exfiltration",
    ),
    bad(
        "AllButOneBucket",
        "permission",
        {"Action": "s3:GetObject", "NotResource": "arn:aws:s3:::a/*"},
        caught=f"{_STAR} iam-no-data-exfiltration iam-no-not-action",
    ),
    bad("AllOfS3", "permission", {"Action": "s3:*", "Resource": "arn:aws:s3:::a"}, caught="iam-no-service-wildcard"),
    bad(
        "EverythingButIam",
        "permission",
        {"NotAction": "iam:*", "Resource": "*"},
        caught="iam-no-not-action iam-no-data-exfiltration iam-no-privilege-escalation",
    ),
    bad(
        "AnyRoleToSageMaker",
        "permission",
        {
            "Action": "iam:PassRole",
            "Resource": f"{ROLE}/*",
            "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        },
        caught="iam-pass-role-scoped",
    ),
    bad(
        "AnyRoleByQuestionMark",
        "permission",
        {
            "Action": "iam:PassRole",
            "Resource": [f"{ROLE}/?*", "arn:aws:iam::????????????:role/training"],
            "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        },
        caught="iam-pass-role-scoped",
    ),
    bad(
        "ARoleToAnyServiceOfAws",
        "permission",
        {
            "Action": "iam:PassRole",
            "Resource": f"{ROLE}/training",
            "Condition": {"StringLike": {"iam:PassedToService": "*.amazonaws.com"}},
        },
        caught="iam-pass-role-scoped",
    ),
    bad(
        "EveryObjectOfEveryBucket",
        "permission",
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/*"},
        caught=f"{_STAR} iam-no-data-exfiltration",
    ),
    bad(
        "EverySecretOfAnyAccount",
        "permission",
        {"Action": "secretsmanager:GetSecretValue", "Resource": "arn:aws:secretsmanager:*:*:secret:*"},
        caught=f"{_STAR} iam-no-data-exfiltration",
    ),
    # Security Hub, KMS.1: every key of an account is every key that its ciphertexts know.
    bad(
        "EveryKeyOfAnAccount",
        "permission",
        {"Action": "kms:Decrypt", "Resource": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/*"},
        caught="iam-no-data-exfiltration",
    ),
    bad(
        "AllOfIamBySpelling",
        "permission",
        {"Action": ["i*:?*", "s3:**"], "Resource": f"{ROLE}/a"},
        caught="iam-no-admin-statement iam-no-service-wildcard iam-pass-role-scoped",
    ),
    bad(
        "ARoleToAnyService",
        "permission",
        {"Action": "iam:PassRole", "Resource": f"{ROLE}/training"},
        caught="iam-pass-role-scoped",
    ),
)

# IAM User Guide, "The confused deputy problem", and the GitHub docs on OpenID Connect in AWS.
TRUST = (
    bad("TrustsEveryone", "trust", {"Principal": "*", "Action": "sts:AssumeRole"}, caught="iam-trust-policy-scoped"),
    bad(
        "TrustsEveryAccount",
        "trust",
        {"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        caught="iam-trust-policy-scoped",
    ),
    bad(
        "ConfusedDeputy",
        "trust",
        {"Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
        caught="iam-trust-policy-scoped",
    ),
    bad(
        "WholeAccount",
        "trust",
        {"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole"},
        caught="iam-trust-policy-scoped",
    ),
    bad(
        "WholeAccountById",
        "trust",
        {"Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"},
        caught="iam-trust-policy-scoped",
    ),
    bad(
        "DeputyOfAnyoneElse",
        "trust",
        {
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}},
        },
        caught="iam-trust-policy-scoped",
    ),
    bad(
        "EveryRepository",
        "trust",
        {
            "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "*"}},
        },
        caught="iam-trust-policy-scoped",
    ),
    *(
        bad(
            name,
            "trust",
            {
                "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": subject}},
            },
            caught="iam-trust-policy-scoped",
        )
        for name, subject in (("EveryOwner", "repo:*"), ("EveryOwnerOfThatBeginning", "repo:acme*"))
    ),
    bad(
        "DeputyOfAnyTopic",
        "trust",
        {
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sagemaker:*:*:*"}},
        },
        caught="iam-trust-policy-scoped",
    ),
    bad(
        "EveryoneBut",
        "trust",
        {"NotPrincipal": {"AWS": f"{ROLE}/a"}, "Action": "sts:AssumeRole"},
        caught="iam-trust-policy-scoped",
    ),
)

_OPEN = "resource-policy-no-wildcard-principal"
RESOURCE = (
    bad("PublicBucket", "resource", {"Principal": "*", "Action": "s3:GetObject", "Resource": "*"}, caught=_OPEN),
    bad("AwsStar", "resource", {"Principal": {"AWS": ["*"]}, "Action": "sns:Publish", "Resource": "*"}, caught=_OPEN),
    bad(
        "ConditionThatTestsNothing",
        "resource",
        {
            "Principal": "*",
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnLike": {"aws:SourceArn": "*"}},
        },
        caught=_OPEN,
    ),
    bad(
        "ConditionOnSomethingElse",
        "resource",
        {"Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        caught=_OPEN,
    ),
    bad(
        "EveryoneOutsideTheAccount",
        "resource",
        {
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}},
        },
        caught=_OPEN,
    ),
    bad(
        "OnlyIfItIsSaid",
        "resource",
        {
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": "*",
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
        },
        caught=_OPEN,
    ),
    bad(
        "AllOfNone",
        "resource",
        {
            "Principal": "*",
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        },
        caught=_OPEN,
    ),
    bad(
        "TopicsOfAnyAccount",
        "resource",
        {
            "Principal": "*",
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:eu-west-1:*:alerts"}},
        },
        caught=_OPEN,
    ),
    bad(
        "AnyArn",
        "resource",
        {
            "Principal": "*",
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:*:*:*:*"}},
        },
        caught=_OPEN,
    ),
    bad(
        "NotPrincipal",
        "resource",
        {"NotPrincipal": {"AWS": f"{ROLE}/a"}, "Action": "ecr:*", "Resource": "*"},
        caught=_OPEN,
    ),
)

CORPUS = (ADMIN, *ESCALATIONS, *DATA, *TRUST, *RESOURCE)
