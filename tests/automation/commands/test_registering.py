"""The command `register`: where models come from is in the stack's file."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from automation.commands import main, target
from automation.exits import Exit
from automation.operations import foreign, importing, registration
from automation.operations.errors import AccessError
from automation.operations.registration import Registered
from automation.operations.shipping import Signer
from contracts.kinds import KINDS

PROJECT = Path(__file__).parents[3]
ARN = "arn:aws:sagemaker:eu-west-1:{}:model-package/churn-{}/{}"
JUDGED = importing.judged  # a process of its own, which most of these tests do without
SOURCE = '  ml-platform:registry: {source: {stack: staging, account: "123456789012"}}\n'


def net(directory: Path) -> Path:
    """A model that fits the contract of churn."""
    return Path(shutil.copy(PROJECT / "tests/workloads/inference/exports/net.onnx", directory / "m.onnx"))


@pytest.fixture
def nobody(asked: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """As `asked`, of somebody who is not logged in."""

    def caller(_: Any) -> str:
        raise AccessError("log in")

    read = target.read

    def without(stack: str) -> target.Target:
        found = read(stack)
        del found.__dict__["caller"]
        return found

    monkeypatch.setattr(target.Target, "caller", property(caller))
    monkeypatch.setattr(target, "read", without)
    return asked


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """A stack `prod` of another account, and what is asked of the operation."""
    (tmp_path / "Pulumi.yaml").write_text((PROJECT / "Pulumi.yaml").read_text())
    (tmp_path / "Pulumi.prod.yaml").write_text(f"config:\n  aws:region: eu-west-1\n{SOURCE}")
    original, told = target.read, list[tuple[Any, ...]]()

    def read(stack: str) -> target.Target:
        found = original(stack, tmp_path)
        found.__dict__["caller"] = "arn:aws:sts::210987654321:assumed-role/deploy/ana"
        for service in ("s3", "sagemaker", "ecr"):
            found._clients[service] = service
        return found

    def register(names: Any, theirs: Any, package: str, **more: Any) -> Registered:
        told.append((names.package_group, names.account, theirs.package_group, theirs.account, package))
        if more["approved"]:
            told.append(("approved",))
        if more["by"]:
            told.append(("by", more["by"].key))
        if more["suite"]:
            told.append(("suite", more["suite"].report, more["suite"].s3))
        more["tell"]("copied")
        source = ARN.format("123456789012", "staging", package)
        return Registered(package=ARN.format("210987654321", "prod", 1), source=source, new=len(told) == 1)

    monkeypatch.setattr(target, "read", read)
    monkeypatch.setattr(importing, "judged", lambda *_, **__: [])
    monkeypatch.setattr(registration, "register", register)
    monkeypatch.setattr(registration, "newest_approved", lambda _, sagemaker: "9" if sagemaker == "sagemaker" else "")
    return told


def test_the_newest_approved_one_of_the_source_is_taken_over(
    asked: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["register", "--stack", "prod", "--yes", "--json"]) == Exit.DONE
    assert asked == [("churn-prod", "210987654321", "churn-staging", "123456789012", "9")]
    out, err = capsys.readouterr()
    package, source = ARN.format("210987654321", "prod", 1), ARN.format("123456789012", "staging", 9)
    assert json.loads(out) == {"package": package, "source": source, "new": True}
    assert err == "copied\n"
    assert main(["register", "7", "--stack", "prod", "--yes", "--key", "staging.pub"]) == Exit.DONE
    assert asked[2:] == [("by", "staging.pub")]
    assert capsys.readouterr().out.endswith("/churn-prod/1; it was registered before\n")
    assert asked[1][-1] == "7"


def test_a_pipeline_registers_an_approved_one_and_is_told_its_arn(
    asked: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no source is named, it is the stack that deploys this one, by default in its account."""
    deployed = "config:\n  aws:region: eu-west-1\n  ml-platform:delivery: {deployed_by: {stack: qa}}\n"
    (tmp_path / "Pulumi.prod.yaml").write_text(deployed)
    variables = tmp_path / "out" / "env"
    assert main(["register", "7", "--stack", "prod", "--yes", "--approved", "--env", str(variables)]) == Exit.DONE
    assert asked == [("churn-prod", "210987654321", "churn-qa", "210987654321", "7"), ("approved",)]
    assert variables.read_text() == f"export REGISTERED={ARN.format('210987654321', 'prod', 1)}\n"
    model = net(tmp_path)
    assert main(["register", "--stack", "prod", "--yes", "--approved", "--artefact", str(model)]) == Exit.REFUSED
    assert capsys.readouterr().err.endswith("--approved or --env; what a run registers is approved after it\n")


def test_its_model_is_tested_first_where_that_is_asked(
    asked: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "model.xml"
    assert main(["register", "7", "--stack", "prod", "--yes", "--tests", str(report)]) == Exit.DONE
    assert asked[1:] == [("suite", report, "s3")]
    call = ["register", "--stack", "prod", "--yes", "--artefact", str(net(tmp_path)), "--tests", str(report)]
    assert main(call) == Exit.REFUSED
    assert capsys.readouterr().err.endswith(
        "--artefact: found with --tests; the run that packages the model tests it\n"
    )


def test_without_a_source_it_says_what_to_write_to_who_is_not_logged_in_too(
    nobody: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    assert main(["register", "--stack", "prod", "--yes"]) == Exit.REFUSED
    assert capsys.readouterr().err == (
        "error: ml-platform:registry: found no source in Pulumi.prod.yaml; name the stack that models come from, such "
        'as {source: {stack: staging, account: "123456789012"}}\n'
    )
    call = ["register", "--stack", "prod", "--yes", "--workload", "fraud", "--image", "a", "--issuer", "b"]
    assert main(call) == Exit.REFUSED
    found = [fault.partition(": found")[0] for fault in capsys.readouterr().err.removeprefix("error: ").splitlines()]
    assert found == ["--image", "--identity", "--workload", "ml-platform:registry"]
    assert nobody == []


def test_a_model_that_others_made_is_given_to_a_run(
    asked: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = list[Any]()

    def start(names: Any, model: Path, contract: Any, display_name: str, **clients: Any) -> str:
        given.append((names.pipeline, model, contract and contract.name, display_name[:9], clients))
        return "arn:execution"

    monkeypatch.setattr(importing, "start", start)
    model, contract = net(tmp_path), PROJECT / "contracts" / "churn.yaml"
    call = ["register", "--stack", "prod", "--yes", "--json", "--artefact", str(model)]
    assert main([*call, "--contract", str(contract)]) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == {"execution": "arn:execution"}
    assert main(call) == Exit.DONE
    clients = {"s3": "s3", "sagemaker": "sagemaker", "image": None}
    assert given == [("churn-prod", model, name, "imported-", clients) for name in ("churn", None)]
    assert asked == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["7", "--artefact", "{model}"], "error: found package 7 and --artefact {model}; give one of them\n"),
        (["--contract", "c.yaml"], "error: --contract: found one without a model; give it with --artefact\n"),
        (
            ["--artefact", "{model}", "--key", "k.pub"],
            "error: k.pub: found with --artefact and without --image; it is images that are signed\n",
        ),
        (["--image", "theirs"], "error: --image: found one without a model; give it with --artefact\n"),
    ],
)
def test_what_contradicts_itself_is_refused_of_who_is_not_logged_in_too(
    nobody: list[tuple[Any, ...]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    message: str,
) -> None:
    model = net(tmp_path)
    assert main(["register", "--stack", "prod", "--yes", *(each.format(model=model) for each in more)]) == Exit.REFUSED
    assert capsys.readouterr().err == message.format(model=model)
    assert nobody == []


def test_all_that_is_wrong_on_this_machine_is_told_at_once_before_anybody_logs_in(
    nobody: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = net(tmp_path).rename(tmp_path / "model.pkl")
    call = ["register", "7", "--stack", "prod", "--yes", "--approved", "--tests", "t.xml", "--artefact", str(model)]
    call += ["--contract", "absent.yaml", "--image", "theirs:1", "--identity", "ana@example.com"]
    assert main(call) == Exit.REFUSED
    assert capsys.readouterr().err.removeprefix("error: ").splitlines() == [
        "--artefact: found with --approved or --env; what a run registers is approved after it",
        "--artefact: found with --tests; the run that packages the model tests it",
        f"found package 7 and --artefact {model}; give one of them",
        "--identity: found ana@example.com, --issuer: found None; allowed: both, or none, such as the URL of the "
        "workflow that ships with its branch, and https://token.actions.githubusercontent.com",
        f"--artefact: found a file at '{model}'; allowed: a file <name>.tar.gz",
        "--image: found 'theirs:1'; allowed: theirs@sha256:..., by digest, as a tag may be another image tomorrow; "
        "`aws ecr describe-images` tells that of a tag",
        "--contract: absent.yaml: No such file or directory; give the YAML file it was made for",
    ]
    assert nobody == []


def test_a_workload_that_there_is_not_and_a_kind_that_serves_no_images_need_no_login(
    nobody: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["register", "--stack", "prod", "--yes", "--artefact", str(net(tmp_path)), "--workload", "fraud"]
    assert main(call) == Exit.REFUSED
    assert capsys.readouterr().err == "error: --workload: found 'fraud'; allowed: churn\n"
    served = "{churn: {contract: contracts/churn.yaml, endpoints: {live: {kind: serverless}}}}"
    config = f"config:\n  aws:region: eu-west-1\n  ml-platform:workloads: {served}\n"
    (tmp_path / "Pulumi.prod.yaml").write_text(config)
    call = ["register", "--stack", "prod", "--yes", "--artefact", "absent.tar.gz", "--image", f"a@sha256:{'7' * 64}"]
    assert main(call) == Exit.REFUSED
    nothing, kind = capsys.readouterr().err.removeprefix("error: ").splitlines()
    assert nothing == "--artefact: found nothing at 'absent.tar.gz'; allowed: a file <name>.tar.gz"
    assert kind.startswith("endpoints.live.kind: found serverless; allowed for an image of others: ")


def test_a_model_that_training_would_refuse_is_refused_before_anybody_logs_in(
    nobody: list[tuple[Any, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(importing, "judged", JUDGED)
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    call = ["register", "--stack", "prod", "--yes", "--artefact", str(tmp_path / "broken.onnx")]
    contract = "it was judged by the contract in the stack's file; give the deployed one by --contract if it is another"
    assert main(call) == Exit.REFUSED
    fault, by = capsys.readouterr().err.splitlines()
    assert fault.startswith("error: --artefact: broken.onnx is no model that onnxruntime opens: ")
    assert by == contract
    assert main([*call, "--contract", str(PROJECT / "contracts" / "churn.yaml")]) == Exit.REFUSED
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert main([*call[:-1], str(net(tmp_path))]) == Exit.AWS
    assert nobody == []


def test_an_image_of_others_is_judged_by_the_config_before_a_run_is_given_it(
    asked: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = list[Any]()
    monkeypatch.setattr(importing, "start", lambda *_, image, **__: given.append(image) or "arn:execution")
    monkeypatch.setattr(foreign, "require_usable", lambda names, image, **known: given.append((names.pipeline, known)))
    config = "config:\n  aws:region: eu-west-1\n  ml-platform:images: {others: [theirs]}\n"
    (tmp_path / "Pulumi.prod.yaml").write_text(config)
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz"):
        pass
    image = f"theirs@sha256:{'7' * 64}"
    call = ["register", "--stack", "prod", "--yes", "--artefact", str(tmp_path / "model.tar.gz"), "--image", image]
    assert main(call) == Exit.DONE
    known = {"others": ["theirs"], "kinds": {"live": KINDS["realtime"]}, "ecr": "ecr", "by": None}
    assert given == [("churn-prod", known), image]
    assert main([*call, "--identity", "theirs@example.com", "--issuer", "https://example.com"]) == Exit.DONE
    by = Signer(identity="theirs@example.com", issuer="https://example.com")
    assert given[2] == ("churn-prod", {**known, "by": by})
    assert asked == []
