from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import urllib3

from local.emulator import Emulator, EmulatorError, attach, start
from local.identity import PROJECT_ROOT

HERE = Path(__file__).parent


def test_attach_finds_the_running_one(emulator: Emulator) -> None:
    assert attach(emulator.url) == emulator


def test_attach_to_nothing() -> None:
    with pytest.raises(EmulatorError, match=r"^no emulator answers at http://127.0.0.1:1: "):
        attach("http://127.0.0.1:1")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 100\r\n\r\n{",
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\n\r\n[]",
        b"HTT",
        b"",
    ],
)
def test_one_whose_answer_is_cut_off_is_not_alive(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_once() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        threading.Thread(target=answer_once, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert Emulator(url=url, pid=1, account="1", region="eu-west-1").alive() is False


def test_the_admin_api_refuses_with_words(emulator: Emulator) -> None:
    with pytest.raises(EmulatorError, match=r"/emulator/kill: no model server has pid 1; there are \["):
        emulator.kill(1)
    with pytest.raises(EmulatorError, match="seconds is -1, allowed is a number of 0 or more"):
        emulator.advance(-1)
    missing = urllib3.request("GET", f"{emulator.url}/emulator/nothing", timeout=600)
    assert missing.status == 404
    assert missing.json()["error"].startswith("no /emulator/nothing; there are /emulator/health, ")
    assert urllib3.request("GET", f"{emulator.url}/emulator/flush", timeout=600).status == 405
    assert urllib3.request("POST", f"{emulator.url}/emulator/kill", body=b"[]", timeout=600).json() == {
        "error": "the body is list, allowed is an object"
    }


def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(
        EmulatorError, match=r"(?s)the emulator did not start \(exit code 1\).*EMULATOR_TIME_SCALE is 'x'"
    ):
        start(tmp_path, environment={"EMULATOR_TIME_SCALE": "x"})


@pytest.mark.parametrize("kept", [False, True])
def test_an_emulator_ends_with_the_process_that_started_it_unless_it_is_kept(
    kept: bool, tmp_path: Path, eventually: Any
) -> None:
    script = (
        "import sys, time; from pathlib import Path; from local.emulator import start\n"
        "running = start(Path(sys.argv[1]))\n"
        "if sys.argv[2] == 'True': running.keep()\n"
        "print(running.url, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), str(kept)], stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
    )
    assert starter.stdout is not None
    running = attach(starter.stdout.readline().strip())
    starter.kill()  # nothing that the process could catch
    starter.wait()
    starter.stdout.close()
    if kept:
        assert running.alive()
        running.stop()
    eventually(lambda: not running.alive())


def children(pid: int) -> list[int]:
    """The processes a process started."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
            found += [int(p) for p in file.read_text().split()]
    return found


def test_a_second_emulator_is_its_own_and_a_reset_or_its_end_ends_what_it_started(
    tmp_path: Path, name: str, eventually: Any
) -> None:
    command = [sys.executable, "-m", "local.emulator", "--home", str(tmp_path), "--account", "210987654321"]
    process = subprocess.Popen(
        [*command, "--pipeline-command", f"{sys.executable} -S {HERE / 'stand_in_worker.py'}"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT_ROOT,
        env=os.environ | {"AWS_ACCESS_KEY_ID": "of-the-host", "AWS_PROFILE": "of-the-host"},
    )
    assert process.stdout is not None
    second = attach(process.stdout.readline().strip())
    try:
        assert (second.pid, second.account, second.region) == (process.pid, "210987654321", "eu-west-1")
        assert second.client("sts").get_caller_identity()["Account"] == "210987654321"
        sagemaker = second.client("sagemaker")
        assert sagemaker.list_endpoints()["Endpoints"] == []
        step = {"Name": "a", "Type": "b", "Arguments": {"Seconds": 600}}
        definition = json.dumps({"Version": "2020-12-01", "Steps": [step]})
        role = "arn:aws:iam::210987654321:role/any"
        sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role)
        sagemaker.start_pipeline_execution(PipelineName=name)
        assert eventually(lambda: children(second.pid))
        assert urllib3.request("POST", f"{second.url}/moto-api/reset", timeout=600).status == 200
        assert sagemaker.list_pipelines()["PipelineSummaries"] == []
        eventually(lambda: not children(second.pid))
        sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role)
        sagemaker.start_pipeline_execution(PipelineName=name)
        started = eventually(lambda: children(second.pid))
    finally:
        second.stop()
    assert process.wait(600) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in started)
    assert second.alive() is False
    second.stop()  # nothing to do, and no error


def test_nothing_outlives_a_killed_emulator(tmp_path: Path, name: str, eventually: Any) -> None:
    own = start(
        tmp_path,
        arguments=(
            *("--inference-command", f"{sys.executable} -S {HERE / 'stand_in_server.py'}"),
            *("--pipeline-command", f"{sys.executable} -S {HERE / 'stand_in_worker.py'}"),
        ),
    )
    sagemaker, role = own.client("sagemaker"), "arn:aws:iam::123456789012:role/any"
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "image"})
    variant = {"VariantName": "champion", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    step = {"Name": "a", "Type": "b", "Arguments": {"Seconds": 600}}
    definition = json.dumps({"Version": "2020-12-01", "Steps": [step]})
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role)
    sagemaker.start_pipeline_execution(PipelineName=name)
    eventually(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService")
    started = eventually(lambda: found if len(found := children(own.pid)) == 2 else None)
    os.kill(own.pid, signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))
