"""What stands before the header of a CSV is no row and no header; what only looks like it is one."""

from __future__ import annotations

import pytest

from contracts import preamble

NAMES = {"age", "#id", "Person Nr."}


@pytest.mark.parametrize("line", ["\n", "  \r\n", "sep=;\n", "SEP=,", "# export\n", " #", '"# a, b",,\n', "# of age\n"])
def test_lines_before_a_header(line: str) -> None:
    assert preamble.stands_before(line, NAMES)


@pytest.mark.parametrize("line", ["age;x", "#id,age", '"#id","x"', "# a;Person Nr.;b", "separator=;", "x #", "1;2"])
def test_headers_and_rows(line: str) -> None:
    assert not preamble.stands_before(line, NAMES)


@pytest.mark.parametrize(
    ("lines", "names", "length"),
    [
        (["# made by x\n", "\n", "id,age\n", "1,2\n"], {"id"}, 2),
        (["# made by x\n", "\n", "id,age\n", "1,2\n"], None, 2),
        (["#id,age\n", "1,2\n"], {"id", "age"}, 0),
        (["#id,age\n", "1,2\n"], None, 0),
        (["# made, by, x\n", "id,age\n"], None, 1),
        (["sep=;\n", "id;age\n"], None, 1),
        (['"# made by x";;\n', "id;age;y\n"], None, 1),
        (["# made by x; 2026\n", "sep=;\n", "id;age;y\n"], None, 2),
        (["\n", "# nothing more\n"], {"id"}, 2),
        ([], None, 0),
    ],
)
def test_how_many_lines_stand_before(lines: list[str], names: set[str] | None, length: int) -> None:
    assert preamble.length(lines, names) == length
