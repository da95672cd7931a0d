"""An offline store as an Iceberg table, which the Glue Data Catalog points at: a snapshot for every flush.

SageMaker developer guide, "Offline store data format": data lies below `data/` and the table's metadata below
`metadata/` beside it. SageMaker's tables are partitioned by day and entity, these are not; no reader has to know.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io import FileIO, InputFile, OutputFile

from local.emulator.client import client

#: Of the properties of a catalog: where the emulator is, and the key that objects of the store are encrypted with.
_URL, _REGION, _KEY = "emulator.url", "emulator.region", "emulator.key"


class Objects(FileIO):
    """Files in the emulator's S3, written with the store's key: the bucket refuses any other."""

    def new_input(self, location: str) -> StoredObject:
        """The file at an address, to be read."""
        return StoredObject(location, self.properties)

    def new_output(self, location: str) -> StoredObject:
        """The file at an address, to be written."""
        return StoredObject(location, self.properties)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete a file."""
        StoredObject(location if isinstance(location, str) else location.location, self.properties).delete()


class StoredObject(InputFile, OutputFile):
    """One of them, read and written as a whole."""

    def __init__(self, location: str, properties: Mapping[str, Any]) -> None:
        super().__init__(location)
        place, key = urlsplit(location), properties.get(_KEY)
        self._at = {"Bucket": place.netloc, "Key": place.path.lstrip("/")}
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        self._s3: Any = client(properties[_URL], properties[_REGION], "s3")

    def __len__(self) -> int:
        return self._s3.head_object(**self._at)["ContentLength"]

    def exists(self) -> bool:
        """Whether it is there."""
        try:
            len(self)
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            return False
        return True

    def open(self, seekable: bool = True) -> Any:
        """Its bytes."""
        return io.BytesIO(self._s3.get_object(**self._at)["Body"].read())

    def create(self, overwrite: bool = False) -> Any:
        """A stream whose bytes are the object's once it is closed."""
        if not overwrite and self.exists():
            raise FileExistsError(f"{self.location} is there already")
        return _Upload(self)

    def to_input_file(self) -> StoredObject:
        """The same, to be read."""
        return self

    def put(self, content: bytes) -> None:
        """Write it."""
        self._s3.put_object(**self._at, **self._encryption, Body=content)

    def delete(self) -> None:
        """Delete it."""
        self._s3.delete_object(**self._at)


class _Upload(io.BytesIO):
    def __init__(self, target: StoredObject) -> None:
        super().__init__()
        self._target = target

    def close(self) -> None:
        if not self.closed:
            self._target.put(self.getvalue())
        super().close()


def append(url: str, region: str, offline: Mapping[str, Any], rows: Any) -> None:
    """Add a snapshot with the Arrow table `rows` to the store of a group's offline configuration.

    The table is made with its first rows, and gets the columns that the group has got since.
    """
    glue, names = client(url, region, "glue"), offline["DataCatalogConfig"]
    storage = offline["S3StorageConfig"]
    properties = {_URL: url, _REGION: region, _KEY: storage.get("KmsKeyId", ""), "py-io-impl": f"{__name__}.Objects"}
    catalog = GlueCatalog("emulator", client=glue, **properties)
    name = (names["Database"], names["TableName"])
    try:
        table = catalog.load_table(name)
    except NoSuchTableError:
        catalog.create_namespace_if_not_exists(names["Database"])
        location = storage["ResolvedOutputS3Uri"].removesuffix("/data")
        table = catalog.create_table(name, rows.schema, location=location)
    if set(rows.column_names) - set(table.schema().column_names):
        with table.update_schema() as schema:
            schema.union_by_name(rows.schema)
    table.append(rows)
