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
