"""Public access: what breaks each policy, and what it says."""

from __future__ import annotations

from tests.policies.mutation import Mutation, add, drop, public_read, put, remove
from tests.policies.specimens import access
from tests.policies.support import Specimen

MUTATIONS = [
    Mutation(
        remove("raw-block"), {"s3-public-access-block": "s3/bucket 'raw': no bucketPublicAccessBlock is attached"}
    ),
    Mutation(
        put("raw-block", "blockPublicPolicy", False),
        {"s3-public-access-block-complete": "blockPublicPolicy is false; it must be true"},
    ),
    Mutation(put("raw", "acl", "public-read"), {"s3-no-acl": 'acl is "public-read"; it must be "private"'}),
    Mutation(
        put("raw", "grants", [{"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}]),
        {"s3-no-acl": ('grants[0].uri is "http://acs.amazonaws.com/groups/global/AllUsers"; it must be left out')},
    ),
    Mutation(
        put("raw-ownership", "rule.objectOwnership", "ObjectWriter"),
        {"s3-no-acl": 'rule.objectOwnership is "ObjectWriter"; it must be "BucketOwnerEnforced"'},
    ),
    Mutation(
        put("raw-policy", "policy", public_read()),
        {
            "resource-policy-no-wildcard-principal": (
                "policy Everyone allows every principal and tests no condition on it"
            ),
        },
    ),
    Mutation(
        put(
            "alerts-policy",
            "policy",
            access.document({"Sid": "Open", "Principal": {"AWS": "*"}, "Action": "sns:Publish", "Resource": "*"}),
        ),
        {"resource-policy-no-wildcard-principal": "policy Open allows every principal and tests no condition on it"},
    ),
    Mutation(
        put(
            "data-key",
            "policy",
            access.document(
                {"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:role/x"}, "Action": "kms:*", "Resource": "*"}
            ),
        ),
        {
            "resource-policy-no-wildcard-principal": (
                "policy statement 1 allows every principal and tests no condition on it"
            ),
        },
    ),
    Mutation(
        put(
            "salt-policy",
            "policy",
            access.document(
                {
                    "Principal": "*",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"StringLike": {"aws:PrincipalArn": "*"}},
                }
            ),
        ),
        {
            "resource-policy-no-wildcard-principal": (
                "policy statement 1 allows every principal and tests no condition on it"
            ),
        },
    ),
    # Documents that stand on the resource itself, or on one of its own.
    Mutation(
        put("salt", "policy", access.document({"Principal": "*", "Action": "*", "Resource": "*"})),
        {
            "resource-policy-no-wildcard-principal": (
                "policy statement 1 allows every principal and tests no condition on it"
            ),
        },
    ),
    Mutation(
        add(
            Specimen(
                "kms/keyPolicy",
                "key-policy",
                {"keyId": "data-key", "policy": access.document({"Principal": "*", "Action": "*", "Resource": "*"})},
            )
        ),
        {
            "resource-policy-no-wildcard-principal": (
                "policy statement 1 allows every principal and tests no condition on it"
            ),
        },
    ),
    Mutation(
        add(
            Specimen(
                "cloudwatch/logResourcePolicy",
                "log-writers",
                {"policyDocument": access.document({"Principal": "*", "Action": "logs:*", "Resource": "*"})},
            )
        ),
        {
            "resource-policy-no-wildcard-principal": (
                "policyDocument statement 1 allows every principal and tests no condition on it"
            ),
        },
    ),
    Mutation(
        put("salt-policy", "policy", "{"),
        {
            "resource-policy-no-wildcard-principal": (
                "policy is no JSON: Expecting property name enclosed in double quotes: line 1 column "
                "2 (char 1). Build the text with json.dumps."
            )
        },
    ),
    Mutation(
        put("service", "networkConfiguration.assignPublicIp", True),
        {"ecs-service-no-public-ip": "networkConfiguration.assignPublicIp is true; it must be false"},
    ),
    Mutation(put("balancer", "internal", False), {"alb-internal": "internal is false; it must be true"}),
    Mutation(
        put("rollback-permission", "principal", "*"),
        {"lambda-permission-scoped": 'principal is "*"; it must be a service, an account or a role'},
    ),
    Mutation(
        drop("rollback-permission", "sourceArn"),
        {"lambda-permission-scoped": "sns.amazonaws.com may invoke it for any account: sourceArn is not set"},
    ),
    Mutation(
        put("rollback-permission", "sourceArn", "*"),
        {"lambda-permission-scoped": 'sourceArn is "*"; it must be the ARN of the caller'},
    ),
    Mutation(
        put("rollback-permission", "sourceArn", "arn:aws:sns:eu-west-1:*:alerts"),
        {
            "lambda-permission-scoped": (
                'sourceArn is "arn:aws:sns:eu-west-1:*:alerts"; it must be the ARN of the caller'
            )
        },
    ),
    Mutation(
        put("function-url", "authorizationType", "NONE"),
        {"lambda-permission-scoped": 'authorizationType is "NONE"; it must be "AWS_IAM"'},
    ),
    Mutation(
        put("build", "projectVisibility", "PUBLIC_READ"),
        {"codebuild-not-public": 'projectVisibility is "PUBLIC_READ"; it must be "PRIVATE"'},
    ),
    Mutation(
        put("build", "environment.privilegedMode", True),
        {"codebuild-not-public": "environment.privilegedMode is true; it must be false"},
    ),
]
