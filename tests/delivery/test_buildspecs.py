"""The buildspecs of CodePipeline: parsed, and run with stubs for every program."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from automation.commands import app
from components.delivery.stages import BUILDS, Builder
from tests.delivery.blocks import ROOT
from tests.delivery.codebuild import PHASES, WHERE, Buildspec, Built

NAMES = sorted(path.stem for path in WHERE.iterdir())
PYTHON = ".venv/bin/python"
AUTOMATION = f"{PYTHON} -m automation"
TELLING = f"{PYTHON} -m automation.reason"
#: What the stub of each program does beside noting its call: `delivered` leaves the variables of an approval.
#: Docker's daemon runs beside the build, so when it notes its call is left to chance: it does not count.
_STUB = """#!/bin/bash
call=$(grep -vc "^dockerd " "$CALLS")
echo "${0#"$STUBS"/} $* [$AWS_PROFILE]" >> "$CALLS"
printf '%s\\n' "$@" >> "$CALLS.words"
if [[ "$*" = *"--env .local/delivery/env"* ]]; then
  mkdir -p .local/delivery
  echo "export STAGED='abc-1' TESTED='churn-staging-live serves churn-staging/3'" > .local/delivery/env
  echo "export IMAGES='inference=sha256:1 training=sha256:2'" >> .local/delivery/env
fi
if [[ "$*" = *" register "* ]]; then echo "export REGISTERED='churn-prod/7'" > .local/delivery/env; fi
if [[ "$*" = *" brief "* ]]; then echo "Price: 1.00 USD a month."; fi
if [ "$call" = "$FAILING" ]; then exit 3; fi
"""
PROGRAMS = ("make", "git", "docker", "dockerd", PYTHON)
ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "APPROVED": "abc-1",
    "CODEBUILD_BUILD_URL": "https://console.aws.amazon.com/x",
    "ENDPOINT": "live",
    "PACKAGE": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/3",
    "REVISION": "4f2a",
    "ROLE": "arn:aws:iam::123456789012:role/mlplatform-admin/staging/mlplatform-staging-delivery-deploy",
    "STACK": "staging",
    "WORKLOAD": "churn",
}
_ONLY = "--workload churn --endpoint live"
_SERVED = [
    f"{AUTOMATION} up --stack staging --yes",
    f"{AUTOMATION} verify --stack staging",
    f"{AUTOMATION} smoke --stack staging --report .local/delivery/smoke.xml",
]
CALLS: Mapping[str, Sequence[str]] = {
    "approved": [
        "make setup",
        f"{AUTOMATION} delivered --stack staging --workload=churn --endpoint=live --approved abc-1",
    ],
    "brief": [
        "make setup",
        "make pr-preview STACK=staging",
        "make pr-policies STACK=staging",
        f"{AUTOMATION} cost --stack staging --json",
        f"{AUTOMATION} brief .local/delivery/staging --stack staging",
    ],
    "check": ["git init --quiet", "git add --all", "make check", "make test"],
    "deploy": [
        "make setup",
        f"{AUTOMATION} ship training --stack staging --yes",
        f"{AUTOMATION} ship inference --stack staging --yes",
        f"{AUTOMATION} ship inference-arm64 --stack staging --yes",
        *_SERVED,
        f"{AUTOMATION} delivered --stack staging --record 4f2a --env .local/delivery/env",
    ],
    "images": ["docker info", "make images"],
    "model": [
        "make setup",
        f"{AUTOMATION} delivered --stack staging --revision 4f2a",
        f"{AUTOMATION} promote {ENVIRONMENT['PACKAGE']} --stack staging --workload churn --endpoint live "
        "--why approved in the registry --yes",
        *_SERVED,
        f"{AUTOMATION} delivered --stack staging {_ONLY} --env .local/delivery/env",
    ],
    "train": [
        "make setup",
        f"{AUTOMATION} retrain --if-changed --stack staging --workload churn --yes",
    ],
    "register": [
        "make setup",
        f"{AUTOMATION} register {ENVIRONMENT['PACKAGE']} --stack staging --workload churn --approved "
        "--tests .local/delivery/model.xml --env .local/delivery/env --yes",
    ],
}
FAILING = [(name, call) for name, calls in CALLS.items() for call in range(len(calls)) if name != "images"]


@dataclass(frozen=True, kw_only=True)
class Ran:
    built: Built
    noted: Sequence[str]

    @property
    def calls(self) -> list[str]:
        """Without the profile, without Docker's daemon, which runs beside, and without what tells of a failure."""
        return [
            each.rpartition(" [")[0] for each in self.noted if not each.startswith("dockerd ") and each not in self.told
        ]

    @property
    def told(self) -> list[str]:
        """What tells of a failure, with the profile."""
        return [each for each in self.noted if each.startswith(TELLING)]


def run(name: str, home: Path, failing: int | None = None) -> Ran:
    source = home / "source"
    for program in PROGRAMS:
        path = (source if "/" in program else home / "bin") / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_STUB)
        path.chmod(0o755)
    (source / ".ci").mkdir()
    (source / ".ci" / "take-role").write_text((ROOT / ".ci" / "take-role").read_text())
    (source / ".local" / "delivery" / "staging").mkdir(parents=True)
    (home / "images").mkdir()
    (home / "images" / "training.spdx.json").write_text("{}")
    (home / "calls").write_text("")
    environment = {
        **ENVIRONMENT,
        "PATH": f"{home / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "CALLS": str(home / "calls"),
        "STUBS": str(home / "bin"),
        "FAILING": "" if failing is None else str(failing),
        "CODEBUILD_SRC_DIR_images": str(home / "images"),
    }
    built = Buildspec.read(name).run(source, environment)
    return Ran(built=built, noted=(home / "calls").read_text().splitlines())


def test_every_buildspec_is_of_a_project_and_run_here() -> None:
    assert NAMES == sorted({build.buildspec for build in BUILDS}) == sorted(CALLS)


@pytest.mark.parametrize("name", NAMES)
def test_every_phase_stops_at_the_first_failure(name: str) -> None:
    found = Buildspec.read(name)
    assert found.content["version"] == 0.2
    assert found.environment["shell"] == "bash"
    assert set(found.content["phases"]) <= set(PHASES)
    assert {phase["on-failure"] for phase in found.content["phases"].values()} == {"ABORT"}


@pytest.mark.parametrize("name", NAMES)
def test_a_build_calls_what_it_is_to_call(name: str, tmp_path: Path) -> None:
    ran = run(name, tmp_path)
    assert (ran.calls, ran.built.code) == (CALLS[name], 0), ran.built.said


@pytest.mark.parametrize(("name", "call"), FAILING)
def test_a_call_that_fails_ends_the_build(name: str, call: int, tmp_path: Path) -> None:
    ran = run(name, tmp_path, failing=call)
    assert ran.calls == CALLS[name][: call + 1]
    assert ran.built.code == 3


@pytest.mark.parametrize("name", NAMES)
def test_a_build_that_ended_in_what_it_does_tells_why_as_itself(name: str, tmp_path: Path) -> None:
    """Not as the role of delivery that it took, and not where it did not get so far."""
    (builder,) = {build.builder for build in BUILDS if build.buildspec == name} - {Builder.PRODUCTION} or {None}
    once = [f"{TELLING} []"] * (builder is not Builder.PLAIN)
    assert run(name, tmp_path / "whole").told == once
    assert run(name, tmp_path / "early", failing=0).told == []
    assert run(name, tmp_path / "last", failing=len(CALLS[name]) - 1).told == once


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_a_command_can_stand_in_a_text_of_json(name: str) -> None:
    """AWS tells the command that failed, and EventBridge puts it into a message without escaping."""
    assert [each for each in Buildspec.read(name).commands if '"' in each or "\\" in each or "\n" in each] == []


@pytest.mark.parametrize("name", ["model", "register"])
def test_what_a_run_was_started_with_is_one_word(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRONMENT, "PACKAGE", "churn/3 --stack prod")
    run(name, tmp_path)
    assert [each for each in (tmp_path / "calls.words").read_text().splitlines() if "prod" in each] == [
        "churn/3 --stack prod"
    ]


def test_images_are_not_built_where_the_check_of_docker_or_the_build_fails(tmp_path: Path) -> None:
    (call,) = (n for n, each in enumerate(CALLS["images"]) if each == "make images")
    ran = run("images", tmp_path, failing=call)
    assert (ran.calls, ran.built.code) == (CALLS["images"], 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_build_is_the_role_of_delivery_only_after_what_the_repository_installs(name: str, tmp_path: Path) -> None:
    takes = ". .ci/take-role" in Buildspec.read(name).commands
    plain = {build.buildspec for build in BUILDS if build.builder in (Builder.PLAIN, Builder.TRAIN)}
    assert takes is (name not in plain)
    noted = [each for each in run(name, tmp_path).noted if f"{AUTOMATION} " in each or each.startswith("make pr-")]
    assert {each.rpartition(" ")[2] for each in noted} == ({"[delivery]" if takes else "[]"} if noted else set())
    written = tmp_path / "source" / ".local" / "aws"
    if takes:
        assert written.read_text() == (
            f"[profile delivery]\nrole_arn = {ENVIRONMENT['ROLE']}\ncredential_source = EcsContainer\n"
            "region = eu-west-1\n"
        )


def test_an_approval_is_told_what_the_builds_export(tmp_path: Path) -> None:
    images = "inference=sha256:1 training=sha256:2"
    staged = {"IMAGES": images, "STAGED": "abc-1", "TESTED": "churn-staging-live serves churn-staging/3"}
    assert run("deploy", tmp_path / "deploy").built.exported == staged
    del staged["IMAGES"]
    assert run("model", tmp_path / "model").built.exported == staged
    assert run("brief", tmp_path / "brief").built.exported == {
        "BRIEF": "Price: 1.00 USD a month.",
        "DETAILS": ENVIRONMENT["CODEBUILD_BUILD_URL"],
    }
    assert run("register", tmp_path / "register").built.exported == {"REGISTERED": "churn-prod/7"}


def test_what_was_approved_of_code_is_all_that_the_stack_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENDPOINT", "WORKLOAD"):
        monkeypatch.delitem(ENVIRONMENT, name)
    assert run("approved", tmp_path).calls[-1] == f"{AUTOMATION} delivered --stack staging --approved abc-1"


def test_images_that_another_build_made_are_where_they_are_shipped_from(tmp_path: Path) -> None:
    run("deploy", tmp_path)
    assert (tmp_path / "source" / ".local" / "images" / "training.spdx.json").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_a_file_that_the_build_writes(name: str) -> None:
    found = Buildspec.read(name)
    for report in found.content.get("reports", {}).values():
        assert report["file-format"] == "JUNITXML"
        (file,) = report["files"]
        assert f"{report['base-directory']}/{file}" in "\n".join(found.commands)


def argvs() -> list[list[str]]:
    calls = {each for calls in CALLS.values() for each in calls if each.startswith(f"{AUTOMATION} ")}
    texts = (each.removeprefix(f"{AUTOMATION} ").replace("approved in the registry", "approved") for each in calls)
    return sorted(text.split() for text in texts)


@pytest.mark.parametrize("argv", argvs(), ids=lambda argv: " ".join(argv))
def test_what_is_asked_of_automation_is_one_of_its_commands(argv: list[str]) -> None:
    group: Any = get_command(app)
    context = group.make_context("automation", [*argv])
    name, command, rest = group.resolve_command(context, [*argv])
    command.make_context(name, rest, parent=context)  # parses, and runs nothing
