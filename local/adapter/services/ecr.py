"""Amazon ECR: image repositories."""

from __future__ import annotations

from local.adapter.conversions import json_text, only, resource_policy
from local.adapter.table import Autoname, Call, ResourceType, To, response, text, value

SERVICE = "ecr"

TYPES = (
    ResourceType(
        "aws:ecr/repository:Repository",
        autoname=Autoname(lower=True),
        fields={"encryptionConfigurations": To("encryptionConfiguration", only)},
        defaults={"imageTagMutability": "MUTABLE"},
        provider_only=("forceDelete",),
        update=(
            Call(
                "PutImageScanningConfiguration",
                takes=("imageScanningConfiguration",),
                unset={"imageScanningConfiguration": {"scanOnPush": False}},
            ),
            Call("PutImageTagMutability", takes=("imageTagMutability", "imageTagMutabilityExclusionFilters")),
        ),
        delete=(Call("DeleteRepository", given={"force": value("forceDelete", False)}),),
        replace=("encryptionConfigurations", "name"),
        outputs={
            "registryId": response("repository.registryId"),
            "repositoryUrl": text("{account}.dkr.ecr.{region}.{suffix}/{name}"),
        },
    ),
    ResourceType(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        fields={"policy": To("lifecyclePolicyText", json_text), "repository": "repositoryName"},
        update=(),
        outputs={"registryId": response("registryId")},
    ),
    ResourceType(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        # ECR adds the resource by itself, so its statements have none.
        fields={"policy": To("policyText", resource_policy), "repository": "repositoryName"},
        outputs={"registryId": response("registryId")},
    ),
)
