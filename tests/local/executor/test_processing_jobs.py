from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.executor.container import ROOT, Container
from tests.local.executor.world import ARN, World, log_of, reason_of
from tests.local.processes import eventually, gone


def test_inputs_come_in_and_outputs_go_out(world: World) -> None:
    world.put("data/a.txt", "A")
    world.put("data/deep/b.txt", "B")
    step = world.processing(
        "Copy",
        "i, o = map(pathlib.Path, sys.argv[1:])\n"
        "names = sorted(str(p.relative_to(i)) for p in i.rglob('*') if p.is_file())\n"
        "(o / 'deep').mkdir()\n"
        "(o / 'deep' / 'names.json').write_text(json.dumps(names))",
        inputs={"data": "s3://bucket/data/"},
        outputs=["list"],
        arguments=["/opt/ml/processing/input/data", "/opt/ml/processing/output/list"],
    )
    result = world.run([step])
    assert (result.status, result.failure_reason) == ("Succeeded", None)
    (key,) = world.keys("runs/")
    assert key.endswith("/Copy/list/deep/names.json")
    assert json.loads(world.text(key)) == ["a.txt", "deep/b.txt"]


def test_one_object_as_input_keeps_its_name(world: World) -> None:
    uri = world.put("contracts/abc/contract.json", "{}")
    path = "/opt/ml/processing/input/contract/contract.json"
    step = world.processing("Read", "print(open(sys.argv[1]).read())", inputs={"contract": uri}, arguments=[path])
    result = world.run([step])
    assert log_of(result.step("Read")) == "{}\n"


def test_an_input_that_is_not_there_fails_the_step(world: World) -> None:
    result = world.run([world.processing("Read", "", inputs={"data": "s3://bucket/none/"})])
    assert result.step("Read").failure_reason == (
        "ClientError: No S3 objects found under S3 URL 's3://bucket/none/' given in input data source"
    )


def test_a_prefix_that_takes_a_neighbour_is_refused(world: World) -> None:
    world.put("data/train/a", "A")
    world.put("data/train-old/a", "old")
    result = world.run([world.processing("Read", "", inputs={"data": "s3://bucket/data/train"})])
    assert result.step("Read").failure_reason == (
        "ClientError: the prefix 's3://bucket/data/train' also takes 'data/train-old/a'; end it with '/' or rename"
    )


def test_an_isolated_job_gets_no_way_to_aws(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("MY_SECRET", "mine")
    show = "print(json.dumps(dict(os.environ)))"
    steps = [world.processing("Alone", show, isolated=True), world.processing("Connected", show, isolated=False)]
    result = world.run(steps)
    alone, connected = (json.loads(log_of(result.step(n))) for n in ("Alone", "Connected"))
    assert {k for k in alone if k.startswith("AWS_")} == {"AWS_EC2_METADATA_DISABLED", "AWS_REGION"}
    assert connected["AWS_ENDPOINT_URL"] == world.endpoint
    assert connected["AWS_ACCESS_KEY_ID"] == "EMULATED000000000000"
    assert "AWS_DEFAULT_REGION" not in connected
    for environment in (alone, connected):
        assert "MY_SECRET" not in environment
        assert environment["HOME"].startswith(str(world.root))


def test_a_connected_job_reaches_the_emulated_aws(world: World) -> None:
    body = "import boto3\nboto3.client('s3').put_object(Bucket='bucket', Key='hello', Body=b'from the job')"
    step = world.processing("Call", body, isolated=False, environment={"AWS_DEFAULT_REGION": "eu-west-1"})
    assert world.run([step]).status == "Succeeded"
    assert world.text("hello") == "from the job"


def test_the_environment_is_remapped_and_names_the_job(world: World) -> None:
    body = "print(os.environ['DATA'], os.environ['PROCESSING_JOB_NAME'], os.environ['PYTHONPATH'])"
    step = world.processing("Show", body, environment={"DATA": "/opt/ml/processing/input"})
    result = world.run([step])
    data, name, path = log_of(result.step("Show")).split()
    assert data.endswith("/Show-1/opt/ml/processing/input")
    assert result.step("Show").metadata["ProcessingJob"]["Arn"].endswith(f":processing-job/{name}")
    assert name.startswith("pipelines-exec")
    assert (Path(path) / "local" / "executor").is_dir()


def test_the_job_finds_its_configuration(world: World) -> None:
    body = "print((pathlib.Path.home() / 'opt/ml/config/processingjobconfig.json').read_text())"
    result = world.run([world.processing("Show", body, environment={"A": "1"})])
    config = json.loads(log_of(result.step("Show")))
    assert config["Environment"] == {"A": "1"}
    assert config["ProcessingJobArn"].startswith("arn:aws:sagemaker:eu-west-1:123456789012:processing-job/pipelines-")


def test_a_failed_job_says_why_by_its_message_file(world: World) -> None:
    body = (
        "p = pathlib.Path.home() / 'opt/ml/output/message'\np.write_text('column age is missing')\nprint('noise')\n"
        "sys.exit(3)"
    )
    result = world.run([world.processing("Bad", body, outputs=["out"])])
    step = result.step("Bad")
    assert step.status == "Failed"
    assert step.failure_reason == "AlgorithmError: column age is missing, exit code: 3"
    assert log_of(step) == "noise\n"
    assert result.failure_reason == (
        "Step failure: One or multiple steps failed. Bad: AlgorithmError: column age is missing, exit code: 3"
    )


def test_a_failed_job_without_a_message_shows_the_end_of_its_log(world: World) -> None:
    result = world.run([world.processing("Bad", "raise SystemExit('no such column')")])
    assert result.step("Bad").failure_reason == "AlgorithmError: no such column, exit code: 1"


def test_a_structured_log_is_read_for_its_last_error(world: World) -> None:
    body = (
        "print(json.dumps({'level': 'ERROR', 'message': f'no file in {sys.argv[1]}'}))\n"
        "print('{no json')\nprint(json.dumps({'level': 'INFO', 'message': 'bye'}))\nprint('leak')\nsys.exit(2)"
    )
    result = world.run([world.processing("Bad", body, arguments=["/opt/ml/processing/input/data"])])
    reason = "AlgorithmError: no file in /opt/ml/processing/input/data, exit code: 2"
    assert result.step("Bad").failure_reason == reason


def test_death_by_a_signal_is_the_exit_code_of_a_container(world: World) -> None:
    result = world.run([world.processing("Bad", "os.kill(os.getpid(), 9)")])
    assert result.step("Bad").failure_reason == "AlgorithmError: , exit code: 137"


def test_a_job_that_runs_too_long_is_ended_with_its_children(world: World) -> None:
    body = (
        "import subprocess\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)"
    )
    result = world.run([world.processing("Slow", body, seconds=1)])
    step = result.step("Slow")
    assert step.failure_reason == "MaxRuntimeExceeded: the job ran for more than 1 seconds"
    eventually(lambda: gone(int(log_of(step))))


def test_a_job_does_not_outlive_its_runner(world: World) -> None:
    """However the runner ends: here it gets no chance to tidy up."""
    step = world.processing("Long", "print(os.getpid(), flush=True)\ntime.sleep(60)")
    definition = json.dumps({"Version": "2020-12-01", "Steps": [step]})
    program = (
        "import json, pathlib, sys\nfrom local.executor import Runner\n"
        "Runner(json.loads(sys.argv[1]), {}, sys.argv[2], pathlib.Path(sys.argv[3]), 'demo', sys.argv[4], 'long').run()"
    )
    argv = [sys.executable, "-c", program, definition, world.endpoint, str(world.root / "killed"), ARN]
    log = world.root / "killed" / "demo" / "long" / "Long-1" / "log.txt"
    with subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": str(ROOT)}) as runner:
        eventually(lambda: log.is_file() and log.read_text().endswith("\n"))
        runner.kill()
    eventually(lambda: gone(int(log.read_text())))


def test_arguments_that_the_api_would_refuse_fail_before_the_job(world: World) -> None:
    step = world.processing("Bad", "")
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] = {"Get": "Parameters.Type"}
    parameter = {"Name": "Type", "Type": "String"}
    result = world.run([step], [parameter], Type="ml.huge")
    reason = reason_of(result.step("Bad"))
    where = "Bad.ProcessingResources.ClusterConfig.InstanceType"
    assert reason.startswith(f"ClientError: ValidationException: {where} = 'ml.huge': must be one of "), reason
    assert result.step("Bad").log is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda a: a["ProcessingResources"]["ClusterConfig"].update(InstanceCount=2),
            "ClientError: InstanceCount is 2; the local executor runs jobs on one host",
        ),
        (
            lambda a: a["AppSpecification"].pop("ContainerEntrypoint"),
            "ClientError: no ContainerEntrypoint; the local executor has no image that would say what to run",
        ),
        (
            lambda a: a.update(ProcessingInputs=[{"InputName": "table", "DatasetDefinition": {}}]),
            "ClientError: input 'table' has no S3Input; the local executor reads from S3 only",
        ),
    ],
)
def test_what_one_machine_cannot_do_is_refused(world: World, change: Any, reason: str) -> None:
    step = world.processing("Bad", "")
    change(step["Arguments"])
    assert world.run([step]).step("Bad").failure_reason == reason


def test_only_the_directory_opt_ml_is_remapped(tmp_path: Any) -> None:
    container = Container(tmp_path / "job", failure_file="/opt/ml/output/failure")
    here = f"{tmp_path}/job/opt/ml"
    assert container.remap("--root=/opt/ml") == f"--root={here}"
    assert container.remap("/opt/ml/a:/opt/ml/b") == f"{here}/a:{here}/b"
    for other in ("s3://bucket/opt/ml/a", "/opt/mlflow", "/srv/opt/ml", "/opt/ml.old"):
        assert container.remap(other) == other


@pytest.mark.parametrize(("key", "status"), [({}, "Succeeded"), ({"VolumeKmsKeyId": "key"}, "Failed")])
def test_a_volume_key_is_refused_on_local_disks(world: World, key: dict[str, str], status: str) -> None:
    step = world.processing("Clean", "")
    cluster = {"InstanceCount": 1, "InstanceType": "ml.g5.xlarge", "VolumeSizeInGB": 1, **key}
    step["Arguments"]["ProcessingResources"]["ClusterConfig"] = cluster
    result = world.run([step])
    assert result.status == status
    assert result.step("Clean").failure_reason == (
        "ClientError: ValidationException: VolumeKmsKeyId is given with ml.g5.xlarge, whose volumes are disks of its "
        "own, encrypted by themselves; leave it out, or take a type without"
        if key
        else None
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            [
                "--contract",
                "/opt/ml/processing/input",
                "--input",
                "/opt/ml/processing/input",
                "--output",
                "/opt/ml/out",
            ],
            "UserError: contract: no file at /opt/ml/processing/input; give the compiled contract (contract.json)",
        ),
        (["--quick"], "UserError: the following arguments are required: --contract, --input, --output"),
    ],
)
def test_a_job_of_the_platform_leaves_its_reason(world: World, arguments: list[str], reason: str) -> None:
    step = world.processing("Prepare", "", arguments=arguments)
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = ["python3", "-m", "workloads.etl"]
    result = world.run([step])
    assert result.step("Prepare").failure_reason == f"AlgorithmError: {reason}, exit code: 2"
