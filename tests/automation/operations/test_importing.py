"""A model that others made: uploaded under its hash, and a run started that is given it."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from automation.operations import importing, training
from automation.operations.errors import RefusedError
from contracts import loader
from contracts.names import Names
from contracts.schema import contract_sha, to_json

NAMES = Names(stack="staging", account="123456789012", region="eu-west-1").of_workload("churn")
CHURN = loader.load(Path(__file__).parents[3] / "contracts" / "churn.yaml")
SHA = contract_sha(to_json(CHURN))


class Store:
    """The uploads."""

    def __init__(self) -> None:
        self.uploaded: list[tuple[str, str, str]] = []
        self.put: list[dict[str, Any]] = []

    def put_object(self, **request: Any) -> None:
        self.put.append(request)

    def upload_file(self, file: str, bucket: str, key: str) -> None:
        self.uploaded.append((file, bucket, key))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found = list[Any]()

    def start(names: Any, display_name: str, *, parameters: Any, s3: Any, sagemaker: Any) -> str:
        found.append((names.pipeline, display_name, parameters))
        return "arn:execution"

    monkeypatch.setattr(training, "start", start)
    monkeypatch.setattr(training, "deployed", lambda names, sagemaker: {"contract_sha": SHA})
    return found


def test_the_run_is_given_the_model_under_its_hash(tmp_path: Path, started: list[Any]) -> None:
    model, s3 = tmp_path / "theirs.onnx", Store()
    model.write_bytes(b"model")
    key = f"runs/churn/imported/{hashlib.sha256(b'model').hexdigest()}/theirs.onnx"
    execution = importing.start(NAMES, model, CHURN, "imported-1", s3=s3, sagemaker=None)
    assert execution == "arn:execution"
    assert s3.uploaded == [(str(model), "123456789012-staging-ai-artifacts", key)]
    uri = f"s3://123456789012-staging-ai-artifacts/{key}"
    assert started == [("churn-staging", "imported-1", {"ImportedModelUri": uri})]


def test_another_contract_than_the_deployed_one_is_refused(
    tmp_path: Path, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, s3 = tmp_path / "theirs.onnx", Store()
    model.write_bytes(b"model")
    monkeypatch.setattr(training, "deployed", lambda names, sagemaker: {"contract_sha": "0123"})
    with pytest.raises(RefusedError) as refused:
        importing.start(NAMES, model, CHURN, "imported-1", s3=s3, sagemaker=None)
    assert str(refused.value) == (
        f"--contract: found one with the hash {SHA}; pipeline churn-staging judges by 0123; deploy the contract with "
        "`up`, or give the one that is deployed"
    )
    assert (s3.uploaded, started) == ([], [])


@pytest.mark.parametrize(
    ("name", "kind"), [("absent.onnx", "nothing"), ("directory.onnx", "a directory"), ("model.pkl", "a file")]
)
def test_what_is_no_onnx_file_is_refused(tmp_path: Path, started: list[Any], name: str, kind: str) -> None:
    (tmp_path / "directory.onnx").mkdir()
    (tmp_path / "model.pkl").write_bytes(b"")
    with pytest.raises(RefusedError) as refused:
        importing.start(NAMES, tmp_path / name, None, "imported-1", s3=Store(), sagemaker=None)
    assert str(refused.value) == (f"--artefact: found {kind} at {str(tmp_path / name)!r}; allowed: a file <name>.onnx")
    assert started == []


def test_a_run_is_given_an_image_with_what_it_reads_under_the_hash_of_both(tmp_path: Path, started: list[Any]) -> None:
    model, s3, image = tmp_path / "theirs.tar.gz", Store(), "registry/theirs@sha256:77"
    model.write_bytes(b"model")
    place = f"runs/churn/imported/{hashlib.sha256(b'model' + image.encode()).hexdigest()}/"
    importing.start(NAMES, model, CHURN, "imported-1", image=image, s3=s3, sagemaker=None)
    bucket = "123456789012-staging-ai-artifacts"
    assert s3.uploaded == [(str(model), bucket, f"{place}model.tar.gz")]
    assert s3.put == [{"Bucket": bucket, "Key": f"{place}image.json", "Body": f'{{"image": "{image}"}}'.encode()}]
    assert started == [("churn-staging", "imported-1", {"ImportedModelUri": f"s3://{bucket}/{place}"})]


@pytest.mark.parametrize(("name", "kind"), [("absent.tar.gz", "nothing"), ("model.onnx", "a file")])
def test_with_an_image_what_is_no_archive_is_refused(tmp_path: Path, started: list[Any], name: str, kind: str) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    with pytest.raises(RefusedError) as refused:
        importing.start(NAMES, tmp_path / name, None, "i", image="theirs", s3=Store(), sagemaker=None)
    assert str(refused.value) == f"--artefact: found {kind} at {str(tmp_path / name)!r}; allowed: a file <name>.tar.gz"
    assert started == []


EXPORTS = Path(__file__).parents[2] / "workloads" / "inference" / "exports"


def test_a_model_that_training_would_take_has_no_fault_and_nothing_is_told() -> None:
    said = list[str]()
    assert importing.judged(EXPORTS / "net.onnx", CHURN, None, tell=said.append) == []
    assert said == []


def test_what_training_would_refuse_is_a_fault_of_the_option(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    (fault,) = importing.judged(broken, CHURN, None, tell=print)
    assert fault.startswith("--artefact: broken.onnx is no model that onnxruntime opens: ")
    archive = broken.rename(tmp_path / "model.tar.gz")
    (fault,) = importing.judged(archive, CHURN, "theirs@sha256:77", tell=print)
    assert fault.startswith("--artefact: model.tar.gz: ")


class Process:
    """What a process said that judged a model, and how it was started."""

    def __init__(self, returncode: int = 0, stdout: str = "", stderr: str = "") -> None:
        self.returncode, self.stdout, self.stderr = returncode, stdout, stderr
        self.given: dict[str, Any] = {}

    def __call__(self, _: Any, **given: Any) -> Process:
        self.given = given
        return self


def test_what_opens_it_has_no_credentials_and_says_what_it_could_not_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    process, said = Process(stdout='{"faults": [], "unjudged": ["not opened here"]}'), list[str]()
    monkeypatch.setattr(importing.subprocess, "run", process)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    assert importing.judged(EXPORTS / "net.onnx", CHURN, None, tell=said.append) == []
    assert said == ["not opened here"]
    assert [name for name in process.given["env"] if name.startswith("AWS_")] == []
    assert process.given["input"] == to_json(CHURN)


def test_a_model_that_ends_the_process_which_opens_it_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing.subprocess, "run", Process(returncode=-11, stderr="Segmentation fault\n"))
    (fault,) = importing.judged(Path("theirs.onnx"), CHURN, None, tell=print)
    assert fault == "--artefact: theirs.onnx: what opens it ended with -11: Segmentation fault"


def test_a_model_that_does_not_come_to_an_end_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(asked: Any, **given: Any) -> None:
        raise subprocess.TimeoutExpired(asked, given["timeout"])

    monkeypatch.setattr(importing.subprocess, "run", run)
    (fault,) = importing.judged(Path("theirs.onnx"), CHURN, None, tell=print)
    assert fault == "--artefact: theirs.onnx: it was not read, or did not answer a row of zeros, within 1800 s"
