from __future__ import annotations

import re
import shlex
import subprocess
import sys

from components.operations.bootstrap import waiting_for
from contracts import release
from contracts.release import Record
from settings import Workload
from tests.components.engine import NAMES

PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/1"
RECORD = release.promote(None, PACKAGE, who="test", why="first", when="2025-01-06T09:00:00+00:00")
WORKLOADS = {"churn": Workload(contract="contracts/churn.yaml")}


def waits(*images: str, releases: dict[str, Record]) -> list[str]:
    return waiting_for(NAMES, WORKLOADS, images=dict.fromkeys(images, "uri"), releases={"churn": releases})


def test_a_complete_stack_waits_for_nothing() -> None:
    assert waits("training", "inference", releases={"live": RECORD}) == []


def test_each_missing_image_and_how_it_comes() -> None:
    assert waits("training", releases={"live": RECORD}) == [
        "the inference image: push it to mlplatform-staging-inference, then "
        "`.venv/bin/python -m automation publish inference --stack staging` and `PULUMI_OPTION_POLICY_PACK=policies "
        "PULUMI_OPTION_POLICY_PACK_CONFIG=policies/config/staging.json pulumi up --stack staging` "
        "(brings the training pipelines)"
    ]


def test_a_missing_release_and_the_commands_that_bring_it() -> None:
    (wait,) = waits("training", "inference", releases={})
    assert wait.startswith("a release of churn-staging-live: `.venv/bin/python -m automation approve --stack staging ")
    assert " for a package of group churn-staging, then `.venv/bin/python -m automation promote " in wait
    assert "--workload churn --endpoint live " in wait
    assert " pulumi up --stack staging` " in wait


def test_the_commands_that_are_told_are_those_of_the_product() -> None:
    told = " ".join(waits(releases={}))
    commands = [
        shlex.split(command) for command in re.findall(r"`(\.venv/bin/python [^`]*)`", told.replace("<reason>", "x"))
    ]
    assert [command[3] for command in commands] == ["publish", "publish", "approve", "promote"]
    for _, *arguments in commands:  # --help: an option or an argument that there is not is refused all the same
        done = subprocess.run([sys.executable, *arguments, "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
