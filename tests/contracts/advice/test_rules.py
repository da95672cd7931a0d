"""Targets against needs: what is refused, warned of and noted, and why."""

from __future__ import annotations

import csv
import itertools
import string
from pathlib import Path
from typing import Any

import pytest

from contracts import advice, kinds
from contracts.advice import Needs, judge, targets
from contracts.advice.capacity import MOST_MODELS
from contracts.advice.frameworks import core_ms, frameworks
from contracts.release import ReleaseError, serve_models, to_json
from tests.contracts.release.records import at, package

GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"


def said(target: str, effect: str = "refuses", **needs: Any) -> list[str]:
    """The needs that findings of one effect name."""
    return [finding.need for finding in judge(targets()[target], Needs(**needs)) if finding.effect == effect]


def refused(**needs: Any) -> set[str]:
    return {name for name in targets() if said(name, **needs)}


def test_every_kind_of_endpoint_is_a_target_with_its_own_limits() -> None:
    assert set(targets()) >= set(kinds.KINDS)
    assert {name for name, target in targets().items() if target.offered} == set(kinds.KINDS)
    assert (targets()["serverless"].payload_mb, targets()["serverless"].seconds) == (4, 60)
    assert (targets()["asynchronous"].payload_mb, targets()["asynchronous"].seconds) == (1024, 3600)


def test_a_target_states_its_limits_once() -> None:
    """Those of an offered kind stand with the kind, any other one's in the table."""
    with Path(advice.__file__).with_name("targets.csv").open(newline="") as rows:
        written = {row["target"]: row["source"] for row in csv.DictReader(rows)}
    for target in targets().values():
        assert bool(written[target.name]) == (target.name in kinds.PLANNED)
        assert target.source.startswith("https://docs.aws.amazon.com/"), target.name
        assert target.read_on >= "2026-11-28"


def test_nothing_is_refused_to_modest_needs() -> None:
    assert refused() == set()


@pytest.mark.parametrize(
    ("needs", "but"),
    [
        ({"payload_mb": 4.0}, set[str]()),
        ({"payload_mb": 4.1}, {"serverless"}),
        ({"payload_mb": 6.1}, {"asynchronous", "batch"}),
        ({"payload_mb": 101.0}, {"asynchronous"}),
        ({"payload_mb": 1025.0}, set[str]()),
    ],
)
def test_the_largest_request(needs: dict[str, Any], but: set[str]) -> None:
    """Up to 4 MiB all take it, above 4 all but serverless; above 6, 100 and 1,024 those that are named."""
    size = needs["payload_mb"]
    expected = set[str]() if size <= 4 else but if size < 6 else set(targets()) - but
    assert refused(**needs) == expected


@pytest.mark.parametrize(
    ("seconds", "able"),
    [(61.0, {"asynchronous", "batch", "lambda"}), (901.0, {"asynchronous", "batch"}), (3601.0, set[str]())],
)
def test_the_longest_request(seconds: float, able: set[str]) -> None:
    assert set(targets()) - refused(seconds=seconds) == able


def test_whoever_waits_is_served_by_no_queue_and_no_run() -> None:
    assert refused(p99_ms=100.0) == {"asynchronous", "batch"}
    assert refused(p99_ms=299_999.0) == {"asynchronous", "batch"}
    assert refused(p99_ms=300_000.0) == {"batch"}


def test_a_slow_model_needs_an_accelerator() -> None:
    """200 ms on a core: only where there may be a GPU can it answer within 100."""
    able = {"realtime", "inference_pipeline", "inference_component"}
    assert set(targets()) - refused(framework="transformers", p99_ms=100.0) == able
    assert said("realtime", framework="xgboost", request_ms=200.0, p99_ms=100.0) == ["p99_ms"]


def test_memory_and_concurrency_of_one_execution() -> None:
    assert said("serverless", model_mb=2944.0) == []
    assert said("serverless", model_mb=2945.0) == ["model_mb"]
    assert said("lambda", model_mb=2945.0) == []
    assert said("serverless", rps=2000.0, request_ms=100.0) == []
    assert said("serverless", rps=2001.0, request_ms=100.0) == ["rps"]
    assert said("realtime", rps=2001.0, request_ms=100.0, model_mb=50_000.0) == []


def test_what_serverless_endpoints_exclude() -> None:
    assert said("serverless", isolated=True, gradual=True) == ["isolated", "gradual"]
    assert said("realtime", isolated=True, gradual=True) == []


def test_warnings() -> None:
    assert said("serverless", "warns", p99_ms=9_999.0) == ["p99_ms"]
    assert said("serverless", "warns", p99_ms=10_000.0) == []
    assert said("realtime", "warns", p99_ms=10.0) == []
    assert said("fargate", "warns", team="sagemaker") == ["team"]
    assert said("fargate", "warns", team="kubernetes") == []
    assert said("multi_model", "warns") == ["models"]
    assert said("multi_model", "warns", models=2) == []


def test_two_containers_are_for_features_of_another_image() -> None:
    assert said("inference_pipeline", "warns") == ["framework"]
    assert said("realtime", "warns") == []
    assert said("batch", "warns", pattern="steady") == ["pattern"]
    assert said("batch", "warns", pattern="nightly") == []


def test_notes() -> None:
    assert said("realtime", "notes", models=3, pattern="spiky") == ["models", "pattern"]
    assert said("serverless", "notes", pattern="spiky") == []
    assert said("inference_component", "notes", models=3, pattern="spiky") == ["models"]


def test_a_finding_says_all_of_it() -> None:
    (finding,) = judge(targets()["serverless"], Needs(payload_mb=5.0))
    assert (finding.effect, finding.found, finding.allowed) == ("refuses", 5.0, "at most 4 MiB")
    assert finding.reason == "a larger request is refused"
    assert finding.source == f"{GUIDE}serverless-endpoints.html, read 2026-11-29"


def test_a_measured_time_stands_before_an_assumed_one() -> None:
    assert core_ms(Needs(framework="transformers")) == 200
    assert core_ms(Needs(framework="transformers", request_ms=12.0)) == 12
    assert all(found.source for found in frameworks().values())


def test_no_more_models_than_a_release_record_holds() -> None:
    assert said("multi_model", models=MOST_MODELS) == []
    (finding,) = judge(targets()["multi_model"], Needs(models=MOST_MODELS + 1))
    assert (finding.effect, finding.need, finding.found) == ("refuses", "models", 401)
    assert finding.allowed == "at most 400, and fewer with long names"
    assert said("realtime", models=MOST_MODELS + 1) == []  # each has an endpoint and a record of its own


def test_that_many_models_fit_no_record_by_the_shortest_names_and_half_of_them_do() -> None:
    signs = string.ascii_lowercase + string.digits
    names = [*signs, *map("".join, itertools.product(signs, signs))]

    def serving(count: int) -> str:
        models = {name: package(number + 2) for number, name in enumerate(names[:count])}
        return to_json(serve_models(None, package(1), models, who="", why="", when=at(1)))

    assert serving(MOST_MODELS // 2)
    with pytest.raises(ReleaseError, match="serve fewer models"):
        serving(MOST_MODELS)
