"""The model from S3 as the service starts: fetched with the task's credentials, unpacked without trust, tried again."""

from __future__ import annotations

import errno
import io
import os
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Server, playing
from tests.workloads.inference import serving
from workloads.inference import fetch as fetch_module
from workloads.inference import settings as settings_module
from workloads.inference.fetch import PAUSES_S, fetch
from workloads.inference.model import ModelError

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
URI = "s3://artifacts/runs/churn/1/model.tar.gz"


class Store(Server):
    """A stand-in for GetObject: it gives `answers`, one after the other, the last one for ever."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        super().__init__(Handler)
        self.answers, self.asked = list(answers), list[str]()


class Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.path} {self.headers['authorization'].split('/')[0]}")
        answers = self.server.answers
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with playing(Store(*request.param)) as server:
        yield server


def archive(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def fetched(store: Store, directory: Path) -> list[float]:
    """How long it paused."""
    pauses: list[float] = []
    place = ("--model-dir", str(directory), "--model-uri", URI, "--s3-endpoint", store.url)
    fetch(settings_module.parse(place, {}), KEYS, pauses.append)
    return pauses


GOOD = archive(model=b"trees", code__contract=b"{}")


@pytest.mark.parametrize("store", [[(200, GOOD)]], indirect=True)
def test_the_archive_is_unpacked_into_the_models_directory(store: Store, tmp_path: Path) -> None:
    assert fetched(store, tmp_path / "model") == []
    found = {str(each.relative_to(tmp_path)): each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
    assert found == {"model/model": b"trees", "model/code/contract": b"{}"}
    assert store.asked == ["/artifacts/runs/churn/1/model.tar.gz AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE"]


@pytest.mark.parametrize("store", [[(503, b"slow down"), (500, b""), (200, GOOD)]], indirect=True)
def test_what_passes_is_tried_again(store: Store, tmp_path: Path) -> None:
    assert fetched(store, tmp_path / "model") == list(PAUSES_S[:2])
    assert (tmp_path / "model" / "model").read_bytes() == b"trees"


@pytest.mark.parametrize("store", [[(503, b"slow down")]], indirect=True)
def test_s3_that_stays_away_is_told_after_the_last_try(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.tar\.gz: the model cannot be fetched: S3 answered 503: slow down"):
        fetched(store, tmp_path / "model")
    assert len(store.asked) == len(PAUSES_S) + 1


@pytest.mark.parametrize("store", [[(403, b"AccessDenied")]], indirect=True)
def test_a_refusal_is_told_at_once(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="S3 answered 403: AccessDenied; look at the task's role, its key"):
        fetched(store, tmp_path / "model")
    assert len(store.asked) == 1


@pytest.mark.parametrize("store", [[(200, archive(**{"..__outside": b"x"}))], [(200, b"no archive")]], indirect=True)
def test_what_is_no_archive_of_files_inside_is_refused_and_nothing_is_written(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="found what cannot be unpacked"):
        fetched(store, tmp_path / "below" / "model")
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


@pytest.mark.parametrize("store", [[(200, GOOD)]], indirect=True)
def test_a_full_disk_is_no_fault_of_the_archive(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(fetch_module, "unpack", fail)
    with pytest.raises(ModelError) as caught:
        fetched(store, tmp_path / "model")
    assert str(caught.value) == (
        f"{URI} cannot be written to {tmp_path}/model ([Errno 28] No space left on device); give the container a "
        "larger disk, or name another place (--model-dir)"
    )


def test_a_service_serves_what_it_fetched_and_tells_its_last_metrics(package: Path, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for file in package.iterdir():
            tar.add(file, file.name)
    told = ("--metrics-namespace", "Own", "--metrics-dimensions", "EndpointName=churn-prod-live,VariantName=champion")
    with playing(Store((200, packed.getvalue()))) as server:
        place = ("--model-uri", URI, "--s3-endpoint", server.url)
        with serving.serving(tmp_path / "model", *place, *told, **KEYS) as running:
            row = {"user_tenure_months": 3, "transaction_volume": 250.5, "support_tickets": 4}
            assert running.predict(row).status == 200
            assert running.stop() == 0
            assert running.process.stdout is not None
            line = running.process.stdout.read()
    assert '"EndpointName": "churn-prod-live", "VariantName": "champion", "Invocations": 1.0' in line
