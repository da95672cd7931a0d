"""A model in an image of others, packaged in place of a trained one."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from contracts import schema
from contracts.schema import Cost, Feature, Monotone
from tests.workloads.inference.exports import rows
from workloads.evaluation.model import Contained, from_archive
from workloads.inference import model
from workloads.job import UserError
from workloads.training import __main__ as entry
from workloads.training import container
from workloads.training.container import Job

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-theirs@sha256:" + "7" * 64


def give(directory: Path, *members: str) -> Path:
    """The channel of a job: the archive of these files, and what names the image."""
    channel = directory / "imported"
    channel.mkdir()
    with tarfile.open(channel / "model.tar.gz", "w:gz") as packed:
        for name in members:
            info = tarfile.TarInfo(name)
            info.size = len(name)
            packed.addfile(info, io.BytesIO(name.encode()))
    (channel / "image.json").write_text(json.dumps({"image": IMAGE}))
    return channel / "image.json"


def job(directory: Path, *members: str, **changes: Any) -> Job:
    work = rows.job(directory, "net", **changes)
    return dataclasses.replace(work, imported=give(directory, *members))


def test_the_package_has_the_files_of_the_image_and_says_whose_it_is(tmp_path: Path) -> None:
    work = job(tmp_path, "theirs/weights.bin", "code.py")
    digest = hashlib.sha256((tmp_path / "imported/model.tar.gz").read_bytes()).hexdigest()
    entry.run(work)
    files = sorted(str(path.relative_to(work.model)) for path in work.model.rglob("*") if path.is_file())
    assert files == ["code.py", "contract.json", "metadata.json", "theirs/weights.bin"]
    assert (work.model / "contract.json").read_text() == schema.to_json(work.contract)
    assert json.loads((work.model / "metadata.json").read_text()) == {
        "features": list(work.contract.feature_names),
        "dataset_version": "sha256:12",
        "code_version": "",
        "origin": f"imported: sha256 {digest}",
        "predictor": {"kind": "image", "image": IMAGE, "reason": "made by others, with its image"},
    }


def test_the_evaluation_has_nothing_of_it_before_it_was_asked_and_the_service_refuses_it(tmp_path: Path) -> None:
    work = job(tmp_path, "weights.bin")
    entry.run(work)
    with tarfile.open(tmp_path / "made.tar.gz", "w:gz") as packed:
        packed.add(work.model, arcname=".")
    found = from_archive(tmp_path / "made.tar.gz", tmp_path / "unpacked")
    assert isinstance(found, Contained)
    assert (found.image, found.names) == (IMAGE, ("user_tenure_months", "transaction_volume", "support_tickets"))
    with pytest.raises(RuntimeError):
        found.scores(found.features(rows.table()))
    with pytest.raises(model.ModelError, match=f"the package is served by an image of its own, {IMAGE}, and not by"):
        model.load(work.model, max_rows=10)


def test_the_channel_has_both_files_and_no_other(root: Path) -> None:
    given = give(root / "input" / "data", "weights.bin")
    assert container.read(root, {}).imported == given
    (given.parent / "model.tar.gz").unlink()
    with pytest.raises(UserError) as refused:
        container.read(root, {})
    assert str(refused.value) == (
        "channel imported: found image.json; allowed: one file <name>.onnx, given by its whole URI, or image.json and "
        "model.tar.gz"
    )


def test_what_the_platform_writes_is_not_in_the_archive(tmp_path: Path) -> None:
    work = job(tmp_path, "weights.bin", "metadata.json")
    with pytest.raises(UserError) as refused:
        entry.run(work)
    assert str(refused.value) == (
        "model.tar.gz: found metadata.json, which the platform writes; leave them out of the archive"
    )
    assert not work.model.exists()


def test_an_archive_that_is_none_is_refused(tmp_path: Path) -> None:
    work = job(tmp_path, "weights.bin")
    (tmp_path / "imported/model.tar.gz").write_bytes(b"no archive")
    with pytest.raises(UserError, match=r"^model\.tar\.gz: "):
        entry.run(work)
    assert not work.model.exists()


def test_what_cannot_be_asked_of_an_image_is_refused_all_at_once(tmp_path: Path) -> None:
    bare = Feature(name="support_tickets", expression="support_tickets")
    features = (*rows.CHURN.features, bare)
    promises = Monotone(increasing=("support_tickets", "tickets"), decreasing=("tenure_months",))
    cost = Cost(false_positive=1, false_negative=5)
    work = job(tmp_path, "weights.bin", features=features, monotone=promises, cost=cost)
    with pytest.raises(UserError) as refused:
        entry.run(work)
    assert str(refused.value) == (
        "the contract, for a model in an image of others: cost: found; it chooses the threshold in training, and the "
        "image decides by its own; give one; monotone.tenure_months: found of a feature that is no bare column, and an "
        "image is asked with columns; leave it out; monotone.tickets: found of a feature that is no bare column, and "
        "an image is asked with columns; leave it out"
    )


def test_a_promise_of_a_bare_column_can_be_asked(tmp_path: Path) -> None:
    features = (*rows.CHURN.features, Feature(name="support_tickets", expression="support_tickets"))
    work = job(tmp_path, "weights.bin", features=features, monotone=Monotone(increasing=("support_tickets",)))
    assert entry.run(work).message == f"packaged {IMAGE}"
