"""What the service captures by itself: SageMaker's records at SageMaker's places, bounded, counted and never lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from contracts import loader
from local.emulator.sagemaker import capture as sagemaker
from tests.servers import Server, playing
from tests.workloads.inference import serving
from workloads.drift import capture as monitors
from workloads.inference import capture as module
from workloads.inference import settings as settings_module
from workloads.inference.capture import Capture, Exchange
from workloads.inference.metrics import Metrics
from workloads.inference.request import Request
from workloads.inference.scoring import MustWaitError
from workloads.inference.service import Service

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret/+key", "AWS_SESSION_TOKEN": "token=="}
URI = "s3://processed/data-capture/churn/churn-staging-live/champion"
ROW = {"user_tenure_months": 3, "transaction_volume": 250.5, "support_tickets": 4}
JSON_REQUEST = [(b"content-type", b"application/json"), (b"x-amzn-sagemaker-inference-id", b"i-1")]
KEY = re.compile(
    r"/processed/data-capture/churn/churn-staging-live/champion/\d{4}/\d\d/\d\d/\d\d/"
    r"\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl"
)


class Bucket(Server):
    """A stand-in for S3: PutObject, whose signature it checks with botocore; `status` is what it answers."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.objects: dict[str, bytes] = {}
        self.headers: dict[str, str] = {}
        self.status = 200
        self.asked = 0
        self.refusals: list[str] = []

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for body in self.objects.values() for line in body.splitlines()]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked += 1
        self.server.headers = dict(self.headers)
        self.verify(body)
        if self.server.status == 200:
            self.server.objects[self.path] = body
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def verify(self, body: bytes) -> None:
        """The signature that botocore gives the same request at the same time."""
        names = re.search("SignedHeaders=([^,]*)", self.headers["authorization"])
        assert names
        own = {name: self.headers[name] for name in names[1].split(";")}
        request = AWSRequest("PUT", f"http://{self.headers['host']}{self.path}", data=body, headers=own)
        request.context["timestamp"] = self.headers["x-amz-date"]
        signer = S3SigV4Auth(Credentials("AKIDEXAMPLE", "secret/+key", "token=="), "s3", "eu-west-1")
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        if not self.headers["authorization"].endswith(f"Signature={signature}"):
            self.server.refusals.append(self.headers["authorization"])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with playing(Bucket()) as server:
        yield server
    assert server.refusals == []


def captured(bucket: Bucket, *options: str) -> tuple[Capture, Metrics]:
    metrics = Metrics()
    place = ("--capture-uri", URI, "--s3-endpoint", bucket.url, "--region", "eu-west-1")
    return Capture(settings_module.parse([*place, *options], {}), metrics, KEYS), metrics


def record(capture: Capture, body: bytes = b"{}", answer: bytes = b'{"score":0.5}') -> None:
    capture.record(Request(JSON_REQUEST), body, b"application/json", answer)


def counts(metrics: Metrics) -> tuple[int, int]:
    values = metrics.totals().values
    return int(values["captured"]), int(values["capture_dropped"])


@pytest.mark.parametrize(
    ("kind", "asked", "answered_kind"),
    [
        ("application/json", b'{"a":"\xc3\xbc"}', "application/json"),
        ("text/csv; header=absent", b"1,2\n", "text/csv"),
        ("application/vnd.apache.parquet", b"PAR1\x00\xff", "application/json"),
    ],
)
def test_a_record_is_the_one_that_sagemaker_writes(kind: str, asked: bytes, answered_kind: str) -> None:
    moment = datetime(2026, 11, 29, 7, 30, 1, tzinfo=UTC)
    headers = [
        (b"x-amzn-sagemaker-custom-attributes", b"a=b"),
        (b"x-amzn-sagemaker-inference-id", b"i-1"),
        (b"x-request-id", b"r"),
    ]
    mine = json.loads(Exchange(moment, "", headers, kind.encode(), asked, answered_kind.encode(), b"0.5\n").line())
    theirs = sagemaker.Exchange(
        moment=moment,
        request_type=kind,
        request=asked,
        response_type=answered_kind,
        response=b"0.5\n",
        inference_id="i-1",
        custom_attributes="a=b",
    )
    config = {
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }
    expected = json.loads(sagemaker.line(theirs, config))
    assert mine["eventMetadata"].pop("eventId") != expected["eventMetadata"].pop("eventId")
    assert mine == expected


def test_a_file_lies_where_sagemaker_puts_it_under_the_key_that_was_asked_for(bucket: Bucket) -> None:
    capture, metrics = captured(bucket, "--capture-seconds", "0", "--capture-kms-key", "arn:aws:kms:eu-west-1:1:key/k")
    record(capture)
    (key,) = bucket.objects
    assert KEY.fullmatch(key)
    assert bucket.headers["x-amz-server-side-encryption"] == "aws:kms"
    assert bucket.headers["x-amz-server-side-encryption-aws-kms-key-id"] == "arn:aws:kms:eu-west-1:1:key/k"
    assert counts(metrics) == (1, 0)


def test_aws_s3_is_asked_at_the_host_of_the_bucket() -> None:
    capture = Capture(settings_module.parse(["--capture-uri", URI, "--region", "cn-north-1"], {}), Metrics(), KEYS)
    assert capture._client._host == "processed.s3.cn-north-1.amazonaws.com.cn"
    assert capture._prefix == "data-capture/churn/churn-staging-live/champion/"


def test_records_of_two_hours_lie_in_two_files(bucket: Bucket) -> None:
    capture, _ = captured(bucket)
    for hour in (7, 8, 7):
        moment = datetime(2026, 11, 29, hour, tzinfo=UTC)
        capture._waiting.append(Exchange(moment, "", [], b"application/json", b"{}", b"application/json", b"{}"))
    capture.flush()
    found = {key.split("/2026/11/29/")[1][:2]: body.count(b"\n") for key, body in bucket.objects.items()}
    assert found == {"07": 2, "08": 1}


@pytest.mark.parametrize(
    ("options", "target", "place"),
    [
        (["--multi-model"], b"eu-west.tar.gz", "champion/eu-west/"),
        (["--multi-model"], b"../eu.tar.gz", "champion/"),  # no name of the platform's
        (["--multi-model"], None, "champion/"),
        ([], b"eu-west.tar.gz", "champion/"),  # whoever asks a service of one model writes to no other place
    ],
)
def test_each_of_several_models_has_a_place_of_its_own(
    bucket: Bucket, options: list[str], target: bytes | None, place: str
) -> None:
    capture, _ = captured(bucket, *options)
    asked = [(b"x-amzn-sagemaker-target-model", target)] if target else []
    capture.record(Request(asked), b"{}", b"application/json", b"{}")
    capture.close()
    (key,) = bucket.objects
    assert re.fullmatch(rf".*/{place}\d{{4}}/\d\d/\d\d/\d\d/[^/]*\.jsonl", key)


def test_a_sample_is_taken(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    capture, metrics = captured(bucket, "--capture-percent", "30")
    drawn = iter([0.29, 0.30, 0.99, 0.0])
    monkeypatch.setattr(module.random, "random", lambda: next(drawn))
    for _ in range(4):
        record(capture)
    capture.close()
    assert counts(metrics) == (2, 0)


@pytest.mark.parametrize("options", [[], ["--capture-uri", URI, "--capture-percent", "0"]])
def test_nothing_is_there_that_nobody_asked_for(options: list[str]) -> None:
    assert Capture.from_settings(settings_module.parse(options, {}), Metrics()) is None


def test_what_s3_refuses_waits_and_is_written_when_it_is_back(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    capture, metrics = captured(bucket, "--capture-seconds", "0")
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    bucket.status = 503
    for body in (b"1", b"2"):
        record(capture, body)
    assert (bucket.asked, counts(metrics)) == (1, (0, 0))  # S3 is left alone for a while
    assert [(line.message, line.reason) for line in caplog.records] == [  # pyright: ignore[reportAttributeAccessIssue]
        ("captured records wait, for they cannot be written", "S3 answered 503: ")
    ]
    bucket.status = 200
    now += module.RETRY_S
    record(capture, b"3")
    assert [line["captureData"]["endpointInput"]["data"] for line in bucket.records()] == ["1", "2", "3"]
    assert counts(metrics) == (3, 0)


def test_what_finds_the_queue_full_is_dropped_counted_and_told(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 2 * (module.RECORD_BYTES + 110))
    bucket.status = 503
    capture, metrics = captured(bucket, "--capture-seconds", "3600")
    for _ in range(5):
        record(capture, b"x" * 100, b"y" * 10)
    assert counts(metrics) == (0, 3)
    bucket.status = 200
    capture.close()
    assert counts(metrics) == (2, 3)
    dropped = [line for line in caplog.records if line.message == "captured records dropped"]
    assert [(line.levelname, line.records) for line in dropped] == [("ERROR", 3)]  # pyright: ignore[reportAttributeAccessIssue]


def test_what_cannot_be_written_at_the_end_is_counted_as_dropped(bucket: Bucket) -> None:
    bucket.status = 403
    capture, metrics = captured(bucket, "--capture-seconds", "3600")
    record(capture)
    capture.close()
    assert counts(metrics) == (0, 1)


def test_without_credentials_records_wait_and_the_answer_does_not_fail(bucket: Bucket) -> None:
    options = ["--capture-uri", URI, "--s3-endpoint", bucket.url, "--capture-seconds", "0"]
    metrics = Metrics()
    capture = Capture(settings_module.parse(options, {}), metrics, {})
    record(capture)
    assert (len(capture._waiting), bucket.asked, counts(metrics)) == (1, 0, (0, 0))


def test_a_key_that_no_header_can_hold_fails_no_answer_and_its_reason_is_logged(
    bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    capture, metrics = captured(
        bucket, "--capture-seconds", "0", "--capture-kms-key", "arn:aws:kms:eu-west-1:1:key/k\n2"
    )
    record(capture)
    assert (len(capture._waiting), bucket.asked, counts(metrics)) == (1, 0, (0, 0))
    assert [line.reason for line in caplog.records] == [  # pyright: ignore[reportAttributeAccessIssue]
        "S3 cannot be asked (Invalid header value b'arn:aws:kms:eu-west-1:1:key/k\\n2')"
    ]


def test_the_way_to_aws_fills_the_queue_and_never_the_event_loop(app: Service, bucket: Bucket) -> None:
    app.capture, _ = captured(bucket, "--capture-seconds", "0")
    with pytest.raises(MustWaitError):
        app.answer(Request(JSON_REQUEST), json.dumps(ROW).encode())
    answer = app.answer(Request(JSON_REQUEST), json.dumps(ROW).encode(), may_wait=True)
    assert (answer.status, len(bucket.records())) == (200, 1)
    assert app.answer(Request(JSON_REQUEST), b"{", may_wait=True).status == 400
    assert len(bucket.records()) == 1  # SageMaker captures no refusals either
    app.capture = None


def test_a_record_is_written_before_its_answer_is_sent_where_the_container_freezes(
    package: Path, bucket: Bucket
) -> None:
    environment = {"CAPTURE_URI": URI, "CAPTURE_SECONDS": "0", "AWS_ENDPOINT_URL_S3": bucket.url, **KEYS}
    with serving.serving(package, **environment, AWS_REGION="eu-west-1") as service:
        answer = service.predict(ROW)
        assert len(bucket.records()) == 1
        for number in range(2, 7):
            assert service.csv("3,250.5,4\n").status == 200
            assert len(bucket.records()) == number
        assert b"inference_captured_records_total 6" in service.request("GET", "/metrics").body
    lines = [json.dumps(line) for line in bucket.records()]
    read = monitors.read(lines, loader.load(serving.CHURN))
    assert (read.rows, dict(read.unreadable)) == (6, {})
    assert read.scores.tolist() == [answer.json["score"]] * 6


def test_all_workers_write_what_waits_when_the_service_is_stopped(package: Path, bucket: Bucket) -> None:
    options = ("--workers", "2", "--capture-uri", URI, "--capture-seconds", "3600", "--region", "eu-west-1")
    with serving.serving(package, *options, AWS_ENDPOINT_URL_S3=bucket.url, **KEYS) as service:
        for _ in range(40):
            assert service.predict(ROW).status == 200
        assert bucket.records() == []
        assert service.stop() == 0
    assert len(bucket.records()) == 40
