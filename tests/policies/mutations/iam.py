"""IAM: what breaks each policy, and what it says."""

from __future__ import annotations

from tests.policies.mutation import PASSED, Mutation, add, drop, grant, put
from tests.policies.specimens import access, compute
from tests.policies.support import Specimen

MUTATIONS = [
    Mutation(
        grant(Action="*", Resource="*"),
        {
            "iam-no-admin-statement": "policy Wrong allows *",
            "iam-no-service-wildcard": "policy Wrong allows *",
            "iam-no-resource-star": "policy Wrong allows * on every resource",
            "iam-no-data-exfiltration": (
                "policy Wrong allows s3:GetObject, s3:GetObjectVersion, ssm:GetParameter, ssm:GetParameters, "
                "ssm:GetParametersByPath and 5 more on every resource"
            ),
            "iam-no-privilege-escalation": (
                "policy lets its holder write a new version of a policy (iam:CreatePolicyVersion), "
                "go back to an older version of a policy (iam:SetDefaultPolicyVersion) and 26 more"
            ),
            "iam-pass-role-scoped": "policy Wrong allows iam:PassRole on *",
        },
    ),
    Mutation(
        grant(Action="iam:*", Resource="arn:aws:iam::111122223333:role/a"),
        {
            "iam-no-admin-statement": "policy Wrong allows iam:*",
            "iam-no-service-wildcard": "policy Wrong allows iam:*",
            "iam-pass-role-scoped": "policy Wrong allows iam:PassRole to any service",
        },
    ),
    Mutation(grant(Action="s3:*", Resource="arn:aws:s3:::a"), {"iam-no-service-wildcard": "policy Wrong allows s3:*"}),
    Mutation(
        grant(Action=["s3:PutObject", "ecr:GetAuthorizationToken"], Resource="*"),
        {"iam-no-resource-star": "policy Wrong allows s3:PutObject on every resource"},
    ),
    Mutation(
        grant(Action=["s3:List*"], Resource=["arn:aws:s3:::*"]),
        {"iam-no-resource-star": "policy Wrong allows s3:List* on every resource"},
    ),
    Mutation(
        grant(Action="kms:Decrypt", Resource="*"),
        {
            "iam-no-resource-star": "policy Wrong allows kms:Decrypt on every resource",
            "iam-no-data-exfiltration": "policy Wrong allows kms:Decrypt on every resource",
        },
    ),
    Mutation(
        grant(Action="lambda:UpdateFunctionCode", Resource="*"),
        {
            "iam-no-resource-star": "policy Wrong allows lambda:UpdateFunctionCode on every resource",
            "iam-no-privilege-escalation": (
                "policy lets its holder run code as any function (lambda:UpdateFunctionCode)"
            ),
        },
    ),
    Mutation(
        grant(Action="iam:PassRole", Resource="arn:aws:iam::111122223333:role/*", Condition=PASSED),
        {"iam-pass-role-scoped": "policy Wrong allows iam:PassRole on arn:aws:iam::111122223333:role/*"},
    ),
    Mutation(
        grant(Action="iam:PassRole", Resource="arn:aws:iam::111122223333:role/a"),
        {"iam-pass-role-scoped": "policy Wrong allows iam:PassRole to any service"},
    ),
    Mutation(
        grant(NotAction="iam:*", Resource="arn:aws:s3:::a"), {"iam-no-not-action": "policy Wrong allows with NotAction"}
    ),
    Mutation(
        grant(Action="s3:GetObject", NotResource="arn:aws:s3:::a"),
        {
            "iam-no-resource-star": "policy Wrong allows s3:GetObject on every resource",
            "iam-no-data-exfiltration": "policy Wrong allows s3:GetObject on every resource",
            "iam-no-not-action": "policy Wrong allows with NotResource",
        },
    ),
    Mutation(
        put(
            "training-role", "inlinePolicies.0.policy", access.document({"Sid": "All", "Action": "*", "Resource": "*"})
        ),
        {
            "iam-no-admin-statement": "inlinePolicies[0].policy All allows *",
            "iam-no-service-wildcard": "inlinePolicies[0].policy All allows *",
            "iam-no-resource-star": "inlinePolicies[0].policy All allows * on every resource",
            "iam-no-data-exfiltration": (
                "inlinePolicies[0].policy All allows s3:GetObject, s3:GetObjectVersion, ssm:GetParameter, "
                "ssm:GetParameters, ssm:GetParametersByPath and 5 more on every resource"
            ),
            "iam-no-privilege-escalation": (
                "inlinePolicies[0].policy lets its holder write a new version of a policy "
                "(iam:CreatePolicyVersion), go back to an older version of a policy "
                "(iam:SetDefaultPolicyVersion) and 26 more"
            ),
            "iam-pass-role-scoped": "inlinePolicies[0].policy All allows iam:PassRole on *",
        },
    ),
    Mutation(
        put(
            "training-role",
            "assumeRolePolicy",
            access.document({"Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}),
        ),
        {
            "iam-trust-policy-scoped": (
                "assumeRolePolicy statement 1 trusts sagemaker.amazonaws.com for any account: no "
                "condition on aws:SourceAccount or aws:SourceArn"
            )
        },
    ),
    Mutation(
        put("training-role", "assumeRolePolicy", access.document({"Principal": "*", "Action": "sts:AssumeRole"})),
        {"iam-trust-policy-scoped": "assumeRolePolicy statement 1 trusts everyone"},
    ),
    Mutation(
        put(
            "training-role",
            "assumeRolePolicy",
            access.document({"Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole"}),
        ),
        {
            "iam-trust-policy-scoped": (
                "assumeRolePolicy statement 1 trusts every principal of "
                "arn:aws:iam::444455556666:root: no condition on sts:ExternalId or aws:PrincipalArn"
            )
        },
    ),
    Mutation(
        put(
            "training-role",
            "assumeRolePolicy",
            access.document(
                {
                    "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}},
                }
            ),
        ),
        {
            "iam-trust-policy-scoped": (
                "assumeRolePolicy statement 1 trusts everyone whom "
                "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com knows: no "
                "condition on the sub claim"
            )
        },
    ),
    Mutation(
        put("metrics-attachment", "policyArn", "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"),
        {
            "iam-no-broad-managed-policy": (
                'policyArn is "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"; it must be a policy made for the job'
            )
        },
    ),
    Mutation(
        put("training-role", "managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        {
            "iam-no-broad-managed-policy": (
                'managedPolicyArns[0] is "arn:aws:iam::aws:policy/AdministratorAccess"; it must be a '
                "policy made for the job"
            )
        },
    ),
    Mutation(
        put("training-role", "managedPolicyArns", ["arn:aws:iam::aws:policy/SecretsManagerReadWrite"]),
        {
            "iam-no-broad-managed-policy": (
                'managedPolicyArns[0] is "arn:aws:iam::aws:policy/SecretsManagerReadWrite"; it must be a '
                "policy made for the job"
            )
        },
    ),
    Mutation(
        add(
            Specimen(
                "iam/rolePolicyAttachmentsExclusive",
                "only-these",
                {
                    "roleName": "training-role",
                    "policyArns": ["arn:aws:iam::aws:policy/service-role/AmazonEMRFullAccessPolicy_v2"],
                },
            )
        ),
        {
            "iam-no-broad-managed-policy": (
                'policyArns[0] is "arn:aws:iam::aws:policy/service-role/AmazonEMRFullAccessPolicy_v2"; it must be a '
                "policy made for the job"
            )
        },
    ),
    Mutation(
        drop("training-role", "permissionsBoundary"),
        {"iam-permissions-boundary": "permissionsBoundary is not set; it must be the ARN of a boundary policy"},
    ),
    Mutation(
        add(Specimen("iam/user", "robot", {"name": "robot"})), {"iam-no-users-or-keys": "it is a lasting identity"}
    ),
    Mutation(
        add(Specimen("iam/accessKey", "robot-key", {"user": "robot"})),
        {"iam-no-users-or-keys": "it is a lasting identity"},
    ),
    Mutation(
        put("task", "taskRoleArn", "arn:aws:iam::111122223333:role/execution"),
        {"ecs-distinct-roles": "executionRoleArn and taskRoleArn are the same role"},
    ),
    Mutation(
        put(
            "lake-settings",
            "createTableDefaultPermissions",
            [{"principal": "IAM_ALLOWED_PRINCIPALS", "permissions": ["ALL"]}],
        ),
        {
            "lakeformation-no-iam-allowed-principals": (
                'createTableDefaultPermissions[0].principal is "IAM_ALLOWED_PRINCIPALS"; it must be a role'
            )
        },
    ),
    Mutation(
        put("lake-readers", "permissions", ["ALL"]),
        {"lakeformation-no-iam-allowed-principals": 'permissions[0] is "ALL"; it must be a single permission'},
    ),
    Mutation(
        put("lake-readers", "permissionsWithGrantOptions", ["SELECT"]),
        {
            "lakeformation-no-iam-allowed-principals": (
                "permissionsWithGrantOptions is a list of 1; it must be empty for anyone but an administrator"
            )
        },
    ),
    Mutation(
        put("rollback", "environment.variables.DB_PASSWORD", "hunter2"),
        {"no-plaintext-secrets": "environment.variables.DB_PASSWORD holds what looks like a credential"},
    ),
    Mutation(
        put("rollback", "environment.variables.UPSTREAM", "https://user:hunter2@example.com"),
        {"no-plaintext-secrets": "environment.variables.UPSTREAM holds what looks like a credential"},
    ),
    Mutation(
        put("task", "containerDefinitions", compute.task(environment=[{"name": "API_TOKEN", "value": "abc"}])),
        {"no-plaintext-secrets": "containerDefinitions[0].environment[0].value holds what looks like a credential"},
    ),
    Mutation(
        put("build", "environment.environmentVariables.0", {"name": "GITHUB_TOKEN", "value": "abc"}),
        {"no-plaintext-secrets": "environment.environmentVariables[0].value holds what looks like a credential"},
    ),
    Mutation(
        put("etl", "defaultArguments.--api-key", "abc"),
        {"no-plaintext-secrets": "defaultArguments.--api-key holds what looks like a credential"},
    ),
    Mutation(
        put("preprocess-model", "containers.0.environment.SECRET", "abc"),
        {"no-plaintext-secrets": "containers[0].environment.SECRET holds what looks like a credential"},
    ),
]
