"""The service behind TLS: with a certificate of its own, which nobody outside can read the key of."""

from __future__ import annotations

import http.client
import json
import signal
import ssl
import time
from pathlib import Path

import pytest

from tests.workloads.inference import serving
from tests.workloads.inference.connections import opened, receive
from workloads.inference import tls
from workloads.inference.server import IDLE_SECONDS

ROW = {"user_tenure_months": 3, "transaction_volume": 250.5, "support_tickets": 4}


def test_a_connection_whose_handshake_is_under_way_is_answered_by_a_service_that_is_told_to_stop(
    package: Path, tmp_path: Path
) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = json.dumps(ROW).encode()
    head = b"POST /invocations HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    with serving.serving(package, "--tls-dir", str(tmp_path / "tls")) as running, opened(running) as early:
        later = http.client.HTTPSConnection("127.0.0.1", running.port, timeout=600, context=context)
        later.request("GET", "/ready")
        assert later.getresponse().status == 200  # so the one that came before is accepted
        later.close()
        running.process.send_signal(signal.SIGTERM)
        serving.eventually(lambda: any(entry["message"] == "draining" for entry in running.logged()))
        time.sleep(1.5 * IDLE_SECONDS)
        with context.wrap_socket(early) as connection:
            connection.sendall(head % len(request) + request)
            answer = receive(connection)
        assert answer.startswith("HTTP/1.1 200 ")
        assert "\r\nconnection: close\r\n" in answer
        assert running.process.wait(600) == 0


def test_a_service_with_two_workers_answers_over_tls_and_not_without(package: Path, tmp_path: Path) -> None:
    with serving.serving(package, "--tls-dir", str(tmp_path / "tls"), "--workers", "2") as running:
        context = ssl.create_default_context(cafile=str(tls.files(tmp_path / "tls").certificate))
        context.check_hostname = False  # a load balancer asks for no name either
        connection = http.client.HTTPSConnection("127.0.0.1", running.port, timeout=600, context=context)
        for _ in range(2):  # the second on the connection that was kept
            connection.request("POST", "/invocations", json.dumps(ROW), {"content-type": "application/json"})
            answer = connection.getresponse()
            assert (answer.status, sorted(json.loads(answer.read()))) == (200, ["decision", "model_version", "score"])
        connection.close()
        with pytest.raises((http.client.HTTPException, OSError)):
            running.predict(ROW)
        assert running.stop() == 0


def test_the_key_is_the_owners_alone(tmp_path: Path) -> None:
    made = tls.make(tmp_path)
    assert oct(made.key.stat().st_mode)[-3:] == "600"
    assert made == tls.files(tmp_path)


def test_where_nothing_can_be_written_the_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(tls.TlsError, match=r"--tls-dir: no certificate can be made in .*file/tls"):
        tls.make(tmp_path / "file" / "tls")
