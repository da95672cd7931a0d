"""The service as a process: starting, limits under load, stopping without losing a request, workers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.workloads.inference import serving
from tests.workloads.inference.connections import SLOW, opened, receive
from tests.workloads.inference.serving import Running, eventually, wait_for
from workloads.inference.server import IDLE_SECONDS

ROW = {"support_tickets": 1}


def start(model_dir: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the service where it is expected to refuse."""
    argv = [sys.executable, "-m", "workloads.inference", "--host", "127.0.0.1", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(serving.ROOT)}
    return subprocess.run(
        [*argv, "--model-dir", str(model_dir), *options],
        cwd=serving.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


# ---- starting ----


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("broken", "content", "message"),
    [
        ("model.ubj", None, "model.ubj: No such file or directory; the training job writes it into model.tar.gz"),
        (
            "contract.json",
            None,
            "contract.json: No such file or directory; the training job writes it into model.tar.gz",
        ),
        ("contract.json", "{}", "contract.json is not a compiled contract ("),
        ("metadata.json", "[]", "metadata.json holds list, allowed is an object"),
        ("metadata.json", "{", "metadata.json is not JSON ("),
        ("metadata.json", '{"features": ["a"]}', "metadata.json: features ['a'] is found, the contract has ["),
    ],
)
def test_a_broken_package_is_refused(
    package: Path, tmp_path: Path, workers: str, broken: str, content: str | None, message: str
) -> None:
    directory = tmp_path / "model"
    shutil.copytree(package, directory)
    if content is None:
        (directory / broken).unlink()
    else:
        (directory / broken).write_text(content)
    result = start(directory, "--workers", workers)
    assert result.returncode == 1
    assert result.stdout == ""
    last = [json.loads(line) for line in result.stderr.splitlines()][-1]
    assert last["level"] == "ERROR"
    assert message in last["message"]
    assert "Traceback" not in result.stderr


def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    result = start(tmp_path / "absent")
    assert result.returncode == 1
    assert json.loads(result.stderr)["message"] == (
        f"{tmp_path}/absent is not a directory; give the directory that model.tar.gz was unpacked to"
    )


def test_a_taken_port_is_refused(service: Running, package: Path) -> None:
    result = start(package, "--port", str(service.port))
    assert result.returncode == 1
    assert (
        json.loads(result.stderr)["message"]
        == f"cannot listen on 127.0.0.1 port {service.port}: Address already in use"
    )


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--port", "70000", "'70000' is found, a port from 0 to 65535 is allowed"),
        ("--threshold", "1", "'1' is found, a number above 0 and below 1 is allowed"),
        ("--workers", "-1", "'-1' is found, a number from 0 (one per core) to 256 is allowed"),
        ("--request-seconds", "nan", "'nan' is found, a number of seconds from 0.01 to 86400 is allowed"),
    ],
)
def test_bad_options(package: Path, option: str, value: str, message: str) -> None:
    result = start(package, f"{option}={value}")
    assert result.returncode == 2
    assert result.stderr.strip().endswith(f"argument {option}: {message}")


# ---- limits ----


# ---- stopping ----


def test_sigterm_with_no_connection_ends_at_once(package: Path) -> None:
    with serving.serving(package, "--drain-seconds", "3600") as service:
        assert service.stop() == 0


def test_sigterm_finishes_what_has_begun(package: Path) -> None:
    with serving.serving(package) as service, opened(service) as slow, opened(service) as idle:
        idle.sendall(SLOW + b"2,3")
        assert receive(idle).startswith("HTTP/1.1 200 ")
        slow.sendall(SLOW)
        wait_for(service, "inference_requests_receiving", 1)
        service.process.send_signal(signal.SIGTERM)
        eventually(lambda: service.request("GET", "/ready").json == {"status": "draining"})
        idle.sendall(SLOW + b"2,3")  # an open connection is still answered, and told to close
        answer = receive(idle)
        assert answer.startswith("HTTP/1.1 200 ")
        assert "\r\nconnection: close\r\n" in answer
        time.sleep(1.5 * IDLE_SECONDS)  # a body that is slow to come is no silence
        slow.sendall(b"2,3")
        answer = receive(slow)
        assert answer.startswith("HTTP/1.1 200 ")
        assert "\r\nconnection: close\r\n" in answer
        assert service.process.wait(600) == 0


def test_no_request_is_lost_when_a_service_stops_under_load(package: Path) -> None:
    """Clients hammer on kept connections; at SIGTERM each sees answers, then `connection: close`, never an error."""
    with serving.serving(package) as service:
        served: list[int] = []
        busy: set[int] = set()
        failures: list[str] = []

        def client() -> None:
            try:
                with contextlib.closing(service.connect()) as connection:
                    for count in range(1, 1_000_000):
                        connection.request(
                            "POST", "/invocations", json.dumps(ROW), {"content-type": "application/json"}
                        )
                        response = connection.getresponse()
                        response.read()
                        if count == 10:
                            busy.add(threading.get_ident())
                        if response.status != 200:
                            failures.append(f"status {response.status}")
                        if response.getheader("connection") == "close":
                            served.append(count)
                            return
            except OSError as error:
                failures.append(repr(error))

        threads = [threading.Thread(target=client) for _ in range(8)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(busy) == len(threads) or failures)
        assert service.stop() == 0
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(served) == 8
        assert min(served) >= 10


# ---- reloading ----


def exchange(directory: Path, other: Path) -> None:
    """Point the link `directory` at another package, in one step."""
    link = directory.with_name("next")
    link.symlink_to(other)
    link.rename(directory)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_new_model_takes_over_without_a_lost_request(package: Path, tmp_path: Path, workers: str) -> None:
    other, current = tmp_path / "other", tmp_path / "current"
    serving.make_package(other, seed=8)
    current.symlink_to(package)
    with serving.serving(current, "--workers", workers, "--model-version", "first") as service:
        seen: list[tuple[int, str]] = []
        stop = threading.Event()

        def client() -> None:
            with contextlib.closing(service.connect()) as connection:
                while not stop.is_set():
                    connection.request("POST", "/invocations", json.dumps(ROW), {"content-type": "application/json"})
                    response = connection.getresponse()
                    seen.append((response.status, json.loads(response.read())["model_version"]))

        threads = [threading.Thread(target=client) for _ in range(4)]
        for thread in threads:
            thread.start()
        exchange(current, other)
        service.process.send_signal(signal.SIGHUP)
        wait_for(service, "inference_model_reloads_total", int(workers))
        service.predict(ROW)
        stop.set()
        for thread in threads:
            thread.join()
        assert {status for status, _ in seen} == {200}
        second = service.predict(ROW).json["model_version"]
        assert second.startswith("sha256-")
        assert {version for _, version in seen} <= {"first", second}
        (tmp_path / "broken").mkdir()
        exchange(current, tmp_path / "broken")
        service.process.send_signal(signal.SIGHUP)
        wait_for(service, "inference_model_reload_failures_total", int(workers))
        assert service.predict(ROW).json["model_version"] == second


def test_a_worker_may_be_stopped_and_is_replaced(package: Path) -> None:
    """SIGTERM to one worker: it drains, another takes its place, and no client sees an error."""
    with serving.serving(package, "--workers", "2") as service:
        for _ in range(3):
            pid = answering(service)
            os.kill(pid, signal.SIGTERM)
            for _ in range(50):
                assert service.predict(ROW).status == 200
            eventually(lambda stopped=pid: answering(service) != stopped)
        assert service.stop() == 0


# ---- workers ----


def test_workers_share_counters_and_a_dead_one_is_replaced(package: Path) -> None:
    with serving.serving(package, "--workers", "2") as service:
        pids: set[int] = set()
        eventually(lambda: pids.add(answering(service)) or len(pids) == 2)
        for _ in range(10):
            service.predict(ROW)
        wait_for(service, "inference_predictions_total", 10)
        os.kill(pids.pop(), signal.SIGKILL)
        left = pids.pop()
        eventually(lambda: answering(service) != left)
        wait_for(service, "inference_predictions_total", 10)
        assert service.stop() == 0
    assert any("starting another" in entry["message"] for entry in service.logged())


def test_workers_do_not_outlive_their_supervisor(package: Path) -> None:
    with serving.serving(package, "--workers", "2") as service:
        pids = {answering(service) for _ in range(100)}
        service.process.kill()
        service.process.wait()
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def answering(service: Running) -> int:
    """The worker that answered."""
    return service.request("GET", "/v1/status").json["pid"]


def test_the_access_log_is_json(package: Path) -> None:
    with serving.serving(package, "--access-log", "--model-version", "v3") as service:
        service.predict(ROW, X_Request_Id="r-1")
        service.predict({"x": 1}, X_Request_Id="r-2")
        service.stop()
    entries = [entry for entry in service.logged() if entry["message"] == "prediction"]
    assert [(e["request_id"], e["status"], e["model_version"]) for e in entries] == [
        ("r-1", 200, "v3"),
        ("r-2", 422, "v3"),
    ]
    assert all(entry["milliseconds"] > 0 for entry in entries)
