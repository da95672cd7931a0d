"""The report of a run that ends before its end, and what becomes of the one before it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts import loader
from local.loop import LoopError, home
from local.loop import run as loop_run
from local.loop.console import Console
from local.loop.story import Story
from tests.automation.cost.written import synth

CHURN = loader.load(Path(__file__).parents[3] / "contracts/churn.yaml")
VERDICT = {"rows_in": 9, "quarantined": 2}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A run over a former report whose story is `tell`; the report that is there afterwards."""

    def tell_and_read(tell: Callable[[Story], None], ends_with: type[BaseException] | None) -> str:
        with home.occupied(tmp_path):
            (tmp_path / home.REPORT).write_text("the former report")
            home.clear(tmp_path)
        (tmp_path / "run").mkdir()
        monkeypatch.setattr(Story, "lay_the_ground", tell)
        for later in ("reach_predictions", "close_the_loop", "serve_another", "rest_and_wake"):
            monkeypatch.setattr(Story, later, lambda _: None)
        stack: Any = SimpleNamespace(home=tmp_path, name="staging", synth=lambda: synth(monthly_limit_usd=220))
        console = Console()
        told = Story(
            console=console,
            platform=cast(Any, SimpleNamespace(names=SimpleNamespace(workload="churn"))),
            emulator=cast(Any, None),
            contract=CHURN,
            up=cast(Any, None),
            deliveries=(tmp_path / "1.csv", tmp_path / "2.csv"),
            workdir=tmp_path / "run",
        )
        with pytest.raises(ends_with) if ends_with else contextlib.nullcontext():
            loop_run._tell(stack, [told], console)
        assert not (tmp_path / "report.new").exists()
        return (tmp_path / home.REPORT).read_text()

    return tell_and_read


def story(ending: BaseException | None) -> Callable[[Story], None]:
    def tell(told: Story) -> None:
        with told.console.step("Deliver raw data and validate it"):
            told.facts.verdicts.append(VERDICT)
            told.facts.drift.append({"drift_score": None})
            told.say("9 rows in")
            if ending:
                raise ending

    return tell


def test_a_refused_run_leaves_a_report_that_says_why(run: Callable[..., str]) -> None:
    page = run(story(LoopError("1.csv was <refused>")), LoopError)
    assert "<strong>Stopped: 1.csv was &lt;refused&gt;</strong>" in page
    assert "<pre>9 rows in</pre>" in page
    assert "<td>rows<td>9 in, 2 quarantined</tr>" in page
    assert "<td>drift<td>none</tr>" in page


def test_an_interrupted_run_leaves_one_too(run: Callable[..., str]) -> None:
    assert "<strong>Interrupted.</strong>" in run(story(KeyboardInterrupt()), KeyboardInterrupt)


def test_a_whole_run_has_no_such_line(run: Callable[..., str]) -> None:
    page = run(story(None), None)
    assert "<strong>" not in page
    assert "9 rows in" in page
    assert "a month costs 0.00 USD at the assumed traffic; limit 220" in page


def test_a_run_that_ends_before_its_first_step_leaves_the_former_report(run: Callable[..., str]) -> None:
    def tell(_: Story) -> None:
        raise LoopError("nothing done")

    assert run(tell, LoopError) == "the former report"
