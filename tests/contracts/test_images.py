"""The manifest of images and their Dockerfiles say the same."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from contracts.images import BASES, IMAGES, ROOT, Image, repository

EVERY = pytest.mark.parametrize("image", IMAGES.values(), ids=str)


def instructions(image: Image) -> list[list[str]]:
    """Each instruction of the Dockerfile, its lines joined, in words."""
    text = (ROOT / image.dockerfile).read_text().replace("\\\n", " ")
    for name, default in re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE):
        text = text.replace(f"${{{name}}}", default)
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def copied(image: Image) -> set[str]:
    """What the stages copy out of the project."""
    lines = [words[1:] for words in instructions(image) if words[0] == "COPY"]
    return {source for words in lines if not words[0].startswith("--from") for source in words[:-1]}


def test_the_images() -> None:
    assert list(IMAGES) == [image.name for image in IMAGES.values()]
    assert {image.name: (image.repository, image.platform) for image in IMAGES.values()} == {
        "training": ("training", "linux/amd64"),
        "inference": ("inference", "linux/amd64"),
        "inference-arm64": ("inference", "linux/arm64"),
    }


def test_the_images_of_one_repository_differ_by_platform_alone_and_are_told_apart_by_their_tags() -> None:
    intel, graviton = IMAGES["inference"], IMAGES["inference-arm64"]
    assert replace(graviton, name=intel.name, platform=intel.platform) == intel
    assert [each.has_tags(["v1", "arm64-v1"]) for each in (intel, graviton)] == [False, True]
    assert [each.has_tags(["v1"]) for each in (intel, graviton)] == [True, False]
    assert [each.has_tags([]) for each in (intel, graviton)] == [True, False]
    assert [repository(name) for name in (*IMAGES, "fraud-net")] == ["training", "inference", "inference", "fraud-net"]


def test_no_processor_is_emulated_where_an_image_is_built() -> None:
    """Each stage that runs something is of the machine that builds; those of the platform only copy."""
    stages: list[list[list[str]]] = []
    for words in instructions(IMAGES["inference"]):
        if words[0] == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(words)
    running = {" ".join(stage[0]) for stage in stages if any(words[0] == "RUN" for words in stage)}
    named = {name: stage[0] for stage in stages for name in (stage[0][-1],)}
    ours = {line for line in running if "--platform=$BUILDPLATFORM" in line}
    assert {line.split()[1] for line in running - ours} == {"wheels"}  # stages on one that is of the machine
    assert named["wheels"][1] == "--platform=$BUILDPLATFORM"
    assert [stage[0][-1] for stage in stages if not any(words[0] == "RUN" for words in stage)] == [
        "base",
        "forest",
        "xgboost",
    ]


def test_the_kernels_of_both_are_compiled_of_the_same() -> None:
    """Decision 85: what the Dockerfiles repeat."""

    def compiled(image: Image) -> tuple[list[list[str]], bool]:
        text = "\n".join(map(" ".join, instructions(image)))
        (stage,) = re.findall(r"^FROM [^\n]* AS compiled\n(.*?)(?=^FROM |\Z)", text, re.MULTILINE | re.DOTALL)
        lines = [line.split() for line in stage.splitlines()]
        return [
            words for words in lines if words[0] in ("COPY", "WORKDIR")
        ], "-m workloads.inference.forest.library" in stage

    training, inference = (compiled(IMAGES[name]) for name in ("training", "inference"))
    assert training == inference
    assert training[1]


@EVERY
def test_every_stage_is_on_a_base_by_digest_that_has_no_default(image: Image) -> None:
    text = (ROOT / image.dockerfile).read_text()
    bases = dict(re.findall(r"^(PYTHON_\w+)=3\.11-(?:slim-)?bookworm@(sha256:[0-9a-f]{64})$", _bases(), re.MULTILINE))
    assert set(bases) == {"PYTHON_BUILD", "PYTHON_RUN"}
    assert len(set(bases.values())) == 2
    on = [
        next(word for word in words[1:] if not word.startswith("--"))
        for words in instructions(image)
        if words[0] == "FROM"
    ]
    assert {each for each in on if ":" in each} == {f"python:${{{name}}}" for name in bases}
    assert re.findall(r"^ARG (PYTHON_\w+.*)$", text, re.MULTILINE) == ["PYTHON_BUILD", "PYTHON_RUN", "PYTHON_RUN"]
    assert "org.opencontainers.image.base.name=python:${PYTHON_RUN}" in text
    assert ROOT / BASES in set(image.files())


def _bases() -> str:
    return (ROOT / BASES).read_text()


@EVERY
def test_the_dockerfile_copies_the_sources_and_nothing_beside_them(image: Image) -> None:
    wanted = {*image.sources, *image.requirements}
    assert wanted <= copied(image)
    # A stage that compiles copies some of the same sources by themselves.
    assert [path for path in copied(image) - wanted if not path.startswith(tuple(f"{s}/" for s in image.sources))] in (
        [],
        ["workloads/__init__.py"],
    )


@EVERY
def test_the_dockerfile_installs_the_requirements_and_runs_the_entry(image: Image) -> None:
    text = (ROOT / image.dockerfile).read_text()
    installed = re.findall(r"-r /build/(\S+)", text)
    assert installed == [path.rpartition("/")[2] for path in image.requirements]
    runs = [words[1:] for words in instructions(image) if words[0] in ("ENTRYPOINT", "CMD")]
    assert [json.loads(" ".join(words)) for words in runs] == [list(image.entry)]


def test_the_training_image_may_have_an_xgboost_for_gpus_which_decides_what_it_is() -> None:
    image = IMAGES["training"]
    assert ["ARG", "TRAINING_REQUIREMENTS=requirements.lock"] in instructions(image)
    assert "COPY workloads/training/${TRAINING_REQUIREMENTS} /build/requirements.lock\n" in (
        (ROOT / image.dockerfile).read_text()
    )
    assert ROOT / "workloads/training/requirements-cuda.lock" in set(image.files())


def test_the_training_image_has_the_command_of_the_trials_of_a_search() -> None:
    """SageMaker runs `train` where a request names no entry point; it is of the entry, found on the image's PATH."""
    image = IMAGES["training"]
    (made,) = [words for words in instructions(image) if words[:2] == ["RUN", "printf"]]
    assert " ".join(made).removeprefix("RUN ") == (
        rf"printf '#!/bin/sh\nexec {shlex.join(image.entry)}\n' > /opt/venv/bin/train && chmod 755 /opt/venv/bin/train"
    )
    assert ["ENV", "PATH=/opt/venv/bin:$PATH"] in [words[:2] for words in instructions(image)]


@EVERY
def test_the_entry_is_a_module_of_its_sources(image: Image) -> None:
    module = image.entry[-1].replace(".", "/")
    assert ROOT / module / "__main__.py" in set(image.files())


@EVERY
def test_the_files_are_those_of_the_image(image: Image) -> None:
    files = [path.relative_to(ROOT).as_posix() for path in image.files()]
    assert files == sorted(set(files))
    assert {image.dockerfile, *image.requirements} <= set(files)
    assert [name for name in files if "__pycache__" in name or "benchmark" in name or name.endswith(".so")] == []
    assert ("workloads/training/train.py" in files) is (image.name == "training")


def test_a_build_reads_the_manifest_as_json() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "contracts.images"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == json.loads(json.dumps([asdict(image) for image in IMAGES.values()]))
    assert [shlex.join(image["entry"]) for image in json.loads(done.stdout)] == [
        "python3 -m workloads.training",
        "python -m workloads.inference",
        "python -m workloads.inference",
    ]
