"""Alternatives for needs: what comes first, how large it is, what a month costs by the price table."""

from __future__ import annotations

from typing import Any

import pytest

from automation.advisor import Alternative, advise
from automation.advisor.fleets import fleets
from automation.advisor.load import Load
from automation.advisor.text import as_text
from contracts.advice import Needs, targets
from contracts.prices import PriceError


def found(target: str, family: str = "", region: str = "us-east-1", **needs: Any) -> Alternative:
    return next(
        each for each in advise(Needs(**needs), region) if each.target == target and each.family.startswith(family)
    )


def test_a_month_of_requests_by_pattern() -> None:
    requests = {
        pattern: Load.of(Needs(rps=10.0, pattern=pattern)).requests / 36_000
        for pattern in ("steady", "business_hours", "spiky", "rare", "nightly")
    }
    assert requests == pytest.approx(
        {"steady": 730, "business_hours": 268.3, "spiky": 105.4, "rare": 10, "nightly": 30}
    )


def test_instances_by_day_and_one_by_night() -> None:
    """Two ml.c5.large (0.102 USD an hour) for 217 hours, one for 513."""
    alternative = found("realtime", "CPU")
    assert alternative.size == "2 x ml.c5.large"
    assert alternative.usd == pytest.approx(0.102 * (2 * 217 + 513))
    assert (alternative.pricing, alternative.scaling) == ("savings plan", "invocations per instance")
    assert (alternative.offered, alternative.from_memory) == (True, 0)


def test_as_many_instances_as_the_load_takes() -> None:
    """100 requests a second of 50 ms keep 5 cores busy: at half, ten cores."""
    alternative = found("realtime", "CPU", rps=100.0, request_ms=50.0, pattern="steady")
    assert alternative.usd == pytest.approx(5 * 0.102 * 730)
    assert alternative.size == "5 x ml.c5.large"


def test_bursts_keep_all_instances() -> None:
    assert found("realtime", "CPU", pattern="spiky").usd == pytest.approx(2 * 0.102 * 730)
    assert found("realtime", "CPU", pattern="spiky").scaling == "concurrent requests"


def test_a_queue_runs_instances_only_while_there_is_work() -> None:
    assert found("asynchronous", "CPU", pattern="rare").usd == pytest.approx(0.102 * 10)
    assert found("asynchronous", "CPU", pattern="rare").size == "0 to 1 x ml.c5.large"


def test_serverless_by_the_second_and_kept_warm() -> None:
    """36,000 requests an hour for ten hours, 50.1 ms each, of 1 GB; one execution warm for the month."""
    seconds = 360_000 * 0.0501
    assert found("serverless", pattern="rare").usd == pytest.approx(0.00002 * seconds)
    warm = found("serverless", pattern="rare", p99_ms=50.0)
    assert warm.usd == pytest.approx(0.00002 * seconds + 0.0000117 * 730 * 3600)
    assert warm.size == "1 GB, 1 kept warm"


def test_tasks_and_functions() -> None:
    hours = 2 * 730
    usd = hours * (0.5 * 0.04048 + 0.004445) + 0.0225 * 730
    assert found("fargate", "CPU").usd == pytest.approx(usd)
    assert found("eks").usd == pytest.approx(usd + 0.1 * 730)
    rare = 360_000
    assert found("lambda", "CPU", pattern="rare").usd == pytest.approx(
        0.2 * rare / 1e6 + 2 * rare * 0.0501 * 0.0000166667
    )


def test_a_nightly_run_is_paid_while_it_runs() -> None:
    """30 hours of 36,000 requests of 0.1 ms on two cores, and five minutes a day to start."""
    work = 30 * 36_000 * 0.0001 / 2 / 3600
    assert found("batch", "CPU", pattern="nightly").usd == pytest.approx(0.102 * (work + 730 / 24 / 12))
    assert advise(Needs(pattern="nightly"))[0].target == "batch"


def test_models_share_instances_or_have_endpoints_each() -> None:
    assert found("realtime", "CPU", models=3).usd == pytest.approx(3 * 0.102 * 947)
    assert found("realtime", "CPU", models=3).size == "3 x (2 x ml.c5.large)"
    assert found("multi_model", "CPU", models=3).usd == pytest.approx(0.102 * 947)


def test_what_is_warned_of_comes_after_what_is_not_and_what_is_refused_last() -> None:
    ranked = advise(Needs(p99_ms=100.0, payload_mb=5.0))
    order = [(bool(each.told("refuses")), bool(each.told("warns"))) for each in ranked]
    assert order == sorted(order)
    assert ranked[0].target == "realtime"
    assert {each.target for each in ranked if each.usd is None} == {"serverless", "asynchronous", "batch"}
    assert {each.target for each in ranked} == set(targets())


def test_a_large_model_takes_what_has_the_memory() -> None:
    families = {fleet.family: fleet.type for fleet in fleets(Needs(model_mb=5000.0), "us-east-1", accelerators=True)}
    assert families == {"CPU": "ml.r5.large", "Graviton": "ml.r6g.large"}
    (refused,) = [each for each in advise(Needs(model_mb=900_000.0)) if each.target == "realtime"]
    assert (refused.usd, refused.told("refuses")[0].need) == (None, "model_mb")


def test_accelerators_where_the_framework_uses_them() -> None:
    needs = Needs(framework="transformers", p99_ms=100.0)
    assert [fleet.family for fleet in fleets(needs, "us-east-1", accelerators=True)] == ["GPU", "Inferentia"]
    assert fleets(needs, "us-east-1", accelerators=False) == []


def test_what_the_images_are_not_built_for_is_a_warning() -> None:
    (warning,) = found("realtime", "GPU", framework="transformers").told("warns")
    assert warning.reason == "the platform's inference image has no CUDA: bring one that has"


def test_graviton_is_offered_where_the_platform_has_an_image_for_it_and_comes_first_by_its_price() -> None:
    graviton = {each.target: each for each in advise(Needs()) if each.family == "Graviton" and each.offered}
    assert set(graviton) == {
        "realtime", "inference_component", "inference_pipeline", "multi_model", "asynchronous", "fargate", "lambda"
    }  # fmt: skip
    for target, each in graviton.items():
        assert each.told("warns") == found(target, "CPU").told("warns")
        assert (each.usd or 0) < (found(target, "CPU").usd or 0)
    assert found("realtime").instance_type == "ml.c6g.large"
    hours = 2 * 730
    assert found("fargate", "Graviton").usd == pytest.approx(hours * (0.5 * 0.03238 + 0.00356) + 0.0225 * 730)
    rare = 360_000
    assert found("lambda", "Graviton", pattern="rare").usd == pytest.approx(
        0.2 * rare / 1e6 + 2 * rare * 0.0501 * 0.0000133334
    )


def test_transform_jobs_have_no_graviton() -> None:
    """API reference, TransformResources: InstanceType names none."""
    assert {each.family for each in advise(Needs(pattern="nightly")) if each.target == "batch"} == {"CPU"}


def test_prices_of_a_region() -> None:
    assert found("realtime", "CPU", "eu-west-1").usd == pytest.approx(0.102 * 1.115 * 947)
    with pytest.raises(PriceError, match=r"^region: found ap-south-1"):
        advise(Needs(), "ap-south-1")


def test_the_text_names_rows_reasons_and_refusals() -> None:
    lines = as_text(advise(Needs(payload_mb=5.0))).splitlines()
    first = lines[2].split()
    assert first[:2] == ["1", "asynchronous"]
    assert "* not offered yet" in lines
    assert lines[-1] == (
        "no serverless: payload_mb: found 5.0; allowed: at most 4 MiB; a larger request is refused "
        "(https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html, read 2026-11-29)"
    )


@pytest.mark.parametrize(
    ("needs", "first"),
    [
        (
            {"payload_mb": 200.0, "p99_ms": 100.0, "gradual": True},
            "payload_mb 200.0 rules out 9 of 10, p99_ms 100.0 rules out 2 of 10, gradual True rules out 2 of 10; "
            "of 7 nothing but payload_mb does: change it first",
        ),
        (
            {"payload_mb": 2000.0, "seconds": 5000.0},
            "payload_mb 2000.0 rules out 10 of 10, seconds 5000.0 rules out 10 of 10; "
            "two or more rule out each: change more than one",
        ),
    ],
)
def test_where_nothing_is_able_the_text_says_so_first_and_has_no_table(needs: dict[str, Any], first: str) -> None:
    head, blank, *refused = as_text(advise(Needs(**needs))).splitlines()
    assert (head, blank) == (f"no target meets these needs: {first}", "")
    assert refused
    assert all(line.startswith("no ") for line in refused)


def test_a_load_takes_larger_instances_before_it_takes_more_than_a_stack_may_name() -> None:
    """Of 10 ms each, half of 8 cores take 400 requests a second, and half of 16 cores 800."""
    assert found("realtime", "CPU", rps=40_000.0, request_ms=10.0).size == "100 x ml.c5.2xlarge"
    assert found("realtime", "CPU", rps=40_001.0, request_ms=10.0).size == "51 x ml.c5.4xlarge"
    assert found("fargate", "CPU", rps=40_001.0, request_ms=10.0).size == "51 x 16 vCPU, 32 GB"
    assert found("fargate", "CPU", rps=2_500.0, request_ms=10.0).size == "100 x 0.5 vCPU, 1 GB"
    assert found("fargate", "CPU", rps=2_501.0, request_ms=10.0).size == "51 x 1 vCPU, 2 GB"


def test_a_load_for_more_instances_than_a_stack_may_name_is_refused_with_the_most_that_they_take() -> None:
    ranked = advise(Needs(rps=1_000_000.0, framework="transformers"))
    assert [each.target for each in ranked if each.usd is not None] == ["eks"]  # in no stack, and so without a most
    refusals = {each.target: [finding.need for finding in each.told("refuses")] for each in ranked[1:]}
    assert refusals == {name: ["rps"] for name in targets() if name != "eks"}
    (fargate,) = found("fargate", rps=1_000_000.0, framework="transformers").told("refuses")
    assert (fargate.allowed, fargate.reason) == (
        "about 4,000",
        "it takes 25,000 instances or tasks of the largest size, and an endpoint has 100 at most: split the load over "
        "several endpoints",
    )
    assert found("fargate", "CPU", rps=4_000.0, framework="transformers").size == "100 x 16 vCPU, 32 GB"


def test_a_run_is_over_before_the_next_one() -> None:
    """Of 200 ms each, 8 cores take 40 requests a second, all of them busy, and 16 cores 80."""
    alternative = found("batch", "CPU", rps=4_000.0, request_ms=200.0, pattern="steady")
    assert alternative.size == "100 x ml.c5.2xlarge daily"
    assert alternative.usd == pytest.approx(0.408 * (100 * 730 + 100 * 730 / 24 / 12))
    assert found("batch", "CPU", rps=4_001.0, request_ms=200.0, pattern="steady").size == "51 x ml.c5.4xlarge daily"


def test_models_that_no_instance_holds_all_at_once_are_loaded_in_turn_with_a_warning() -> None:
    """300 of 10 GB each: 3 TB, where the largest type has less; two of them fit into many a type."""
    several = found("multi_model", "CPU", models=300, model_mb=10_000.0)
    assert (several.usd or 0) > 0
    assert [each.reason for each in several.told("warns")] == [
        "not all models are loaded at once: a request waits for one that is not, and another one goes"
    ]
    assert not found("multi_model", "CPU", models=2, model_mb=10_000.0).told("warns")
    (refused,) = found("multi_model", models=401).told("refuses")
    assert refused.need == "models"
