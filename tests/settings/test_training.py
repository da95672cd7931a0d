"""Section `training` of a workload."""

from __future__ import annotations

import pytest

from tests.settings.written import churn, faults, load


@pytest.mark.parametrize(("said", "hosts"), [({}, 1), ({"training": {}}, 1), ({"training": {"hosts": 3}}, 3)])
def test_one_host_trains_unless_more_are_named(said: dict[str, object], hosts: int) -> None:
    assert load(workloads=churn(**said)).workloads["churn"].training.hosts == hosts


@pytest.mark.parametrize("hosts", [0, 101])
def test_a_job_without_hosts_or_with_more_than_anybody_has_is_refused(hosts: int) -> None:
    assert faults(workloads=churn(training={"hosts": hosts})) == [
        f"ml-platform:workloads.churn.training.hosts: found {hosts}; allowed: 1 to 100; "
        "choose such a value, or remove the key for the default 1"
    ]


def test_what_a_job_may_take_is_a_setting_with_the_platforms_own_defaults() -> None:
    training = load(workloads=churn()).workloads["churn"].training
    assert (training.volume_gb, training.max_runtime_hours, training.spot) == (30, 4, True)
    own = {"volume_gb": 500, "max_runtime_hours": 24, "spot": False}
    training = load(workloads=churn(training=own)).workloads["churn"].training
    assert (training.volume_gb, training.max_runtime_hours, training.spot) == (500, 24, False)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("volume_gb", 4, "found 4; allowed: 5 to 16384; choose such a value, or remove the key for the default 30"),
        (
            "volume_gb",
            16_385,
            "found 16385; allowed: 5 to 16384; choose such a value, or remove the key for the default 30",
        ),
        (
            "max_runtime_hours",
            0,
            "found 0; allowed: 1 to 120; choose such a value, or remove the key for the default 4",
        ),
        (
            "max_runtime_hours",
            121,
            "found 121; allowed: 1 to 120; choose such a value, or remove the key for the default 4",
        ),
    ],
)
def test_what_no_job_has_is_refused(name: str, value: int, told: str) -> None:
    assert faults(workloads=churn(training={name: value})) == [f"ml-platform:workloads.churn.training.{name}: {told}"]


SERVER = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/team"


def test_runs_are_told_to_a_tracking_server_that_is_named() -> None:
    training = (
        load(workloads=churn(training={"tracking": "mlflow", "tracking_server": SERVER})).workloads["churn"].training
    )
    assert (training.tracking_server, training.kept_as_experiment) == (SERVER, False)
    assert load(workloads=churn()).workloads["churn"].training.kept_as_experiment


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            {"tracking": "mlflow"},
            "tracking_server: found nothing; allowed: the ARN of a tracking server; "
            "name one, for `tracking: mlflow` needs it",
        ),
        (
            {"tracking_server": SERVER},
            'tracking: found "experiments"; allowed: mlflow; say so, or leave tracking_server out',
        ),
        (
            {"tracking": "none", "tracking_server": SERVER},
            'tracking: found "none"; allowed: mlflow; say so, or leave tracking_server out',
        ),
    ],
)
def test_a_server_without_mlflow_and_mlflow_without_a_server_are_refused(said: dict[str, str], told: str) -> None:
    assert faults(workloads=churn(training=said)) == [f"ml-platform:workloads.churn.training.{told}"]


@pytest.mark.parametrize(
    "server",
    [
        "https://mlflow.example.com",
        "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-1",
        f"{SERVER}/more",
        f"{SERVER}-",
        "arn:aws:sagemaker:eu-west-1:1:mlflow-tracking-server/team",
    ],
)
def test_what_is_no_tracking_server_of_sagemaker_is_refused(server: str) -> None:
    (line,) = faults(workloads=churn(training={"tracking": "mlflow", "tracking_server": server}))
    assert line.startswith("ml-platform:workloads.churn.training.tracking_server: found ")
    assert line.endswith(f"allowed: text like {SERVER}; choose such a value")
