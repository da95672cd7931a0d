"""Kinds of endpoints as the account has them and as the program declares them."""

from __future__ import annotations

from typing import Any

from automation.operations.endpoint_kinds import endpoint_kinds
from automation.operations.findings import Finding
from tests.automation.operations.accounts import Account

PLACE = "/mlplatform/staging/churn"


def declared(endpoint: str, said: str) -> dict[str, Any]:
    inputs = {"name": f"{PLACE}/{endpoint}/release-was-here", "insecureValue": said}
    return {"type": "aws:ssm/parameter:Parameter", "inputs": inputs}


def found(there: dict[str, str], *resources: dict[str, Any]) -> list[Finding]:
    account = Account()
    parameters = [{"Name": f"{PLACE}/{name}/release-was-here", "Value": kind} for name, kind in there.items()]
    account.says("ssm", "get_parameters", {"Parameters": parameters})
    return account.checked(endpoint_kinds, *resources)


def test_another_kind_is_lacking_and_the_same_one_and_that_of_a_rollout_are_not() -> None:
    there = {"bulk": "asynchronous", "live": "realtime", "queue": "realtime"}
    wanted = (declared("bulk", "asynchronous"), declared("live", "inference_pipeline"), declared("queue", "lambda"))
    findings = found(there, *wanted)
    assert {each.subject: each.holds for each in findings} == {
        f"kind of {PLACE}/bulk": True,
        f"kind of {PLACE}/live": True,
        f"kind of {PLACE}/queue": False,
    }
    (refused,) = [each for each in findings if each.holds is False]
    assert refused.found == "the stack has it as realtime, the config as lambda"
    assert refused.fix.startswith("found lambda; allowed: realtime, inference_pipeline, for endpoint ")


def test_a_sign_of_an_older_program_says_nothing() -> None:
    (finding,) = found({"live": "the value does not matter"}, declared("live", "lambda"))
    assert finding.holds


def test_a_stack_without_releases_asks_nothing() -> None:
    assert Account().checked(endpoint_kinds, declared("images", "an image")) == []
