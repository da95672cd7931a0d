from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.executor import InvalidExecution
from local.executor.cache import duration
from tests.local.executor.world import World, reason_of

CACHED: dict[str, Any] = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
WRITE = "print('ran')\npathlib.Path(sys.argv[1], 'a.json').write_text('{\"version\": 7}')"
FILES = [{"PropertyFileName": "File", "OutputName": "out", "FilePath": "a.json"}]


@pytest.fixture
def script(world: World) -> str:
    return world.script(WRITE)


def cached_step(world: World, script: str, **changes: Any) -> dict[str, Any]:
    return world.processing(
        "Make",
        "",
        script=script,
        outputs=["out"],
        arguments=["/opt/ml/processing/output/out"],
        PropertyFiles=FILES,
        **{**CACHED, **changes},
    )


def test_the_same_work_is_done_once_and_its_outputs_are_those_of_the_first(world: World, script: str) -> None:
    value = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Make.PropertyFiles.File"}, "Path": "version"}}
    uri = {"Get": "Steps.Make.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"}
    stop = {
        "Name": "Stop",
        "Type": "Fail",
        "Arguments": {"ErrorMessage": {"Std:Join": {"On": " ", "Values": [value, uri]}}},
    }
    first = world.run([cached_step(world, script), stop])
    second = world.run([cached_step(world, script), stop])
    assert first.failure_reason == second.failure_reason
    assert reason_of(second).startswith("7 s3://bucket/runs/exec")
    fresh, reused = first.step("Make"), second.step("Make")
    assert (fresh.cache_hit, fresh.attempts) == (None, 1)
    assert (reused.status, reused.attempts, reused.log) == ("Succeeded", 0, None)
    assert reused.cache_hit is not None
    assert reused.cache_hit.startswith("arn:aws:sagemaker:eu-west-1:123456789012:pipeline/demo/execution/exec")
    assert reused.metadata == fresh.metadata
    assert len(world.keys("runs/")) == 1


@pytest.mark.parametrize("member", ["AppSpecification", "Environment", "ProcessingInputs"])
def test_what_makes_the_work_another(world: World, script: str, member: str) -> None:
    world.put("data/a", "A")
    world.run([cached_step(world, script)])
    other = cached_step(world, script)
    if member == "AppSpecification":
        other["Arguments"][member]["ImageUri"] = "another-image"
    elif member == "Environment":
        other["Arguments"][member]["VERSION"] = "2"
    else:
        source = {"S3Uri": "s3://bucket/data/", "LocalPath": "/opt/ml/processing/input/x", "S3DataType": "S3Prefix"}
        other["Arguments"][member] = [{"InputName": "x", "S3Input": source}]
    assert world.run([other]).step("Make").cache_hit is None


def test_what_does_not(world: World, script: str) -> None:
    world.run([cached_step(world, script)])
    other = cached_step(world, script)
    other["Arguments"]["RoleArn"] = "arn:aws:iam::123456789012:role/other"
    other["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] = 30
    assert world.run([other]).step("Make").cache_hit is not None


def test_training_is_the_same_work_by_its_hyperparameters_and_checkpoints(world: World) -> None:
    script = world.script("pathlib.Path(os.environ['SM_MODEL_DIR'], 'm').write_text('m')")

    def train(eta: str, checkpoints: str) -> str | None:
        step = world.training(
            "Train", "", script=script, hyperparameters={"eta": eta}, checkpoints=checkpoints, **CACHED
        )
        return world.run([step]).step("Train").cache_hit

    assert train("0.1", "s3://bucket/c/1") is None
    assert train("0.1", "s3://bucket/c/1") is not None
    assert train("0.2", "s3://bucket/c/1") is None
    assert train("0.1", "s3://bucket/c/2") is None


def test_an_entry_expires(world: World, script: str) -> None:
    world.run([cached_step(world, script)])
    (path,) = Path(world.root).glob("work/demo/cache/Make/*.json")
    entry = json.loads(path.read_text())
    entry["ended"] = (datetime.now(UTC) - timedelta(days=1, seconds=1)).isoformat()
    path.write_text(json.dumps(entry))
    assert world.run([cached_step(world, script)]).step("Make").cache_hit is None


def test_outputs_that_are_gone_are_made_again(world: World, script: str) -> None:
    world.run([cached_step(world, script)])
    for key in world.keys("runs/"):
        world.s3.delete_object(Bucket="bucket", Key=key)
    assert world.run([cached_step(world, script)]).step("Make").cache_hit is None


def test_a_failure_is_not_remembered(world: World) -> None:
    step = world.processing("Make", "raise SystemExit('no')", **CACHED)
    assert [world.run([step]).step("Make").attempts for _ in range(2)] == [1, 1]


def test_no_cache_without_asking_for_it(world: World, script: str) -> None:
    off = {"CacheConfig": {"Enabled": False, "ExpireAfter": "P1D"}}
    hits = [world.run([cached_step(world, script, **off)]).step("Make").cache_hit for _ in range(2)]
    assert hits == [None, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P30D", timedelta(days=30)),
        ("p2w", timedelta(weeks=2)),
        ("PT1H30M", timedelta(minutes=90)),
        ("P1DT12H5S", timedelta(days=1, hours=12, seconds=5)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "P", "PT", "30D", "P1X"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(InvalidExecution, match="give an ISO 8601 duration, for example P30D or PT12H"):
        duration(text)
