"""The client over HTTP, against the emulator's tracking server and against MLflow's own (full)."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest

from tests.workloads.tracking.conftest import ARN, Faulty
from tests.workloads.tracking.files import BUCKET, EVALUATED, RUN, TRAINED, TRIAL, archive, report
from workloads.job import PlatformError
from workloads.tracking import record, server
from workloads.tracking.record import Metric, Record
from workloads.tracking.server import RefusedError, TrackingServer

AT = 1_700_000_000_000


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(faulty: Faulty, waits: list[float]) -> TrackingServer:
    return TrackingServer(ARN, wait=waits.append)


def found(client: TrackingServer, run: str) -> dict[str, Any]:
    """A run as the server has it: info, and parameters, metrics and tags by name."""
    told = client._get("runs/get", {"run_id": run})["run"]
    data = {kind: told["data"].get(kind, []) for kind in ("params", "metrics", "tags")}
    by_name = {kind: {each["key"]: each["value"] for each in listed} for kind, listed in data.items()}
    return {**told["info"], **by_name}


def test_what_jobs_of_a_run_leave_is_one_run_that_ends_with_its_evaluation(
    client: TrackingServer, experiment: str
) -> None:
    run = client.tell(experiment, record.read(BUCKET, TRAINED, archive(), AT))
    trained = found(client, run)
    assert (trained["status"], trained["run_name"], trained["start_time"]) == ("RUNNING", "n3ddexkp0fjj", AT)
    assert trained["params"]["eta"] == "0.1"
    assert trained["metrics"] == {"validation_loss": 0.3125, "best_validation_loss": 0.25, "best_round": 2}
    assert client.tell(experiment, record.read(BUCKET, EVALUATED, report(), AT + 5)) == run
    whole = found(client, run)
    assert (whole["status"], whole["end_time"]) == ("FINISHED", AT + 5)
    assert whole["metrics"]["test_auc"] == 0.9
    assert whole["tags"]["gate"] == "register"
    assert whole["tags"]["source"] == f"s3://{BUCKET}/{RUN}"


def test_a_trial_hangs_below_the_run_of_its_search(client: TrackingServer, experiment: str) -> None:
    trial = client.tell(experiment, record.read(BUCKET, TRIAL, archive(), AT))
    search = client.tell(experiment, record.read(BUCKET, EVALUATED, report(), AT))
    assert trial != search
    assert found(client, trial)["tags"]["mlflow.parentRunId"] == search
    assert "mlflow.parentRunId" not in found(client, search)["tags"]


def test_what_is_told_twice_is_there_once(client: TrackingServer, experiment: str, faulty: Faulty) -> None:
    first = record.read(BUCKET, TRAINED, archive(), AT)
    run = client.tell(experiment, first)
    before = found(client, run)
    assert client.tell(experiment, first) == run
    assert found(client, run) == before
    assert faulty.asked.count("runs/create") == faulty.asked.count("experiments/create") == 1


def test_many_rounds_take_several_requests_within_the_limits_of_one(
    client: TrackingServer, experiment: str, faulty: Faulty
) -> None:
    losses = [1 / (step + 1) for step in range(2_000)]
    run = client.tell(experiment, record.read(BUCKET, TRAINED, archive(losses=losses), AT))
    assert faulty.asked.count("runs/log-batch") == 3  # of 900, 900 and 202 metrics
    assert found(client, run)["metrics"]["validation_loss"] == losses[-1]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_recovers_is_asked_again(
    client: TrackingServer, experiment: str, faulty: Faulty, waits: list[float], status: int
) -> None:
    faulty.path, faulty.answers = "runs/log-batch", [status] * 3
    run = client.tell(experiment, record.read(BUCKET, EVALUATED, report(), AT))
    assert found(client, run)["metrics"]["test_auc"] == 0.9
    assert len(waits) == 3
    assert all(0 <= wait <= most for wait, most in zip(waits, (1, 2, 4), strict=True))


def test_one_that_does_not_is_left_after_four_tries(client: TrackingServer, experiment: str, faulty: Faulty) -> None:
    faulty.path, faulty.answers = "runs/log-batch", [503] * 9
    with pytest.raises(PlatformError, match=r"did not do runs/log-batch within 4 tries: HTTP 503"):
        client.tell(experiment, record.read(BUCKET, EVALUATED, report(), AT))
    assert faulty.asked.count("runs/log-batch") == 4


def test_one_that_nobody_answers_for_is_told_by_its_arn(
    monkeypatch: pytest.MonkeyPatch, client: TrackingServer, experiment: str
) -> None:
    monkeypatch.setattr(client, "_url", "http://127.0.0.1:1")
    with pytest.raises(PlatformError, match=r"^arn:aws:sagemaker:eu-west-1:.*/team did not do experiments/get-by-name"):
        client.tell(experiment, Record(source="s", name="n", at_ms=AT))


def test_a_run_whose_making_was_not_answered_is_found_the_next_time(
    client: TrackingServer, experiment: str, faulty: Faulty
) -> None:
    faulty.path, faulty.answers, faulty.done_first = "runs/create", [502], True
    told = record.read(BUCKET, EVALUATED, report(), AT)
    with pytest.raises(PlatformError, match="within 1 tries"):
        client.tell(experiment, told)
    client.tell(experiment, told)
    assert faulty.asked.count("runs/create") == 1


def test_an_experiment_whose_making_was_not_answered_is_taken(
    client: TrackingServer, experiment: str, faulty: Faulty
) -> None:
    faulty.path, faulty.answers, faulty.done_first = "experiments/create", [502], True
    client.tell(experiment, Record(source="s", name="n", at_ms=AT))
    assert faulty.asked[:3] == ["experiments/get-by-name", "experiments/create", "experiments/create"]


def test_what_the_server_refuses_is_not_asked_again(
    client: TrackingServer, experiment: str, faulty: Faulty, waits: list[float]
) -> None:
    client.tell(experiment, record.read(BUCKET, TRAINED, archive(), AT))
    other = {**record.read(BUCKET, TRAINED, archive(), AT).params, "eta": "0.2"}
    changed = Record(source=f"s3://{BUCKET}/{RUN}", name="n", at_ms=AT, params=other)
    with pytest.raises(RefusedError, match="refused runs/log-batch: HTTP 400") as refused:
        client.tell(experiment, changed)
    assert (refused.value.code, waits) == ("INVALID_PARAMETER_VALUE", [])


def test_a_request_is_signed_for_the_service_and_names_the_server(
    client: TrackingServer, experiment: str, faulty: Faulty
) -> None:
    faulty.path, faulty.answers = "experiments/get-by-name", [403]
    with pytest.raises(RefusedError, match="HTTP 403") as refused:
        client.tell(experiment, Record(source="s", name="n", at_ms=AT))
    assert refused.value.code == ""  # IAM's answers are none of MLflow's
    client.tell(experiment, Record(source="s", name="n", at_ms=AT))  # which the stand-in takes for nothing else


@pytest.mark.parametrize("name", ["a b", "a+b", "a&b=c", "ü"])
def test_an_experiment_is_called_as_it_is(client: TrackingServer, experiment: str, name: str) -> None:
    called = f"{name} {experiment}"
    client.tell(called, Record(source="s", name="n", at_ms=AT))
    assert client._get("experiments/get-by-name", {"experiment_name": called})["experiment"]["name"] == called


def test_without_another_address_it_is_awss_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in server._ADDRESSES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "EMULATED000000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "emulated")
    own = urllib.parse.urlsplit(TrackingServer(ARN)._url)
    assert (own.scheme, own.netloc) == ("https", "eu-west-1.experiments.sagemaker.aws")


def test_batches_are_whole_and_within_their_limits() -> None:
    some = list(server._batches(metrics=(list(range(5)), 2), params=([], 3), tags=(["a"], 1)))
    assert some == [{"metrics": [0, 1], "tags": ["a"]}, {"metrics": [2, 3]}, {"metrics": [4]}]
    assert server.MAX_METRICS + server.MAX_PARAMS + server.MAX_TAGS <= 1000
    assert (
        len(json.dumps([{"key": "validation_loss", "value": 0.1 + 0.2, "step": 99_999, "timestamp": AT}] * 900))
        < 500_000
    )
    assert Metric("a", 1.0).step == 0
