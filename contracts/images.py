"""The platform's container images: what each is made of, what is installed in it, what it runs. One manifest.

    python -m contracts.images                 # as JSON, for builds

How an image is built is said by its Dockerfile, with this project as its context; a test holds the two together.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
TRAINING: Final = "training"
INFERENCE: Final = "inference"
#: The inference image for Graviton, of the same sources.
INFERENCE_ARM64: Final = "inference-arm64"
#: The images of others that ours are built on, as arguments of their Dockerfiles.
BASES: Final = "workloads/python.env"
#: How its tags begin, which lies in one repository with the other.
_ARM64_TAGS: Final = "arm64-"


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image. Paths are relative to the project.

    `repository` is what it is pushed to, behind the stack's name; `platform` the one it is built for. SageMaker and
    Lambda take no image of several platforms (AWS Lambda developer guide, "Create a Lambda function using a container
    image", read 2026-11-29; SageMaker's CreateModel answers "Unsupported manifest media type" to an index, as
    mlflow/mlflow#13834 has it). `sources` are the files and directories that it holds, without what `leaves_out`
    begins; `requirements` are lock files; `entry` is what a container runs that is told nothing else.
    """

    name: str
    repository: str
    platform: str
    dockerfile: str
    sources: tuple[str, ...]
    leaves_out: tuple[str, ...]
    requirements: tuple[str, ...]
    entry: tuple[str, ...]

    def files(self) -> Iterator[Path]:
        """Every file that decides what the image is, Dockerfile, bases and lock files too, in order of their paths."""
        found = {self.dockerfile, BASES, *self.requirements}
        for source in self.sources:
            path = ROOT / source
            below = [path] if path.is_file() else path.rglob("*")
            found |= {file.relative_to(ROOT).as_posix() for file in below if file.is_file()}
        for name in sorted(found):
            if "__pycache__" not in name and not name.startswith(self.leaves_out):
                yield ROOT / name

    @property
    def tag_prefix(self) -> str:
        """How its tags begin: what tells the images of one repository apart."""
        return _ARM64_TAGS if self.platform == "linux/arm64" else ""

    def has_tags(self, tags: Sequence[str]) -> bool:
        """Whether an image of its repository that has these tags is one of it."""
        return any(tag.startswith(_ARM64_TAGS) for tag in tags) is bool(self.tag_prefix)


#: Left out of both: what measures, and what was compiled for this machine (each image compiles its own).
_BESIDE: Final = (
    "workloads/etl/benchmark/",
    "workloads/inference/benchmark/",
    "workloads/inference/forest/libforest.so",
    "workloads/measuring.py",
    "workloads/training/benchmark/",
)
#: What the service imports, and no more: its image has few packages.
_SERVICE: Final = {
    "contracts": (
        "__init__",
        "delimited",
        "encodings",
        "expression",
        "formats",
        "moments",
        "numerals",
        "partitions",
        "preamble",
        "schema",
        "texts",
        "tree",
    ),
    "workloads": ("__init__", "archive", "delta", "job", "logs", "pages", "parquet", "unpacking"),
    "workloads/features": ("__init__", "categories", "row", "times"),
}


def _inference(name: str, platform: str) -> Image:
    return Image(
        name=name,
        repository=INFERENCE,
        platform=platform,
        dockerfile="workloads/inference/Dockerfile",
        sources=(
            *(f"{package}/{module}.py" for package, modules in _SERVICE.items() for module in modules),
            "workloads/inference",
            "workloads/tasks",
        ),
        leaves_out=_BESIDE,
        requirements=("workloads/inference/requirements.lock", "workloads/inference/requirements-xgboost.lock"),
        entry=("python", "-m", "workloads.inference"),
    )


IMAGES: Final[Mapping[str, Image]] = {
    TRAINING: Image(
        name=TRAINING,
        repository=TRAINING,
        platform="linux/amd64",
        dockerfile="workloads/training/Dockerfile",
        sources=("contracts", "workloads"),
        leaves_out=(*_BESIDE, "workloads/pipeline/definitions/"),
        requirements=("workloads/training/requirements.lock",),
        entry=("python3", "-m", "workloads.training"),
    ),
    INFERENCE: _inference(INFERENCE, "linux/amd64"),
    INFERENCE_ARM64: _inference(INFERENCE_ARM64, "linux/arm64"),
}


def repository(image: str) -> str:
    """The repository of an image, behind the stack's name: one of ours, or one that is called as its images are."""
    return IMAGES[image].repository if image in IMAGES else image


if __name__ == "__main__":
    sys.stdout.write(json.dumps([asdict(image) for image in IMAGES.values()], indent=1) + "\n")
