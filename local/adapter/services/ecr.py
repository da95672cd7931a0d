"""Amazon ECR: image repositories."""

from __future__ import annotations

from local.adapter.conversions import json_text, only, resource_policy
from local.adapter.table import ID, Autoname, Call, ResourceType, Tagging, To, response, value

_NAME = {"repositoryName": value("repository")}

REPOSITORY = ResourceType(
    type="aws:ecr/repository:Repository",
    service="ecr",
    autoname=Autoname(lower=True, longest=256),
    create=(Call(operation="CreateRepository"),),
    fields={
        "encryptionConfigurations": To("encryptionConfiguration", only),
        "name": "repositoryName",
    },
    defaults={"imageTagMutability": "MUTABLE"},
    provider_only=("forceDelete",),
    update=(
        Call(
            operation="PutImageScanningConfiguration",
            takes=("imageScanningConfiguration",),
            given={"repositoryName": ID},
            unset={"imageScanningConfiguration": {"scanOnPush": False}},
        ),
        Call(
            operation="PutImageTagMutability",
            takes=("imageTagMutability", "imageTagMutabilityExclusionFilters"),
            given={"repositoryName": ID},
        ),
    ),
    delete=(Call(operation="DeleteRepository", given={"repositoryName": ID, "force": value("forceDelete", False)}),),
    replace=("encryptionConfigurations", "name"),
    id=response("repository.repositoryName"),
    outputs={
        "arn": response("repository.repositoryArn"),
        "registryId": response("repository.registryId"),
        "repositoryUrl": response("repository.repositoryUri"),
    },
    tags=Tagging(
        create="tags",
        tag="TagResource",
        untag="UntagResource",
        given={"resourceArn": value("arn")},
        member="tags",
        keys="tagKeys",
    ),
)

LIFECYCLE_POLICY = ResourceType(
    type="aws:ecr/lifecyclePolicy:LifecyclePolicy",
    service="ecr",
    create=(Call(operation="PutLifecyclePolicy"),),
    fields={"policy": To("lifecyclePolicyText", json_text), "repository": "repositoryName"},
    delete=(Call(operation="DeleteLifecyclePolicy", given=_NAME),),
    replace=("policy", "repository"),
    id=value("repository"),
    outputs={"registryId": response("registryId")},
)

REPOSITORY_POLICY = ResourceType(
    type="aws:ecr/repositoryPolicy:RepositoryPolicy",
    service="ecr",
    create=(Call(operation="SetRepositoryPolicy"),),
    # ECR adds the resource by itself, so its statements have none.
    fields={"policy": To("policyText", resource_policy), "repository": "repositoryName"},
    update=(Call(operation="SetRepositoryPolicy"),),
    delete=(Call(operation="DeleteRepositoryPolicy", given=_NAME),),
    replace=("repository",),
    id=value("repository"),
    outputs={"registryId": response("registryId")},
)

TYPES = (REPOSITORY, LIFECYCLE_POLICY, REPOSITORY_POLICY)
