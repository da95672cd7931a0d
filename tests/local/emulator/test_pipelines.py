from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator


def definition(*steps: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Steps": list(steps or [step()])} | more)


def step(name: str = "Prepare", **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Processing", "Arguments": arguments}


@pytest.fixture
def pipeline(sagemaker: Any, role: str, name: str) -> Callable[..., str]:
    def create(text: str) -> str:
        sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=text, RoleArn=role)
        return name

    return create


@pytest.fixture
def run(sagemaker: Any, eventually: Any) -> Callable[..., dict[str, Any]]:
    """Starts an execution and answers with its description once it is over."""

    def start(name: str, **more: Any) -> dict[str, Any]:
        arn = sagemaker.start_pipeline_execution(PipelineName=name, **more)["PipelineExecutionArn"]

        def over() -> Any:
            found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
            return found if found["PipelineExecutionStatus"] != "Executing" else None

        return eventually(over)

    return start


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == "ValidationException"
    return error.value.response["Error"]["Message"]


def test_an_execution_that_succeeds(sagemaker: Any, pipeline: Any, run: Any) -> None:
    name = pipeline(definition(step("Prepare"), step("Train", Seconds=0.3)))
    found = run(name, PipelineExecutionDisplayName="first", PipelineExecutionDescription="by hand")
    assert found["PipelineExecutionStatus"] == "Succeeded"
    assert (found["PipelineExecutionDisplayName"], found["PipelineExecutionDescription"]) == ("first", "by hand")
    assert "FailureReason" not in found
    listed = sagemaker.list_pipeline_execution_steps(
        PipelineExecutionArn=found["PipelineExecutionArn"], SortOrder="Ascending"
    )["PipelineExecutionSteps"]
    assert [(s["StepName"], s["StepStatus"]) for s in listed] == [("Prepare", "Succeeded"), ("Train", "Succeeded")]
    assert (listed[1]["EndTime"] - listed[1]["StartTime"]).total_seconds() > 0.2
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/prepare"
    assert listed[0]["Metadata"] == {"ProcessingJob": {"Arn": arn}}


def test_an_execution_that_fails_says_why(sagemaker: Any, pipeline: Any, run: Any) -> None:
    name = pipeline(definition(step("Prepare", Fail="no rows"), step("Train")))
    found = run(name)
    assert found["PipelineExecutionStatus"] == "Failed"
    assert found["FailureReason"] == "Step Prepare failed: no rows: {}"
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=found["PipelineExecutionArn"])
    steps = listed["PipelineExecutionSteps"]
    assert [(s["StepName"], s["StepStatus"], s["FailureReason"]) for s in steps] == [
        ("Prepare", "Failed", "no rows: {}")
    ]
    summary = sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"][0]
    assert summary["PipelineExecutionFailureReason"] == "Step Prepare failed: no rows: {}"


def test_a_worker_that_breaks_off_fails_the_execution_and_its_step(sagemaker: Any, pipeline: Any, run: Any) -> None:
    found = run(pipeline(definition(step("Prepare", Crash=7))))
    assert found["PipelineExecutionStatus"] == "Failed"
    assert found["FailureReason"].startswith("the process of the execution ended with exit code 7 before its end; see ")
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=found["PipelineExecutionArn"])
    assert [s["StepStatus"] for s in listed["PipelineExecutionSteps"]] == ["Failed"]


def test_an_execution_can_be_stopped(sagemaker: Any, pipeline: Any, eventually: Any) -> None:
    name = pipeline(definition(step("Train", Seconds=60)))
    arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]

    def steps() -> Any:
        return sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]

    def status() -> str:
        return sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]

    eventually(steps)
    assert (status(), steps()[0]["StepStatus"]) == ("Executing", "Executing")
    began = time.monotonic()
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    eventually(lambda: status() == "Stopped")
    assert time.monotonic() - began < 60
    assert steps()[0]["StepStatus"] == "Stopped"
    again = refusal(lambda: sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn))
    assert again == f"Pipeline execution {arn} is Stopped, only Executing can stop."


def test_parameters_reach_the_execution(sagemaker: Any, pipeline: Any, run: Any) -> None:
    declared = [
        {"Name": "DatasetVersion", "Type": "String"},
        {"Name": "Approval", "Type": "String", "DefaultValue": "Pending", "EnumValues": ["Pending", "Approved"]},
    ]
    name = pipeline(definition(step(Fail="told"), Parameters=declared))
    found = run(name, PipelineParameters=[{"Name": "DatasetVersion", "Value": "data-1"}])
    assert found["FailureReason"] == 'Step Prepare failed: told: {"DatasetVersion": "data-1"}'
    kept = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=found["PipelineExecutionArn"])
    assert kept["PipelineParameters"] == [{"Name": "DatasetVersion", "Value": "data-1"}]
    bad = [{"Name": "Stranger", "Value": "1"}, {"Name": "Approval", "Value": "Maybe"}]
    assert refusal(lambda: run(name, PipelineParameters=bad)) == (
        "Invalid pipeline parameters: Stranger: no such parameter; there are DatasetVersion, Approval; DatasetVersion: "
        "no value given, and the definition has no default; Approval: found 'Maybe'; allowed: Pending, Approved"
    )


def test_a_repeated_start_is_the_same_execution(sagemaker: Any, pipeline: Any, run: Any) -> None:
    name, token = pipeline(definition()), "t" * 32
    first = run(name, ClientRequestToken=token)["PipelineExecutionArn"]
    assert run(name, ClientRequestToken=token)["PipelineExecutionArn"] == first
    assert run(name)["PipelineExecutionArn"] != first


def test_executions_are_listed_newest_first_and_by_page(sagemaker: Any, pipeline: Any, run: Any) -> None:
    name = pipeline(definition())
    arns = [run(name)["PipelineExecutionArn"] for _ in range(3)]
    first = sagemaker.list_pipeline_executions(PipelineName=name, MaxResults=2)
    second = sagemaker.list_pipeline_executions(PipelineName=name, MaxResults=2, NextToken=first["NextToken"])
    listed = first["PipelineExecutionSummaries"] + second["PipelineExecutionSummaries"]
    assert [e["PipelineExecutionArn"] for e in listed] == arns[::-1]
    assert "NextToken" not in second
    bad = refusal(lambda: sagemaker.list_pipeline_executions(PipelineName=name, NextToken="x"))
    assert bad == "NextToken is 'x', which this operation did not give."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "Invalid pipeline definition: not JSON (Expecting value: line 1 column 1 (char 0))"),
        ("[]", "Invalid pipeline definition: it is list, expected an object"),
        (
            json.dumps({"Version": "1", "Steps": []}),
            "Invalid pipeline definition: Version is '1', expected '2020-12-01'; "
            "Steps must be a list with at least one step",
        ),
        (definition({"Name": "a"}), 'Invalid pipeline definition: a step has no Name or no Type: {"Name": "a"}'),
        (
            definition(step("a"), {"Name": "c", "Type": "Condition", "Arguments": {"IfSteps": [step("a")]}}),
            "Invalid pipeline definition: step name a is used more than once",
        ),
    ],
)
def test_a_definition_that_is_none(sagemaker: Any, pipeline: Any, role: str, text: str, message: str) -> None:
    assert refusal(lambda: pipeline(text)) == message
    name = pipeline(definition())
    assert refusal(lambda: sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=text)) == message
    assert sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"] == definition()


def test_a_definition_in_s3(sagemaker: Any, s3: Any, bucket: str, role: str, name: str) -> None:
    s3.put_object(Bucket=bucket, Key="definition.json", Body=definition().encode())
    location = {"Bucket": bucket, "ObjectKey": "definition.json"}
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinitionS3Location=location, RoleArn=role)
    assert sagemaker.describe_pipeline(PipelineName=name)["PipelineDefinition"] == definition()
    missing = location | {"ObjectKey": "nothing.json"}
    found = refusal(lambda: sagemaker.update_pipeline(PipelineName=name, PipelineDefinitionS3Location=missing))
    assert found == f"Could not read the pipeline definition at s3://{bucket}/nothing.json"


def test_an_update_is_seen(sagemaker: Any, pipeline: Any) -> None:
    name = pipeline(definition())
    before = sagemaker.describe_pipeline(PipelineName=name)
    sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=definition(step("Other")))
    after = sagemaker.describe_pipeline(PipelineName=name)
    assert after["PipelineDefinition"] == definition(step("Other"))
    assert after["LastModifiedTime"] > before["LastModifiedTime"]
    assert after["RoleArn"] == before["RoleArn"]


def test_the_course_of_an_execution_is_announced(
    emulator: Emulator, sagemaker: Any, pipeline: Any, run: Any, name: str, open_queue: Any
) -> None:
    sqs, events = emulator.client("sqs"), emulator.client("events")
    url = open_queue(name)
    arn = f"arn:aws:sagemaker:eu-west-1:123456789012:pipeline/{name}"
    events.put_rule(Name=name, EventPattern=json.dumps({"detail": {"pipelineArn": [arn]}}))
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:eu-west-1:123456789012:{name}"}])
    run(pipeline(definition()))
    bodies = [json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    told = [(e["detail"].get("currentPipelineExecutionStatus"), e["detail"].get("currentStepStatus")) for e in bodies]
    assert told == [("Executing", None), (None, "Executing"), (None, "Succeeded"), ("Succeeded", None)]


def test_what_does_not_exist(sagemaker: Any) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/nobody/execution/abc"
    for call in (sagemaker.describe_pipeline_execution, sagemaker.list_pipeline_execution_steps):
        assert refusal(lambda c=call: c(PipelineExecutionArn=arn)) == (
            "Could not find pipeline with PipelineName nobody."
        )
    assert refusal(lambda: sagemaker.start_pipeline_execution(PipelineName="nobody")) == (
        "Could not find pipeline with PipelineName nobody."
    )


def selected(*names: str, source: str | None = None) -> dict[str, Any]:
    arn = {"SourcePipelineExecutionArn": source} if source else {}
    return {"SelectiveExecutionConfig": {"SelectedSteps": [{"StepName": each} for each in names], **arn}}


def test_selected_steps_run_after_an_execution_that_is_over(sagemaker: Any, pipeline: Any, run: Any) -> None:
    name = pipeline(definition(step("Prepare"), step("Train"), step("Evaluate")))
    first = run(name)["PipelineExecutionArn"]
    for source in (None, first):
        again = run(name, **selected("Train", "Evaluate", source=source))
        listed = sagemaker.list_pipeline_execution_steps(
            PipelineExecutionArn=again["PipelineExecutionArn"], SortOrder="Ascending"
        )
        assert [each["StepName"] for each in listed["PipelineExecutionSteps"]] == ["Train", "Evaluate"]


def test_a_selection_that_cannot_run_is_refused(sagemaker: Any, pipeline: Any, run: Any) -> None:
    name = pipeline(definition(step("Prepare"), step("Train", Seconds=60)))

    def start(**selection: Any) -> str:
        return refusal(lambda: sagemaker.start_pipeline_execution(PipelineName=name, **selection))

    assert start(**selected("Tune")) == "Selected steps Tune are not in the pipeline, which has ['Prepare', 'Train']."
    wanted = "The source execution must have succeeded or failed"
    assert start(**selected("Train")) == f"{wanted}, the latest one is not there."
    arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    assert start(**selected("Train", source=arn)) == f"{wanted}, {arn} is Executing."
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
