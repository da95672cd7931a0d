"""What is written from the models: current, and true of the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from settings import Settings, reference
from settings.workloads import churn
from tests.settings.written import load

ROOT = Path(__file__).parents[2]


def test_generated_files_are_current() -> None:
    for path, text in reference.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is not current: run `python -m settings`"


def test_the_project_file_declares_every_key_with_its_default() -> None:
    config: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    declared = {name: entry for name, entry in config.items() if ":" not in name}
    assert list(declared) == list(Settings.model_fields)
    workloads = {name: workload.model_dump(mode="json", exclude_unset=True) for name, workload in churn().items()}
    others = {
        "stack": ("string", ""),
        "workloads": ("object", workloads),
        "backend": ("string", ""),
        "timezone": ("string", "UTC"),
        "protect": ("boolean", False),
        "require_policies": ("boolean", True),
    }
    for name, entry in declared.items():
        assert (entry["type"], entry["default"]) == others.get(name, ("object", {})), name
        assert entry["description"], name
    defaults = {name: entry["default"] for name, entry in declared.items() if name != "stack"}
    assert load(**defaults) == Settings(stack="stack")


def complaints(stack: dict[str, Any]) -> list[tuple[str, str]]:
    """Where and what an editor complains about in a stack file."""
    validator = Draft7Validator(json.loads((ROOT / "settings" / "stack.schema.json").read_text(encoding="utf-8")))
    return [("/".join(map(str, error.absolute_path)), error.message) for error in validator.iter_errors(stack)]


@pytest.mark.parametrize("path", sorted(ROOT.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_an_editor_has_nothing_against_the_projects_own_stacks(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=settings/stack.schema.json\n")
    assert complaints(yaml.safe_load(text)) == []


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"ml-platform:netwrok": {}}, "config"),
        ({"ml-platform:lake": {"object_lock_days": -1}}, "config/ml-platform:lake/object_lock_days"),
        ({"ml-platform:lake": {"lock": 1}}, "config/ml-platform:lake"),
        ({"ml-platform:tags": {"CostCenter": 1000}}, "config/ml-platform:tags/CostCenter"),
        (
            {
                "ml-platform:workloads": {
                    "churn": {"contract": "c", "endpoints": {"live": {"kind": "realtime", "instance_count": 0}}}
                }
            },
            "config/ml-platform:workloads/churn/endpoints/live/instance_count",
        ),
        (
            {"ml-platform:workloads": {"churn": {"contract": "c", "endpoints": {"live": {"kind": "none"}}}}},
            "config/ml-platform:workloads/churn/endpoints/live/kind",
        ),
    ],
)
def test_an_editor_shows_what_the_program_would_refuse(config: dict[str, Any], where: str) -> None:
    assert [path for path, _ in complaints({"config": {"ml-platform:stack": "dev", **config}})] == [where]


def test_an_editor_shows_a_stack_without_its_name_and_a_key_that_no_stack_file_has() -> None:
    assert complaints({"config": {}}) == [("config", "'ml-platform:stack' is a required property")]
    assert [path for path, _ in complaints({"config": {"ml-platform:stack": "dev"}, "confg": {}})] == [""]


def test_an_editor_leaves_other_packages_and_pulumis_own_keys_alone() -> None:
    config = {"ml-platform:stack": "dev", "aws:profile": "x", "pulumi:tags": {}}
    assert complaints({"config": config, "encryptionsalt": "v1:x", "secretsprovider": "awskms://alias/k"}) == []


def test_every_field_says_what_it_is() -> None:
    """And every opt-out of a safe default what it risks."""
    text = reference.page()
    schema = Settings.model_json_schema()
    models = {"Settings": schema, **schema["$defs"]}
    silent = [
        f"{model}.{name}"
        for model, definition in models.items()
        for name, field in definition["properties"].items()
        if "$ref" not in field and not field.get("description") and name != "kind"
    ]
    assert silent == []
    assert all(f"| `{name}` |" in text for definition in models.values() for name in definition["properties"])
    assert text.count("\n## ") == len(models)
    switches = {
        f"{model}.{name}": "x-risk" in field
        for model, definition in models.items()
        for name, field in definition["properties"].items()
        if field.get("type") == "boolean"
    }
    assert switches == {
        "Settings.protect": True,
        "Settings.require_policies": True,
        "Audit.analyzer": True,
        "Audit.management_events": True,
        "Audit.trail": True,
        "Catalog.account_encryption": True,
        "Catalog.tables": True,
        "Keys.one": True,
        "Features.ingest": True,
        "Glue.flex": True,
        "Lake.block_public_access": True,
        "Autoscaling.enabled": True,
        "Autoscaling.challenger": True,
        "BacklogScaling.challenger": True,
        "BacklogScaling.enabled": True,
        "TaskScaling.enabled": True,
        "CodePipeline.inside_vpc": True,
        "CodePipeline.trains": True,
        "Training.spot": True,
        "Needs.gradual": False,  # what is asked, no opt-out
        "Needs.isolated": False,
    }
