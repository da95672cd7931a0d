"""The turns of the loop that the usual data never takes; the whole of it is in test_loop."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts import loader
from contracts.kinds import REALTIME
from contracts.names import Names
from contracts.schema import Contract, Drift
from local.loop import LoopError, story, traffic, waiting
from local.loop.console import Console
from local.loop.story import Story

CHURN = loader.load(Path(__file__).parents[3] / "contracts/churn.yaml")
HELD = {"rows_in": 9, "accepted": 9, "quarantined": 0, "faults": [], "warnings": ["columns 'x' were left out"]}
NAMES = Names(stack="staging", account="123456789012", region="eu-west-1").of_workload("churn").of_endpoint("live")
FINDING = {"code": "mean_jump", "text": "the mean of spend is 9, it was 1"}


class Platform:
    """Answers to deliveries. Its endpoint takes requests itself."""

    asks: Mapping[str, str] = MappingProxyType({})
    queue: Any = None
    batch: Any = None
    names: Any = None
    kind = REALTIME

    def deliver(self, file: Path) -> tuple[str, Mapping[str, Any]]:
        return f"s3://raw/{file.name}", HELD | {"status": "held", "findings": [FINDING]}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Story:
    made = Story(
        console=Console(),
        platform=cast(Any, Platform()),
        emulator=cast(Any, None),
        contract=CHURN,
        up=cast(Any, None),
        deliveries=(Path("1.csv"), Path("2.csv")),
        workdir=tmp_path,
    )
    monkeypatch.setattr(made, "_accepted", tmp_path)
    monkeypatch.setattr(traffic, "shifted", lambda *_, **__: ([b"{}"], "high spend"))
    monkeypatch.setattr(traffic, "sample", lambda *_, **__: [b"{}"])
    return made


def watching(monkeypatch: pytest.MonkeyPatch, told: Story, *, drifted: bool) -> None:
    report = {"drifted": drifted, "most_drifted": "spend", "baseline": {"rows": 30}}
    monkeypatch.setattr(told, "_watch", lambda *_: report)


def test_a_delivery_that_is_held_says_why_and_the_brakes_have_the_last_word(
    told: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching(monkeypatch, told, drifted=True)
    monkeypatch.setattr(waiting, "answer_of", lambda *_: {"action": "held", "reason": "nothing new"})
    assert told.shift() is None
    assert told.console.steps[-1].lines == [
        "s3://raw/2.csv",
        "held: 9 rows in, 9 accepted, 0 quarantined",
        "columns 'x' were left out",
        "the mean of spend is 9, it was 1",
        "from now on more rows with a high spend",
        "drift alarm -> topic -> retraining function: held: nothing new",
    ]


def test_quarantined_rows_are_told_by_column_and_kept_in_a_file(told: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    below = {"column": "tenure", "code": "below_minimum", "rows": 2, "first_row": 4, "example": "tenure is -1; ..."}
    twice = {"column": None, "code": "duplicate_row", "rows": 1, "first_row": 9, "example": "the same row as row 8"}
    verdict = HELD | {"status": "accepted", "accepted": 6, "quarantined": 3, "faults": [below, twice]}
    verdict |= {"object_sha256": "5a", "warnings": []}
    monkeypatch.setattr(told.platform, "deliver", lambda file: ("s3://raw/1.csv", verdict))
    kept: list[tuple[str, Path]] = []

    def fetch(sha256: str, path: Path) -> Path:
        kept.append((sha256, path))
        return path

    monkeypatch.setattr(told.platform, "fetch_quarantined", fetch, raising=False)
    with told.console.step("Deliver"):
        told._deliver(Path("1.csv"))
    assert kept == [("5a", told.workdir / "quarantined-1.csv")]
    assert told.console.steps[-1].lines == [
        "s3://raw/1.csv",
        "accepted: 9 rows in, 6 accepted, 3 quarantined",
        "tenure below_minimum: 2, first in row 4: tenure is -1; ...",
        "repeated duplicate_row: 1, first in row 9: the same row as row 8",
        f"quarantined rows: {told.workdir}/quarantined-1.csv",
    ]


def test_quarantined_rows_are_fetched_as_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {"quarantine_row": [4], "quarantine_codes": [["null", "wrong_type"]], "quarantine_reason": ["a; b"]}
    body = io.BytesIO()
    pq.write_table(pa.table(rows | {"tenure": ["x, y"]}), body)
    platform = story.Platform(cast(Any, None), NAMES, tmp_path)
    keys = ["quarantine/churn/5b/rows.parquet", "quarantine/churn/5a/_reason.json", "quarantine/churn/5a/rows.parquet"]
    monkeypatch.setattr(platform, "_keys", lambda bucket, prefix: keys)

    def get_object(*, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert (Bucket, Key) == (NAMES.processed_bucket, "quarantine/churn/5a/rows.parquet")
        return {"Body": io.BytesIO(body.getvalue())}

    monkeypatch.setattr(platform, "client", lambda _: SimpleNamespace(get_object=get_object))
    found = platform.fetch_quarantined("5a", tmp_path / "quarantined-1.csv")
    assert found == tmp_path / "quarantined-1.csv"
    header = '"quarantine_row","quarantine_codes","quarantine_reason","tenure"'
    assert found.read_text() == f'{header}\n4,"null wrong_type","a; b","x, y"\n'


def test_records_that_drift_could_not_read_end_the_run_with_the_reasons(
    told: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured = {"records": 800, "unreadable": {"no JSON": 800}}
    report = {"drift_score": None, "rows": 0, "min_rows": 300, "captured": captured}
    for name, answer in {"take_captured": SimpleNamespace(records=800, directory=None), "detect_drift": report}.items():
        monkeypatch.setattr(told.platform, name, lambda *_, answer=answer: answer, raising=False)
    monkeypatch.setattr(told.platform, "names", NAMES, raising=False)
    monkeypatch.setattr(told.platform, "client", lambda _: None, raising=False)
    monkeypatch.setattr(told, "emulator", SimpleNamespace(flush=lambda: None))
    monkeypatch.setattr(traffic, "invoke", lambda *_, **__: SimpleNamespace(served=800))
    with pytest.raises(LoopError) as caught, told.console.step("Watch"):
        told._watch([], "before")
    assert str(caught.value) == (
        "0 rows could be read from 800 captured records, 300 are needed for a drift score; unreadable: {'no JSON': 800}"
    )


def test_a_shift_below_the_limit_of_the_contract_asks_for_nothing(told: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    watching(monkeypatch, told, drifted=False)
    assert told.shift() is None
    assert told.console.steps[-1].lines[-1] == "so no alarm, and nobody asks for a retraining"


def test_drift_of_the_same_data_names_the_limit(told: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    watching(monkeypatch, told, drifted=True)
    with pytest.raises(
        LoopError, match=r"most spend: drift\.max_score 0\.15 of the contract is too low for 30 training"
    ):
        told.watch()


@pytest.mark.parametrize(("needed", "sent"), [(300, story.REQUESTS), (1500, 1500)])
def test_as_many_requests_as_a_drift_score_needs(
    told: Story, monkeypatch: pytest.MonkeyPatch, needed: int, sent: int
) -> None:
    counts: list[int] = []

    def sample(_: Path, contract: Contract, count: int, *, seed: int) -> list[bytes]:
        counts.append(count)
        return []

    told.contract = dataclasses.replace(CHURN, drift=Drift(min_rows=needed))
    monkeypatch.setattr(traffic, "sample", sample)
    watching(monkeypatch, told, drifted=False)
    told.watch()
    assert counts == [sent]


def test_a_first_model_that_is_rejected_ends_the_run_and_says_what_to_do(
    told: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "deliver", lambda: None)
    monkeypatch.setattr(told, "train", lambda *_: None)
    monkeypatch.setattr(told.platform, "start_training", lambda _, **__: "execution", raising=False)
    with pytest.raises(LoopError) as caught:
        told.reach_predictions()
    assert str(caught.value) == (
        "the first model was rejected, for the gate's reasons above: nothing to release; "
        "mend the data or the features, or lower `quality` in the contract of churn"
    )


def test_instances_that_stay_an_hour_without_requests_end_the_run(told: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[int] = []
    monkeypatch.setattr(told, "emulator", SimpleNamespace(advance=passed.append))
    monkeypatch.setattr(told.platform, "live", dict, raising=False)
    monkeypatch.setattr(told.platform, "instances", 2, raising=False)
    told.rest_and_wake()  # nothing of an endpoint without a queue
    assert passed == []
    monkeypatch.setattr(told.platform, "queue", "there")
    with pytest.raises(LoopError, match="after an hour without requests there are 2 instances, not 0"):
        told.rest_and_wake()
    assert passed == [3600]


def test_another_model_is_served_where_an_endpoint_serves_several_and_each_is_asked_for(
    told: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.serve_another()  # nothing of an endpoint of one model
    assert told.console.steps == []
    asked: list[tuple[str, Mapping[str, str]]] = []

    def invoke(_: Any, endpoint: str, bodies: list[bytes], more: Mapping[str, str]) -> Any:
        asked.append((endpoint, more))
        return traffic.Answers(latencies_ms=(1.0,), statuses={200: len(bodies)}, variants={}, seconds=1.0)

    done: list[str] = []
    record = SimpleNamespace(wanted=SimpleNamespace(champion="a/1", id="0a", models={"champion": "a/1"}))
    promoted = SimpleNamespace(wanted=SimpleNamespace(id="0b", models={"champion": "a/1", "another": "a/1"}))
    platform = SimpleNamespace(
        kind=SimpleNamespace(models=True),
        asks={"TargetModel": "champion.tar.gz"},
        names=NAMES,
        record=lambda: record,
        promote=lambda package, **said: done.append(f"{package} as {said['model']}") or promoted,
        follow=lambda **_: done.append("followed"),
        client=lambda _: None,
        take_captured=lambda _: SimpleNamespace(records=120),
    )
    monkeypatch.setattr(told, "platform", platform)
    monkeypatch.setattr(told, "_deploy", lambda: done.append("deployed"))
    monkeypatch.setattr(told, "emulator", SimpleNamespace(flush=lambda: done.append("flushed")))
    monkeypatch.setattr(traffic, "invoke", invoke)
    told.serve_another()
    assert done == ["a/1 as another", "deployed", "followed", "flushed"]
    assert asked == [(NAMES.prefix, {"TargetModel": f"{model}.tar.gz"}) for model in ("champion", "another")]
    assert told.console.steps[-1].lines == [
        "release 0b is to serve another, champion",
        "1 of 1 requests for champion.tar.gz served",
        "1 of 1 requests for another.tar.gz served",
        "120 records captured",
    ]
