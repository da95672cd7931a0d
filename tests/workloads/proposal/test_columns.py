"""What follows for the contract from what stands in a column: type, range, categories, marks, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workloads.proposal.tables import ROWS, line_of

Cells = list[object]


def rows(cell: Any) -> Cells:
    return [cell(row) for row in range(ROWS)]


@pytest.mark.parametrize(
    ("cells", "body", "why", "features"),
    [
        (rows(lambda i: i), {"type": "integer", "minimum": 0, "maximum": 300}, "0 to 199 seen", ["x: x"]),
        (rows(lambda i: -i), {"type": "integer", "minimum": -300, "maximum": 0}, "-199 to 0 seen", ["x: x"]),
        (rows(lambda i: i - 50), {"type": "integer", "minimum": -150, "maximum": 250}, "-50 to 149 seen", ["x: x"]),
        (rows(lambda i: f"{i}.0"), {"type": "number", "minimum": 0, "maximum": 300}, "0 to 199 seen", ["x: x"]),
        (rows(lambda i: i / 1000), {"type": "number", "minimum": 0, "maximum": 0.3}, "0 to 0.199 seen", ["x: x"]),
        (rows(lambda i: 2**62 + i), {"type": "integer"}, "4.61169e+18 to 4.61169e+18 seen", ["x: x"]),
        (rows(lambda i: i % 2), {"type": "integer", "allowed": [0, 1]}, "0 to 1 seen", ["x: x"]),
        (rows(lambda i: 5), {"type": "integer"}, "always 5: nothing to learn from", []),
        (
            rows(lambda i: "lots" if i == 7 else i),
            {"type": "integer", "minimum": 0, "maximum": 300},
            "0 to 199 seen; 1 of 200 are no integer and are quarantined, such as 'lots'",
            ["x: x"],
        ),
        (
            rows(lambda i: "-inf" if i == 7 else i / 4),
            {"type": "number", "minimum": 0, "maximum": 75},
            "0 to 49.75 seen; 1 of 200 are no number and are quarantined, such as '-inf'",
            ["x: x"],
        ),
        (
            rows(lambda i: {0: "NA", 1: "", 2: "-"}.get(i % 10, i)),
            {"type": "integer", "nullable": True, "minimum": 0, "maximum": 300},
            "3 to 199 seen; 60 rows without a value, of them '-' (20), 'NA' (20)",
            ["x: x", "x_missing: missing(x)"],
        ),
        (
            rows(lambda i: -999 if i % 20 == 0 else 20 + i % 50),
            {"type": "integer", "nullable": True, "missing": [-999], "minimum": 0, "maximum": 94},
            "20 to 69 seen; -999 stands apart and is taken for no value, in place of the usual marks",
            ["x: x", "x_missing: missing(x)"],
        ),
        (
            rows(lambda i: -999 if i % 20 == 0 else i - 998),
            {"type": "integer", "minimum": -1100, "maximum": -690},
            "-999 to -799 seen",
            ["x: x"],
        ),
        (rows(lambda i: "True" if i % 3 else "false"), {"type": "boolean"}, "2 different texts", ["x: x"]),
        (
            rows(lambda i: "No" if i % 3 else "Yes"),
            {"type": "boolean", "values": {"Yes": True, "No": False}},
            "2 different texts",
            ["x: x"],
        ),
        (
            rows(lambda i: ["pro: max", 'a "b" #c', "basic"][i % 3]),
            {"type": "string", "allowed": ['a "b" #c', "basic", "pro: max"]},
            "3 different texts",
            ["x: x"],
        ),
        (
            rows(lambda i: ["None", "brick", "stone"][i % 3]),
            {"type": "string", "nullable": True, "allowed": ["brick", "stone"]},
            "2 different texts; 67 rows without a value, of them 'None' (67)",
            ["x: x"],
        ),
        (
            rows(lambda i: f"0{i % 7}"),
            {"type": "string", "allowed": [f"0{i}" for i in range(7)]},
            "numbers with leading zeros are kept as texts, 7 different ones",
            ["x: x"],
        ),
        (
            rows(lambda i: f'{i % 4} "b" #c' if i > 1 else "rare"),  # too rarely for a list that refuses others
            {"type": "string"},
            "5 different texts: training learns them",
            ["x: x"],
        ),
        (rows(lambda i: f"words {i}"), {"type": "string"}, "200 different texts: no feature of its own", []),
        (rows(lambda i: "one"), {"type": "string"}, "one text: no feature of its own", []),
    ],
)
def test_a_column_of_texts(tmp_path: Path, cells: Cells, body: dict[str, Any], why: str, features: list[str]) -> None:
    assert line_of(tmp_path, "x", cells) == ("x", body, why, features)


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("e_mail", rows(lambda i: f"text {i}"), "its name says e-mail addresses"),
        ("customerEmail", rows(lambda i: i), "its name says e-mail addresses"),
        ("contact", rows(lambda i: f"a.{i}@example.org"), "its values look like e-mail addresses"),
        ("konto", rows(lambda i: ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"][i % 2]),
         "its values look like bank accounts (IBAN)"),
        ("paid_by", rows(lambda i: ["4111 1111 1111 1111", "5500000000000004"][i % 2]),
         "its values look like payment cards"),
        ("no", rows(lambda i: f"{100 + i}-45-{6000 + i}"), "its values look like social security numbers"),
        ("call", rows(lambda i: f"+49 30 12345{i:03}"), "its values look like telephone numbers"),
        ("host", rows(lambda i: f"10.0.{i}.1"), "its values look like IP addresses"),
        ("who", rows(lambda i: ["Anna Schmidt", "Bo Li", "Max O'Neil"][i % 3]),
         "its values look like names of persons"),
        ("Vorname", rows(lambda i: ["anna", "bo"][i % 2]), "its name says names of persons"),
        ("PLZ", rows(lambda i: f"{i:05}"), "its name says addresses"),
        ("passport no", rows(lambda i: f"C{i}"), "its name says national numbers of persons"),
    ],
)  # fmt: skip
def test_a_column_that_may_identify_persons_is_dropped_and_shows_no_value(
    tmp_path: Path, name: str, cells: Cells, why: str
) -> None:
    _, body, reason, features = line_of(tmp_path, name, cells)
    assert (body["pii"], reason, features) == ("drop", f"suspected of persons: {why}", [])
    assert not {"minimum", "maximum", "allowed", "values", "missing"} & set(body)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("hotel", rows(lambda i: i)),
        ("plan", rows(lambda i: i % 5)),
        ("mailing_lists", rows(lambda i: i % 5)),
        ("amount", rows(lambda i: 4_000_000_000_000 + i)),
        ("version", rows(lambda i: f"1.2.{i}")),
        ("product", rows(lambda i: ["Big Box", "small box", "tin"][i % 3])),
        ("iso", rows(lambda i: f"DE{i:020}")),
    ],
)
def test_what_only_resembles_personal_data_is_kept(tmp_path: Path, name: str, cells: Cells) -> None:
    assert "pii" not in line_of(tmp_path, name, cells)[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Größe (cm)", "Grosse_cm"),
        ("class", "class_1"),
        ("split", "split_1"),
        ("score", "score_1"),
        ("2nd", "column_2nd"),
        ("a: b # c", "a_b_c"),
        ("- x", "x"),
        ("\U0001f600", "column"),
        ("y" * 200, "y" * 58),
    ],
)
def test_a_name_that_a_contract_cannot_have_becomes_the_source_of_a_legal_one(
    tmp_path: Path, name: str, expected: str
) -> None:
    found, body, _, _ = line_of(tmp_path, name, rows(lambda i: i))
    assert (found, body["source"]) == (expected, name)
