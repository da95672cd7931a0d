"""Assets and archives as bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pulumi
import pytest

from local.adapter.assets import content, md5_digest, zip_digest, zipped


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "package" / "__pycache__").mkdir(parents=True)
    (tmp_path / "package" / "b.py").write_text("b")
    (tmp_path / "package" / "a.py").write_text("a")
    (tmp_path / "package" / "__pycache__" / "a.pyc").write_bytes(b"x")
    return tmp_path / "package"


def test_files_texts_and_folders_in_one_archive(package: Path) -> None:
    archive = pulumi.AssetArchive(
        {
            "index.py": pulumi.StringAsset("index"),
            "contracts/tree.py": pulumi.FileAsset(str(package / "a.py")),
            "lib": pulumi.FileArchive(str(package)),
            "deep": pulumi.AssetArchive({"x.txt": pulumi.StringAsset("x")}),
        }
    )
    assert members(zipped(archive)) == {
        "contracts/tree.py": b"a",
        "deep/x.txt": b"x",
        "index.py": b"index",
        "lib/a.py": b"a",
        "lib/b.py": b"b",
    }


def test_the_same_content_gives_the_same_bytes_whatever_its_order_and_age(package: Path) -> None:
    first = zipped(pulumi.AssetArchive({"a": pulumi.StringAsset("1"), "b": pulumi.FileAsset(str(package / "b.py"))}))
    os.utime(package / "b.py", (0, 0))
    again = zipped(pulumi.AssetArchive({"b": pulumi.FileAsset(str(package / "b.py")), "a": pulumi.StringAsset("1")}))
    assert first == again


def test_a_zip_file_is_passed_on_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "code.zip").write_bytes(b"any bytes")
    assert zipped(pulumi.FileArchive(str(tmp_path / "code.zip"))) == b"any bytes"


def test_digests_have_the_services_forms() -> None:
    archive = pulumi.AssetArchive({"a": pulumi.StringAsset("1")})
    assert zip_digest(archive) == base64.b64encode(hashlib.sha256(zipped(archive)).digest()).decode()
    assert md5_digest(pulumi.StringAsset("hello")) == "5d41402abc4b2a76b9719d911017c592"


@pytest.mark.parametrize(
    ("convert", "value", "message"),
    [
        (content, "text", "must be a FileAsset or a StringAsset of this machine, is a str"),
        (
            content,
            pulumi.RemoteAsset("https://x"),
            "must be a FileAsset or a StringAsset of this machine, is a RemoteAsset",
        ),
        (content, pulumi.FileAsset("/nowhere/x"), "/nowhere/x must be a file that exists"),
        (zipped, pulumi.StringAsset("x"), "must be an AssetArchive or a FileArchive of this machine, is a StringAsset"),
        (zipped, pulumi.FileArchive("/nowhere"), "/nowhere must be a directory or a .zip file"),
        (zipped, pulumi.AssetArchive({}), "must hold at least one file"),
    ],
)
def test_what_cannot_be_read_is_refused(convert: Any, value: Any, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        convert(value)
    assert str(refused.value) == message
