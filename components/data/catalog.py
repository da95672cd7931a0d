"""How a workload's data is looked into: encryption of the Glue Data Catalog and of Glue's jobs, and Athena's workgroup.

The Data Catalog is the account's, one in a region: whoever declares its encryption declares it for all. So every
workload of every stack asks for the same, with the key that AWS keeps for Glue, and none takes it back when it goes.
A key of one stack would change hands with each update of another, and lock the catalog when its stack is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.ground import Ground
from components.ground.keys import Domain
from components.service import Service
from contracts.names import WorkloadNames

#: A query that would read more is cancelled. Athena charges by what is read: at 5 USD a TB, half a dollar.
MOST_SCANNED_BYTES: Final = 100 * 1000**3
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "athena",
        types="athena/workgroup",
        reads="GetWorkGroup ListTagsForResource",
        changes="CreateWorkGroup DeleteWorkGroup TagResource UntagResource UpdateWorkGroup",
        named="workgroup/{every}",
    ),
    Service(
        "glue",
        types="glue/dataCatalogEncryptionSettings glue/securityConfiguration",
        reads="GetDataCatalogEncryptionSettings",
        reads_anywhere="GetSecurityConfiguration",
        changes="PutDataCatalogEncryptionSettings",
        changes_anywhere="CreateSecurityConfiguration DeleteSecurityConfiguration",
        unnamed="catalog",
    ),
)


@dataclass(frozen=True, kw_only=True)
class CatalogArgs:
    """The ground has the keys of data and logs and the bucket that results lie in."""

    ground: Ground
    names: WorkloadNames


class Catalog(pulumi.ComponentResource):
    """Encryption of the catalog and of Glue's jobs, and the workgroup that queries run in.

    catalog = Catalog("churn-catalog", CatalogArgs(ground=ground, names=names))
    catalog.workgroup
    """

    workgroup: pulumi.Output[str]
    security_configuration: pulumi.Output[str]
    """What Glue's jobs and crawlers of the workload run under."""

    def __init__(self, name: str, args: CatalogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:data:Catalog", name, None, opts)
        names, keys = args.names, args.ground.keys
        child = pulumi.ResourceOptions(parent=self)
        aws.glue.DataCatalogEncryptionSettings(
            f"{name}-encryption",
            data_catalog_encryption_settings=aws.glue.DataCatalogEncryptionSettingsDataCatalogEncryptionSettingsArgs(
                encryption_at_rest=aws.glue.DataCatalogEncryptionSettingsDataCatalogEncryptionSettingsEncryptionAtRestArgs(
                    catalog_encryption_mode="SSE-KMS"
                ),
                connection_password_encryption=aws.glue.DataCatalogEncryptionSettingsDataCatalogEncryptionSettingsConnectionPasswordEncryptionArgs(
                    return_connection_password_encrypted=True
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        data, logs = keys[Domain.PROCESSED].arn, keys[Domain.LOGS].arn
        security = aws.glue.SecurityConfiguration(
            f"{name}-jobs",
            name=names.resource("processing"),
            encryption_configuration=aws.glue.SecurityConfigurationEncryptionConfigurationArgs(
                s3_encryption=aws.glue.SecurityConfigurationEncryptionConfigurationS3EncryptionArgs(
                    s3_encryption_mode="SSE-KMS", kms_key_arn=data
                ),
                cloudwatch_encryption=aws.glue.SecurityConfigurationEncryptionConfigurationCloudwatchEncryptionArgs(
                    cloudwatch_encryption_mode="SSE-KMS", kms_key_arn=logs
                ),
                job_bookmarks_encryption=aws.glue.SecurityConfigurationEncryptionConfigurationJobBookmarksEncryptionArgs(
                    job_bookmarks_encryption_mode="CSE-KMS", kms_key_arn=data
                ),
            ),
            opts=child,
        )
        workgroup = aws.athena.Workgroup(
            f"{name}-queries",
            name=names.resource("processing-queries"),
            description=f"Queries on the data of {names.workload}",
            configuration=aws.athena.WorkgroupConfigurationArgs(
                enforce_workgroup_configuration=True,
                publish_cloudwatch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=MOST_SCANNED_BYTES,
                result_configuration=aws.athena.WorkgroupConfigurationResultConfigurationArgs(
                    output_location=args.ground.lake.processed.bucket.apply(
                        lambda bucket: f"s3://{bucket}/{names.layout.query_results}"
                    ),
                    expected_bucket_owner=names.account,
                    # The bucket takes no other key than its own.
                    encryption_configuration=aws.athena.WorkgroupConfigurationResultConfigurationEncryptionConfigurationArgs(
                        encryption_option="SSE_KMS", kms_key_arn=data
                    ),
                ),
            ),
            # Otherwise it could not be deleted once a query has run; the results stay in the bucket.
            force_destroy=True,
            opts=child,
        )
        self.workgroup, self.security_configuration = workgroup.name, security.name
        self.register_outputs({"workgroup": self.workgroup, "securityConfiguration": self.security_configuration})
