"""The state machine of ingestion, as it is and as SageMaker's model checks what it asks for."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from components.data import ingestion_jobs, machine
from components.data.ingestion_jobs import JobBase
from components.jobs import Site
from tests.components.engine import ALERTS, CHURN
from workloads.pipeline import shapes

GOLDEN = Path(__file__).with_name("ingestion.json")
ROLE = "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-validation"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/keys-models"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-training@sha256:" + "0" * 64
CONTRACT = "s3://123456789012-staging-ai-artifacts/contracts/churn/0123456789abcdef/contract.json"
RECIPE = "0123456789abcdef"
GROUP = "churn-staging-features-e427990f"
BASE = JobBase(
    site=Site(key_arn=KEY, subnet_ids=["subnet-0", "subnet-1"], security_group_id="sg-0"),
    image_uri=IMAGE,
    contract_uri=CONTRACT,
    instance_type="ml.m5.large",
    minutes=60,
    tags={"Environment": "staging"},
)
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/churn-staging-dead-letters"


def request(*, salt_secret: str | None = None) -> dict[str, Any]:
    return ingestion_jobs.validation_request(CHURN, BASE, role_arn=ROLE, salt_secret=salt_secret)


def steps(feature_group: str | None = GROUP) -> list[ingestion_jobs.Step]:
    return ingestion_jobs.steps(CHURN, BASE, role_arn=ROLE, recipe=RECIPE, feature_group=feature_group)


def definition(
    *, retrain_after_rows: int | None = None, label_shift: float | None = None, feature_group: str | None = GROUP
) -> dict[str, Any]:
    return machine.definition(
        CHURN,
        request=request(),
        steps=steps(feature_group),
        minutes=60,
        alerts_arn=ALERTS,
        queue_url=QUEUE,
        asks=machine.Asks(rows=retrain_after_rows, label_shift=label_shift),
    )


def test_a_data_set_that_is_joined_with_the_offline_store_is_left_to_training() -> None:
    joined = ingestion_jobs.steps(CHURN, BASE, role_arn=ROLE, recipe=RECIPE, feature_group=GROUP, joined=True)
    assert [step.name for step in steps()] == ["MakeDataSet", "WriteRecords"]
    assert joined == [step for step in steps() if step.name == "WriteRecords"]


def test_glue_makes_the_data_set_where_it_has_code_for_it_and_waits_for_its_turn() -> None:
    steps = ingestion_jobs.steps(
        CHURN, BASE, role_arn=ROLE, recipe=RECIPE, feature_group=GROUP, code_version="fedcba9876543210"
    )
    drawn = machine.definition(
        CHURN,
        request=request(),
        steps=steps,
        minutes=60,
        alerts_arn=ALERTS,
        queue_url=QUEUE,
    )
    embedded = definition()["States"]
    made = drawn["States"].pop("MakeDataSet")
    assert drawn["States"] == {name: state for name, state in embedded.items() if name != "MakeDataSet"}
    assert (made["Resource"], made["Parameters"]) == (
        "arn:aws:states:::glue:startJobRun.sync",
        {
            "JobName": "churn-staging-spark",
            "Arguments": {
                "--contract": CONTRACT,
                "--processed": "s3://123456789012-staging-ai-processed-data/",
                "--workload": "churn",
                "--recipe": RECIPE,
                "--code-version": "fedcba9876543210",
                "--object-sha256.$": "$.note.verdict.object_sha256",
            },
        },
    )
    busy, failed = made["Retry"]
    assert (busy["ErrorEquals"], busy["MaxAttempts"]) == (
        ["Glue.ConcurrentRunsExceededException", "Glue.ResourceNumberLimitExceededException"],
        287,
    )
    assert failed == embedded["MakeDataSet"]["Retry"][-1]
    assert {key: made[key] for key in ("Catch", "Next", "ResultPath", "TimeoutSeconds")} == {
        key: embedded["MakeDataSet"][key] for key in ("Catch", "Next", "ResultPath", "TimeoutSeconds")
    }


def ends(states: dict[str, Any], start: str) -> set[str]:
    """Every state that can be reached from `start`."""
    found, todo = set[str](), [start]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            state = states[name]
            todo += [state[key] for key in ("Next", "Default") if key in state]
            todo += [each["Next"] for key in ("Catch", "Choices") for each in state.get(key, [])]
    return found


def test_the_whole_definition_is_the_one_that_was_read_last() -> None:
    """`python -m tests.components.data.test_machine` writes the file anew: read its difference."""
    assert definition(retrain_after_rows=10_000) == json.loads(GOLDEN.read_text())


def test_a_new_object_below_the_workloads_prefix_starts_it() -> None:
    assert machine.pattern(CHURN) == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["123456789012-staging-ai-raw-data"]},
            "object": {"key": [{"prefix": "incoming/churn/"}]},
        },
    }


@pytest.mark.parametrize("rows", [None, 10_000])
def test_every_state_is_reached_and_every_way_ends(rows: int | None) -> None:
    states = definition(retrain_after_rows=rows)["States"]
    assert ends(states, "Validate") == set(states)
    assert {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail")} == {"Decided", "Failed"}


def test_whatever_fails_is_tried_again_after_growing_random_waits_and_then_buried() -> None:
    states = definition(retrain_after_rows=10_000)["States"]
    tasks = {name: state for name, state in states.items() if state["Type"] == "Task"}
    assert {name: state["Retry"][-1]["MaxAttempts"] for name, state in tasks.items()} == {
        "Validate": 2,
        "ReadVerdict": 2,
        "TellPeople": 2,
        "LookForDataSet": 2,
        "MakeDataSet": 2,
        "LookForRecords": 2,
        "WriteRecords": 2,
        "AskForTraining": 7,
        "Bury": 2,
    }
    for state in tasks.values():
        *waiting, retry = state["Retry"]
        assert bool(waiting) == state["Resource"].endswith(".sync")
        assert (retry["ErrorEquals"], retry["BackoffRate"], retry["JitterStrategy"]) == (["States.ALL"], 2, "FULL")
    caught = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Bury"}
    assert [name for name, state in tasks.items() if state.get("Catch") != [caught]] == ["Bury"]
    assert states["Bury"]["Next"] == "Failed"


def test_a_job_that_the_accounts_quota_has_no_room_for_waits_a_day_for_it_and_a_throttled_call_an_hour() -> None:
    """More files at once than jobs may run are no failures; a request that is wrong is told within the hour."""
    for name in ("Validate", "MakeDataSet", "WriteRecords"):
        full, throttled, _ = definition()["States"][name]["Retry"]
        assert full["ErrorEquals"] == ["SageMaker.ResourceLimitExceededException", "SageMaker.ThrottlingException"]
        assert throttled["ErrorEquals"] == ["SageMaker.AmazonSageMakerException"]
        assert [longest(each) for each in (full, throttled)] == [timedelta(seconds=170_700), timedelta(seconds=3_900)]
        assert {each["JitterStrategy"] for each in (full, throttled)} == {"FULL"}


def longest(retry: dict[str, Any]) -> timedelta:
    """How long a state waits at most; on average it is half of that."""
    waits = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** n, retry["MaxDelaySeconds"])
        for n in range(retry["MaxAttempts"])
    ]
    return timedelta(seconds=sum(waits))


def test_only_a_contract_that_says_so_asks_for_training() -> None:
    without, asking = definition()["States"], definition(retrain_after_rows=10_000)["States"]
    assert (without["WriteRecords"]["Next"], without["HasRecords"]["Default"]) == ("Decided", "Decided")
    assert (asking["WriteRecords"]["Next"], asking["HasRecords"]["Default"]) == ("AskForTraining", "AskForTraining")
    assert "AskForTraining" not in without
    assert asking["AskForTraining"]["Parameters"]["Payload"]["at_least_rows"] == 10_000


@pytest.mark.parametrize(
    ("rows", "shift", "payload"),
    [
        (None, 0.05, {"trigger": "new data", "max_label_shift": 0.05}),
        (
            10_000,
            0.05,
            {
                "trigger": "new data: 10000 rows are worth a training",
                "at_least_rows": 10_000,
                "max_label_shift": 0.05,
            },
        ),
    ],
)
def test_labels_that_may_move_only_so_far_ask_for_training_too(
    rows: int | None, shift: float, payload: dict[str, Any]
) -> None:
    states = definition(retrain_after_rows=rows, label_shift=shift)["States"]
    assert states["AskForTraining"]["Parameters"]["Payload"] == payload
    assert states["WriteRecords"]["Next"] == "AskForTraining"


def test_while_a_brake_holds_that_passes_training_is_asked_for_again() -> None:
    states = definition(retrain_after_rows=10_000)["States"]
    assert states["HasAnswer"] == {
        "Type": "Choice",
        "Choices": [{"Variable": "$.training.answer.action", "StringEquals": "later", "Next": "WaitForTraining"}],
        "Default": "Decided",
    }
    assert states["WaitForTraining"] == {"Type": "Wait", "Seconds": 1800, "Next": "AskForTraining"}


def test_an_accepted_object_is_prepared_and_then_written_unless_its_notes_say_that_it_was() -> None:
    states = definition()["States"]
    assert states["Decide"]["Choices"][0]["Next"] == "LookForDataSet"
    look = states["LookForDataSet"]["Parameters"]
    noted = f"ledger/churn/prepared/{RECIPE}/{{}}.json"
    assert look["Prefix.$"] == f"States.Format('{noted}', $.note.verdict.object_sha256)"
    assert states["HasDataSet"] == {
        "Type": "Choice",
        "Choices": [{"Variable": "$.looked.found", "NumericEquals": 0, "Next": "MakeDataSet"}],
        "Default": "LookForRecords",
    }
    assert states["MakeDataSet"]["Next"] == "LookForRecords"


def test_only_a_stack_that_says_so_writes_records() -> None:
    without = definition(feature_group=None)["States"]
    assert without["MakeDataSet"]["Next"] == "Decided"
    assert [name for name in without if "Record" in name] == []
    arguments = definition()["States"]["WriteRecords"]["Parameters"]["AppSpecification"]["ContainerArguments.$"]
    assert f"'--feature-group', '{GROUP}'" in arguments


@pytest.mark.parametrize("asked", [request(), *(dict(step.request) for step in steps())])
def test_sagemaker_would_take_the_requests_when_the_objects_paths_are_filled_in(asked: dict[str, Any]) -> None:
    filled = {key.removesuffix(".$"): value for key, value in asked.items()}
    specification = filled["AppSpecification"]
    filled["ProcessingJobName"] = "churn-staging-validation-0a1b2c3d"
    filled["AppSpecification"] = {**specification, "ContainerArguments": ["--object", "s3://b/k"]}
    del filled["AppSpecification"]["ContainerArguments.$"]
    assert shapes.check({"Type": "Processing", "Name": "Validate", "Arguments": filled}, {}) == []


def test_names_of_jobs_fit_for_the_longest_name_of_a_workload() -> None:
    assert request()["ProcessingJobName.$"].startswith("States.Format('churn-staging-validation-{}', ")
    assert len("-preparation-12345678") <= len("-drift-0123456789abcdef")  # of an endpoint's longer prefix


def test_a_salt_is_named_and_never_given() -> None:
    arguments = request(salt_secret="mlplatform/staging/churn/pii-salt")["AppSpecification"]["ContainerArguments.$"]
    assert "'--salt-secret', 'mlplatform/staging/churn/pii-salt'" in arguments
    assert "--salt-secret" not in request()["AppSpecification"]["ContainerArguments.$"]


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(definition(retrain_after_rows=10_000), indent=1, sort_keys=True) + "\n")
