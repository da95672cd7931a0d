"""What the stages make, in a project of stubs: the Makefile's own lines, with every program it calls a stub."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from contracts.images import BASES, IMAGES
from tests.delivery.blocks import ROOT

_PROGRAM = """#!/bin/bash
echo "${0##*/} $*" >> "$CALLS"
if [ "${0##*/}" = "$BROKEN" ]; then exit 3; fi
for word in "$@"; do case $word in
  type=oci,dest=*) touch "${word#type=oci,dest=}" ;;
  dir:*) mkdir -p "${word#dir:}" ;;
  --out) touch "${@: -1}" ;;
esac; done
"""


class Project:
    """A git repository with the Makefile, one stack, and stubs in `bin`."""

    def __init__(self, home: Path) -> None:
        self.home, self.calls = home / "project", home / "calls"
        (self.home / "bin").mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", self.home)
        (self.home / BASES).parent.mkdir()
        shutil.copy(ROOT / BASES, self.home / BASES)
        for program in ("python", "docker", "skopeo", "syft"):
            path = self.home / "bin" / program
            path.write_text(_PROGRAM)
            path.chmod(0o755)
        (self.home / ".gitignore").write_text(".local/\nbin/\n")
        (self.home / "Pulumi.staging.yaml").write_text("config: {}\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("add", ".")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "First")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["/usr/bin/env", "git", *arguments], cwd=self.home, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def make(self, *arguments: str, broken: str = "") -> tuple[int, list[str]]:
        """Exit code, and what was called."""
        self.calls.write_text("")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "GIT_"))}
        environment |= {"CALLS": str(self.calls), "BROKEN": broken}
        environment["PATH"] = f"{self.home / 'bin'}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            ["/usr/bin/env", "make", "--silent", "--assume-old", ".venv/local.stamp", "BIN=bin", *arguments],
            cwd=self.home,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, self.calls.read_text().splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_the_price_of_a_change_is_that_of_the_stack_against_what_it_was(project: Project) -> None:
    told = project.home / ".local" / "delivery" / "staging"
    assert project.make("pr-cost", "STACK=staging", "BASE=HEAD") == (
        0,
        [
            f"python -m local synth --stack staging --out {told}/base.json",
            "python -m automation cost --stack staging --json --against .local/delivery/staging/base.json",
        ],
    )
    assert (told / "cost.json").is_file()
    assert project.git("worktree", "list").count("\n") == 0
    code, _ = project.make("pr-cost", "STACK=staging", "BASE=HEAD")  # a second time finds nothing in its way
    assert code == 0


def test_a_stack_that_is_new_is_priced_alone(project: Project) -> None:
    (project.home / "Pulumi.prod.yaml").write_text("config: {}\n")
    assert project.make("pr-cost", "STACK=prod", "BASE=HEAD") == (
        0,
        ["python -m automation cost --stack prod --json"],
    )


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("pr-preview", "python -m automation preview --stack staging --json"),
        ("pr-policies", "python -m automation policies --stack staging --json"),
        ("pr-comment", "python -m automation comment --stack staging .local/delivery/staging"),
    ],
)
def test_what_a_pull_request_is_told_is_printed_into_a_file_and_a_failure_is_one(
    project: Project, target: str, command: str
) -> None:
    assert project.make(target, "STACK=staging") == (0, [command])
    code, calls = project.make(target, "STACK=staging", broken="python")
    assert (code, calls) == (2, [command])


def test_an_image_is_built_listed_and_kept_in_the_form_that_sagemaker_takes(project: Project) -> None:
    code, calls = project.make("images")
    commit, where = project.git("rev-parse", "HEAD"), ".local/images"
    lines = (ROOT / BASES).read_text().splitlines()
    bases = " ".join(f"--build-arg {line}" for line in lines if line.startswith("PYTHON_"))
    assert code == 0
    assert calls == [
        line
        for image, found in IMAGES.items()
        for line in (
            f"docker buildx build --platform {found.platform} --provenance=false --file {found.dockerfile} "
            f"{bases} --build-arg CODE_VERSION={commit} --output type=oci,dest={where}/{image}.tar .",
            f"skopeo --override-arch {found.platform.removeprefix('linux/')} copy --format v2s2 "
            f"oci-archive:{where}/{image}.tar dir:{where}/{image}",
            f"syft scan oci-archive:{where}/{image}.tar --quiet --output spdx-json={where}/{image}.spdx.json",
        )
    ]
    assert {path.name for path in (project.home / where).iterdir()} == set(IMAGES)


@pytest.mark.parametrize(
    "line", ["PYTHON_RUN=3.11-slim-bookworm", "PYTHON_RUN=3.11-slim-bookworm@sha256:12", "PYTHON_RUN=", ""]
)
def test_nothing_is_built_on_a_base_without_a_digest(project: Project, line: str) -> None:
    kept = (ROOT / BASES).read_text().rpartition("PYTHON_RUN=")[0]
    (project.home / BASES).write_text(f"{kept}{line}\n")
    assert project.make("images") == (2, [])


def test_the_digests_of_the_bases_are_those_of_the_bytes_that_the_registry_has(project: Project) -> None:
    said = '#!/bin/sh\necho "${0##*/} $*" >> "$CALLS"\nprintf \'index of %s\' "$3"\n'
    (project.home / "bin" / "skopeo").write_text(said)
    comments = [line for line in (ROOT / BASES).read_text().splitlines() if line.startswith("#")]
    assert project.make("bases") == (
        0,
        [f"skopeo inspect --raw docker://python:3.11-{kind}bookworm" for kind in ("", "slim-")],
    )
    digests = {
        kind: hashlib.sha256(f"index of docker://python:3.11-{kind}bookworm".encode()).hexdigest()
        for kind in ("", "slim-")
    }
    assert (project.home / BASES).read_text().splitlines() == [
        *comments,
        f"PYTHON_BUILD=3.11-bookworm@sha256:{digests['']}",
        f"PYTHON_RUN=3.11-slim-bookworm@sha256:{digests['slim-']}",
    ]


def test_bases_stay_where_the_registry_does_not_answer(project: Project) -> None:
    code, calls = project.make("bases", broken="skopeo")
    assert (code, len(calls)) == (2, 1)
    assert (project.home / BASES).read_text() == (ROOT / BASES).read_text()


def test_the_training_image_is_one_for_gpus_where_that_is_asked_for(project: Project) -> None:
    code, calls = project.make("images", "CUDA=1")
    builds = [call for call in calls if call.startswith("docker")]
    assert (code, len(builds)) == (0, 3)
    assert " --build-arg TRAINING_REQUIREMENTS=requirements-cuda.lock --output " in builds[0]


@pytest.mark.parametrize(("broken", "calls"), [("docker", 1), ("skopeo", 2), ("syft", 3)])
def test_an_image_that_fails_ends_the_build(project: Project, broken: str, calls: int) -> None:
    code, called = project.make("images", broken=broken)
    assert (code, len(called)) == (2, calls)
