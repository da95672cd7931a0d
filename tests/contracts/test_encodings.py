"""Which encodings a contract may declare, and that a byte order mark says it before the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts import encodings, loader

CHURN = Path("contracts/churn.yaml").read_text()


@pytest.mark.parametrize(
    "name",
    ["cp1252", "Windows-1252", "latin-1", "utf-16", "UTF-16LE", "shift_jis", "gb18030", "cp037", "utf8", "koi8-r"],
)
def test_any_text_encoding_of_python_by_any_of_its_names(name: str) -> None:
    assert loader.loads(f"{CHURN}\nencoding: {name}\n").encoding == name


@pytest.mark.parametrize(
    "name", ["cp1525", "hex", "rot13", "base64", "idna", "unicode_escape", "''", "8859", "[utf-8]", "a b"]
)
def test_others_are_refused_with_some_that_are_allowed(name: str) -> None:
    with pytest.raises(loader.ContractError) as caught:
        loader.loads(f"{CHURN}\nencoding: {name}\n")
    (fault,) = caught.value.faults
    assert fault.partition("encoding: ")[2].endswith(
        " is found; a text encoding of Python is allowed, such as cp1252, latin-1, utf-16, shift_jis"
    )


def test_a_contract_without_the_key_is_compiled_as_before_there_was_one() -> None:
    assert loader.loads(CHURN).encoding is None


@pytest.mark.parametrize("declared", [None, "cp1252", "utf-16-le", "utf-8-sig"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_comes_before_the_contract(encoding: str, declared: str | None) -> None:
    assert encodings.of("a;b".encode(encoding), declared) == encoding.removesuffix("-sig")


@pytest.mark.parametrize(
    ("declared", "found"),
    [(None, "utf-8"), ("UTF8", "utf-8"), ("utf-8-sig", "utf-8"), ("ascii", "utf-8"), ("latin1", "iso8859-1")],
)
def test_without_a_mark_it_is_the_contracts_by_pythons_name(declared: str | None, found: str) -> None:
    assert encodings.of(b"a;b", declared) == found


@pytest.mark.parametrize("head", [b"", b"\xff", b"\xfe", b"\xef\xbb"])
def test_what_is_shorter_than_a_mark_has_none(head: bytes) -> None:
    assert encodings.by_mark(head) is None
