"""Assets and archives as bytes. The same content always gives the same bytes, so a digest tells of a change."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pulumi

#: Zip keeps no time before 1980; this one stands for "none".
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16
_LEFT_OUT = frozenset({"__pycache__", ".DS_Store"})


def content(asset: Any) -> bytes:
    """The bytes of an asset, or of an archive's zip. Raises ValueError for what is no local asset."""
    if isinstance(asset, pulumi.StringAsset):
        return asset.text.encode()
    if isinstance(asset, pulumi.FileAsset):
        return _file(Path(asset.path)).read_bytes()
    if isinstance(asset, pulumi.Archive):
        return zipped(asset)
    raise ValueError(_not_local(asset, "a FileAsset or a StringAsset"))


def zipped(archive: Any) -> bytes:
    """An archive as zip bytes: sorted names, no times, mode 0644. A FileArchive of a .zip file is passed on as it is.

    Raises ValueError for an archive that is not on this machine or has no file in it.
    """
    if isinstance(archive, pulumi.FileArchive) and Path(archive.path).suffix == ".zip":
        return _file(Path(archive.path)).read_bytes()
    files = dict(_members(archive, ""))
    if not files:
        raise ValueError("must hold at least one file")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _READABLE
            target.writestr(entry, files[name])
    return out.getvalue()


def zip_digest(archive: Any) -> str:
    """The base64 SHA-256 of an archive's zip bytes, the form that Lambda gives as CodeSha256."""
    return base64.b64encode(hashlib.sha256(zipped(archive)).digest()).decode()


def md5_digest(asset: Any) -> str:
    """The MD5 of an asset's bytes, the form that S3 gives as ETag of an object in one part."""
    return hashlib.md5(content(asset), usedforsecurity=False).hexdigest()


def _members(archive: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    if isinstance(archive, pulumi.AssetArchive):
        for name, item in cast("Mapping[str, Any]", archive.assets).items():
            path = f"{prefix}{name}"
            if isinstance(item, pulumi.Archive):
                yield from _members(item, f"{path.rstrip('/')}/" if path else "")
            else:
                yield path, content(item)
    elif isinstance(archive, pulumi.FileArchive):
        root = Path(archive.path)
        if not root.is_dir():
            raise ValueError(f"{root} must be a directory or a .zip file")
        for file in root.rglob("*"):
            if file.is_file() and not _LEFT_OUT.intersection(file.relative_to(root).parts):
                yield f"{prefix}{file.relative_to(root).as_posix()}", file.read_bytes()
    else:
        raise ValueError(_not_local(archive, "an AssetArchive or a FileArchive"))  # noqa: TRY004 - reported as a fault


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"{path} must be a file that exists")
    return path


def _not_local(value: Any, wanted: str) -> str:
    return f"must be {wanted} of this machine, is a {type(value).__name__}"
