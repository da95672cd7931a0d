"""The feature store: one feature group generated from the data contract.

It holds what a prediction request may leave out, the contract's input columns by entity, online for the endpoint and
offline for point-in-time-correct training sets. Model features themselves are computed from these columns by the one
definition in `workloads.features`.

Changing the columns of a feature group replaces it in the provider and loses its data, so changes of the definitions
are ignored here; `python -m automation evolve` adds a column to a living group. SageMaker cannot remove one. What a
group can never have otherwise, its entity and its event time, is part of its name: a contract about something else gets
a group of its own, with its own columns, and not one of the old columns under a new entity. The table format of its
offline store cannot change either, and a group of another name would begin empty: one that is there keeps its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.ground import Ground
from components.ground.keys import Domain
from components.service import Service
from contracts.feature_store import DATABASE, feature_definitions, group_name, identity, table_pattern
from contracts.names import WorkloadNames
from contracts.schema import Contract
from settings import Features as FeatureSettings

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "sagemaker",
        types="sagemaker/featureGroup",
        reads="DescribeFeatureGroup ListTags",
        changes="AddTags CreateFeatureGroup DeleteFeatureGroup DeleteTags UpdateFeatureGroup",
        named="*/{every} */{ending}",
        handed_to="sagemaker",
    ),
)


@dataclass(frozen=True, kw_only=True)
class FeaturesArgs:
    """`contract` says which columns there are."""

    ground: Ground
    names: WorkloadNames
    settings: FeatureSettings
    contract: Contract


class Features(pulumi.ComponentResource):
    """The contract's feature group.

    features = Features("churn-features", FeaturesArgs(ground=ground, names=names, settings=..., contract=contract))
    features.group_name
    """

    group_name: pulumi.Output[str]

    def __init__(self, name: str, args: FeaturesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:features:Features", name, None, opts)
        ground, names, contract = args.ground, args.names, args.contract
        offline, iceberg = names.layout.offline_store, args.settings.offline_format == "iceberg"
        role = access.Role(
            f"{name}-role",
            access.RoleArgs(
                names=names,
                job="feature-store",
                service="sagemaker.amazonaws.com",
                # The developer guide's "Cross-service confused deputy prevention" names other features of SageMaker.
                names_source=False,
                description="Writes the offline feature store",
                statements=[
                    access.write_objects("WriteOfflineStore", names, names.processed_bucket, [offline]),
                    # It hands each object to the bucket's owner (managed policy AmazonSageMakerFeatureStoreAccess);
                    # the bucket knows no other owner, so no ACL can open it.
                    access.allow(
                        "HandOverObjects",
                        ["s3:PutObjectAcl"],
                        [names.bucket_arn(names.processed_bucket, f"{offline}*")],
                    ),
                    access.allow(
                        "InspectBucket",
                        ["s3:GetBucketAcl", "s3:GetBucketLocation"],
                        [names.bucket_arn(names.processed_bucket)],
                    ),
                    access.use_key(
                        "EncryptStores",
                        [ground.keys[Domain.PROCESSED].arn, ground.keys[Domain.FEATURES].arn],
                        write=True,
                    ),
                    *(_iceberg_statements(names, contract) if iceberg else []),
                ],
                permissions_boundary=ground.permissions_boundary,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        group = aws.sagemaker.FeatureGroup(
            f"{name}-group-{identity(contract)}",
            feature_group_name=group_name(names.prefix, contract),
            description=f"Inputs of {contract.name} by {contract.entity}",
            record_identifier_feature_name=contract.entity,
            event_time_feature_name=contract.event_time,
            role_arn=role.arn,
            feature_definitions=[
                aws.sagemaker.FeatureGroupFeatureDefinitionArgs(feature_name=feature, feature_type=kind)
                for feature, kind in feature_definitions(contract).items()
            ],
            online_store_config=aws.sagemaker.FeatureGroupOnlineStoreConfigArgs(
                enable_online_store=True,
                security_config=aws.sagemaker.FeatureGroupOnlineStoreConfigSecurityConfigArgs(
                    kms_key_id=ground.keys[Domain.FEATURES].arn
                ),
                ttl_duration=aws.sagemaker.FeatureGroupOnlineStoreConfigTtlDurationArgs(
                    unit="Days", value=args.settings.online_ttl_days
                ),
            ),
            offline_store_config=aws.sagemaker.FeatureGroupOfflineStoreConfigArgs(
                s3_storage_config=aws.sagemaker.FeatureGroupOfflineStoreConfigS3StorageConfigArgs(
                    s3_uri=ground.lake.processed.bucket.apply(lambda bucket: f"s3://{bucket}/{offline}"),
                    # The bucket takes no other key than its own.
                    kms_key_id=ground.keys[Domain.PROCESSED].arn,
                ),
                table_format="Iceberg" if iceberg else None,
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=ground.protect,
                ignore_changes=["feature_definitions", "description", "offlineStoreConfig.tableFormat"],
            ),
        )
        self.group_name = group.feature_group_name
        self.register_outputs({"groupName": self.group_name})


def _iceberg_statements(names: WorkloadNames, contract: Contract) -> list[access.Statement]:
    """Committing to the table, of which each snapshot builds on the metadata of the one before (managed policy
    AmazonSageMakerFeatureStoreAccess)."""
    table = table_pattern(group_name(names.prefix, contract))
    return [
        access.allow(
            "ReadMetadata",
            ["s3:GetObject"],
            [names.bucket_arn(names.processed_bucket, f"{names.layout.offline_store}*/metadata/*")],
        ),
        access.allow(
            "CommitTable",
            ["glue:GetTable", "glue:UpdateTable"],
            [names.arn("glue", each) for each in ("catalog", f"database/{DATABASE}", f"table/{DATABASE}/{table}")],
        ),
    ]
