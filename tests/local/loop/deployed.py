"""What tests of a deployment need beside the program: `up`, a small model, packages of it, a release record."""

from __future__ import annotations

import json
import tarfile
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

from automation.operations import rollouts
from contracts import release, schema
from contracts.release import Record
from contracts.schema import Contract
from local.emulator.client import Emulator
from local.loop.kept import cloud_of
from local.loop.platform import Platform
from local.runtime import Op, Stack
from local.runtime.packs import kept_packs

Up = Callable[..., Mapping[str, list[str]]]


@contextmanager
def deploying(emulator: Emulator, home: Path, **config: object) -> Generator[Up]:
    """Deploys staging with this config and what it is called with, `refresh` as `--refresh`; what changed, as
    operation -> logical names.
    """

    def deploy(*, refresh: bool = False, **overrides: object) -> Mapping[str, list[str]]:
        stack = Stack("staging", home=home, config_overrides=config | overrides)
        changes = stack.up(cloud_of(emulator), packs, refresh=refresh).changes
        return {
            op.value: sorted(urn.rpartition("::")[2] for urn in urns)
            for op, urns in changes.items()
            if urns and op is not Op.SAME
        }

    with kept_packs(Stack("staging", home=home, config_overrides=config)) as packs:
        yield deploy


@contextmanager
def halting(platform: Platform, host: Any) -> Generator[None]:
    """While it lasts somebody halts the rollout that begins, however long a busy machine takes for that."""
    over = threading.Event()

    def halt() -> None:
        while not over.wait(0.05):
            if (live := host.observe()) is not None and live.status == "Updating":
                break
        rollouts.halt(platform.names, host=host, cloudwatch=platform.client("cloudwatch"))

    thread = threading.Thread(target=halt)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def archive(directory: Path, contract: Contract) -> Path:
    """A small model as the training job leaves it."""
    random = np.random.default_rng(0)
    features = random.normal(size=(200, len(contract.features)))
    data = xgb.DMatrix(features, features[:, 0] > 0, feature_names=list(contract.feature_names))
    xgb.train({"objective": "binary:logistic"}, data, 3).save_model(directory / "model.ubj")
    (directory / "contract.json").write_text(schema.to_json(contract))
    facts = {"features": list(contract.feature_names), "dataset_version": "test", "xgboost_version": xgb.__version__}
    (directory / "metadata.json").write_text(json.dumps(facts))
    with tarfile.open(directory / "model.tar.gz", "w:gz") as tar:
        for name in ("model.ubj", "contract.json", "metadata.json"):
            tar.add(directory / name, arcname=name)
    return directory / "model.tar.gz"


def upload(platform: Platform, directory: Path, contract: Contract) -> None:
    """Put the model where `register` takes it from."""
    names = platform.names
    model = archive(directory, contract)
    platform.client("s3").upload_file(str(model), names.artifacts_bucket, f"{names.layout.runs}test/model.tar.gz")


def register(platform: Platform, image: str) -> str:
    """An approved package of the model that was uploaded."""
    model = f"s3://{platform.names.artifacts_bucket}/{platform.names.layout.runs}test/model.tar.gz"
    return platform.client("sagemaker").create_model_package(
        ModelPackageGroupName=platform.names.package_group,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": image, "ModelDataUrl": model}],
            "SupportedContentTypes": ["text/csv", "application/json"],
            "SupportedResponseMIMETypes": ["text/csv", "application/json"],
        },
    )["ModelPackageArn"]


def write(platform: Platform, record: Record) -> None:
    """Have the record say so, as an act of `automation` would."""
    platform.client("ssm").put_parameter(
        Name=platform.names.release_parameter, Value=release.to_json(record), Type="String", Overwrite=True
    )
