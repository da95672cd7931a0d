"""Nothing of the local run and the tests is given up on after a time that a busy machine takes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def hasty(tree: ast.AST) -> Iterator[int]:
    """Lines of `urllib3.request(...)` without a time of its own: the library's is 3 s."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    for call in calls:
        if ast.unparse(call.func) == "urllib3.request" and "timeout" not in {each.arg for each in call.keywords}:
            yield call.lineno


def test_every_request_says_how_long_it_may_take() -> None:
    files = [file for room in ("local", "tests") for file in sorted((ROOT / room).rglob("*.py"))]
    assert len(files) > 500
    found = {file.relative_to(ROOT).as_posix(): [*hasty(ast.parse(file.read_text()))] for file in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_a_request_without_a_time_is_found_and_its_neighbours_are_not() -> None:
    lines = ('urllib3.request("GET", url)', 'urllib3.request("GET", url, timeout=600)', 'pool.request("GET", url)')
    assert [*hasty(ast.parse("\n".join(lines)))] == [1]
