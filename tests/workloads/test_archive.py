"""A model's archive: what a training job packs comes out, and nothing lands elsewhere."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from workloads import archive

Entry = tuple[str, bytes, bytes, str]


def packed(path: Path, *entries: Entry) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, kind, content, link in entries:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(content), link
            tar.addfile(member, io.BytesIO(content))
    return path


def test_files_and_directories_come_out_as_they_went_in(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "m.tar.gz",
        ("./model.ubj", tarfile.REGTYPE, b"\x00model", ""),
        ("code", tarfile.DIRTYPE, b"", ""),
        ("code/deep/run.py", tarfile.REGTYPE, b"pass", ""),
        ("empty", tarfile.REGTYPE, b"", ""),
    )
    archive.unpack(path, tmp_path / "out")
    files = {p.relative_to(tmp_path / "out").as_posix(): p.read_bytes() for p in (tmp_path / "out").rglob("*.*")}
    assert files == {"model.ubj": b"\x00model", "code/deep/run.py": b"pass"}
    assert (tmp_path / "out/empty").read_bytes() == b""


@pytest.mark.parametrize(
    ("name", "kind", "link", "found"),
    [
        ("../evil", tarfile.REGTYPE, "", "a path or device"),
        ("/tmp/ml-platform-evil", tarfile.REGTYPE, "", "a path or device"),
        ("a/../../evil", tarfile.DIRTYPE, "", "a path or device"),
        ("link", tarfile.SYMTYPE, "/etc", "a link"),
        ("inside", tarfile.SYMTYPE, "model.ubj", "a link"),
        ("hard", tarfile.LNKTYPE, "model.ubj", "a link"),
        ("pipe", tarfile.FIFOTYPE, "", "a path or device"),
    ],
)
def test_what_is_no_file_inside_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, kind: bytes, link: str, found: str
) -> None:
    path = packed(
        tmp_path / "m.tar.gz", ("model.ubj", tarfile.REGTYPE, b"m", ""), (name, kind, b"", link), ("z", kind, b"", link)
    )
    with pytest.raises(archive.ArchiveMemberError) as refused:
        archive.unpack(path, tmp_path / "out")
    assert str(refused.value) == (
        f"{name!r}: found {found}; allowed: files and directories inside the archive; pack it anew"
    )
    assert list((tmp_path / "out").iterdir()) == []


def bent(content: bytes) -> bytes:
    """With a block of deflate of a kind that does not exist, further behind than is read at once."""
    whole = zlib.decompressobj(wbits=31).decompress(content)
    packer = zlib.compressobj(wbits=31)
    return packer.compress(whole[:150_000]) + packer.flush(zlib.Z_FULL_FLUSH) + b"\x07" * 64


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda content: content[: len(content) // 2], "it is cut off or damaged: Compressed file ended"),
        (bent, "it is cut off or damaged: Error -3"),
        (lambda content: b"not an archive", "not a gzip file"),
    ],
)
def test_a_damaged_archive_is_an_error_of_archives(
    tmp_path: Path, damage: Callable[[bytes], bytes], found: str
) -> None:
    path = packed(tmp_path / "m.tar.gz", ("model.ubj", tarfile.REGTYPE, hashlib.shake_256().digest(200_000), ""))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(tarfile.TarError, match=found):
        archive.unpack(path, tmp_path / "out")


def test_an_archive_that_unpacks_to_too_much_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1000)
    members = [(name, tarfile.REGTYPE, bytes(size), "") for name, size in (("model.ubj", 400), ("more", 600), ("z", 1))]
    archive.unpack(packed(tmp_path / "all.tar.gz", *members[:2]), tmp_path / "all")
    assert {path.name: path.stat().st_size for path in (tmp_path / "all").iterdir()} == {"model.ubj": 400, "more": 600}
    with pytest.raises(archive.ArchiveMemberError) as refused:
        archive.unpack(packed(tmp_path / "m.tar.gz", *members), tmp_path / "out")
    assert str(refused.value) == "'z': found 1001 bytes up to here; allowed: 1000 in all; pack fewer"
    assert list((tmp_path / "out").iterdir()) == []


def test_no_archive_is_unpacked_by_the_means_of_the_library() -> None:
    """Its `filter=` is not in the Python of Debian 12 (3.11.2), and without one whatever an archive says is written."""
    root = Path(archive.__file__).parents[1]
    rooms = ("automation", "components", "contracts", "local", "policies", "settings", "shapes", "workloads")
    texts = {path: path.read_text(encoding="utf-8") for room in rooms for path in (root / room).rglob("*.py")}
    reading = {path: text for path, text in texts.items() if re.search(r"^\s*(import|from) tarfile\b", text, re.M)}
    assert Path(archive.__file__) in reading
    assert [path for path, text in reading.items() if re.search(r"\w\.(extractall|extract)\(", text)] == []
    assert [path for path, text in texts.items() if "unpack_archive(" in text] == []
