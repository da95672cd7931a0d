"""A stack that holds what must not be lost runs judged, or not at all."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pulumi
import pytest

from components.ground import judged

ROOT = Path(__file__).parents[3]
ENOUGH = {
    "PULUMI_OPTION_POLICY_PACK": "policies",
    "PULUMI_OPTION_POLICY_PACK_CONFIG": "policies/config/prod.json",
}


@pytest.mark.parametrize(
    "environment",
    [
        ENOUGH,
        {name: str(ROOT / path) for name, path in ENOUGH.items()},
        {name: f"/opt/house-rules,{path}" for name, path in ENOUGH.items()},
    ],
)
def test_the_pack_with_the_levels_of_the_stack_is_enough(environment: dict[str, str]) -> None:
    judged.require("prod", environment)


def test_a_stack_without_levels_of_its_own_needs_the_pack_alone() -> None:
    judged.require("prod-eu", {"PULUMI_OPTION_POLICY_PACK": "policies"})


def test_a_bare_run_is_refused_with_what_to_set() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        judged.require("prod", {})
    assert str(refused.value).splitlines() == [
        "stack prod has ml-platform:protect, and no policy pack would judge this run:",
        "  PULUMI_OPTION_POLICY_PACK: found 'nothing'; allowed: policies",
        "  PULUMI_OPTION_POLICY_PACK_CONFIG: found 'nothing'; allowed: policies/config/prod.json",
        "run `PULUMI_OPTION_POLICY_PACK=policies PULUMI_OPTION_POLICY_PACK_CONFIG=policies/config/prod.json pulumi up"
        " --stack prod` (.envrc exports the variables, for the stack in PULUMI_STACK), or set"
        " ml-platform:require_policies to false where a Pulumi organisation enforces the pack",
    ]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"PULUMI_OPTION_POLICY_PACK": ""}, "PULUMI_OPTION_POLICY_PACK: found ''"),
        ({"PULUMI_OPTION_POLICY_PACK": "../other"}, "PULUMI_OPTION_POLICY_PACK: found '../other'"),
        (
            {"PULUMI_OPTION_POLICY_PACK_CONFIG": "policies/config/staging.json"},
            "PULUMI_OPTION_POLICY_PACK_CONFIG: found 'policies/config/staging.json'",
        ),
    ],
)
def test_another_pack_and_the_levels_of_another_stack_are_refused_by_name(changed: dict[str, str], named: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        judged.require("prod", ENOUGH | changed)
    lines = str(refused.value).splitlines()
    assert len(lines) == 3
    assert lines[1].startswith(f"  {named}; allowed: ")


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_committed_environment_has_every_stack_judged_from_any_directory(stack: str, tmp_path: Path) -> None:
    script = f"cd {ROOT} && . ./.envrc && cd {tmp_path} && env"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        env=environment | {"PULUMI_STACK": stack},
        capture_output=True,
        text=True,
        check=True,
    )
    set_by_it = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("PULUMI_"))
    assert set_by_it["PULUMI_STACK"] == stack
    judged.require(stack, set_by_it)
    assert "PULUMI_BACKEND_URL" not in set_by_it


@pytest.mark.parametrize("written", ["s3://states", '"s3://states"', "'s3://states'  # ours"])
def test_the_committed_environment_goes_where_the_stacks_file_says(tmp_path: Path, written: str) -> None:
    (tmp_path / "Pulumi.qa.yaml").write_text(f"config:\n  ml-platform:stack: qa\n  ml-platform:backend: {written}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  ml-platform:stack: dev\n")
    found: list[str] = []
    for stack in ("qa", "dev"):
        script = f"cd {tmp_path} && . {ROOT}/.envrc && echo $PULUMI_BACKEND_URL"
        environment = {**os.environ, "PULUMI_STACK": stack, "PULUMI_BACKEND_URL": "file:///elsewhere"}
        done = subprocess.run(["/bin/bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
        found.append(done.stdout.strip())
    assert found == ["s3://states", "file:///elsewhere"]
