"""What a stopped endpoint leaves of a stack: what can be lost goes, what is to come back stays as it is."""

from __future__ import annotations

from typing import Any

from local.runtime import Stack

SERVES = {
    "churn-live-endpoint",
    "churn-live-champion-target",
    "churn-live-champion-invocations",
    "churn-live-champion-at-2200",
    "churn-live-champion-at-0600",
}
MONITORS = {"churn-live-drift", "churn-live-drift-schedule", "churn-live-quality", "churn-live-quality-schedule"}


def declared(**endpoint: Any) -> dict[str, dict[str, Any]]:
    """What a stack with this endpoint declares, by name; SageMaker's own monitor is on."""
    workload = {"contract": "contracts/churn.yaml", "endpoints": {"live": {"kind": "realtime", **endpoint}}}
    overrides = {"workloads": {"churn": workload}, "monitoring": {"engine": "sagemaker"}}
    return {found["name"]: found for found in Stack("staging", config_overrides=overrides).synth()["resources"]}


def test_what_serves_scales_and_looks_at_traffic_goes_and_all_else_stays_as_it_is() -> None:
    running, stopped = declared(), declared(state="stopped")
    gone = set(running) - set(stopped)
    assert gone >= SERVES | MONITORS
    assert {name for name in gone - SERVES if not name.startswith(("churn-live-drift", "churn-live-quality"))} == set()
    changed = {name for name in stopped if stopped[name] != running.get(name)}
    assert changed == {"churn-live-rollback-function"}
    before, after = (each["churn-live-rollback-function"]["inputs"] for each in (running, stopped))
    assert after["environment"]["variables"] == before["environment"]["variables"] | {"STOPPED": "true"}
    assert running == declared(state="running")
