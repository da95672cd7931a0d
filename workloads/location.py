"""Where a job reads and writes: a local path or `s3://bucket/key`. Credentials and endpoint are boto3's own affair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from workloads.job import UserError

S3_SCHEME = "s3://"
_UNREADABLE = frozenset({"404", "403", "400", "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "AccessDenied"})


class LocationError(UserError):
    """A location that is none, or cannot be read; the message names it and says why."""


@dataclass(frozen=True, kw_only=True)
class Location:
    """`s3://bucket/key`; as a place for many objects its key ends with / or is empty."""

    bucket: str
    key: str

    @staticmethod
    def parse(uri: str) -> Location:
        """LocationError for anything but an S3 URI with a bucket."""
        bucket, _, key = uri.removeprefix(S3_SCHEME).partition("/")
        if not uri.startswith(S3_SCHEME) or not bucket:
            raise LocationError(f"{uri!r} is no S3 URI; write s3://bucket/key")
        return Location(bucket=bucket, key=key)

    def __truediv__(self, name: str) -> Location:
        prefix = self.key if not self.key or self.key.endswith("/") else f"{self.key}/"
        return Location(bucket=self.bucket, key=prefix + name)

    def __str__(self) -> str:
        return f"{S3_SCHEME}{self.bucket}/{self.key}"


def download(s3: Any, source: Location, path: Path, *, version_id: str | None = None) -> datetime:
    """Fetch an object (a version of it) to `path`; returns when it was put there, by the clock of S3 (whole seconds).

    LocationError when it is not there or not ours to read.
    """
    extra = {"VersionId": version_id} if version_id else {}
    try:
        put = s3.head_object(Bucket=source.bucket, Key=source.key, **extra)["LastModified"]
        s3.download_file(source.bucket, source.key, str(path), ExtraArgs=extra)
    except ClientError as error:
        raise _unreadable(error, f"object {source}" + (f" (version {version_id})" if version_id else "")) from error
    return put


def lines(s3: Any, uri: str, suffix: str, parts: Sequence[str] | None = None) -> Iterator[bytes]:
    """The lines of all files or objects below `uri` whose name ends with `suffix`, by name; a single file as it is.

    `uri` is a local path or an S3 URI; `s3` is called for the client when it is the latter. LocationError when nothing
    is there: an empty answer would look like silence where there is a wrong name. With `parts`, directories below
    `uri`, nothing else is read or listed, and those that are not there are left out.
    """
    if not uri.startswith(S3_SCHEME):
        path = Path(uri)
        if not path.exists():
            raise LocationError(f"{uri}: no such file or directory")
        for place in [path] if parts is None or path.is_file() else [path / part for part in parts]:
            for file in [place] if place.is_file() else sorted(place.rglob(f"*{suffix}")):
                with file.open("rb") as opened:
                    yield from opened
        return
    client, root = s3(), Location.parse(uri)
    try:
        for place in [root] if parts is None else [root / f"{part}/" for part in parts]:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key)
            for page in pages:
                for item in page.get("Contents", []):
                    if item["Key"].endswith(suffix):
                        yield from client.get_object(Bucket=place.bucket, Key=item["Key"])["Body"].iter_lines()
    except ClientError as error:
        raise _unreadable(error, uri) from error


def write_text(s3: Any, uri: str, name: str, text: str, content_type: str) -> None:
    """Write a file `name` below `uri`, a local directory or an S3 URI (then `s3` is called for the client)."""
    if uri.startswith(S3_SCHEME):
        place = Location.parse(uri) / name
        s3().put_object(Bucket=place.bucket, Key=place.key, Body=text.encode(), ContentType=content_type)
    else:
        directory = Path(uri)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")


def _unreadable(error: ClientError, what: str) -> Exception:
    """A location fault where it is one, else the error itself (AWS failed: the call can be repeated)."""
    code = error.response.get("Error", {}).get("Code", "")
    if code in _UNREADABLE:
        return LocationError(f"{what} cannot be read: {code}; check the name and the role")
    return error
