"""The command `resend`: what is said and asked before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import EndpointConnectionError

from automation.commands import main
from automation.exits import Exit
from automation.operations import resending
from local.emulator import Emulator
from tests.automation.operations.test_resending import Ingestion, of_tries

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def ingestion(emulator: Emulator) -> Ingestion:
    """That of the workload of Pulumi.staging.yaml."""
    return Ingestion(emulator, "staging")


@pytest.fixture
def run(
    ingestion: Ingestion, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(["resend", "--stack", "staging", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_dead_letters_are_told_and_sent_once(run: Run, ingestion: Ingestion) -> None:
    delivery = ingestion.put("a.csv")
    ingestion.bury(of_tries(delivery))
    code, out, err = run("--yes", "--json")
    (execution,) = json.loads(out)["executions"]
    assert (code, err) == (Exit.DONE, f'{delivery}: States.TaskFailed: {{ "FailureReason": "no memory"}}\n')
    assert execution.partition(":execution:")[2].startswith("churn-staging-ingestion:resend-")
    assert run("--yes") == (Exit.DONE, "0 sent again\n", "")


def test_what_has_no_verdict_is_sent(run: Run, ingestion: Ingestion) -> None:
    delivery = ingestion.put("lost.csv")
    code, out, _ = run("--missing", "--yes")
    assert (code, out) == (Exit.DONE, f"{delivery}: no verdict, and nothing under way\n1 sent again\n")
    assert delivery.told in ingestion.inputs()
    assert run("--missing", "--yes")[1] == "0 sent again\n"


def test_without_a_yes_nothing_is_sent_and_the_letters_lie_where_they_lay(run: Run, ingestion: Ingestion) -> None:
    before = len(ingestion.inputs())
    ingestion.bury(of_tries(ingestion.put("b.csv")))
    code, out, err = run()
    assert (code, out.count("\n")) == (Exit.REFUSED, 1)
    assert err == "error: Send 1 to churn-staging-ingestion? Nobody can answer here: give --yes\n"
    assert len(ingestion.inputs()) == before
    assert run("--yes")[1].endswith("1 sent again\n")


def test_half_way_what_was_sent_is_gone_and_the_rest_is_there(
    run: Run, ingestion: Ingestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("c.csv", "d.csv", "e.csv"):
        ingestion.bury(of_tries(ingestion.put(name)))
    start, started = resending.start, list[str]()

    def once(*given: object, **named: object) -> str:
        if started:
            raise EndpointConnectionError(endpoint_url="states")
        started.append(start(*given, **named))  # type: ignore[arg-type]
        return started[0]

    with monkeypatch.context() as patch:
        patch.setattr(resending, "start", once)
        assert run("--yes")[0] == Exit.AWS
    assert run("--yes")[1].endswith("2 sent again\n")
