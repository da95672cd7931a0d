"""A text of another encoding in pieces of any size is the same text in UTF-8, or the right line is blamed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workloads.validation.recoded import Recoded
from workloads.validation.verdict import RefusedError

ENCODINGS = (
    "cp1252",
    "utf-16",
    "utf-16-be",
    "utf-32",
    "shift_jis",
    "gb18030",
    "iso2022_jp",
    "utf-7",
    "koi8-r",
    "cp037",
)


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet='aä€я日\n\r";,\u00e9', max_size=60), size=st.integers(1, 9))
def test_pieces_of_any_size(encoding: str, text: str, size: int) -> None:
    text = text.encode(encoding, "ignore").decode(encoding)
    recoded = Recoded(iter(pieces(text.encode(encoding), size)), encoding, of="said")
    assert b"".join(recoded).decode() == text


@pytest.mark.parametrize(
    ("encoding", "bad"),
    [
        ("cp1252", b"\x81"),
        ("utf-16-le", b"\x00\xdcx\x00"),
        ("shift_jis", b"\x81\x01"),
        ("gb18030", b"\xff"),
        ("ascii", b"\xe4"),
        ("utf-32-le", b"\xff\xff\xff\xff"),
    ],
)
@settings(max_examples=60, deadline=None)
@given(before=st.text(alphabet="ab\n\r", max_size=40), size=st.integers(1, 9))
def test_the_line_of_what_cannot_be_read(encoding: str, bad: bytes, before: str, size: int) -> None:
    content = before.encode(encoding) + b"".join(["x".encode(encoding), bad, "more\n".encode(encoding) * 3])
    with pytest.raises(RefusedError) as caught:
        b"".join(Recoded(iter(pieces(content, size)), encoding, of="said"))
    line = len(f"{before}x".replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    (finding,) = caught.value.findings
    assert finding.text.startswith(f"line {line} has the byte 0x")
    assert f", which is no text in {encoding} (said); " in finding.text


def test_what_ends_within_a_letter() -> None:
    with pytest.raises(RefusedError, match="line 2 ends within a letter, which is no text in utf-16-le"):
        b"".join(Recoded(iter(["a\nb".encode("utf-16-le"), b"\x00"]), "utf-16-le", of="said"))


def test_half_of_a_pair_that_utf_7_lets_through() -> None:
    with pytest.raises(RefusedError, match="line 2 has half a letter, which is no text in utf-7"):
        b"".join(Recoded(iter([b"a\n+2AA-b\n"]), "utf-7", of="said"))


@pytest.mark.parametrize(
    ("content", "encoding", "is_utf_8_too"),
    [
        ("Cä,1\n".encode(), "cp1252", True),
        ("Cä,1\n".encode("cp1252"), "cp1252", False),
        (b"C,1\n", "cp1252", False),
        ("Cä".encode()[:-1], "cp1252", False),
        ("Cä,1\n".encode("utf-16-le"), "utf-16-le", False),
    ],
)
def test_whether_it_is_utf_8_too(content: bytes, encoding: str, *, is_utf_8_too: bool) -> None:
    for size in (1, 100):
        recoded = Recoded(iter(pieces(content, size)), encoding, of="said")
        assert b"".join(recoded)
        assert recoded.is_utf_8_too == is_utf_8_too
