"""What a package says beside what every one says, in each definition that registers one."""

from __future__ import annotations

import json

import pytest

from workloads.pipeline import render
from workloads.pipeline.graph import walk
from workloads.pipeline.metadata import with_metadata

DEFINITIONS = {"train": render.EXAMPLES, "tune": render.TUNING_EXAMPLES, "machine": render.MACHINE_EXAMPLES}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_one_thing_more_is_said_and_nothing_else_is_changed(name: str) -> None:
    plain = render.render(render.read(name), DEFINITIONS[name])
    said = with_metadata(plain, "data_set_code", "fedcba9876543210")
    assert said == json.dumps(json.loads(said), sort_keys=True, separators=(",", ":"))
    before, after = (dict(walk(json.loads(text))) for text in (plain, said))
    (place,) = after.keys() - before.keys()
    assert place.endswith(".CustomerMetadataProperties.data_set_code")
    assert after[place] == "fedcba9876543210"
    leaves = {path: value for path, value in after.items() if not isinstance(value, dict | list) and path != place}
    assert {path: before[path] for path in leaves} == leaves
