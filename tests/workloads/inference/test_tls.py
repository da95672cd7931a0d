"""The service behind TLS: with a certificate of its own, which nobody outside can read the key of."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path

import pytest

from tests.workloads.inference import serving
from workloads.inference import tls

ROW = {"user_tenure_months": 3, "transaction_volume": 250.5, "support_tickets": 4}


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
