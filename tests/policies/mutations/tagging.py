"""Tagging and naming: what breaks each policy, and what it says."""

from __future__ import annotations

from tests.policies.mutation import Mutation, drop, put
from tests.policies.support import TAGS

MUTATIONS = [
    Mutation(drop("endpoint", "tags.Owner"), {"required-tags": "tags.Owner is not set; it must be set"}),
    Mutation(
        put("endpoint", "tags", {}).then(put("endpoint", "tagsAll", {"Environment": "prod"})),
        {
            "required-tags": [
                "tagsAll.Project is not set; it must be set",
                "tagsAll.Owner is not set; it must be set",
                "tagsAll.CostCenter is not set; it must be set",
                "tagsAll.DataClassification is not set; it must be set",
                "tagsAll.ManagedBy is not set; it must be set",
            ]
        },
    ),
    Mutation(
        put("raw", "tags.Environment", "staging"),
        {"environment-tag-matches-stack": 'tags.Environment is "staging"; it must be "prod"'},
    ),
    Mutation(
        put("raw", "tags.CostCenter", "?"),
        {"cost-center-tag-format": 'tags.CostCenter is "?"; it must be a match of [A-Za-z0-9][A-Za-z0-9_-]{1,31}'},
    ),
    Mutation(
        put("raw", "tags", {**TAGS, "owner": "ml-team"}),
        {"tag-keys-valid": "the tags Owner and owner differ only in case"},
    ),
    Mutation(
        put("training-role", "tags", {**TAGS, "AWS:Project": "churn"}),
        {"tag-keys-valid": "the tag AWS:Project begins with aws:, the prefix of AWS's own tags"},
    ),
    Mutation(
        put("churn-prod", "pipelineName", "churn"),
        {
            "resource-name-pattern": (
                'pipelineName is "churn"; it must be a match of [a-z][a-z0-9-]*-prod(-[a-z][a-z0-9]*)?'
            )
        },
    ),
    Mutation(
        drop("studio", "tagPropagation"),
        {"sagemaker-domain-tag-propagation": 'tagPropagation is not set; it must be "ENABLED"'},
    ),
]
