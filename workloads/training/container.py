"""What SageMaker gives a training container: where things are and the hyper-parameters as text.

Layout under /opt/ml: SageMaker developer guide, "How Amazon SageMaker AI provides training information". The SM_*
variables are those of the sagemaker-training toolkit and win where they are set.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.schema import Contract, Training
from workloads.inputs import CONTRACT_FILE, read_contract, read_json
from workloads.job import PlatformError, UserError
from workloads.training import device, hosts
from workloads.training.hosts import ALONE, Hosts

CHANNELS = ("train", "validation", "contract", "manifest")
#: A channel that a job need not have; the pipeline puts the contract there where no model is to be imported.
IMPORTED = "imported"
#: What that channel has of a model in an image of others: {"image": URI}, and what the image reads.
IMAGE_FILE, ARCHIVE = "image.json", "model.tar.gz"
#: The champion's archive, to be gone on from; like that one it is the contract where there is none.
FORMER = "former"
_FIELDS = {field.name: type(getattr(Training(), field.name)) for field in dataclasses.fields(Training)}
#: Lowest and highest legal value of each hyper-parameter: XGBoost documentation, "XGBoost Parameters".
_RANGES: Mapping[str, tuple[float, float]] = {
    "num_round": (1, 100_000),
    "eta": (1e-6, 1.0),
    "max_depth": (1, 30),
    "min_child_weight": (0.0, 1e9),
    "subsample": (1e-3, 1.0),
    "early_stopping_rounds": (1, 100_000),
    "seed": (0, 2**31 - 1),
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training job: its channels (directories of read-only input), its outputs, and what it is to train.

    `scratch` is a directory that nobody keeps, not there yet; `imported` a model that others made, to be packaged
    instead: an ONNX file, or one that names an image, beside which its archive lies; `former` the archive of the
    champion, to be gone on from.
    """

    channels: Mapping[str, Path]
    model: Path
    output: Path
    checkpoints: Path
    scratch: Path
    contract: Contract
    manifest: Mapping[str, Any]
    hyperparameters: Training
    imported: Path | None = None
    former: Path | None = None
    hosts: Hosts = ALONE
    gpus: int = 0


def read(root: Path, environment: Mapping[str, str]) -> Job:
    """The job found under `root`; PlatformError or UserError says what is missing or wrong."""
    channels = {c: Path(environment.get(f"SM_CHANNEL_{c.upper()}", root / "input" / "data" / c)) for c in CHANNELS}
    if missing := [str(path) for path in channels.values() if not path.is_dir()]:
        raise PlatformError(f"channels not found: {missing}; the training step must give {list(CHANNELS)}")
    contract = read_contract(_only_file(channels["contract"], CONTRACT_FILE))
    given = root / "input" / "config" / "hyperparameters.json"
    chosen = hyperparameters(contract.training, read_json(given) if given.exists() else {})
    checkpoints = Path(environment.get("SM_CHECKPOINT_DIR", root / "checkpoints"))
    imported, former = (
        Path(environment.get(f"SM_CHANNEL_{name.upper()}", root / "input" / "data" / name))
        for name in (IMPORTED, FORMER)
    )
    archive = _former(former, contract)
    gpus = device.gpus(root, environment)
    return Job(
        channels=channels,
        model=Path(environment.get("SM_MODEL_DIR", root / "model")),
        output=Path(environment.get("SM_OUTPUT_DATA_DIR", root / "output" / "data")),
        checkpoints=checkpoints / _digest(chosen, archive, gpus),
        scratch=root / "scratch",
        contract=contract,
        manifest=read_json(_only_file(channels["manifest"], "manifest.json")),
        hyperparameters=chosen,
        hosts=hosts.read(root, environment),
        imported=_imported(imported),
        former=archive,
        gpus=gpus,
    )


def hyperparameters(defaults: Training, given: Mapping[str, str]) -> Training:
    """The contract's `defaults` with the job's own (always text) on top; names in sagemaker_* are not ours."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, text in sorted(given.items()):
        if name.startswith("sagemaker_"):
            continue
        if name not in _FIELDS:
            faults.append(f"{name}: not known; allowed: {sorted(_FIELDS)}")
            continue
        low, high = _RANGES[name]
        try:
            values[name] = _FIELDS[name](json.loads(text))
            legal = low <= values[name] <= high and float(values[name]) == float(text)
        except (ValueError, TypeError):
            legal = False
        if not legal:
            faults.append(f"{name}: found {text!r}; allowed: {_FIELDS[name].__name__} from {low:g} to {high:g}")
    if faults:
        raise UserError("hyper-parameters: " + "; ".join(faults))
    return dataclasses.replace(defaults, **values)


def _digest(chosen: Training, former: Path | None, gpus: int) -> str:
    """A directory for the checkpoints of one choice and beginning: trials of a search share a place, and runs that go
    on from different champions or learn on a GPU, and must not resume others."""
    text = json.dumps(dataclasses.asdict(chosen) | ({"gpus": gpus} if gpus else {}), sort_keys=True).encode()
    return hashlib.sha256(text + (former.read_bytes() if former else b"")).hexdigest()[:16]


def _imported(channel: Path) -> Path | None:
    """The model in its channel, an ONNX file or the one that names an image; None without one. UserError for others."""
    files = sorted(path for path in channel.rglob("*") if path.is_file() and path.name != CONTRACT_FILE)
    if not files:
        return None
    if [path.name for path in files] == [IMAGE_FILE, ARCHIVE]:
        return files[0]
    if len(files) > 1 or files[0].suffix != ".onnx":
        found = ", ".join(path.name for path in files)
        raise UserError(
            f"channel {IMPORTED}: found {found}; allowed: one file <name>.onnx, given by its whole URI, or "
            f"{IMAGE_FILE} and {ARCHIVE}"
        )
    return files[0]


def _former(channel: Path, contract: Contract) -> Path | None:
    """The champion's archive in its channel; None without one. UserError where the contract says nothing of it."""
    archive = channel / "model.tar.gz"
    if not archive.is_file():
        return None
    if contract.incremental is None:
        raise UserError(
            f"channel {FORMER}: found {archive.name}, while the contract has no `incremental`; say there how to go on "
            "from a model, or give none"
        )
    return archive


def _only_file(directory: Path, name: str) -> Path:
    path = directory / name
    if not path.is_file():
        raise PlatformError(f"{path} not found; the channel holds {sorted(p.name for p in directory.iterdir())}")
    return path
