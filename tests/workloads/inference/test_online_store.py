"""Requests with the entity only: columns from the online store, signed as AWS asks, with its faults told clearly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from tests.servers import Server, playing
from tests.workloads.inference import serving
from tests.workloads.inference.serving import Running
from workloads.inference import aws
from workloads.inference.aws import Credentials
from workloads.inference.errors import Refused
from workloads.inference.online_store import OnlineStore

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret/+key", "AWS_SESSION_TOKEN": "token=="}
ROW = {"user_tenure_months": 3, "transaction_volume": 250.5, "support_tickets": 4}
RECORDS: dict[str, dict[str, str]] = {
    "C-1": {name: str(value) for name, value in ROW.items()},
    "C ü/&=+": {"support_tickets": "4"},
    "C-broken": {"support_tickets": "many"},
    "C-empty": {"event_time": "2026-01-01T00:00:00Z"},
}


class Store(Server):
    """A stand-in for the runtime: GetRecord of one feature group, which checks each signature with botocore."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.asked: list[str] = []
        self.connections = 0
        self.answers = threading.Event()
        self.answers.set()
        self.close_each = False
        self.refusals: list[str] = []
        self.role: Any = {
            "AccessKeyId": "AKIDEXAMPLE",
            "SecretAccessKey": "secret/+key",
            "Token": "token==",
            "Expiration": "2099-01-01T00:00:00Z",
        }

    def server_close(self) -> None:
        self.answers.set()
        super().server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/role":
            self.answer(200, self.server.role)
            return
        self.server.answers.wait()
        self.verify()
        entity = parse_qs(parts.query)["RecordIdentifierValueAsString"][0]
        self.server.asked.append(entity)
        if parts.path != "/FeatureGroup/churn-staging":
            self.answer(404, {"Message": "no such group"})
        elif entity == "C-throttled":
            self.answer(400, {"Message": "ThrottlingException"})
        elif entity == "C-odd":
            self.answer(200, {"Record": [{"FeatureName": "support_tickets"}]})
        else:
            record = RECORDS.get(entity)
            items = [{"FeatureName": name, "ValueAsString": value} for name, value in (record or {}).items()]
            self.answer(200, {"Record": items} if record else {})

    def verify(self) -> None:
        """The signature that botocore gives the same request at the same time."""
        request = AWSRequest("GET", f"http://{self.headers['host']}{self.path}", headers={"host": self.headers["host"]})
        request.context["timestamp"] = self.headers["x-amz-date"]
        keys = BotoCredentials("AKIDEXAMPLE", "secret/+key", "token==")
        signer = SigV4Auth(keys, "sagemaker", "eu-west-1")
        request.headers["X-Amz-Date"] = self.headers["x-amz-date"]
        request.headers["X-Amz-Security-Token"] = "token=="
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        if not self.headers["authorization"].endswith(f"Signature={signature}"):
            self.server.refusals.append(self.headers["authorization"])

    def answer(self, status: int, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.server.close_each

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def store() -> Iterator[Store]:
    with playing(Store()) as server:
        yield server
    assert server.refusals == []


def asking(store: Store, package: Path, *, timeout_ms: int) -> AbstractContextManager[Running]:
    options = ("--feature-group", "churn-staging", "--region", "eu-west-1", "--store-timeout-ms", str(timeout_ms))
    environment = {"AWS_ENDPOINT_URL_SAGEMAKER_FEATURESTORE_RUNTIME": store.url, **KEYS}
    return serving.serving(package, *options, **environment)


@pytest.fixture
def service(store: Store, package: Path) -> Iterator[Running]:
    with asking(store, package, timeout_ms=2000) as running:
        yield running


def test_one_entity(service: Running, store: Store) -> None:
    whole = service.predict(ROW).json
    assert store.asked == []
    for body in ({"customer_id": "C-1"}, {"customer_id": "C-1", **dict.fromkeys(ROW)}):
        assert service.predict(body).json == {**whole, "customer_id": "C-1"}
    assert store.asked == ["C-1", "C-1"]
    given = service.predict({"customer_id": "C-1", "support_tickets": 0}).json
    assert given["score"] != whole["score"]
    assert store.asked == ["C-1", "C-1"]


def test_columns_that_the_record_lacks_are_missing(service: Running) -> None:
    assert (
        service.predict({"customer_id": "C ü/&=+"}).json["score"]
        == service.predict({"support_tickets": 4}).json["score"]
    )
    assert service.predict({"customer_id": "C-empty"}).json["score"] == service.predict({}).json["score"]


def test_many_entities_beside_whole_rows(service: Running, store: Store) -> None:
    rows = [{"customer_id": "C-1"}, ROW, {"customer_id": "C-1"}, {}]
    scores = [p["score"] for p in service.predict(rows).json["predictions"]]
    assert scores[0] == scores[1] == scores[2] != scores[3]
    assert store.asked == ["C-1", "C-1"]
    csv = service.csv("customer_id\nC-1\nC-1\n", accept="application/json").json["predictions"]
    assert [p["score"] for p in csv] == scores[:1] * 2
    many = service.predict([{"customer_id": "C-1"}] * 101)
    assert (many.status, many.error["message"]) == (
        422,
        "body: 101 rows without columns is found, allowed is at most 100 look-ups in a request",
    )


def test_what_the_store_does_not_know(service: Running) -> None:
    answer = service.predict({"customer_id": "C-9"})
    assert (answer.status, answer.error["message"]) == (
        422,
        "field 'customer_id': \"C-9\", of which the online store has no record, is found, "
        "allowed is a known one, or the columns themselves",
    )
    answer = service.predict({"customer_id": "C-broken"})
    assert answer.error["message"] == (
        "field 'support_tickets': \"many\" in the online store is found, allowed is an integer from 0 to 1000, or null"
    )


def test_a_store_that_is_slow_refusing_or_gone(service: Running, store: Store) -> None:
    answer = service.predict({"customer_id": "C-throttled"})
    assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (503, "online_store", "1")
    assert answer.error["message"].startswith('the online store answered 400: {"Message": "ThrottlingException"}')
    answer = service.predict({"customer_id": "C-odd"})
    assert (answer.status, answer.error["code"]) == (503, "online_store")
    assert answer.error["message"] == "the online store answered what is no record; send the columns, or try again"
    store.answers.clear()
    began = time.monotonic()
    answer = service.predict({"customer_id": "C-1"})
    assert time.monotonic() - began >= 2
    assert answer.error["message"] == "the online store did not answer in time; send the columns, or try again"
    assert service.predict(ROW).status == 200
    store.answers.set()
    assert service.predict({"customer_id": "C-1"}).status == 200


def test_the_loop_stays_free_while_the_store_is_slow(store: Store, package: Path) -> None:
    store.answers.clear()
    statuses: list[int] = []
    with asking(store, package, timeout_ms=60_000) as service:

        def look_up() -> None:
            statuses.append(service.predict({"customer_id": "C-1"}).status)

        threads = [threading.Thread(target=look_up) for _ in range(4)]
        for thread in threads:
            thread.start()
        serving.wait_for(service, "inference_batches_queued", 4)
        assert service.predict(ROW).status == 200
        assert statuses == []
        store.answers.set()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 4


def test_connections_are_kept_and_replaced(store: Store) -> None:
    one = client(store)
    for _ in range(5):
        one.columns("C-1", [], "customer_id")
    assert store.connections == 1
    store.close_each = True
    for _ in range(3):
        one.columns("C-1", [], "customer_id")
    assert store.connections >= 3


def client(store: Store, group: str = "churn-staging", environment: dict[str, str] | None = None) -> OnlineStore:
    endpoint = f"http://127.0.0.1:{store.server_port}"
    return OnlineStore(
        group,
        region="eu-west-1",
        timeout_ms=2000,
        endpoint=endpoint,
        environment=KEYS if environment is None else environment,
    )


def refusal(store: OnlineStore) -> str:
    with pytest.raises(Refused) as caught:
        store.columns("C-1", [], "customer_id")
    assert caught.value.status == 503
    return caught.value.message


def test_a_group_that_is_not_there(store: Store) -> None:
    message = refusal(client(store, "churn/prod"))
    assert message == "the online store has no feature group 'churn/prod'; send the columns, or try again"


def test_nobody_listens() -> None:
    gone = OnlineStore("g", region="x", timeout_ms=500, endpoint="http://127.0.0.1:1", environment=KEYS)
    assert refusal(gone).startswith("the online store cannot be reached ([Errno 111] Connection refused)")


def test_credentials_of_a_container(store: Store) -> None:
    address = f"http://127.0.0.1:{store.server_port}/role"
    kept = client(store, environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": address})
    kept.columns("C-1", [], "customer_id")
    first = kept.client._credentials
    kept.columns("C-1", [], "customer_id")
    assert kept.client._credentials is first
    kept.client._credentials = Credentials("old", "old", "", expires=time.time() + 200)  # too near its end to be used
    kept.columns("C-1", [], "customer_id")
    assert kept.client._credentials == first


def test_credentials_that_cannot_be_renewed_are_used_to_their_end(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = client(store, environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/role"})
    begin = time.time()
    old = Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], KEYS["AWS_SESSION_TOKEN"], begin + 200)
    kept.client._credentials = old
    for seconds, asked in ((0, 1), (29, 1), (31, 2), (199, 3)):  # new ones are asked for every half minute
        monkeypatch.setattr(aws.time, "time", lambda seconds=seconds: begin + seconds)
        kept.columns("C-1", [], "customer_id")
        assert (kept.client._credentials, len(caplog.records)) == (old, asked)
    monkeypatch.setattr(aws.time, "time", lambda: begin + 200)
    assert refusal(kept).startswith("the container's credentials cannot be read (")


@pytest.mark.parametrize("found", [[], None, {"AccessKeyId": "a", "Expiration": None}])
def test_an_answer_that_holds_no_credentials(store: Store, found: object) -> None:
    store.role = found
    address = f"http://127.0.0.1:{store.server_port}/role"
    broken = client(store, environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": address})
    assert refusal(broken).startswith("the container's credentials cannot be read (")


def test_no_credentials(store: Store) -> None:
    message = refusal(client(store, environment={}))
    assert message.startswith("no AWS credentials are in the environment; ")
    broken = client(store, environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/role"})
    assert refusal(broken).startswith("the container's credentials cannot be read (")
