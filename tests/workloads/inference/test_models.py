"""Multi-model mode: SageMaker's contract for loading, unloading, listing and invoking."""

from __future__ import annotations

import concurrent.futures
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workloads.inference import serving
from tests.workloads.inference.serving import Answer, Running

ROW = {"support_tickets": 1}
#: Without a group of its own the service's memory is the machine's, which others may fill.
SEVERAL = ("--multi-model", "--max-memory-percent", "100")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("other") / "model"
    serving.make_package(directory, seed=8)
    return directory


@pytest.fixture
def service(package: Path) -> Iterator[Running]:
    with serving.serving(package, *SEVERAL, "--max-models", "2") as running:
        yield running


def load(service: Running, name: str, url: Path | str) -> Answer:
    body = json.dumps({"model_name": name, "url": str(url)})
    return service.request("POST", "/models", body, content_type="application/json")


def invoke(service: Running, name: str, rows: Any = ROW) -> Answer:
    return service.request("POST", f"/models/{name}/invoke", json.dumps(rows), content_type="application/json")


def test_the_life_of_a_model(service: Running, package: Path, other: Path) -> None:
    assert service.request("GET", "/ping").status == 200
    assert service.request("GET", "/models").json == {"models": []}
    assert load(service, "a", package).json == {"modelName": "a", "modelUrl": str(package)}
    assert load(service, "b", other).status == 200
    first, second = invoke(service, "a"), invoke(service, "b")
    assert first.status == second.status == 200
    assert first.json["score"] != second.json["score"]
    assert first.headers["x-model-version"] == first.json["model_version"] != second.json["model_version"]
    assert service.request("GET", "/models/b").json == {"modelName": "b", "modelUrl": str(other)}
    assert service.request("DELETE", "/models/b").json == {"modelName": "b", "modelUrl": str(other)}
    assert invoke(service, "b").status == 404
    assert service.request("GET", "/models").json == {"models": [{"modelName": "a", "modelUrl": str(package)}]}


def test_refusals(service: Running, package: Path, tmp_path: Path) -> None:
    load(service, "a", package)
    again = load(service, "a", package)
    assert (again.status, again.error["message"]) == (409, "model 'a' is loaded; unload it first")
    missing = service.request("DELETE", "/models/x")
    assert (missing.status, missing.error["message"]) == (404, "model 'x' is not loaded; load it with POST /models")
    assert service.request("GET", "/models/x").status == invoke(service, "x").status == 404
    broken = load(service, "b", tmp_path / "absent")
    assert (broken.status, broken.error["code"]) == (400, "invalid_model")
    assert broken.error["message"].startswith(f"{tmp_path}/absent is not a directory; ")
    name = load(service, "../b", package)
    assert name.error["message"] == (
        "model_name '../b' is found; allowed are letters, digits and . _ = -, a letter or digit first, up to 256"
    )
    assert service.request("POST", "/models", "{}").error["message"] == (
        'the body is no {"model_name": ..., "url": ...}: Object missing required field `model_name`'
    )
    for body in (b'{"model_name": "\xff"}', b"[" * 50_000, b'{"x":' * 50_000):
        assert service.request("POST", "/models", body).error["code"] == "malformed_body"
    assert (service.request("PUT", "/models").status, service.request("POST", "/models/a").status) == (405, 405)
    assert service.request("GET", "/models/a/invoke").headers["allow"] == "POST"
    assert service.request("GET", "/models/a/other").status == 404
    alone = service.predict(ROW)
    assert (alone.status, alone.error["message"]) == (
        404,
        "several models are served here; POST to /models/NAME/invoke",
    )
    assert invoke(service, "a", {"x": 1}).status == 422


def test_no_room_is_507_and_unloading_makes_some(service: Running, package: Path, other: Path) -> None:
    load(service, "a", package)
    load(service, "b", other)
    full = load(service, "c", package)
    assert (full.status, full.error["code"]) == (507, "insufficient_memory")
    assert full.error["message"] == "2 models are loaded, which is the most allowed; unload one"
    service.request("DELETE", "/models/a")
    assert load(service, "c", package).status == 200


def test_the_least_recently_used_makes_room(package: Path, other: Path) -> None:
    with serving.serving(package, *SEVERAL, "--max-models", "2", "--evict") as service:
        load(service, "a", package)
        load(service, "b", other)
        invoke(service, "a")
        assert load(service, "c", package).status == 200
        assert [model["modelName"] for model in service.request("GET", "/models").json["models"]] == ["a", "c"]


def test_pages(package: Path) -> None:
    with serving.serving(package, *SEVERAL) as service:
        for number in range(5):
            load(service, f"m{number}", package)
        first = service.request("GET", "/models?limit=2").json
        assert ([m["modelName"] for m in first["models"]], first["nextPageToken"]) == (["m0", "m1"], "2")
        last = service.request("GET", "/models?limit=2&next_page_token=4").json
        assert last == {"models": [{"modelName": "m4", "modelUrl": str(package)}]}
        assert service.request("GET", "/models?limit=x").status == 400


def test_loading_the_same_twice_at_once(service: Running, package: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = sorted(answer.status for answer in pool.map(lambda _: load(service, "a", package), range(4)))
    assert statuses == [200, 409, 409, 409]


def test_large_requests_go_to_the_batch_thread(service: Running, package: Path) -> None:
    load(service, "a", package)
    answer = invoke(service, "a", [ROW] * 5000)
    assert len(answer.json["predictions"]) == 5000
    assert service.request("GET", "/v1/status").json["predictions"] == 5000


def test_workers_exclude_it(package: Path) -> None:
    refused = pytest.raises(AssertionError, match="argument --multi-model: goes with one worker")
    with refused, serving.serving(package, "--multi-model", "--workers", "2"):
        pass
