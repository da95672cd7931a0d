"""examples/automation: the CLI played, the account emulated, the endpoint's answers given."""

from __future__ import annotations

import io
import json
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automation.commands.target import Target
from automation.stacks import deployment
from contracts import release
from contracts.names import Names
from local.emulator import Emulator
from tests.automation.conftest import Platform, emulator
from tests.automation.stacks.conftest import RESOURCES, ROOT, Engine, engine

__all__ = ["emulator", "engine"]
SCRIPT = ROOT / "examples" / "automation" / "pull_request.py"
ROWS = 40


class Runtime:
    """An endpoint that knows the labels as well as it is told: the first `wrong` rows get the other score."""

    def __init__(self, wrong: int, *, steady: bool = True) -> None:
        self.wrong, self.steady, self.asked = wrong, steady, 0

    def invoke_endpoint(self, **asked: Any) -> dict[str, Any]:
        assert (asked["EndpointName"], asked["ContentType"]) == ("churn-pr-7-live", "text/csv")
        self.asked += 1
        labels = [int(line.rsplit(",", 1)[1]) for line in asked["Body"].decode().splitlines()[1:]]
        right = [0.25 + 0.5 * label for label in labels]
        scores = [1 - score if row < self.wrong else score for row, score in enumerate(right)]
        if not self.steady:
            scores[0] += self.asked / 1000
        return {"Body": io.BytesIO(json.dumps({"predictions": [{"score": score} for score in scores]}).encode())}


Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def run(
    engine: Engine,
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run the script for pr-7; a played `up` also does what the engine would do of the release record."""
    names = Names(stack="pr-7", account=emulator.account, region=emulator.region)
    platform = Platform(emulator=emulator, names=names.of_workload("churn").of_endpoint("live"))
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    shutil.copytree(
        ROOT / "contracts", engine.project / "contracts", ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    engine.set(resources=RESOURCES[1:])
    s3 = emulator.client("s3")
    if names.artifacts_bucket not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(
            Bucket=names.artifacts_bucket, CreateBucketConfiguration={"LocationConstraint": emulator.region}
        )
    rows = tmp_path / "rows.csv"
    rows.write_text("user_tenure_months,churn_label\n" + "".join(f"{n},{n % 2}\n" for n in range(ROWS)))
    played = deployment.up

    def up(*arguments: Any, **options: Any) -> Any:
        done = played(*arguments, **options)
        try:
            value = emulator.client("ssm").get_parameter(Name=platform.names.release_parameter)["Parameter"]["Value"]
        except emulator.client("ssm").exceptions.ParameterNotFound:
            return done
        platform.up(release.from_json(value))
        return done

    monkeypatch.setattr(deployment, "up", up)

    def script(runtime: Runtime, *, approved: bool = True) -> tuple[int, list[str]]:
        asked = Target.client
        monkeypatch.setattr(
            Target, "client", lambda self, service: runtime if service == "sagemaker-runtime" else asked(self, service)
        )
        package = platform.register(approved=approved)
        main = runpy.run_path(str(SCRIPT))["main"]
        code = main(["--stack", "pr-7", "--package", package, "--rows", str(rows)])
        said = capsys.readouterr()
        return int(code), [*said.out.splitlines(), *said.err.splitlines()]

    return script


def test_a_good_model_passes_and_nothing_is_left(run: Run, engine: Engine) -> None:
    code, said = run(Runtime(wrong=0))
    assert (code, said[-2:]) == (0, ["pr-7: 2 delete", "model tests passed"])
    assert [line for line in said if line.startswith("endpoint churn-pr-7-live serves release ")]
    assert [command for command in engine.asked if command != "stack ls"] == [
        "stack init", "up", "up", "destroy", "stack rm",
    ]  # fmt: skip
    assert (engine.stacks(), (engine.project / "Pulumi.pr-7.yaml").exists()) == (["staging"], False)


def test_a_bad_model_fails_with_the_reason_and_nothing_is_left(run: Run, engine: Engine) -> None:
    code, said = run(Runtime(wrong=20))
    assert (code, said[-2:]) == (7, ["model tests failed:", "  AUC is 0.5000; the contract asks for 0.75 or more"])
    assert engine.stacks() == ["staging"]


def test_a_model_that_answers_differently_each_time_fails(run: Run) -> None:
    code, said = run(Runtime(wrong=0, steady=False))
    assert (code, said[-1]) == (7, "  the same rows have other scores when asked again")


def test_a_package_that_nobody_approved_is_refused_and_nothing_is_left(run: Run, engine: Engine) -> None:
    code, said = run(Runtime(wrong=0), approved=False)
    assert code == 1
    assert said[-1].startswith("error: arn:aws:sagemaker:")
    assert said[-1].endswith("is PendingManualApproval; allowed: Approved; approve it first")
    assert engine.stacks() == ["staging"]


def test_an_up_that_fails_half_way_is_taken_down(run: Run, engine: Engine) -> None:
    engine.set(fails={"churn-live-endpoint": "no capacity"})
    code, said = run(Runtime(wrong=0))
    assert (code, said[-2:]) == (
        5,
        [
            "failed: no capacity",
            "done: 1 create; `python -m automation up --stack pr-7` goes on from there",
        ],
    )
    assert engine.stacks() == ["staging"]
