from __future__ import annotations

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
        "`aws ssm put-parameter --type String --overwrite --name /mlplatform/staging/images/inference "
        "--value <repository>@sha256:<digest>` and `PULUMI_OPTION_POLICY_PACK=policies "
        "PULUMI_OPTION_POLICY_PACK_CONFIG=policies/config/staging.json pulumi up --stack staging` "
        "(brings the training pipelines)"
    ]


def test_a_missing_release_and_the_command_that_writes_its_record() -> None:
    (wait,) = waits("training", "inference", releases={})
    assert wait.startswith(
        "a release of churn-staging-live: approve a package of group churn-staging, then `aws ssm put-parameter "
    )
    assert "--name /mlplatform/staging/churn/live/release" in wait
    command = wait.partition('--value "$(')[2].partition(')"`')[0]
    filled = command.replace("<package ARN>", PACKAGE).replace("<now, ISO 8601 UTC>", "2025-01-06T09:00:00+00:00")
    program = shlex.split(filled)
    assert program[0] == ".venv/bin/python"
    assert " pulumi up --stack staging` " in wait
    made = subprocess.run([sys.executable, *program[1:]], capture_output=True, text=True, check=True)
    assert release.from_json(made.stdout).wanted.champion == PACKAGE
