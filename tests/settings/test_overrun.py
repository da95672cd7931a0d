"""Needs that what an endpoint may scale to could not serve by far, and models that no record holds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.settings.written import LIVE, faults, live, load

SLOW = {"framework": "transformers"}  # 200 ms on a core, 15 on a GPU
ADVICE = "raise autoscaling.maximum, take larger ones, or say in needs.request_ms what was measured"
FARGATE = {
    "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
    "client_security_groups": ["sg-0123456789abcdef0"],
}
#: A kind with what it scales to; the most requests a second that are taken of it, of 200 ms, and the words for it.
CASES = [
    ("realtime", {"autoscaling": {"maximum": 4, "schedules": []}}, 400, "4 x ml.m5.large"),
    ("inference_pipeline", {"autoscaling": {"maximum": 4, "schedules": []}}, 400, "4 x ml.m5.large"),
    ("multi_model", {"autoscaling": {"maximum": 4, "schedules": []}}, 400, "4 x ml.m5.large"),
    (
        "realtime",
        {"autoscaling": {"maximum": 4, "schedules": [{"at": "08:00", "minimum": 2, "maximum": 8}]}},
        800,
        "8 x ml.m5.large",
    ),
    ("inference_component", {"copy_cores": 1.5, "autoscaling": {"maximum": 4}}, 300, "4 copies with copy_cores 1.5"),
    ("fargate", {"cpu": 512, **FARGATE, "autoscaling": {"maximum": 4}}, 100, "4 tasks with cpu 512"),
]


def written(kind: str, rps: float, needs: dict[str, Any], **endpoint: Any) -> dict[str, Any]:
    return live(kind=kind, needs={**needs, "rps": rps}, **endpoint)


@pytest.mark.parametrize(("kind", "scaled", "most", "of"), CASES)
def test_more_than_ten_times_what_all_of_it_takes_is_refused(
    kind: str, scaled: dict[str, Any], most: int, of: str
) -> None:
    assert load(workloads=written(kind, most, SLOW, **scaled))
    assert faults(workloads=written(kind, most + 1, SLOW, **scaled)) == [
        f"ml-platform:{LIVE}.needs.rps: found {most + 1}.0; allowed: at most {most}, 10 times what {of} take, all "
        f"busy, at 200 ms a request; {ADVICE}"
    ]
    assert load(workloads=written(kind, most + 1, {**SLOW, "request_ms": 100.0}, **scaled))


def test_what_an_accelerator_takes_counts_where_there_is_one() -> None:
    scaled = {"instance_type": "ml.g4dn.12xlarge", "autoscaling": {"maximum": 3, "schedules": []}}  # four GPUs
    assert load(workloads=written("realtime", 8_000, SLOW, **scaled))
    (line,) = faults(workloads=written("realtime", 8_001, SLOW, **scaled))
    assert "allowed: at most 8,000, 10 times what 3 x ml.g4dn.12xlarge take, all busy, at 15 ms a request" in line
    # XGBoost scores on cores, whatever else there is: nobody has said how fast there
    assert load(workloads=written("realtime", 1_000_000, {}, **scaled))


def test_nothing_is_refused_where_people_decide_the_count_or_a_queue_waits() -> None:
    assert load(workloads=written("realtime", 1_000_000, SLOW, autoscaling={"enabled": False}))
    assert load(workloads=written("fargate", 1_000_000, SLOW, **FARGATE, autoscaling={"enabled": False}))
    assert load(workloads=written("asynchronous", 1_000_000, SLOW))


def test_more_models_than_a_release_record_holds_are_refused() -> None:
    assert load(workloads=live(kind="multi_model", needs={"models": 400}))
    assert faults(workloads=live(kind="multi_model", needs={"models": 401})) == [
        f"ml-platform:{LIVE}.needs.models: found 401; allowed: at most 400, and fewer with long names; of kind "
        "multi_model the record that names the models of a release has 4 KB: split them over several endpoints "
        "(docs/serving.md, multi_model); choose another kind"
    ]
