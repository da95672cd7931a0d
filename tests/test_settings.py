from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, get_args

import pulumi
import pytest
import yaml
from pulumi.runtime import config
from pydantic import BaseModel, ValidationError

import settings
from settings import AllAtOnce, Autoscaling, Canary, Linear, Rolling, Schedule, Section, Serving, Settings

ROOT = Path(__file__).parents[1]


def load(**sections: Any) -> Settings:
    """What the program reads when the stack config says this; text is taken as the CLI gives it."""
    values = {f"ml-platform:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in sections.items()}
    config.set_all_config({"aws:region": "eu-west-1", **values})
    return settings.load()


def faults(**sections: Any) -> list[str]:
    """The lines of the one error that a broken config gives, without the first, which names the stack."""
    with pytest.raises(pulumi.RunError) as caught:
        load(**sections)
    head, *lines = str(caught.value).split("\n")
    assert re.fullmatch(r"the config of stack [\w-]+ \(Pulumi\.[\w-]+\.yaml\) has faults:", head)
    return [line.removeprefix("  ") for line in lines]


def test_without_config_the_defaults_are_the_safe_ones() -> None:
    found = load()
    assert found == Settings()
    assert found.network.nat == "none"
    assert found.network.workload_subnets == "private"
    assert found.lake.block_public_access is True
    assert found.serving.capture_percent == 100
    assert found.serving.rollout == Canary(canary_percent=10, bake_minutes=10)
    assert found.serving.rollback_alarms == ("server_errors", "latency")
    assert found.serving.autoscaling == Autoscaling(
        minimum=2,
        maximum=10,
        invocations_per_instance=1000,
        scale_out_cooldown_seconds=60,
        scale_in_cooldown_seconds=300,
        schedules=(Schedule(at="22:00", minimum=1, maximum=3), Schedule(at="06:00", minimum=2, maximum=10)),
    )
    assert (found.monitoring.server_errors, found.logs.retention_days) == (10, 365)


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_stacks_of_the_project_are_valid(stack: str) -> None:
    written: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    own = {key.removeprefix("ml-platform:"): value for key, value in written.items() if key.startswith("ml-platform:")}
    assert load(**own).tags == {
        "Owner": "ml-platform-team",
        "CostCenter": "ml-1000",
        "DataClassification": "confidential",
    }


def test_values_arrive_as_the_cli_passes_them() -> None:
    found = load(
        contract="contracts/other.yaml",
        protect="true",
        network={"cidr": "10.9.0.0/20", "availability_zones": 2},
        monitoring={"notify": ["on-call@example.com"], "drift_score": 1},
    )
    assert found.contract == "contracts/other.yaml"
    assert found.protect is True
    assert found.network.cidr == IPv4Network("10.9.0.0/20")
    assert found.monitoring.notify == ("on-call@example.com",)
    assert found.monitoring.drift_score == 1.0


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"kind": "all_at_once"}, AllAtOnce(bake_minutes=5)),
        ({"kind": "canary", "canary_percent": 50}, Canary(canary_percent=50)),
        ({"kind": "linear", "step_percent": 25, "bake_minutes": 0}, Linear(step_percent=25, bake_minutes=0)),
        ({"kind": "linear"}, Linear(step_percent=10, bake_minutes=4)),
        ({"kind": "rolling", "batch_percent": 25}, Rolling(batch_percent=25)),
    ],
)
def test_each_kind_of_rollout(written: dict[str, Any], expected: Section) -> None:
    assert load(serving={"rollout": written}).serving.rollout == expected


def test_a_broken_value_names_the_key_the_value_the_range_and_the_way_out() -> None:
    assert faults(serving={"rollout": {"kind": "canary", "canary_percent": 150}}) == [
        "ml-platform:serving.rollout.canary_percent: found 150; allowed: 1 to 50; "
        "choose such a value, or remove the key for the default 10"
    ]


@pytest.mark.parametrize(
    ("section", "line"),
    [
        (
            {"network": {"cidr": "10.0.0.300/16"}},
            'network.cidr: found "10.0.0.300/16"; allowed: an IPv4 network such as 10.20.0.0/16; '
            'choose such a value, or remove the key for the default "10.20.0.0/16"',
        ),
        (
            {"network": {"cidr": "10.0.0.0/8"}},
            'network.cidr: found "10.0.0.0/8"; allowed: a prefix from /16 to /24; '
            "leave room for the subnets of every zone",
        ),
        (
            {"network": {"availability_zones": 1}},
            "network.availability_zones: found 1; allowed: 2 to 4; "
            "choose such a value, or remove the key for the default 3",
        ),
        (
            {"network": {"availability_zones": "3"}},
            'network.availability_zones: found "3"; allowed: 2 to 4; '
            "choose such a value, or remove the key for the default 3",
        ),
        (
            {"network": {"nat": "many"}},
            'network.nat: found "many"; allowed: none, single, per_az; '
            'choose such a value, or remove the key for the default "none"',
        ),
        (
            {"network": {"nat": "single", "workload_subnets": "public"}},
            'network.nat: found "single"; allowed: none with workload_subnets: public; '
            "public subnets need no NAT: drop one",
        ),
        (
            {"network": {"interface_endpoints": ["kms", "sts", "kms"]}},
            'network.interface_endpoints: found ["kms"]; allowed: each once; remove the repetition',
        ),
        (
            {"access": {"permissions_boundary": "boundary"}},
            'access.permissions_boundary: found "boundary"; '
            "allowed: text like arn:aws:iam::123456789012:policy/boundary; choose such a value",
        ),
        (
            {"lake": {"infrequent_access_after_days": 60, "archive_after_days": 80}},
            "lake.archive_after_days: found 80; allowed: 90 or more; "
            "S3 keeps an object 30 days in Standard-IA: archive later or tier earlier",
        ),
        (
            {"lake": {"block_public_access": "no"}},
            'lake.block_public_access: found "no"; allowed: true or false; choose such a value, '
            "or remove the key for the default true",
        ),
        (
            {"features": {"online_ttl_days": 1.5}},
            "features.online_ttl_days: found 1.5; allowed: 1 to 3650; "
            "choose such a value, or remove the key for the default 365",
        ),
        (
            {"serving": {"rollout": {"kind": "slow"}}},
            'serving.rollout.kind: found "slow"; allowed: all_at_once, canary, linear, rolling; name one of these',
        ),
        (
            {"serving": {"rollout": {"canary_percent": 10}}},
            "serving.rollout.kind: found nothing; allowed: all_at_once, canary, linear, rolling; name one of these",
        ),
        (
            {"serving": {"rollout": {"kind": "linear", "canary_percent": 10}}},
            "serving.rollout.canary_percent: found 10; allowed: kind, step_percent, bake_minutes; "
            "there is no such key: correct its name or remove it",
        ),
        (
            {"serving": {"instance_type": "m5.large"}},
            r'serving.instance_type: found "m5.large"; allowed: text like ml.m5.large; '
            'choose such a value, or remove the key for the default "ml.m5.large"',
        ),
        (
            {"serving": {"instance_count": 2}},
            "serving.instance_count: found 2; allowed: 3 or more with rollout canary; "
            "a smaller fleet cannot be shifted in parts: add instances or roll out all_at_once",
        ),
        (
            {"serving": {"instance_count": 12}},
            "serving.instance_count: found 12; allowed: at most autoscaling.maximum (10); "
            "lower the count or raise the maximum",
        ),
        (
            {"serving": {"rollout": {"kind": "canary", "bake_minutes": 16}}},
            "serving.rollout.bake_minutes: found 16; allowed: at most 15 with rollout canary, which waits 3 times; "
            "all fits into rollout_timeout_minutes (55): bake less or shift more",
        ),
        (
            {"serving": {"rollout": {"kind": "all_at_once", "bake_minutes": 6}, "rollout_timeout_minutes": 20}},
            "serving.rollout.bake_minutes: found 6; allowed: at most 5 with rollout all_at_once, which waits 2 times; "
            "all fits into rollout_timeout_minutes (20): bake less or shift more",
        ),
        (
            {"serving": {"rollout": {"kind": "linear", "step_percent": 30, "bake_minutes": 10}}},
            "serving.rollout.bake_minutes: found 10; allowed: at most 9 with rollout linear, which waits 5 times; "
            "all fits into rollout_timeout_minutes (55): bake less or shift more",
        ),
        (
            {"serving": {"rollout": {"kind": "rolling", "batch_percent": 5}}},
            "serving.rollout.bake_minutes: found 5; allowed: at most 2 with rollout rolling, which waits 20 times; "
            "all fits into rollout_timeout_minutes (55): bake less or shift more",
        ),
        (
            {"serving": {"rollback_alarms": ["latency", "latency"]}},
            'serving.rollback_alarms: found ["latency"]; allowed: each once; remove the repetition',
        ),
        (
            {"serving": {"rollback_alarms": ["cpu"]}},
            'serving.rollback_alarms[0]: found "cpu"; allowed: server_errors, latency, drift; choose such a value',
        ),
        (
            {"serving": {"autoscaling": {"minimum": 5, "maximum": 4}}},
            "serving.autoscaling.minimum: found 5; allowed: at most the maximum (4); exchange them",
        ),
        (
            {"serving": {"autoscaling": {"schedules": [{"at": "24:00", "minimum": 1, "maximum": 2}]}}},
            'serving.autoscaling.schedules[0].at: found "24:00"; allowed: text like 22:00; choose such a value',
        ),
        (
            {"serving": {"autoscaling": {"schedules": [{"at": "22:00", "minimum": 1}]}}},
            "serving.autoscaling.schedules[0].maximum: found nothing; allowed: 1 to 100; set it",
        ),
        (
            {"serving": {"autoscaling": {"schedules": [{"at": "22:00", "minimum": 3, "maximum": 2}]}}},
            "serving.autoscaling.schedules[0].minimum: found 3; allowed: at most the maximum (2); exchange them",
        ),
        (
            {"serving": {"autoscaling": {"schedules": [{"at": "22:00", "minimum": 1, "maximum": 2}] * 2}}},
            'serving.autoscaling.schedules: found ["22:00"]; allowed: each once; remove the repetition',
        ),
        (
            {"monitoring": {"drift_score": 0}},
            "monitoring.drift_score: found 0; allowed: above 0, at most 10; choose such a value",
        ),
        (
            {"monitoring": {"notify": ["nobody"]}},
            r'monitoring.notify[0]: found "nobody"; allowed: text like on-call@example.com; '
            "choose such a value",
        ),
        ({"monitoring": []}, "monitoring: found []; allowed: a mapping; choose such a value"),
        (
            {"response": {"schedule": "hourly"}},
            'response.schedule: found "hourly"; allowed: never, daily, weekly; '
            'choose such a value, or remove the key for the default "weekly"',
        ),
        (
            {"logs": {"retention_days": 100}},
            "logs.retention_days: found 100; allowed: "
            + ", ".join(str(days) for days in get_args(settings.RetentionDays))
            + "; choose such a value, or remove the key for the default 365",
        ),
        (
            {"tags": {"Environment": "other"}},
            'tags.Environment: found "other"; allowed: other tag names; remove it: the platform sets Environment',
        ),
        (
            {"tags": {"Cost!": "1"}},
            'tags: found "Cost!"; allowed: up to 128 letters, digits, spaces or _ . : / = + @ -; rename it',
        ),
        (
            {"tags": {"Owner": "tab\t"}},
            'tags.Owner: found "tab\\t"; allowed: up to 256 letters, digits, spaces or _ . : / = + @ -; '
            "choose such a value",
        ),
        (
            {"protect": "maybe"},
            'protect: found "maybe"; allowed: true or false; write it as YAML of that type',
        ),
        (
            {"network": "10.0.0.0/16"},
            'network: found "10.0.0.0/16"; allowed: a mapping; write it as YAML of that type',
        ),
        (
            {"network": {"cider": "10.0.0.0/16"}},
            'network.cider: found "10.0.0.0/16"; allowed: cidr, availability_zones, nat, workload_subnets, '
            "interface_endpoints; there is no such key: correct its name or remove it",
        ),
        (
            {"netwrok": {"nat": "none"}},
            'netwrok: found {"nat": "none"}; allowed: contract, protect, require_policies, tags, network, access, '
            "lake, features, images, serving, monitoring, response, logs; there is no such key: correct its name or "
            "remove it",
        ),
    ],
)
def test_each_fault_says_what_to_do(section: dict[str, Any], line: str) -> None:
    assert faults(**section) == [f"ml-platform:{line}"]


def test_an_empty_list_of_endpoints() -> None:
    assert faults(network={"interface_endpoints": []}) == [
        "ml-platform:network.interface_endpoints: found []; allowed: a list of at least 1; choose such a value"
    ]


def test_too_many_tags_for_an_object() -> None:
    (line,) = faults(tags={f"Tag{i}": "x" for i in range(8)})
    assert line.startswith("ml-platform:tags: found {")
    assert line.endswith("; allowed: at most 7 entries; choose such a value")


def test_all_faults_come_in_one_message() -> None:
    found = faults(
        protect="maybe",
        network={"nat": "many", "availability_zones": 9},
        serving={"capture_percent": 101, "rollout": {"kind": "linear", "step_percent": 5}},
        unknown={},
    )
    assert [line.partition(": found")[0] for line in found] == [
        "ml-platform:protect",
        "ml-platform:network.availability_zones",
        "ml-platform:network.nat",
        "ml-platform:serving.capture_percent",
        "ml-platform:serving.rollout.step_percent",
        "ml-platform:unknown",
    ]


def test_keys_of_other_packages_are_none_of_ours() -> None:
    config.set_all_config({"aws:region": "eu-west-1", "other:network": "{}"})
    assert settings.load() == Settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Serving().__setattr__("capture_percent", 0)


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _models(part)


def test_every_field_says_what_it_is() -> None:
    found = {
        f"{m.__name__}.{name}": field.description for m in _models(Settings) for name, field in m.model_fields.items()
    }
    silent = [name for name, text in found.items() if not text and not name.endswith(".kind")]
    assert silent == []
    assert {"Canary.canary_percent", "Schedule.at", "Network.cidr"} <= set(found)


def test_the_project_file_declares_every_key_with_its_default() -> None:
    """`Pulumi.yaml` is what the CLI checks types by; it and the models are held together here."""
    declared: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    declared = {name: entry for name, entry in declared.items() if ":" not in name}
    assert list(declared) == list(Settings.model_fields)
    scalars = {
        "contract": ("string", Settings().contract),
        "protect": ("boolean", Settings().protect),
        "require_policies": ("boolean", Settings().require_policies),
    }
    for name, entry in declared.items():
        kind, default = scalars.get(name, ("object", {}))
        assert (entry["type"], entry["default"]) == (kind, default), name
        assert entry["description"], name
    assert load(**{name: entry["default"] for name, entry in declared.items()}) == Settings()
