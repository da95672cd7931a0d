"""No value of a column that identifies a person leaves validation, neither with good rows nor with bad ones."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from pathlib import Path

import pytest

from contracts.schema import Column, ColumnType, Contract, Pii
from tests.workloads.validation.delivered import CHURN, HEADER, Judged, good_rows, write_csv
from workloads.engine import connect
from workloads.validation import SaltError, Status, pii

SALT = b"0123456789abcdef0123456789abcdef"
EMAIL = Column(name="email", type=ColumnType.STRING, nullable=True, pii=Pii.DROP)
PHONE = Column(name="phone", type=ColumnType.INTEGER, nullable=True, minimum=100, pii=Pii.HASH)
WITH_PERSONS = dataclasses.replace(
    CHURN, columns=(dataclasses.replace(CHURN.columns[0], pii=Pii.HASH), *CHURN.columns[1:], EMAIL, PHONE)
)


def judge_persons(directory: Path, contract: Contract = WITH_PERSONS, salt: bytes | None = SALT) -> Judged:
    rows = [row | {"email": f"p{i}@example.org", "phone": 4420000 + i} for i, row in enumerate(good_rows())]
    rows[3] |= {"phone": 12, "email": "bad@example.org"}
    rows[4] |= {"churn_label": None, "phone": None}
    path = write_csv(directory / "day.csv", rows, (*HEADER, "email", "phone"))
    return Judged(path, contract=contract, salt=salt)


def keyed(text: str) -> str:
    return hmac.new(SALT, text.encode(), hashlib.sha256).hexdigest()


def test_dropped_and_hashed_columns(tmp_path: Path) -> None:
    judged = judge_persons(tmp_path)
    assert judged.verdict.status is Status.ACCEPTED
    assert list(judged.accepted[0]) == [*HEADER, "phone"]
    assert judged.accepted[0]["customer_id"] == keyed("C0000")
    assert judged.accepted[0]["phone"] == keyed("4420000")


def test_quarantined_rows_and_reasons_hold_no_personal_value(tmp_path: Path) -> None:
    first, second = judge_persons(tmp_path).quarantined
    assert "email" not in first
    assert first["quarantine_reason"] == "phone is a withheld value; the minimum is 100"
    assert (first["customer_id"], first["phone"]) == (keyed("C0003"), keyed("12"))
    assert second["phone"] is None
    content = (tmp_path / "output" / "quarantine.parquet").read_bytes()
    assert b"example.org" not in content
    assert b"C0003" not in content


def test_examples_of_faults_hold_no_personal_value(tmp_path: Path) -> None:
    verdict = judge_persons(tmp_path).verdict
    assert [(fault.column, fault.example) for fault in verdict.faults] == [
        ("churn_label", "churn_label is empty; the contract requires a value"),
        ("phone", "phone is a withheld value; the minimum is 100"),
    ]


def test_a_refusal_shows_no_personal_value(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "day.csv", [row | {"email": "e", "phone": "secret"} for row in good_rows()],
                     (*HEADER, "email", "phone"))  # fmt: skip
    verdict = Judged(path, contract=WITH_PERSONS, salt=SALT).verdict
    assert verdict.findings[0].text == (
        "column phone: none of 60 values is a whole number (the first is withheld); deliver it as such"
    )
    assert "secret" not in str(verdict)


def test_personal_columns_are_not_summarised(tmp_path: Path) -> None:
    summary = judge_persons(tmp_path).verdict.summary
    assert summary is not None
    assert list(summary.columns) == ["user_tenure_months", "transaction_volume", "support_tickets"]


def test_without_a_salt_nothing_is_read(tmp_path: Path) -> None:
    with pytest.raises(SaltError) as caught:
        judge_persons(tmp_path, salt=None)
    assert str(caught.value) == (
        "contract 'churn' hashes customer_id, phone and no salt is given; set PII_SALT or name the secret with "
        "--salt-secret"
    )
    assert list((tmp_path / "output").iterdir()) == []


def test_a_short_salt_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SaltError, match=r"^the salt has 5 bytes; at least 16 are needed"):
        judge_persons(tmp_path, salt=b"salty")


def test_a_contract_that_only_drops_needs_no_salt(tmp_path: Path) -> None:
    contract = dataclasses.replace(CHURN, columns=(*CHURN.columns, EMAIL))
    rows = [row | {"email": "e"} for row in good_rows()]
    judged = Judged(write_csv(tmp_path / "day.csv", rows, (*HEADER, "email")), contract=contract)
    assert judged.accepted == good_rows()


@pytest.mark.parametrize("salt", [b"sixteen bytes!!!", b"\x00\xff" * 32, b"longer than a block of SHA-256 " * 5])
@pytest.mark.parametrize("text", ["", "Ünï", "x" * 200, "quote ' here"])
def test_the_hash_is_that_of_pythons_hmac(tmp_path: Path, salt: bytes, text: str) -> None:
    with connect(tmp_path) as connection:
        pii.set_salt(connection, WITH_PERSONS, salt)
        row = connection.execute(f"SELECT {pii.hashed('$1')}, {pii.hashed('CAST(NULL AS VARCHAR)')}", [text]).fetchone()
    assert row == (hmac.new(salt, text.encode(), hashlib.sha256).hexdigest(), None)


def test_where_no_salt_is_set_nothing_comes_through(tmp_path: Path) -> None:
    with connect(tmp_path) as connection:
        assert connection.execute(f"SELECT {pii.hashed('$1')}", ["C1"]).fetchone() == (None,)
