"""Workloads: what they leave out is the stack's, and what they may be called."""

from __future__ import annotations

from typing import Any

import pytest

from settings import Autoscaling, Features, Monitoring, Realtime, Retraining
from settings.schedules import in_zone
from tests.settings.written import LIVE, churn, faults, live, load


def test_a_stack_without_workloads_has_the_one_of_the_project() -> None:
    (churn,) = load().workloads.values()
    assert churn.contract == "contracts/churn.yaml"
    assert churn.endpoints == {"live": Realtime(autoscaling=in_zone(Autoscaling(), "UTC"))}


def test_one_workload_is_three_lines() -> None:
    found = load(workloads={"churn": {"contract": "contracts/churn.yaml", "endpoints": {"live": {"kind": "realtime"}}}})
    assert found == load()


def test_a_workload_has_the_stacks_sections_but_for_what_it_says_itself() -> None:
    found = load(
        monitoring={"drift_score": 0.3, "quality_instance_type": "ml.m5.xlarge"},
        retraining={"cool_down_hours": 12, "label_shift": 0.1},
        features={"online_ttl_days": 10},
        workloads={
            **churn(monitoring={"drift_score": 0.5}, retraining={"schedule": "daily", "label_shift": None}),
            "income": {"contract": "contracts/income.yaml", "features": {"online_ttl_days": 365}},
        },
    )
    assert found.workloads["churn"].monitoring == Monitoring(drift_score=0.5, quality_instance_type="ml.m5.xlarge")
    assert found.workloads["churn"].retraining == Retraining(cool_down_hours=12, schedule="daily")
    assert found.workloads["churn"].features == Features(online_ttl_days=10)
    assert (
        found.workloads["income"].monitoring
        == found.monitoring
        == Monitoring(drift_score=0.3, quality_instance_type="ml.m5.xlarge")
    )
    assert found.workloads["income"].features == Features(online_ttl_days=365)  # the default, said on purpose


def test_a_set_that_is_joined_needs_a_store_in_iceberg_that_ingestion_fills_and_no_spark() -> None:
    joined = {"training_set": "offline_store"}
    assert faults(workloads=churn(features=joined)) == [
        "ml-platform:workloads.churn.features.ingest: found false; allowed: true with training_set: offline_store; "
        "set it, or drop training_set",
        'ml-platform:workloads.churn.features.offline_format: found "glue"; allowed: iceberg with training_set: '
        "offline_store; set it where the group is new, or drop training_set",
    ]
    whole = {**joined, "ingest": True, "offline_format": "iceberg"}
    assert faults(workloads=churn(features=whole, ingestion={"glue": {}})) == [
        'ml-platform:workloads.churn.ingestion.glue: found "a Spark job"; allowed: nothing with features.training_set: '
        "offline_store; a set that is joined is made by the training job, on one machine; drop one of the two"
    ]
    assert load(workloads=churn(features=whole)).workloads["churn"].joined


def test_what_the_stack_says_and_what_a_workload_says_is_judged_as_one() -> None:
    stacks = {"ingest": True, "offline_format": "iceberg"}
    assert load(features=stacks, workloads=churn(features={"training_set": "offline_store"})).workloads["churn"].joined
    assert load(catalog={"tables": True}, workloads=churn(catalog={"crawler": {}})).workloads["churn"].catalog.crawler
    assert faults(ingestion={"glue": {}}, workloads=churn(features={**stacks, "training_set": "offline_store"})) == [
        'ml-platform:workloads.churn.ingestion.glue: found "a Spark job"; allowed: nothing with features.training_set: '
        "offline_store; a set that is joined is made by the training job, on one machine; drop one of the two"
    ]
    without_tables = (
        'crawler: found "no tables"; allowed: catalog.tables: true; a crawler puts its table beside the others'
    )
    assert faults(catalog={"crawler": {}}) == [f"ml-platform:catalog.{without_tables}"]
    assert faults(catalog={"tables": True}, workloads=churn(catalog={"tables": False, "crawler": {}})) == [
        f"ml-platform:workloads.churn.catalog.{without_tables}"
    ]


def test_a_job_on_a_gpu_has_one_host() -> None:
    on_gpu = {"instance_type": "ml.g5.xlarge"}
    for said in ({"training": {"hosts": 2}, "tuning": on_gpu}, {"training": {"hosts": 2} | on_gpu}):
        assert faults(workloads=churn(**said)) == [
            "ml-platform:workloads.churn.training.hosts: found 2; allowed: 1 with jobs on ml.g5.xlarge; a job learns "
            "on one host's GPU"
        ]
    assert faults(workloads=churn(training={"hosts": 2}, tuning={"instance_type": "ml.p3.8xlarge"}))[0].startswith(
        "ml-platform:workloads.churn.tuning.instance_type"
    )
    assert faults(workloads=churn(training={"instance_type": "ml.p3.8xlarge"}))[0].startswith(
        'ml-platform:workloads.churn.training.instance_type: found "ml.p3.8xlarge"; allowed: what SageMaker trains on '
        "with at most one GPU that XGBoost can use, such as "
    )
    for said in ({"training": on_gpu, "tuning": on_gpu}, {"training": {"hosts": 2}, "tuning": {}}):
        assert load(workloads=churn(**said))


def test_a_fault_of_the_stack_is_told_once() -> None:
    assert faults(monitoring={"drift_score": 0}) == [
        "ml-platform:monitoring.drift_score: found 0; allowed: above 0, at most 10; choose such a value"
    ]


@pytest.mark.parametrize(
    ("workloads", "lines"),
    [
        ({}, ["workloads: found {}; allowed: a mapping of at least 1; choose such a value"]),
        (
            {"Churn_eu": {"contract": "c.yaml"}},
            [
                'workloads.Churn_eu: found "Churn_eu"; allowed: a-z and 0-9, from a letter, with single hyphens in '
                "between, and not images or mlplatform; name it anew in the stack config"
            ],
        ),
        (
            churn(endpoints={"live-eu": {"kind": "realtime"}}),
            [
                'workloads.churn.endpoints.live-eu: found "live-eu"; allowed: a-z and 0-9, from a letter, '
                "without hyphens, and none of what the workload's own names begin with (crawler, dead, evaluation, "
                "feature, features, ingestion, package, pipeline, preparation, processing, pull, quality, retraining, "
                "schedule, spark, training, tuning, validation); name it anew in the stack config"
            ],
        ),
        (
            {"churn": {"contract": "c.yaml"}, "churn-stack": {"contract": "d.yaml"}},
            [
                'workloads: found ["churn", "churn-stack"]; allowed: names that do not begin with churn-stack-; '
                "rename one: the roles of churn would reach what is churn-stack's"
            ],
        ),
        ({"churn": {}}, ["workloads.churn.contract: found nothing; allowed: text like contracts/churn.yaml; set it"]),
        (
            {"churn": "contracts/churn.yaml"},
            ['workloads.churn: found "contracts/churn.yaml"; allowed: a mapping; choose such a value'],
        ),
        (
            churn(endpoints={}),
            ["workloads.churn.endpoints: found {}; allowed: a mapping of at least 1; choose such a value"],
        ),
        (
            churn(monitoring={"drift_scores": 1}),
            [
                "workloads.churn.monitoring.drift_scores: found 1; allowed: engine, drift_score, "
                "quality_instance_type, quality_max_runtime_minutes, drift_window_minutes; "
                "there is no such key: correct its name or remove it"
            ],
        ),
        (
            churn(network={}),
            [
                "workloads.churn.network: found {}; allowed: contract, tags, catalog, features, ingestion, monitoring, "
                "retraining, orchestrator, training, tuning, endpoints, sources, champion; there is no such key: "
                "correct its name or remove it"
            ],
        ),
    ],
)
def test_each_fault_says_what_to_do(workloads: Any, lines: list[str]) -> None:
    assert faults(workloads=workloads) == [f"ml-platform:{line}" for line in lines]


def test_a_name_that_makes_the_longest_name_too_long() -> None:
    name = "w" * 40
    (line,) = faults(workloads={name: {"contract": "c.yaml"}})
    assert line.startswith(f'ml-platform:workloads.{name}: found "{name}-stack"; allowed: ')
    assert line.endswith("; shorten the workload's name or the stack's")


def test_faults_of_names_kinds_and_values_come_in_one_message() -> None:
    workloads = {
        **live(instance_count=0),
        "Income": {"contract": "c.yaml", "endpoints": {"2nd": {"kind": "realtime"}, "edge": {"kind": "edge"}}},
    }
    assert [line.partition(": found")[0] for line in faults(workloads=workloads)] == [
        "ml-platform:workloads.Income",
        "ml-platform:workloads.Income.endpoints.edge.kind",
        "ml-platform:workloads.churn.endpoints.live.instance_count",
    ]


def test_needs_that_a_kind_cannot_meet_are_all_told_before_any_deploy() -> None:
    needs = {"payload_mb": 5, "isolated": True, "p99_ms": 100}
    kinds = {
        "quick": {"kind": "serverless", "needs": needs},
        "bulk": {"kind": "asynchronous", "needs": {"p99_ms": 100}},
    }
    guide, path = "https://docs.aws.amazon.com/sagemaker/latest/dg", "ml-platform:workloads.churn.endpoints"
    assert faults(workloads=churn(endpoints=kinds, champion="quick")) == [
        f"{path}.quick.needs.payload_mb: found 5.0; allowed: at most 4 MiB; of kind serverless a larger request is "
        f"refused ({guide}/serverless-endpoints.html, read 2026-11-29); choose another kind",
        f"{path}.quick.needs.isolated: found true; allowed: false; of kind serverless it stands in no network of "
        f"yours ({guide}/serverless-endpoints.html); choose another kind",
        f"{path}.bulk.needs.p99_ms: found 100.0; allowed: 300000 or more, or nothing; of kind asynchronous requests "
        f"wait in a queue, and for an instance to start ({guide}/async-inference-autoscale.html); choose another kind",
    ]


@pytest.mark.parametrize(
    ("endpoint", "needs", "fault"),
    [
        ({"kind": "asynchronous"}, {"payload_mb": 129}, "payload_mb: found 129.0; allowed: at most 128 MiB"),
        ({"kind": "batch"}, {"payload_mb": 7}, "payload_mb: found 7.0; allowed: at most 6 MiB"),
        ({"kind": "lambda"}, {"seconds": 61}, "seconds: found 61.0; allowed: at most 60 s"),
        ({"kind": "lambda"}, {"model_mb": 1000}, "model_mb: found 1000.0; allowed: what fits twice into 2048 MiB"),
        (
            {"kind": "serverless", "memory_mb": 1024},
            {"model_mb": 500},
            "model_mb: found 500.0; allowed: what fits twice",
        ),
        (
            {"kind": "serverless", "max_concurrency": 1},
            {"rps": 1000, "request_ms": 10},
            "rps: found 1000.0; allowed: what keeps at most 1 requests under way",
        ),
        ({"kind": "realtime"}, {"model_mb": 4000}, "model_mb: found 4000.0; allowed: what fits twice into 8192 MiB"),
        ({"kind": "asynchronous"}, {"model_mb": 4000}, "model_mb: found 4000.0; allowed: what fits twice into 8192"),
        ({"kind": "batch"}, {"model_mb": 4000}, "model_mb: found 4000.0; allowed: what fits twice into 8192 MiB"),
    ],
)
def test_needs_are_held_against_the_endpoints_own_settings(
    endpoint: dict[str, Any], needs: dict[str, Any], fault: str
) -> None:
    (found,) = faults(workloads=live(**endpoint, needs=needs))
    (need,) = {"payload_mb", "seconds", "model_mb", "rps"} & needs.keys()
    assert found.startswith(f"ml-platform:workloads.churn.endpoints.live.needs.{fault}")
    memory = "memory_mb" if endpoint["kind"] in {"lambda", "serverless"} else "instance_type"
    setting = {"payload_mb": "payload_mb", "seconds": "timeout_seconds", "model_mb": memory}
    assert found.endswith(f"change {setting.get(need, 'max_concurrency')} or choose another kind")


def test_needs_that_no_setting_of_the_kind_meets_are_told_with_the_page_that_limits_it() -> None:
    (found,) = faults(workloads=live(kind="serverless", memory_mb=1024, needs={"model_mb": 5000}))
    assert found.startswith(f"ml-platform:{LIVE}.needs.model_mb: found 5000.0; allowed: what fits twice into 6144 MiB;")
    assert found.endswith("/serverless-endpoints.html, read 2026-11-29); choose another kind")


def test_needs_that_a_larger_setting_meets() -> None:
    assert load(workloads=live(kind="asynchronous", payload_mb=1024, needs={"payload_mb": 1024}))
    assert load(workloads=live(kind="lambda", timeout_seconds=300, needs={"seconds": 300}))
    assert load(workloads=live(instance_type="ml.m5.xlarge", needs={"model_mb": 4000}))


def test_needs_that_a_kind_meets_and_unknown_ones() -> None:
    assert load(workloads=live(needs={"payload_mb": 6, "p99_ms": 20, "gradual": True}))
    (fault,) = faults(workloads=live(needs={"latency": 3}))
    assert fault.startswith("ml-platform:workloads.churn.endpoints.live.needs.latency: found 3; allowed: ")
