"""How a workload's data is looked into: Athena's workgroup, the tables, encryption of the catalog and of Glue's jobs.

The Data Catalog is the account's, one in a region: whoever declares its encryption declares it for all. So every
workload of every stack asks for the same, with the key that AWS keeps for Glue, and none takes it back when it goes.
A key of one stack would change hands with each update of another, and lock the catalog when its stack is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.ground import Ground
from components.ground.keys import Domain
from components.ground.lake_formation import tagged
from components.service import Service
from contracts.names import WorkloadNames
from contracts.tables import OPEN, PERSONAL, Table

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
        types="glue/catalogDatabase glue/catalogTable glue/dataCatalogEncryptionSettings glue/securityConfiguration",
        reads="GetDataCatalogEncryptionSettings GetDatabase GetPartitionIndexes GetTable GetTags",
        reads_anywhere="GetSecurityConfiguration",
        changes="CreateDatabase CreateTable DeleteDatabase DeleteTable PutDataCatalogEncryptionSettings TagResource "
        "UntagResource UpdateDatabase UpdateTable",
        changes_anywhere="CreateSecurityConfiguration DeleteSecurityConfiguration",
        # What is done to a table is done to its database and the catalog too (Glue developer guide, "Data Catalog
        # Amazon Resource Names (ARNs)").
        named="*/{databases} */{databases}/*",
        unnamed="catalog",
    ),
)


@dataclass(frozen=True, kw_only=True)
class _Format:
    """Classes of Hive that read and write files (Athena user guide, "Choose a SerDe for your data")."""

    read: str
    written: str
    library: str


_FORMATS: Final[Mapping[str, _Format]] = {
    "json": _Format(
        read="org.apache.hadoop.mapred.TextInputFormat",
        written="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        library="org.openx.data.jsonserde.JsonSerDe",
    ),
    "parquet": _Format(
        read="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        written="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        library="org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
}


@dataclass(frozen=True, kw_only=True)
class CatalogArgs:
    """The ground has the keys of data and logs and the bucket that results lie in. `tables` are those of the workload's
    database; without any there is none. `account_encryption` says that the account's catalog is encrypted by the stack.
    """

    ground: Ground
    names: WorkloadNames
    tables: Sequence[Table] = ()
    account_encryption: bool = True


class Catalog(pulumi.ComponentResource):
    """Encryption of the catalog and of Glue's jobs, the workgroup that queries run in, and the database of tables.

    catalog = Catalog("churn-catalog", CatalogArgs(ground=ground, names=names))
    catalog.workgroup
    """

    workgroup: pulumi.Output[str]
    security_configuration: pulumi.Output[str]
    """What Glue's jobs and crawlers of the workload run under."""
    database: pulumi.Output[str] | None
    """Where its tables are, if it has any."""

    def __init__(self, name: str, args: CatalogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:data:Catalog", name, None, opts)
        names, keys = args.names, args.ground.keys
        child = pulumi.ResourceOptions(parent=self)
        if args.account_encryption:
            self._encrypt_catalog(name)
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
        self.database = self._database(name, args) if args.tables else None
        self.workgroup, self.security_configuration = workgroup.name, security.name
        self.register_outputs({"workgroup": self.workgroup, "securityConfiguration": self.security_configuration})

    def _encrypt_catalog(self, name: str) -> None:
        """The same for every stack of the account, and left as it is when this one goes."""
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

    def _database(self, name: str, args: CatalogArgs) -> pulumi.Output[str]:
        names, bucket, guard = args.names, args.names.processed_bucket, args.ground.lake_formation
        # What was made while IAM alone decided stays open to it: made anew, it is not. No data is in it.
        made_by = pulumi.ResourceOptions(
            parent=self, replacement_trigger="lake-formation" if guard else "iam", delete_before_replace=True
        )
        database = aws.glue.CatalogDatabase(
            f"{name}-database",
            name=names.database,
            description=f"Data of {names.workload}",
            opts=pulumi.ResourceOptions.merge(made_by, pulumi.ResourceOptions(depends_on=[guard] if guard else None)),
        )
        opts = pulumi.ResourceOptions(parent=self)
        if guard:
            closed = aws.lakeformation.ResourceLfTagsDatabaseArgs(name=database.name)
            tagged(guard, f"{name}-closed", PERSONAL, {"database": closed}, opts)
        for table in args.tables:
            made = aws.glue.CatalogTable(
                f"{name}-{table.name.replace('_', '-')}",
                database_name=database.name,
                name=table.name,
                description=table.description,
                table_type="EXTERNAL_TABLE",
                parameters=table.parameters(bucket),
                partition_keys=[
                    aws.glue.CatalogTablePartitionKeyArgs(name=each.name, type=each.type, comment=each.comment or None)
                    for each in table.partitions
                ],
                storage_descriptor=_storage(table, bucket),
                opts=made_by,
            )
            if guard and table.open_columns:
                columns = aws.lakeformation.ResourceLfTagsTableWithColumnsArgs(
                    database_name=database.name, name=made.name, column_names=sorted(table.open_columns)
                )
                tagged(
                    guard, f"{name}-{table.name.replace('_', '-')}-open", OPEN, {"table_with_columns": columns}, opts
                )
        return database.name


def _storage(table: Table, bucket: str) -> aws.glue.CatalogTableStorageDescriptorArgs:
    form = _FORMATS[table.format]
    return aws.glue.CatalogTableStorageDescriptorArgs(
        location=f"s3://{bucket}/{table.prefix}",
        input_format=form.read,
        output_format=form.written,
        ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
            name=table.format, serialization_library=form.library
        ),
        columns=[
            aws.glue.CatalogTableStorageDescriptorColumnArgs(
                name=each.name, type=each.type, comment=each.comment or None
            )
            for each in table.columns
        ],
    )
