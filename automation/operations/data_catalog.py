"""Whether the account's Glue Data Catalog, which a region has once, may be encrypted as the stack does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from automation.operations.findings import Finding, Stack

_SETTINGS: Final = "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings"
#: The key that Glue takes where none is named, by its name or ARN.
_GLUES: Final = "alias/aws/glue"


def data_catalog(stack: Stack) -> Iterator[Finding]:
    """Whether the account encrypts it, or passwords of connections, with a key that the stack would replace."""
    if not stack.inputs(_SETTINGS):
        return
    found = stack.client("glue").get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    keys = (
        found.get("EncryptionAtRest", {}).get("SseAwsKmsKeyId", ""),
        found.get("ConnectionPasswordEncryption", {}).get("AwsKmsKeyId", ""),
    )
    own = sorted({key for key in keys if key and not key.endswith(_GLUES)})
    yield Finding(
        subject="Glue Data Catalog",
        holds=not own,
        found=f"it is encrypted with {', '.join(own)}, which the stack would replace by Glue's key"
        if own
        else "no key of the account's would be replaced",
        fix="catalog.account_encryption: false",
    )
