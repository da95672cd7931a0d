"""Many triggers at once, over the emulator's S3: threads that race, on a pipeline that is played."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.datasets import version_of
from local.emulator import Emulator, start
from tests.contracts.release.conftest import together
from tests.workloads.retraining.test_retraining_handler import ENVIRONMENT
from workloads.retraining.handler import retrain
from workloads.retraining.starts import FRESH, Start, Starts, TakenError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TRIGGERS = ("weekly schedule", "alarm drift", "alarm labels", "new data", "a person asks")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Emulator]:
    running = start(tmp_path_factory.mktemp("emulator"))
    yield running
    running.stop()


@dataclass(kw_only=True)
class Pipeline:
    """SageMaker's part: a token starts one run, and with other words none; `lists` says whether lists have it yet."""

    lists: bool = True
    fails: int = 0
    on_list: Callable[[], None] = lambda: None
    started: dict[str, dict[str, Any]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start_pipeline_execution(self, **request: Any) -> dict[str, str]:
        with self.lock:
            if self.fails:
                self.fails -= 1
                raise ConnectionError("the answer was lost")
            known = self.started.setdefault(request["ClientRequestToken"], request)
            assert known == request, "one token, two requests"
            return {"PipelineExecutionArn": f"execution/{request['ClientRequestToken']}"}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_pipeline_executions"
        return self

    def paginate(self, **_: Any) -> Iterable[dict[str, Any]]:
        self.on_list()
        with self.lock:
            known = dict(self.started) if self.lists else {}
        yield {
            "PipelineExecutionSummaries": [
                {
                    "PipelineExecutionArn": f"execution/{token}",
                    "StartTime": NOW,
                    "PipelineExecutionStatus": "Executing",
                    "PipelineExecutionDisplayName": request["PipelineExecutionDisplayName"],
                }
                for token, request in known.items()
            ]
        }

    def list_pipeline_parameters_for_execution(self, **asked: str) -> dict[str, Any]:
        token = asked["PipelineExecutionArn"].removeprefix("execution/")
        return {"PipelineParameters": self.started[token]["PipelineParameters"]}


@dataclass(kw_only=True)
class Notices:
    """What people were told."""

    sent: list[str] = field(default_factory=list)

    def publish(self, **message: str) -> None:
        self.sent.append(message["Subject"])


@dataclass(kw_only=True)
class Workload:
    """One with two buckets of its own, and a file that was accepted."""

    emulator: Emulator
    name: str
    pipeline: Pipeline
    notices: Notices = field(default_factory=Notices)

    def __post_init__(self) -> None:
        where = {"LocationConstraint": self.emulator.region}
        for bucket in self.buckets.values():
            self.emulator.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        self.accept("aa")

    @property
    def buckets(self) -> dict[str, str]:
        return {bucket: f"{self.name}-{bucket}" for bucket in ("processed", "artifacts")}

    @property
    def environment(self) -> dict[str, str]:
        return {
            key: value.replace("s3://", f"s3://{self.name}-") if value.startswith("s3://") else value
            for key, value in ENVIRONMENT.items()
        }

    @property
    def starts(self) -> Starts:
        return Starts(s3=self.emulator.client("s3"), uri=self.environment["START_URI"])

    def accept(self, name: str) -> None:
        self.emulator.client("s3").put_object(
            Bucket=self.buckets["processed"], Key=f"accepted/churn/{name}.parquet", Body=b""
        )

    def ask(self, trigger: str, *, now: datetime = NOW, rows: int | None = None) -> dict[str, str]:
        return retrain(
            {"trigger": trigger, **({"at_least_rows": rows} if rows else {})},
            now=now,
            environment=self.environment,
            s3=self.emulator.client("s3"),
            sagemaker=self.pipeline,
            sns=self.notices,
            ssm=None,
        )


@pytest.fixture
def workload(emulator: Emulator) -> Workload:
    return Workload(emulator=emulator, name=f"w{uuid.uuid4().hex[:8]}", pipeline=Pipeline())


def gathered(waiting: int) -> Callable[[], None]:
    """Holds whoever looks for the first time until all have looked; lets them pass from then on."""
    barrier, once = threading.Barrier(waiting), threading.local()

    def look() -> None:
        if not getattr(once, "looked", False):
            once.looked = True
            barrier.wait(timeout=60)

    return look


@pytest.mark.parametrize("lists", [True, False])
def test_of_many_triggers_at_once_one_starts_a_run(workload: Workload, lists: bool) -> None:
    """All have seen that nothing runs before any of them starts; whether SageMaker lists the run at once or not."""
    workload.pipeline.lists = lists
    workload.pipeline.on_list = gathered(len(TRIGGERS))
    answers = together(*[lambda trigger=trigger: workload.ask(trigger) for trigger in TRIGGERS])
    assert len(workload.pipeline.started) == 1
    assert {answer["action"] for answer in answers} <= {"started", "held"}
    assert len({answer["execution"] for answer in answers if answer["action"] == "started"}) == 1
    assert {answer["reason"] for answer in answers if answer["action"] == "held"} <= {"a training run is under way"}
    assert workload.notices.sent.count("churn-prod: retraining started") == 1


@pytest.mark.parametrize("lists", [True, False])
def test_a_file_that_arrives_between_two_triggers_starts_no_second_run(workload: Workload, lists: bool) -> None:
    """They look at different data, so nothing but the written start tells one of the other."""
    workload.pipeline.lists = lists
    both = gathered(2)

    def arrive(trigger: str, name: str) -> Callable[[], Any]:
        def ask() -> Any:
            workload.accept(name)
            return workload.ask(trigger)

        return ask

    workload.pipeline.on_list = both
    answers = together(arrive("alarm drift", "bb"), arrive("new data", "cc"))
    made = [answer for answer in answers if answer["action"] == "started"]
    assert len({answer["execution"] for answer in made}) == 1
    assert workload.notices.sent.count("churn-prod: retraining started") == 1
    assert len(workload.pipeline.started) == 1


def test_new_data_that_meets_the_start_of_another_is_asked_for_again(workload: Workload) -> None:
    workload.pipeline.lists = False
    assert workload.ask("alarm drift")["action"] == "started"
    workload.accept("bb")
    found = workload.ask("new data", rows=1, now=NOW + timedelta(minutes=1))
    assert found == {"action": "later", "reason": "a training run is under way"}


def test_a_start_that_was_left_half_way_is_made_by_the_same_request(workload: Workload) -> None:
    """The function died, or the answer was lost: Lambda's next try starts what was decided, under its own words."""
    workload.pipeline.fails = 1
    with pytest.raises(ConnectionError):
        workload.ask("weekly schedule")
    left = workload.starts.newest()
    assert left is not None
    assert (left.execution, left.dataset_version) == ("", version_of(["accepted/churn/aa.parquet"]))
    found = workload.ask("weekly schedule", now=NOW + timedelta(minutes=1))
    assert found["action"] == "started"
    assert [dict(left.request)] == list(workload.pipeline.started.values())
    assert left.request["PipelineExecutionDisplayName"] == "retrain-20261121-120000"
    done = workload.starts.newest()
    assert done is not None
    assert done.execution == found["execution"]
    assert workload.notices.sent == ["churn-prod: retraining started"]


def test_who_finishes_the_start_of_another_asks_again_for_its_own_data(workload: Workload) -> None:
    workload.pipeline.fails = 1
    with pytest.raises(ConnectionError):
        workload.ask("weekly schedule")
    workload.accept("bb")
    found = workload.ask("new data", rows=1, now=NOW + timedelta(minutes=1))
    assert found == {"action": "later", "reason": "a training run is under way"}
    assert [request["PipelineExecutionDescription"] for request in workload.pipeline.started.values()] == [
        "weekly schedule"
    ]


def test_of_two_who_make_one_start_both_say_so_and_one_tells_people(workload: Workload) -> None:
    """The second one comes while the first has written its start and not yet what it started."""
    first, calls = workload.pipeline.start_pipeline_execution, iter(range(2))

    def meanwhile(**request: Any) -> dict[str, str]:
        if next(calls) == 0:
            others.append(workload.ask("alarm drift"))
        return first(**request)

    others = list[dict[str, str]]()
    workload.pipeline.start_pipeline_execution = meanwhile
    found = workload.ask("weekly schedule")
    assert [found["action"], *(other["action"] for other in others)] == ["started", "started"]
    assert found["execution"] == others[0]["execution"]
    assert workload.notices.sent == ["churn-prod: retraining started"]


def test_a_start_that_could_not_be_made_is_given_up(workload: Workload) -> None:
    workload.pipeline.fails = 1
    with pytest.raises(ConnectionError):
        workload.ask("weekly schedule")
    assert workload.ask("alarm drift", now=NOW + FRESH)["action"] == "started"
    (made,) = workload.pipeline.started.values()
    assert made["PipelineExecutionDescription"] == "alarm drift"


def test_a_start_that_no_list_has_is_forgotten_in_the_end(workload: Workload) -> None:
    """Somebody may have deleted the pipeline with its runs: what was started long ago holds nothing."""
    workload.pipeline.lists = False
    assert workload.ask("weekly schedule")["action"] == "started"
    assert workload.ask("weekly schedule", now=NOW + FRESH - timedelta(seconds=1))["action"] == "held"
    assert workload.ask("weekly schedule", now=NOW + FRESH)["action"] == "started"
    assert len(workload.pipeline.started) == 2


def test_of_two_who_write_over_the_same_start_one_is_told(workload: Workload) -> None:
    first = Start(began=NOW, request={"PipelineParameters": []})
    written = workload.starts.write(first, after=None)
    assert workload.starts.newest() == written
    with pytest.raises(TakenError) as told:
        workload.starts.write(first, after=None)
    assert str(told.value) == f"{workload.starts.uri}: somebody else started a run meanwhile"
    workload.starts.write(first, after=written)
    body = json.loads(
        workload.emulator.client("s3")
        .get_object(Bucket=workload.buckets["artifacts"], Key="locks/churn/training.json")["Body"]
        .read()
    )
    assert body["began"] == "2026-11-21T12:00:00+00:00"


def test_who_is_always_second_asks_lambda_for_another_try(workload: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: Any, **__: Any) -> Start:
        raise TakenError("somebody else")

    monkeypatch.setattr(Starts, "write", taken)
    with pytest.raises(TakenError, match=r"others started runs in all of 5 looks; ask again$"):
        workload.ask("weekly schedule")
    assert workload.pipeline.started == {}
