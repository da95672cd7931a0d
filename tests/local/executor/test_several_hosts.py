"""Training jobs with several hosts: as many processes, each with a container of its own."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from contracts import schema
from contracts.schema import Contract
from tests.local.executor.test_training_jobs import MODEL, archive, model_uri
from tests.local.executor.world import World, log_of, reason_of
from tests.workloads.training.conftest import contract, root

__all__ = ["contract", "root"]

SEEN = MODEL + (
    "config = json.loads((pathlib.Path.home() / 'opt/ml/input/config/resourceconfig.json').read_text())\n"
    "told = os.environ['SM_CURRENT_HOST'], json.loads(os.environ['SM_HOSTS'])\n"
    "assert told == (config['current_host'], config['hosts'])\n"
    "assert config['instance_groups'][0]['hosts'] == config['hosts']\n"
    "rows = (pathlib.Path(os.environ['SM_CHANNEL_TRAIN']) / 'part-0').read_text()\n"
    "number = config['hosts'].index(config['current_host'])\n"
)


def on(hosts: int, step: dict[str, Any]) -> dict[str, Any]:
    """The step with so many hosts, and time enough for them on a busy machine."""
    step["Arguments"]["ResourceConfig"]["InstanceCount"] = hosts
    step["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"] = 3600
    return step


def test_each_host_is_told_of_all_and_has_all_data_and_what_all_leave_is_the_model(world: World) -> None:
    world.put("train/part-0", "rows")
    body = SEEN + "(m / f'{number}.txt').write_text(f'{len(config[\"hosts\"])} {rows}')\nprint(f'loss=0.{number + 1}')"
    result = world.run([on(2, world.training("Train", body, channels={"train": "s3://bucket/train/"}))])
    assert result.failure_reason is None
    assert archive(world, model_uri(world)) == {"0.txt": "2 rows", "1.txt": "2 rows"}
    assert log_of(result.step("Train")) == "loss=0.1\n"  # the first host's


def test_a_job_fails_where_one_of_its_hosts_does_and_keeps_the_checkpoints_of_all(world: World) -> None:
    world.put("train/part-0", "rows")
    body = SEEN + (
        "root = pathlib.Path.home() / 'opt/ml'\n"
        "(root / f'checkpoints/{number}').write_text('kept')\n"
        "if number == 1:\n"
        "    (root / 'output/failure').write_text('PlatformError: lost')\n"
        "    sys.exit(75)\n"
    )
    step = world.training("Train", body, channels={"train": "s3://bucket/train/"}, checkpoints="s3://bucket/ckpt/1")
    result = world.run([on(2, step)])
    assert result.step("Train").failure_reason == "AlgorithmError: PlatformError: lost, exit code: 75"
    assert world.keys("ckpt/1/") == ["ckpt/1/0", "ckpt/1/1"]
    assert [key for key in world.keys("runs/") if key.endswith("model.tar.gz")] == []


@pytest.mark.full
def test_of_three_hosts_one_is_lost_and_the_job_that_is_tried_again_goes_on_from_the_last_checkpoint(
    world: World, root: Path, contract: Contract
) -> None:
    for file in (path for path in (root / "input/data").rglob("*") if path.is_file()):
        world.s3.upload_file(str(file), "bucket", f"in/{file.relative_to(root / 'input/data')}")
    assert world.text("in/contract/contract.json") == schema.to_json(contract)
    step = on(
        3,
        world.training(
            "Train",
            "",
            channels={each: f"s3://bucket/in/{each}/" for each in ("train", "validation", "contract", "manifest")},
            checkpoints="s3://bucket/ckpt",
        ),
    )
    entry = ["python3", "-m", "tests.local.executor.lost_host"]
    step["Arguments"]["AlgorithmSpecification"]["ContainerEntrypoint"] = entry
    first = world.run([step])
    assert reason_of(first.step("Train")).startswith("AlgorithmError: PlatformError: of 3 hosts one was lost")
    kept = [key.rpartition("/")[2] for key in world.keys("ckpt/") if key.endswith(".json")]
    assert kept == ["round-000010.json"]
    second = world.run([step])
    assert second.failure_reason is None
    assert '"rounds": 10' in log_of(second.step("Train"))
    facts = metadata(world)
    assert (facts["training_rows"], facts["rounds"] > 10) == (3000, True)


def metadata(world: World) -> dict[str, Any]:
    """Of the model in the bucket."""
    body = world.s3.get_object(Bucket="bucket", Key=model_uri(world).removeprefix("s3://bucket/"))["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as packed:
        file = packed.extractfile("metadata.json")
        assert file is not None
        return json.loads(file.read())
