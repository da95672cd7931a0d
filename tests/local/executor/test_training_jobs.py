from __future__ import annotations

import io
import json
import tarfile

from tests.local.executor.world import World

MODEL = "m = pathlib.Path(os.environ['SM_MODEL_DIR'])\n"


def archive(world: World, uri: str) -> dict[str, str]:
    body = world.s3.get_object(Bucket="bucket", Key=uri.removeprefix("s3://bucket/"))["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as packed:
        return {m.name: packed.extractfile(m).read().decode() for m in packed.getmembers()}  # pyright: ignore[reportOptionalMemberAccess]


def model_uri(world: World) -> str:
    (key,) = [k for k in world.keys("runs/") if k.endswith("/output/model.tar.gz")]
    return f"s3://bucket/{key}"


def test_the_container_contract(world: World) -> None:
    world.put("train/part-0", "rows")
    world.put("extra/x.json", "{}")
    body = MODEL + (
        "root = pathlib.Path.home() / 'opt/ml'\n"
        "seen = {\n"
        "  'train': (pathlib.Path(os.environ['SM_CHANNEL_TRAIN']) / 'part-0').read_text(),\n"
        "  'extra': (root / 'input/data/extra/x.json').read_text(),\n"
        "  'hyperparameters': json.loads((root / 'input/config/hyperparameters.json').read_text()),\n"
        "  'channels': sorted(json.loads((root / 'input/config/inputdataconfig.json').read_text())),\n"
        "  'hosts': json.loads((root / 'input/config/resourceconfig.json').read_text())['hosts'],\n"
        "  'aws': [k for k in os.environ if k.startswith('AWS_')],\n"
        "  'job': os.environ['TRAINING_JOB_NAME'],\n"
        "}\n"
        "(m / 'model.json').write_text(json.dumps(seen))\n"
        "(pathlib.Path(os.environ['SM_OUTPUT_DATA_DIR']) / 'plot.txt').write_text('plot')\n"
    )
    eta = {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Eta"}]}}
    step = world.training(
        "Train",
        body,
        channels={"train": "s3://bucket/train/", "extra": "s3://bucket/extra/x.json"},
        hyperparameters={"eta": eta, "num_round": "7"},
        arguments={"EnableNetworkIsolation": True},
    )
    result = world.run([step], [{"Name": "Eta", "Type": "Float", "DefaultValue": 0.05}])
    assert result.failure_reason is None
    seen = json.loads(archive(world, model_uri(world))["model.json"])
    job = seen.pop("job")
    assert seen == {
        "train": "rows",
        "extra": "{}",
        "hyperparameters": {"eta": "0.05", "num_round": "7"},
        "channels": ["extra", "train"],
        "hosts": ["algo-1"],
        "aws": seen["aws"],
    }
    assert sorted(seen["aws"]) == ["AWS_EC2_METADATA_DISABLED", "AWS_REGION"]
    assert result.step("Train").metadata["TrainingJob"]["Arn"].endswith(f":training-job/{job}")
    output = model_uri(world).replace("model.tar.gz", "output.tar.gz")
    assert archive(world, output) == {"plot.txt": "plot"}


def test_equal_models_are_equal_archives(world: World) -> None:
    script = world.script(MODEL + "(m / 'b').write_text('2')\n(m / 'a').write_text('1')")
    bodies: list[bytes] = []
    for _ in range(2):
        world.run([world.training("Train", "", script=script)])
        bodies = [world.s3.get_object(Bucket="bucket", Key=k)["Body"].read() for k in world.keys("runs/")]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


def test_the_last_value_of_each_metric_is_read_from_the_log(world: World) -> None:
    train = world.training("Train", "print('loss=0.7')\nprint('loss=0.25')")
    metric = {"Get": "Steps.Train.FinalMetricDataList[0].Value"}
    stop = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": {"Std:Join": {"On": "", "Values": [metric]}}}}
    assert world.run([train, stop]).failure_reason == "0.25"


def test_a_failure_file_is_the_reason_and_the_checkpoints_are_kept(world: World) -> None:
    body = (
        "root = pathlib.Path.home() / 'opt/ml'\n"
        "(root / 'checkpoints/round-3').write_text('three')\n"
        "(root / 'output/failure').write_text('UserError: eta must be positive')\nsys.exit(2)"
    )
    result = world.run([world.training("Train", body, checkpoints="s3://bucket/ckpt/1")])
    assert result.step("Train").failure_reason == "AlgorithmError: UserError: eta must be positive, exit code: 2"
    assert world.text("ckpt/1/round-3") == "three"
    assert not [k for k in world.keys("runs/") if k.endswith("model.tar.gz")]


def test_the_next_job_goes_on_from_the_checkpoints(world: World) -> None:
    world.put("ckpt/1/round-3", "three")
    body = MODEL + "(m / 'found').write_text((pathlib.Path(os.environ['SM_CHECKPOINT_DIR']) / 'round-3').read_text())"
    assert world.run([world.training("Train", body, checkpoints="s3://bucket/ckpt/1")]).status == "Succeeded"
    assert archive(world, model_uri(world)) == {"found": "three"}


def test_a_job_without_an_entry_point_is_refused(world: World) -> None:
    step = world.training("Train", "")
    del step["Arguments"]["AlgorithmSpecification"]["ContainerEntrypoint"]
    reason = "ClientError: no ContainerEntrypoint; the local executor has no image that would say what to run"
    assert world.run([step]).step("Train").failure_reason == reason


def test_a_channel_that_is_not_in_s3_is_refused(world: World) -> None:
    step = world.training("Train", "", channels={"train": "s3://bucket/train/"})
    source = {
        "FileSystemId": "fs-0123456789a",
        "FileSystemAccessMode": "ro",
        "FileSystemType": "EFS",
        "DirectoryPath": "/data",
    }
    step["Arguments"]["InputDataConfig"][0]["DataSource"] = {"FileSystemDataSource": source}
    reason = "ClientError: channel 'train' has no S3DataSource; the local executor reads from S3 only"
    assert world.run([step]).step("Train").failure_reason == reason
