"""Ways to more rights: sets of actions whose holder can act as somebody mightier.

After Gietzen, "AWS IAM Privilege Escalation - Methods and Mitigation" (Rhino Security Labs, 2018), the list that
cloudsplaining and Checkov use too, with the ways through SageMaker, ECS and CodeBuild added.
"""

from __future__ import annotations

_PASS = "iam:PassRole"  # noqa: S105 - an action's name

METHODS: dict[str, tuple[str, ...]] = {
    "write a new version of a policy": ("iam:CreatePolicyVersion",),
    "go back to an older version of a policy": ("iam:SetDefaultPolicyVersion",),
    "make access keys for other users": ("iam:CreateAccessKey",),
    "make console passwords for other users": ("iam:CreateLoginProfile",),
    "change console passwords of other users": ("iam:UpdateLoginProfile",),
    "attach policies to users": ("iam:AttachUserPolicy",),
    "attach policies to groups": ("iam:AttachGroupPolicy",),
    "attach policies to roles": ("iam:AttachRolePolicy", "sts:AssumeRole"),
    "write inline policies of users": ("iam:PutUserPolicy",),
    "write inline policies of groups": ("iam:PutGroupPolicy",),
    "write inline policies of roles": ("iam:PutRolePolicy", "sts:AssumeRole"),
    "join groups": ("iam:AddUserToGroup",),
    "open roles to itself": ("iam:UpdateAssumeRolePolicy", "sts:AssumeRole"),
    "run code as any function": ("lambda:UpdateFunctionCode",),
    "run code in a function with any role": (_PASS, "lambda:CreateFunction", "lambda:InvokeFunction"),
    "run code in a triggered function with any role": (
        _PASS,
        "lambda:CreateFunction",
        "lambda:CreateEventSourceMapping",
    ),
    "start an instance with any role": (_PASS, "ec2:RunInstances"),
    "open a Glue development endpoint with any role": (_PASS, "glue:CreateDevEndpoint"),
    "take over a Glue development endpoint": ("glue:UpdateDevEndpoint",),
    "run a Glue job with any role": (_PASS, "glue:CreateJob", "glue:StartJobRun"),
    "deploy a stack with any role": (_PASS, "cloudformation:CreateStack"),
    "run a build with any role": (_PASS, "codebuild:CreateProject", "codebuild:StartBuild"),
    "run a container with any role": (_PASS, "ecs:RegisterTaskDefinition", "ecs:RunTask"),
    "open a notebook with any role": (
        _PASS,
        "sagemaker:CreateNotebookInstance",
        "sagemaker:CreatePresignedNotebookInstanceUrl",
    ),
    "open notebooks of others": ("sagemaker:CreatePresignedNotebookInstanceUrl",),
    "open Studio as others": ("sagemaker:CreatePresignedDomainUrl",),
    "run a training job with any role": (_PASS, "sagemaker:CreateTrainingJob"),
    "run a processing job with any role": (_PASS, "sagemaker:CreateProcessingJob"),
}
