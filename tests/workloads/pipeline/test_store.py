"""Prepare joined with an offline store, in each definition that has a Prepare."""

from __future__ import annotations

import json
from typing import Any

import pytest

from workloads.pipeline import render
from workloads.pipeline.graph import walk
from workloads.pipeline.store import from_store

GROUP = "churn-staging-features-0123abcd"
DEFINITIONS = {"train": render.EXAMPLES, "tune": render.TUNING_EXAMPLES, "machine": render.MACHINE_EXAMPLES}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_prepare_asks_for_the_store_and_nothing_else_is_changed_but_what_the_package_says(name: str) -> None:
    plain = render.render(render.read(name), DEFINITIONS[name])
    joined = from_store(plain, GROUP, "eu-west-1")
    assert joined == json.dumps(json.loads(joined), sort_keys=True, separators=(",", ":"))
    before, after = (dict(walk(json.loads(text))) for text in (plain, joined))
    leaves = {path: value for path, value in after.items() if not isinstance(value, dict | list)}
    changed = {path: value for path, value in leaves.items() if before.get(path) != value}
    place = ".States.Prepare.Parameters" if name == "machine" else ".Steps[0].Arguments"
    package = {path for path in changed if path.endswith(".CustomerMetadataProperties.feature_group")}
    assert {path: value for path, value in changed.items() if path not in package} == {
        f"{place}.AppSpecification.ContainerArguments[6]": "--feature-group",
        f"{place}.AppSpecification.ContainerArguments[7]": GROUP,
        f"{place}.Environment.AWS_DEFAULT_REGION": "eu-west-1",
        f"{place}.NetworkConfig.EnableNetworkIsolation": False,
    }
    assert (len(package), {changed[path] for path in package}) == (1, {GROUP})
    assert before.keys() <= after.keys()


def test_a_definition_without_prepare_is_no_training() -> None:
    definition: dict[str, Any] = {"Steps": [{"Name": "Other", "Arguments": {}}]}
    with pytest.raises(ValueError, match="not enough values"):
        from_store(json.dumps(definition), GROUP, "eu-west-1")
