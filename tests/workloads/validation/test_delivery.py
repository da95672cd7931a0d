"""Objects in S3 (moto's server): each content is processed once, and what is written where."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from contracts.schema import Contract, Pii, to_json
from tests.contracts.test_objects import to_a_role_that_lists_prefixes
from tests.workloads.validation.conftest import Lake
from tests.workloads.validation.delivered import CHURN, NOW, Row, good_rows
from workloads.location import Location, LocationError
from workloads.validation import SaltError, Status, delivery
from workloads.validation.__main__ import main
from workloads.validation.delivery import Approval, ApprovalError


def test_an_accepted_object(lake: Lake) -> None:
    rows = good_rows()
    rows[9]["churn_label"] = 5
    sha256 = lake.put(rows)
    verdict = lake.process()

    assert verdict.status is Status.ACCEPTED
    assert lake.listing() == [
        f"accepted/churn/{sha256}.parquet",
        f"ledger/churn/{sha256}.json",
        "ledger/churn/last-accepted.json",
        f"quarantine/churn/{sha256}/_reason.json",
        f"quarantine/churn/{sha256}/rows.parquet",
    ]
    assert lake.rows(f"accepted/churn/{sha256}.parquet") == rows[:9] + rows[10:]
    assert [row["quarantine_row"] for row in lake.rows(f"quarantine/churn/{sha256}/rows.parquet")] == [10]
    entry = lake.json(f"ledger/churn/{sha256}.json")
    assert entry["object"] == "s3://raw/incoming/2026-11-20/day.csv"
    assert entry["reasons"] == {"not_allowed": 1}
    assert entry["judged_at"] == "2026-11-21T12:00:00+00:00"
    files = entry.pop("files")
    assert files == lake.etags("accepted/") | lake.etags("quarantine/")
    assert lake.json(f"quarantine/churn/{sha256}/_reason.json") == entry
    assert lake.json("ledger/churn/last-accepted.json") == {
        "object_sha256": sha256,
        "judged_at": "2026-11-21T12:00:00+00:00",
        "summary": entry["summary"],
    }


def test_accepted_rows_say_when_s3_got_their_object_whenever_it_was_judged(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = {"first.csv": "2026-11-20T08:00:00+00:00", "correction.csv": "2026-11-20T09:30:00+00:00"}
    head_object = lake.s3.head_object

    def head(**call: Any) -> Any:
        return head_object(**call) | {"LastModified": datetime.fromisoformat(put[call["Key"]])}

    monkeypatch.setattr(lake.s3, "head_object", head)
    rows = good_rows()
    first = lake.put(rows, "first.csv")
    correction = lake.put([rows[0] | {"support_tickets": 9}, *rows[1:]], "correction.csv")
    for contract in (CHURN, with_limit(500)):  # of the second all is judged again
        lake.process("correction.csv", contract=contract)
        lake.process("first.csv", contract=contract, now=NOW + timedelta(hours=1))
        assert lake.delivered(first) == {"2026-11-20T08:00:00Z"}
        assert lake.delivered(correction) == {"2026-11-20T09:30:00Z"}
    assert lake.json(f"ledger/churn/{first}.json")["delivered_at"] == put["first.csv"]


def test_a_file_delivered_twice_is_processed_once(lake: Lake) -> None:
    sha256 = lake.put(good_rows())
    first = lake.process()
    before = {key: lake.s3.head_object(Bucket="processed", Key=key)["LastModified"] for key in lake.listing()}
    lake.put(good_rows(), key="incoming/2026-11-21/again.csv")
    second = lake.process(key="incoming/2026-11-21/again.csv", now=NOW + timedelta(days=1))

    assert (second.status, second.duplicate_of) == (Status.DUPLICATE, Status.ACCEPTED)
    assert (second.object_sha256, second.rows_in, second.accepted) == (sha256, first.rows_in, first.accepted)
    assert before == {key: lake.s3.head_object(Bucket="processed", Key=key)["LastModified"] for key in lake.listing()}
    assert lake.json(f"ledger/churn/{sha256}.json")["object"] == "s3://raw/incoming/2026-11-20/day.csv"


def test_of_two_deliveries_at_once_one_is_the_duplicate(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.put(good_rows())
    other: list[Any] = []

    def and_meanwhile(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(delivery, "validate", validate)
        other.append(lake.process())
        return validate(*arguments, **options)

    validate = delivery.validate
    monkeypatch.setattr(delivery, "validate", and_meanwhile)
    late = lake.process()
    assert [verdict.status for verdict in (*other, late)] == [Status.ACCEPTED, Status.DUPLICATE]
    assert late.duplicate_of is Status.ACCEPTED


def test_after_a_crash_before_the_ledger_the_object_is_judged_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = lake.put(good_rows())
    put_object = lake.s3.put_object
    failure = ClientError({"Error": {"Code": "SlowDown", "Message": ""}}, "PutObject")

    def fail(**request: Any) -> Any:
        if request["Key"].startswith("ledger/churn/"):
            raise failure
        return put_object(**request)

    monkeypatch.setattr(lake.s3, "put_object", fail)
    with pytest.raises(ClientError):
        lake.process()
    assert lake.listing() == [f"accepted/churn/{sha256}.parquet"]
    monkeypatch.setattr(lake.s3, "put_object", put_object)
    assert lake.process().status is Status.ACCEPTED


def test_a_refused_object_is_kept_whole_with_its_reason(lake: Lake) -> None:
    lake.s3.put_object(Bucket="raw", Key="bad.csv", Body=b"customer_id\nC1\n")
    verdict = lake.process(key="bad.csv")
    folder = f"quarantine/churn/{verdict.object_sha256}"
    assert lake.listing() == [
        f"ledger/churn/{verdict.object_sha256}.json",
        f"{folder}/_file.bin",
        f"{folder}/_reason.json",
    ]
    assert lake.s3.get_object(Bucket="processed", Key=f"{folder}/_file.bin")["Body"].read() == b"customer_id\nC1\n"
    reason = lake.json(f"{folder}/_reason.json")
    assert (reason["status"], reason["findings"][0]["code"]) == ("refused", "missing_column")
    assert lake.process(key="bad.csv").duplicate_of is Status.REFUSED


def test_a_refused_object_with_personal_columns_stays_in_raw_data_only(lake: Lake) -> None:
    contract = dataclasses.replace(
        CHURN, columns=(dataclasses.replace(CHURN.columns[0], pii=Pii.HASH), *CHURN.columns[1:])
    )
    lake.s3.put_object(Bucket="raw", Key="bad.csv", Body=b"customer_id\nC1\n")
    verdict = lake.process(key="bad.csv", contract=contract, salt=b"0123456789abcdef")
    folder = f"quarantine/churn/{verdict.object_sha256}"
    assert lake.listing() == [f"ledger/churn/{verdict.object_sha256}.json", f"{folder}/_reason.json"]
    with pytest.raises(SaltError):
        lake.put(good_rows())
        lake.process(contract=contract)


def test_another_salt_is_refused_while_rows_with_the_former_one_are_there(lake: Lake) -> None:
    contract = dataclasses.replace(
        CHURN, columns=(dataclasses.replace(CHURN.columns[0], pii=Pii.HASH), *CHURN.columns[1:])
    )
    salt, another = b"0123456789abcdef", b"fedcba9876543210"
    lake.put(good_rows())
    first = lake.process(contract=contract, salt=salt)
    lake.put([row | {"support_tickets": 1} for row in good_rows()], key="next.csv")
    before = lake.listing()
    with pytest.raises(SaltError) as caught:
        lake.process(key="next.csv", contract=contract, salt=another)
    assert str(caught.value).startswith("the salt is another one (check ")
    assert lake.listing() == before
    found = lake.json("ledger/churn/last-accepted.json")["salt_check"]
    assert found in str(caught.value)
    assert len(found) == 16
    assert lake.process(key="next.csv", contract=contract, salt=salt).status is Status.ACCEPTED
    assert first.status is Status.ACCEPTED


def test_without_hashed_columns_nothing_of_a_salt_is_noted_or_asked(lake: Lake) -> None:
    lake.put(good_rows())
    lake.process(salt=b"0123456789abcdef")
    lake.put([row | {"support_tickets": 1} for row in good_rows()], key="next.csv")
    assert lake.process(key="next.csv", salt=b"fedcba9876543210").status is Status.ACCEPTED
    assert "salt_check" not in lake.json("ledger/churn/last-accepted.json")


def poisoned(count: int = 600) -> list[Row]:
    return [row | {"churn_label": 1} for row in good_rows(count)]


def test_a_held_object_waits_until_a_person_approves_it(lake: Lake) -> None:
    lake.put(good_rows(600))
    lake.process()
    sha256 = lake.put(poisoned())
    assert lake.process().status is Status.HELD
    assert [key for key in lake.listing() if sha256 in key] == [
        f"ledger/churn/{sha256}.json",
        f"quarantine/churn/{sha256}/_held.parquet",
        f"quarantine/churn/{sha256}/_reason.json",
    ]
    assert lake.json("ledger/churn/last-accepted.json")["object_sha256"] != sha256
    assert lake.process().duplicate_of is Status.HELD

    approved = lake.process(approval=Approval(who="ana", why="campaign month"))
    assert approved.status is Status.ACCEPTED
    assert lake.rows(f"accepted/churn/{sha256}.parquet") == poisoned()
    assert f"quarantine/churn/{sha256}/_held.parquet" not in lake.listing()
    assert lake.json(f"ledger/churn/{sha256}.json")["approval"] == {"who": "ana", "why": "campaign month"}
    assert lake.json("ledger/churn/last-accepted.json")["object_sha256"] == sha256


@pytest.mark.parametrize("judged_before", [False, True])
def test_only_a_held_object_can_be_approved(lake: Lake, judged_before: bool) -> None:
    lake.put(good_rows())
    if judged_before:
        lake.process()
    state = "is accepted" if judged_before else "was never judged"
    with pytest.raises(ApprovalError) as caught:
        lake.process(approval=Approval(who="ana", why="sure"))
    assert str(caught.value) == (
        f"object s3://raw/incoming/2026-11-20/day.csv {state}, so there is nothing to approve; "
        "only a held object can be"
    )


def with_limit(months: float) -> Contract:
    columns = [dataclasses.replace(c, maximum=months) if c.name == "user_tenure_months" else c for c in CHURN.columns]
    return dataclasses.replace(CHURN, columns=tuple(columns))


def test_an_object_judged_by_other_rules_is_judged_again(lake: Lake) -> None:
    lake.put(good_rows())
    assert lake.process(contract=with_limit(20)).status is Status.REFUSED
    assert lake.process(contract=dataclasses.replace(with_limit(20), threshold=0.5)).status is Status.DUPLICATE
    assert lake.process(contract=with_limit(600)).status is Status.ACCEPTED


def test_judged_again_nothing_is_left_of_the_former_verdict(lake: Lake) -> None:
    rows = good_rows()
    rows[9]["churn_label"] = 5
    sha256 = lake.put(rows)
    assert lake.process().status is Status.ACCEPTED
    assert lake.process(contract=with_limit(20)).status is Status.REFUSED
    refused = lake.listing()
    assert f"accepted/churn/{sha256}.parquet" not in refused  # or the next data set would have the rows
    assert f"quarantine/churn/{sha256}/_file.bin" in refused
    assert lake.process().status is Status.ACCEPTED
    assert f"quarantine/churn/{sha256}/_file.bin" not in lake.listing()


def test_the_version_that_the_event_named_is_the_one_judged(lake: Lake) -> None:
    first = lake.put(good_rows(10))
    version = lake.s3.head_object(Bucket="raw", Key="incoming/2026-11-20/day.csv")["VersionId"]
    lake.put(good_rows(20))
    assert lake.process(version_id=version).object_sha256 == first
    assert lake.json(f"ledger/churn/{first}.json")["version_id"] == version


def test_the_first_object_is_judged_by_a_role_to_which_s3_answers_403_for_what_is_not_there(lake: Lake) -> None:
    lake.put(good_rows())
    with to_a_role_that_lists_prefixes(lake.s3):
        assert lake.process().status is Status.ACCEPTED
        assert lake.process().status is Status.DUPLICATE


def note_of(lake: Lake, version: str) -> Any:
    name = hashlib.sha256(f"s3://raw/incoming/2026-11-20/day.csv {version}".encode()).hexdigest()
    return lake.json(f"ledger/churn/deliveries/{name}.json")


def test_a_version_of_an_object_is_noted_with_what_became_of_it_also_when_it_comes_again(lake: Lake) -> None:
    rows = good_rows(100)
    rows[9]["churn_label"] = 5
    sha256 = lake.put(rows)
    version = lake.s3.head_object(Bucket="raw", Key="incoming/2026-11-20/day.csv")["VersionId"]
    lake.process(version_id=version)
    told = {
        "object": "s3://raw/incoming/2026-11-20/day.csv",
        "version_id": version,
        "object_sha256": sha256,
        "status": "accepted",
        "duplicate": False,
        "rows_in": 100,
        "accepted": 99,
        "quarantined": 1,
    }
    assert note_of(lake, version) == told
    lake.process(version_id=version)
    assert note_of(lake, version) == told | {"duplicate": True}


def test_an_object_that_was_refused_is_noted_so_each_time(lake: Lake) -> None:
    lake.put(good_rows(0))
    version = lake.s3.head_object(Bucket="raw", Key="incoming/2026-11-20/day.csv")["VersionId"]
    for duplicate in (False, True):
        lake.process(version_id=version)
        assert (note_of(lake, version)["status"], note_of(lake, version)["duplicate"]) == ("refused", duplicate)


def test_an_object_that_is_not_there(lake: Lake) -> None:
    with pytest.raises(LocationError) as caught:
        lake.process(key="nothing.csv")
    assert str(caught.value) == "object s3://raw/nothing.csv cannot be read: 404; check the name and the role"


@pytest.mark.parametrize("uri", ["raw/key", "s3:///key", "https://raw/key", ""])
def test_what_is_no_s3_uri(uri: str) -> None:
    with pytest.raises(LocationError) as caught:
        Location.parse(uri)
    assert str(caught.value) == f"{uri!r} is no S3 URI; write s3://bucket/key"


@pytest.mark.parametrize("key", ["lake", "lake/"])
def test_a_processed_location_below_a_prefix(lake: Lake, key: str) -> None:
    sha256 = lake.put(good_rows())
    lake.process(processed=Location(bucket="processed", key=key))
    assert f"lake/accepted/churn/{sha256}.parquet" in lake.listing()


class TestCommandLine:
    """`main` in this process; once as a real process."""

    @pytest.fixture
    def arguments(self, lake: Lake, tmp_path: Path) -> list[str]:
        (tmp_path / "contract.json").write_text(to_json(CHURN))
        return [
            "--contract",
            str(tmp_path),
            "--processed",
            "s3://processed",
            "--workload",
            "churn",
            "--now",
            NOW.isoformat(),
            "--object",
        ]

    def test_exit_codes_and_output(self, lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        deliveries = {"good": good_rows(600), "again": good_rows(600), "held": poisoned(), "refused": good_rows(0)}
        codes: dict[str, int] = {}
        for name, rows in deliveries.items():
            lake.put(rows, key=name)
            codes[name] = main([*arguments, f"s3://raw/{name}"])
        assert codes == {"good": 0, "again": 0, "held": 4, "refused": 3}
        lake.put(good_rows(0), key="refused too")
        assert main([*arguments, "s3://raw/refused too", "--no-failure"]) == 0
        verdicts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [v["status"] for v in verdicts] == ["accepted", "duplicate", "held", "refused", "duplicate"]
        assert verdicts[0]["rows_in"] == 600
        approve = ["--approve-by", "ana", "--approve-because", "campaign month"]
        assert main([*arguments, "s3://raw/held", *approve]) == 0

    def test_a_wrong_call_names_its_fault(
        self, lake: Lake, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([*arguments, "s3://raw/nothing"]) == 2
        line = json.loads(capsys.readouterr().err)
        assert line["message"] == "object s3://raw/nothing cannot be read: 404; check the name and the role"

    def test_half_an_approval(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main([*arguments, "s3://raw/x", "--approve-by", "ana"]) == 2
        line = json.loads(capsys.readouterr().err)
        assert line["message"] == "--approve-by and --approve-because belong together: give both or none"

    def test_as_a_process_with_the_salt_from_secrets_manager(
        self, lake: Lake, arguments: list[str], tmp_path: Path
    ) -> None:
        hashed = dataclasses.replace(CHURN.columns[0], pii=Pii.HASH)
        contract = dataclasses.replace(CHURN, columns=(hashed, *CHURN.columns[1:]))
        (tmp_path / "contract.json").write_text(to_json(contract))
        boto3.client("secretsmanager").create_secret(Name="salt", SecretString="0123456789abcdef")
        lake.put(good_rows(), key="day.csv")
        command = [sys.executable, "-m", "workloads.validation", *arguments, "s3://raw/day.csv"]
        without = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (without.returncode, without.stdout) == (2, "")
        assert "no salt is given" in json.loads(without.stderr)["message"]
        done = subprocess.run([*command, "--salt-secret", "salt"], capture_output=True, text=True, check=False)
        assert (done.returncode, json.loads(done.stdout)["accepted"]) == (0, 60)
