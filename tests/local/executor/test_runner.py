from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from local.emulator.client import EmulatorError, run_job
from local.executor import InvalidExecution, Runner, container
from tests.local.executor.world import World, log_of, output_uri, reason_of

Step = dict[str, Any]


def fail(name: str, message: Any, **members: Any) -> Step:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}, **members}


def condition(name: str, left: Any, right: Any, then: list[Step], otherwise: list[Step], **members: Any) -> Step:
    arguments = {
        "Conditions": [{"Type": "Equals", "LeftValue": left, "RightValue": right}],
        "IfSteps": then,
        "ElseSteps": otherwise,
    }
    return {"Name": name, "Type": "Condition", "Arguments": arguments, **members}


def test_data_flows_from_step_to_step_whatever_their_order(world: World) -> None:
    out, source = "/opt/ml/processing/output", "/opt/ml/processing/input"
    double = world.processing(
        "Double",
        "n = int(pathlib.Path(sys.argv[1], 'n').read_text())\npathlib.Path(sys.argv[2], 'm').write_text(str(2 * n))",
        inputs={"number": output_uri("Write", "number")},
        outputs=["result"],
        arguments=[f"{source}/number", f"{out}/result"],
    )
    write = world.processing(
        "Write",
        "pathlib.Path(sys.argv[2], 'n').write_text(sys.argv[1])",
        outputs=["number"],
        arguments=[{"Get": "Parameters.Number"}, f"{out}/number"],
    )
    result = world.run([double, write], [{"Name": "Number", "Type": "String"}], Number="21")
    assert [step.name for step in result.steps] == ["Write", "Double"]
    assert [world.text(k) for k in world.keys("runs/") if k.endswith("Double/result/m")] == ["42"]


def test_selected_steps_run_on_what_the_others_left_in_an_earlier_execution(world: World) -> None:
    write = world.processing(
        "Write",
        "pathlib.Path(sys.argv[1], 'n.json').write_text('{\"n\": 21}')",
        outputs=["number"],
        arguments=["/opt/ml/processing/output/number"],
        PropertyFiles=[{"PropertyFileName": "Number", "OutputName": "number", "FilePath": "n.json"}],
    )
    number = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Write.PropertyFiles.Number"}, "Path": "n"}}
    told = [fail("Told", {"Std:Join": {"On": " ", "Values": ["found", number]}})]
    gate = condition("Gate", number, 21, told, [])
    assert [step.name for step in world.run([write, gate]).steps] == ["Write", "Gate", "Told"]
    (first,) = world.executions
    again = world.runner([write, gate], selected=["Gate", "Told"], source=first).run()
    assert [step.name for step in again.steps] == ["Gate", "Told"]
    assert reason_of(again) == "found 21"
    third = world.runner([write, gate], selected=["Gate", "Told"], source=world.executions[-1]).run()
    assert reason_of(third) == "found 21"


def test_steps_that_do_not_need_each_other_run_at_the_same_time(world: World) -> None:
    meet = (
        "mine, other = sys.argv[1:]\npathlib.Path(mine).touch()\nuntil = time.monotonic() + 600\n"
        "while not pathlib.Path(other).exists():\n    assert time.monotonic() < until, 'alone'\n    time.sleep(0.01)"
    )
    a, b = str(world.root / "a"), str(world.root / "b")
    steps = [world.processing("A", meet, arguments=[a, b]), world.processing("B", meet, arguments=[b, a])]
    assert world.run(steps).status == "Succeeded"


def test_progress_is_told_as_it_happens(world: World) -> None:
    world.run([world.processing("One", ""), fail("Two", "enough", DependsOn=["One"])])
    assert [(r.name, r.status) for r in world.told] == [
        ("One", "Executing"),
        ("One", "Succeeded"),
        ("Two", "Executing"),
        ("Two", "Failed"),
    ]
    assert all(r.ended is None for r in world.told[::2])
    assert all(r.ended and r.started <= r.ended for r in world.told[1::2])


@pytest.mark.parametrize(("mode", "expected"), [("yes", "then"), ("no", "otherwise")])
def test_a_condition_runs_one_branch_only(world: World, mode: str, expected: str) -> None:
    gate = condition(
        "Gate",
        {"Get": "Parameters.Mode"},
        "yes",
        [world.processing("Then", ""), fail("ThenEnd", "then", DependsOn=["Then"])],
        [fail("OtherwiseEnd", "otherwise")],
    )
    result = world.run([gate], [{"Name": "Mode", "Type": "String"}], Mode=mode)
    assert result.failure_reason == expected
    assert result.step("Gate").metadata == {"Condition": {"Outcome": str(mode == "yes")}}
    assert [s.name for s in result.steps] == ["Gate", *(["Then"] if mode == "yes" else []), result.steps[-1].name]


def test_what_waits_for_a_branch_that_is_not_taken_does_not_run(world: World) -> None:
    gate = condition("Gate", 1, 1, [world.processing("Then", "")], [world.processing("Otherwise", "")])
    after = world.processing("After", "", DependsOn=["Otherwise"])
    result = world.run([gate, after])
    assert result.status == "Succeeded"
    assert [s.name for s in result.steps] == ["Gate", "Then"]
    with pytest.raises(KeyError, match=r"step 'After' did not run; these did: \['Gate', 'Then'\]"):
        result.step("After")


def test_a_condition_on_a_property_file(world: World) -> None:
    judge = world.processing(
        "Judge",
        "gate = {'decision': 'reject', 'reason': 'weak'}\n"
        "pathlib.Path(sys.argv[1], 'r.json').write_text(json.dumps({'gate': gate}))",
        outputs=["report"],
        arguments=["/opt/ml/processing/output/report"],
        PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "r.json"}],
    )

    def value(path: str) -> dict[str, Any]:
        return {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Judge.PropertyFiles.Report"}, "Path": path}}

    gate = condition("Gate", value("gate.decision"), "register", [], [fail("Reject", value("gate.reason"))])
    result = world.run([judge, gate])
    assert (result.status, result.failure_reason) == ("Failed", "weak")
    assert result.step("Reject").metadata == {"Fail": {"ErrorMessage": "weak"}}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "ClientError: there is no object at 's3://bucket/runs/{id}/Judge/report/r.json'"),
        (
            "pathlib.Path(sys.argv[1], 'r.json').write_text('no json')",
            "ClientError: property file s3://bucket/runs/{id}/Judge/report/r.json is no JSON: Expecting value: line 1 "
            "column 1 (char 0)",
        ),
    ],
)
def test_a_property_file_that_cannot_be_read_fails_its_step(world: World, body: str, reason: str) -> None:
    judge = world.processing(
        "Judge",
        body,
        outputs=["report"],
        arguments=["/opt/ml/processing/output/report"],
        PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "r.json"}],
    )
    step = world.run([judge]).step("Judge")
    (directory,) = (world.root / "work" / "demo").glob("exec*")
    assert step.failure_reason == reason.format(id=directory.name)


def test_after_a_failure_nothing_starts_and_what_runs_goes_on(world: World) -> None:
    gone = world.root / "gone"
    slow = world.processing(
        "Slow",
        "until = time.monotonic() + 600\nwhile not pathlib.Path(sys.argv[1]).exists():\n"
        "    assert time.monotonic() < until\n    time.sleep(0.01)",
        arguments=[str(gone)],
    )
    runner: Runner = world.runner(
        [slow, world.processing("Bad", "sys.exit(1)"), fail("Later", "no", DependsOn=["Slow"])]
    )
    told = world.told

    def release(result: Any) -> None:
        told.append(result)
        if (result.name, result.status) == ("Bad", "Failed"):
            gone.touch()

    runner._on_step = release
    result = runner.run()
    assert {s.name: s.status for s in result.steps} == {"Slow": "Succeeded", "Bad": "Failed"}
    assert result.failure_reason == "Step failure: One or multiple steps failed. Bad: AlgorithmError: , exit code: 1"


def test_a_retry_is_another_job_in_another_directory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first attempt cannot be started: a fault of the platform, not of the algorithm."""
    faults = [EmulatorError("no emulator answers")]

    def run(*arguments: Any, **job: Any) -> int | None:
        if faults:
            raise faults.pop()
        return run_job(*arguments, **job)

    monkeypatch.setattr(container, "run_job", run)
    policy = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 30, "MaxAttempts": 1}
    result = world.run([world.processing("Try", "print('here')", RetryPolicies=[policy])])
    step = result.step("Try")
    assert (step.status, step.attempts, world.slept) == ("Succeeded", 2, [30.0])
    assert step.log is not None
    assert step.log.parent.name == "Try-2"
    assert log_of(step) == "here\n"


def test_the_execution_variables(world: World) -> None:
    names = [
        "PipelineName",
        "PipelineArn",
        "PipelineExecutionId",
        "PipelineExecutionArn",
        "StartDateTime",
        "CurrentDateTime",
    ]
    values = [{"Get": f"Execution.{name}"} for name in names]
    result = world.run([fail("Show", {"Std:Join": {"On": " ", "Values": values}})])
    name, arn, identity, execution_arn, start, current = reason_of(result).split()
    assert (name, arn) == ("demo", "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/demo")
    assert execution_arn == f"{arn}/execution/{identity}"
    assert start <= current <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def test_a_package_is_registered_through_the_api(world: World) -> None:
    world.sagemaker.create_model_package_group(ModelPackageGroupName="demo")
    register = package(world.put("model.tar.gz", "model"))
    result = world.run([register])
    assert result.failure_reason is None
    arn = result.step("Register").metadata["RegisterModel"]["Arn"]
    found = world.sagemaker.describe_model_package(ModelPackageName=arn)
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    assert found["CustomerMetadataProperties"] == {"auc": "0.91"}


def test_a_package_without_its_model_is_refused(world: World) -> None:
    result = world.run([package("s3://bucket/none.tar.gz")])
    reason = "ClientError: there is no object at 's3://bucket/none.tar.gz'"
    assert result.step("Register").failure_reason == reason


def test_a_refusal_of_the_api_fails_the_step(world: World) -> None:
    register = package(world.put("model.tar.gz", "model"))
    register["Arguments"]["CustomerMetadataProperties"]["note"] = "x" * 257
    reason = reason_of(world.run([register]).step("Register"))
    assert reason.startswith("ClientError: ValidationException: Register.CustomerMetadataProperties.note = 'xxxx")
    assert reason.endswith("must have 1 to 256 characters, has 257 (CreateModelPackage)")


def package(model: str) -> Step:
    specification = {
        "Containers": [{"Image": "image", "ModelDataUrl": model}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["application/json"],
    }
    return {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": "demo",
            "InferenceSpecification": specification,
            "ModelApprovalStatus": "PendingManualApproval",
            "CustomerMetadataProperties": {"auc": "0.91"},
        },
    }


def test_what_cannot_be_run_is_refused_before_anything_runs(world: World) -> None:
    steps = [
        world.processing("Fine", ""),
        {"Name": "Call", "Type": "Lambda", "Arguments": {}},
        fail("After", {"Get": "Parameters.None"}, DependsOn=[{"Step": "Fine", "Trigger": "Failed"}]),
        fail("Lost", "x", DependsOn=["Nowhere"], CacheConfig={"Enabled": True, "ExpireAfter": "P1D"}),
        world.processing("Forever", "", CacheConfig={"Enabled": True, "ExpireAfter": "soon"}),
    ]
    with pytest.raises(InvalidExecution) as caught:
        world.runner(steps)
    assert str(caught.value).splitlines() == [
        "the execution cannot be run here:",
        "Call: step type 'Lambda' is not run here; there are Processing, Training, Tuning, RegisterModel, Condition, "
        "Fail",
        "After: DependsOn with a Trigger is not run here: {'Step': 'Fine', 'Trigger': 'Failed'}",
        "Lost: a step of type Fail cannot be cached here",
        "Forever: ExpireAfter is 'soon'; give an ISO 8601 duration, for example P30D or PT12H",
        "After.Arguments.ErrorMessage: Parameters.None: no such parameter; there are ",
        "Lost: waits for Nowhere, which is no step",
    ]
    assert world.told == []


def test_steps_that_wait_for_each_other_are_refused(world: World) -> None:
    with pytest.raises(InvalidExecution, match="steps wait for each other: A, B"):
        world.runner([fail("A", "a", DependsOn=["B"]), fail("B", "b", DependsOn=["A"])])


def test_an_endpoint_that_does_not_answer_fails_the_step(world: World) -> None:
    step = world.processing("Read", "", inputs={"data": "s3://bucket/data/"})
    runner = Runner(
        {"Version": "2020-12-01", "Steps": [step]},
        {},
        "http://127.0.0.1:9",
        Path(world.root) / "elsewhere",
        "demo",
        "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/demo",
        "exec1",
    )
    reason = runner.run().step("Read").failure_reason
    assert reason is not None
    assert reason.startswith("InternalServerError: Could not connect to the endpoint URL")
