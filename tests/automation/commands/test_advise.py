"""`python -m automation advise`: a ranking for people and programs, all faults of options, what measuring needs."""

from __future__ import annotations

import json

import pytest

from automation.commands import main
from automation.exits import Exit

Capture = pytest.CaptureFixture[str]


def advise(*arguments: str, capsys: Capture) -> tuple[int, str, str]:
    code = main(["advise", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_people_get_a_ranking(capsys: Capture) -> None:
    wanted = "--payload-mb 2 --p99-ms 100 --rps 40 --pattern spiky --team kubernetes"
    code, out, err = advise(*wanted.split(), capsys=capsys)
    assert (code, err) == (Exit.DONE, "")
    assert out.splitlines()[4].split()[:2] == ["3", "realtime"]
    assert "no asynchronous: p99_ms: found 100.0; allowed: 300000 or more, or nothing; requests wait in a queue" in out


def test_programs_get_one_object(capsys: Capture) -> None:
    code, out, _ = advise("--rps", "2", "--json", capsys=capsys)
    found = json.loads(out)
    assert (code, found["needs"]["rps"], found["region"]) == (Exit.DONE, 2, "us-east-1")
    assert found["alternatives"][0]["target"] == "serverless"
    assert set(found["alternatives"][0]) >= {"usd", "size", "pricing", "scaling", "findings", "offered"}


def test_all_faults_of_options_at_once(capsys: Capture) -> None:
    code, out, err = advise("--rps", "0", "--models", "-1", capsys=capsys)
    assert (code, out) == (Exit.REFUSED, "")
    assert err == (
        "error: --rps: found 0.0; allowed: greater than 0\n--models: found -1; allowed: greater than or equal to 1\n"
    )


def test_a_region_without_prices(capsys: Capture) -> None:
    code, _, err = advise("--region", "ap-south-1", capsys=capsys)
    assert code == Exit.REFUSED
    assert err.startswith("error: region: found ap-south-1, without a price of ")


def test_measuring_needs_a_stack_a_role_and_requests(capsys: Capture) -> None:
    code, _, err = advise("--measure", "--stack", "staging", capsys=capsys)
    assert code == Exit.REFUSED
    assert err == "error: --role, --payload: found nothing; --measure needs --stack, --role and --payload\n"


def test_what_only_a_measurement_reads_is_refused_without_one(capsys: Capture) -> None:
    code, out, err = advise("--stack", "staging", "--role", "x", capsys=capsys)
    assert (code, out) == (Exit.REFUSED, "")
    assert (
        err
        == "error: --stack: found 'staging', --role: found 'x'; allowed: with --measure; add it, or leave them out\n"
    )
