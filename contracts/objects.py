"""An object in S3 that may not be there. Standard library only: zipped into Lambdas.

To a role that may list some prefixes only, GetObject answers 403 and not 404 for what is not there (Amazon S3 API
reference, GetObject, "Permissions"): a condition on s3:prefix never holds for it. A missing permission looks the same,
so after a 403 the object is looked for in a list, which the role may ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_GONE = frozenset({"NoSuchKey", "404"})
_PERHAPS_GONE = frozenset({"AccessDenied", "403"})
_TRIES = 4


def exists(s3: Any, bucket: str, key: str) -> bool:
    """Whether there is an object of that key, by a list."""
    found = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    return bool(found) and found[0]["Key"] == key


def read(s3: Any, bucket: str, key: str) -> Mapping[str, Any] | None:
    """The answer of GetObject, None when there is no such object. Raises what S3 refuses for another reason.

    One that is deleted and written all the time (a lock) may be gone for GetObject and there for the list: some tries.
    """
    tries = 0
    while True:
        tries += 1
        try:
            return s3.get_object(Bucket=bucket, Key=key)
        except s3.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _GONE or (code in _PERHAPS_GONE and not exists(s3, bucket, key)):
                return None
            if code not in _PERHAPS_GONE or tries == _TRIES:
                raise
