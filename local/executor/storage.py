"""Objects into a job's directories and back, as SageMaker's own agent moves them beside the container."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path
from typing import Any

from local.executor.errors import StepFailure


class Storage:
    """S3 as jobs see it. `client` is a boto3 S3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def keys(self, uri: str) -> list[str]:
        """All object keys that start with the URI's key (S3Prefix), folder markers left out."""
        bucket, prefix = split(uri)
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [o["Key"] for page in pages for o in page.get("Contents", []) if not o["Key"].endswith("/")]

    def download(self, uri: str, directory: Path) -> int:
        """S3Prefix into a directory; returns the number of files. StepFailure if there is nothing, or too much.

        SageMaker takes every key that starts with the prefix, so `.../train` also takes `.../train-old/part-0`. No
        reader wants that: it is refused here.
        """
        bucket, prefix = split(uri)
        keys = self.keys(uri)
        if not keys:
            raise StepFailure(f"ClientError: No S3 objects found under S3 URL {uri!r} given in input data source")
        for key in keys:
            rest = key.removeprefix(prefix)
            if rest and not rest.startswith("/") and prefix and not prefix.endswith("/"):
                raise StepFailure(f"ClientError: the prefix {uri!r} also takes {key!r}; end it with '/' or rename")
            target = directory / (rest.lstrip("/") or Path(key).name)
            target.parent.mkdir(parents=True, exist_ok=True)
            self._client.download_file(bucket, key, str(target))
        return len(keys)

    def upload(self, directory: Path, uri: str) -> int:
        """Every file of a directory below the URI; returns their number."""
        bucket, prefix = split(uri)
        files = sorted(path for path in directory.rglob("*") if path.is_file())
        for path in files:
            key = f"{prefix.rstrip('/')}/{path.relative_to(directory).as_posix()}"
            self._client.upload_file(str(path), bucket, key)
        return len(files)

    def upload_archive(self, directory: Path, uri: str, scratch: Path) -> None:
        """A directory as one .tar.gz; equal contents are equal bytes (names sorted, no times, no owners)."""
        with (
            scratch.open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for path in sorted(p for p in directory.rglob("*") if p.is_file()):
                entry = tarfile.TarInfo(path.relative_to(directory).as_posix())
                entry.size, entry.mode = path.stat().st_size, 0o644
                with path.open("rb") as content:
                    archive.addfile(entry, content)
        bucket, key = split(uri)
        self._client.upload_file(str(scratch), bucket, key)

    def exists(self, uri: str) -> bool:
        """Whether there is an object at the URI or below it."""
        _, prefix = split(uri)
        return any(key == prefix or key.startswith(f"{prefix.rstrip('/')}/") for key in self.keys(uri))

    def require(self, uri: str) -> None:
        """StepFailure unless `exists`."""
        if not self.exists(uri):
            raise StepFailure(f"ClientError: there is no object at {uri!r}")

    def read(self, uri: str) -> bytes:
        """One object's content; the client's error if there is none."""
        bucket, key = split(uri)
        return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()


def split(uri: str) -> tuple[str, str]:
    """`s3://bucket/some/key` -> ("bucket", "some/key")."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise StepFailure(f"ClientError: {uri!r} is not an S3 URI (s3://bucket/key)")
    return bucket, key
