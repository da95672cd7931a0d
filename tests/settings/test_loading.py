"""Reading the config of the running stack."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, get_args

import pulumi
import pytest
import yaml
from pulumi.runtime import config
from pydantic import BaseModel

import settings
from settings import Autoscaling, Canary, Realtime, Schedule, Settings
from settings.schedules import in_zone
from tests.settings.written import faults, live, load

ROOT = Path(__file__).parents[2]


def test_without_config_the_defaults_are_the_safe_ones() -> None:
    found = load()
    assert found == Settings(stack="stack")
    assert found.network.created.nat == "none"
    assert found.network.created.workload_subnets == "private"
    assert found.lake.block_public_access is True
    assert (found.monitoring.engine, found.logs.retention_days) == ("platform", 365)
    live = found.workloads["churn"].endpoints["live"]
    assert isinstance(live, Realtime)
    assert live.capture_percent == 100
    assert live.rollout == Canary(canary_percent=10, bake_minutes=10)
    assert live.rollback_alarms == ("server_errors", "latency")
    assert live.alarms.server_errors == 10
    written = Autoscaling(
        minimum=2,
        maximum=10,
        invocations_per_instance=1000,
        scale_out_cooldown_seconds=60,
        scale_in_cooldown_seconds=300,
        schedules=(Schedule(at="22:00", minimum=1, maximum=3), Schedule(at="06:00", minimum=2, maximum=10)),
    )
    assert live.autoscaling == in_zone(written, "UTC")


def test_a_project_of_another_name_is_refused_where_its_config_would_be_lost() -> None:
    project = pulumi.get_project()
    assert load(protect="true").protect is True
    config.set_all_config({"aws:region": "eu-west-1", f"{project}:protect": "true", f"{project}:tags": "{}"})
    with pytest.raises(pulumi.RunError) as refused:
        settings.load()
    assert str(refused.value) == (
        f"the project: found '{project}', with config that nothing reads ({project}:protect and others); allowed: "
        "ml-platform; write `name: ml-platform` in Pulumi.yaml, and keys as ml-platform:<key>"
    )


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_stacks_of_the_project_are_valid(stack: str) -> None:
    written: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    own = {key.removeprefix("ml-platform:"): value for key, value in written.items() if key.startswith("ml-platform:")}
    assert own.pop("stack") == stack
    assert load(**own).tags == {
        "Owner": "ml-platform-team",
        "CostCenter": "ml-1000",
        "DataClassification": "confidential",
    }


def test_values_arrive_as_the_cli_passes_them() -> None:
    found = load(
        protect="true",
        network={"create": {"cidr": "10.9.0.0/20", "zones": 2}},
        notifications={"notify": ["on-call@example.com"]},
        monitoring={"drift_score": 1},
    )
    assert found.protect is True
    assert found.network.created.cidr == IPv4Network("10.9.0.0/20")
    assert found.notifications.notify == ("on-call@example.com",)
    assert found.monitoring.drift_score == 1.0


def test_a_stack_that_was_renamed_is_refused_with_both_names() -> None:
    assert faults(stack="prod") == [
        'ml-platform:stack: found "prod"; allowed: stack; every bucket, key and endpoint of prod would be replaced: '
        "rename the stack back, `pulumi stack rename prod`; if it is a new one with a copy of that file, set its own "
        "name there"
    ]


def test_a_stack_file_says_whose_it_is() -> None:
    config.set_all_config({})
    with pytest.raises(pulumi.RunError) as caught:
        settings.load()
    assert str(caught.value).split("\n")[1:] == [
        "  ml-platform:stack: found nothing; allowed: stack; set it, `pulumi config set stack stack`: every name "
        "follows it, and a renamed stack is noticed"
    ]


def test_a_secret_is_refused_and_not_shown() -> None:
    secret = '{"notify": ["ceo@example.com"]}'
    written = {"ml-platform:stack": "stack", "ml-platform:notifications": secret}
    config.set_all_config(written, ["ml-platform:notifications"])
    try:
        with pytest.raises(pulumi.RunError) as caught:
            settings.load()
    finally:
        config.set_all_config({}, [])
    assert str(caught.value).split("\n")[1:] == [
        "  ml-platform:notifications: found a secret; allowed: plain values; names, descriptions and the state would "
        "show it: set it without --secret, or keep it elsewhere"
    ]


def test_all_faults_come_in_one_message() -> None:
    found = faults(
        protect="maybe",
        network={"create": {"nat": "many", "zones": 9}},
        workloads=live(capture_percent=101, rollout={"kind": "linear", "step_percent": 5}),
        unknown={},
        text="of an unknown key",
    )
    assert [line.partition(": found")[0] for line in found] == [
        "ml-platform:protect",
        "ml-platform:workloads.churn.endpoints.live.rollout.step_percent",
        "ml-platform:workloads.churn.endpoints.live.capture_percent",
        "ml-platform:network.create.zones",
        "ml-platform:network.create.nat",
        "ml-platform:text",
        "ml-platform:unknown",
    ]


def test_keys_of_other_packages_are_none_of_ours() -> None:
    config.set_all_config({"ml-platform:stack": "stack", "aws:region": "eu-west-1", "other:network": "{}"})
    assert settings.load() == Settings(stack="stack")


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in _types(field.annotation):
            yield from _models(part)


def _types(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation is made of, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _types(part)


def test_every_field_says_what_it_is() -> None:
    found = {
        f"{m.__name__}.{name}": field.description for m in _models(Settings) for name, field in m.model_fields.items()
    }
    silent = [name for name, text in found.items() if not text and not name.endswith(".kind")]
    assert silent == []
    assert {"Canary.canary_percent", "Schedule.at", "CreatedNetwork.cidr"} <= set(found)
