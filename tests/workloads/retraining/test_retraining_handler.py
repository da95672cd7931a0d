"""The handler against moto's S3 and stubbed clients: each request is checked, an unexpected call fails the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from contracts import release
from contracts.datasets import version_of
from contracts.machine_runs import MachineRuns
from contracts.release import Record, Release, Status
from tests.workloads.stubs import TOPIC_ARN, StubbedClients
from workloads.retraining.handler import MEMORY, retrain, trainer

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EXECUTION = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-prod/execution/abcdefabcdef"
ENVIRONMENT = {
    "PIPELINE_NAME": "churn-prod",
    "ACCEPTED_URI": "s3://processed/accepted/churn/",
    "LEDGER_URI": "s3://processed/ledger/churn/",
    "DATA_SETS_URI": "s3://processed/datasets/churn/",
    "RECIPE": "0a",
    "RUNS_URI": "s3://artifacts/runs/churn/",
    "START_URI": "s3://artifacts/locks/churn/training.json",
    "TOPIC_ARN": TOPIC_ARN,
    "COOL_DOWN_HOURS": "6",
    "MAX_RUNS_PER_DAY": "2",
}


class Clients(StubbedClients):
    """What the platform has, and what the handler is expected to do with it."""

    def __init__(self) -> None:
        super().__init__("sagemaker", "sns", "ssm")
        self.s3: Any = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        for bucket in ("processed", "artifacts"):
            self.s3.create_bucket(Bucket=bucket)

    def has(self, bucket: str, key: str, content: object) -> None:
        self.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(content).encode())

    def has_accepted(self, **rows: int) -> str:
        """Objects of so many accepted rows; returns the version of the data with them alone."""
        for name, accepted in rows.items():
            self.has("processed", f"accepted/churn/{name}.parquet", {})
            self.has("processed", f"ledger/churn/{name}.json", {"accepted": accepted})
        return str(version_of(f"accepted/churn/{name}.parquet" for name in rows))

    def run_learned_from(self, *names: str) -> None:
        sources = [{"name": f"{name}.parquet", "rows": 1} for name in names]
        manifest = {"sources": sources, "splits": {"train": {"rows": 5, "positives": 1}}}
        self.has("artifacts", "runs/churn/abcdefabcdef/Prepare/manifest/manifest.json", manifest)

    def has_made(self, version: str, uri: str | None, *, why: str = "", recipe: str = "0a") -> None:
        self.has("processed", f"datasets/churn/index/{recipe}/{version}.json", {"uri": uri, "why": why})

    def has_run(
        self, *, hours_ago: float, name: str, data: str, status: str = "Succeeded", execution: str = EXECUTION
    ) -> None:
        started = NOW - timedelta(hours=hours_ago)
        summary = {
            "PipelineExecutionArn": execution,
            "StartTime": started,
            "PipelineExecutionStatus": status,
            "PipelineExecutionDisplayName": name,
        }
        wanted = {"PipelineName": "churn-prod", "CreatedAfter": NOW - MEMORY}
        self.expect("sagemaker", "list_pipeline_executions", {"PipelineExecutionSummaries": [summary]}, wanted)
        self.expect(
            "sagemaker",
            "list_pipeline_parameters_for_execution",
            {"PipelineParameters": [{"Name": "DatasetVersion", "Value": data}]},
            {"PipelineExecutionArn": execution},
        )

    def expects_start(
        self,
        version: str,
        *,
        trigger: str = "weekly schedule",
        data_set: str | None = None,
        former: str | None = None,
    ) -> None:
        taken = [{"Name": "InputDataUri", "Value": data_set}] if data_set else []
        taken += [{"Name": "FormerModelUri", "Value": former}] if former else []
        wanted = {
            "PipelineName": "churn-prod",
            "PipelineExecutionDisplayName": "retrain-20261121-120000",
            "PipelineExecutionDescription": trigger,
            "PipelineParameters": [{"Name": "DatasetVersion", "Value": version}, *taken],
            "ClientRequestToken": ANY,
        }
        self.expect("sagemaker", "start_pipeline_execution", {"PipelineExecutionArn": EXECUTION}, wanted)

    def has_taken(self, **minutes: float) -> None:
        """The steps of the run, each with the minutes of its job; Gate has none, and Baseline came from the cache."""
        kinds = {"Train": {"TrainingJob": {"Arn": "a"}}, "Gate": {"Condition": {"Outcome": "True"}}}
        steps = [
            {
                "StepName": name,
                "StartTime": NOW,
                "EndTime": NOW + timedelta(minutes=took),
                "Metadata": kinds.get(name, {"ProcessingJob": {"Arn": "a"}}),
                **({"CacheHitResult": {"SourcePipelineExecutionArn": EXECUTION}} if name == "Baseline" else {}),
            }
            for name, took in minutes.items()
        ]
        wanted = {"PipelineExecutionArn": EXECUTION}
        self.expect("sagemaker", "list_pipeline_execution_steps", {"PipelineExecutionSteps": steps}, wanted)

    def run(self, event: dict[str, Any], **environment: str) -> dict[str, str]:
        return retrain(event, now=NOW, environment=ENVIRONMENT | environment, s3=self.s3, **self.clients)


@pytest.fixture
def aws() -> Iterator[Clients]:
    with mock_aws():
        clients = Clients()
        yield clients
        clients.all_called()


def test_new_data_starts_a_run_that_names_its_data(aws: Clients) -> None:
    assert aws.has_accepted(bb=10, aa=5) == "data-70c154a66307"
    aws.has_run(hours_ago=1, name="first", data="data-other")
    aws.expects_start("data-70c154a66307")
    aws.expect_notice("churn-prod: retraining started")
    assert aws.run({"trigger": "weekly schedule"}) == {
        "action": "started",
        "reason": "weekly schedule",
        "execution": EXECUTION,
    }


def test_new_rows_are_those_of_objects_that_the_newest_model_did_not_learn_from(aws: Clients) -> None:
    """At the limit there is a run, below it none; the rows of a held file count for nothing."""
    learned = aws.has_accepted(aa=50_000)
    aws.run_learned_from("aa")
    version = aws.has_accepted(aa=50_000, bb=4_000, cc=5_999)
    aws.has("processed", "ledger/churn/held.json", {"accepted": 10**6})
    aws.has_run(hours_ago=9, name="first", data=learned)
    assert aws.run({"trigger": "new data", "at_least_rows": 10_000}) == {
        "action": "held",
        "reason": "9999 accepted rows are new; retrain_after_rows is 10000",
    }
    aws.has_run(hours_ago=9, name="first", data=learned)
    aws.expects_start(version, trigger="new data")
    aws.expect_notice("churn-prod: retraining started")
    assert aws.run({"trigger": "new data", "at_least_rows": 9_999})["action"] == "started"


def test_before_the_first_run_and_where_its_data_set_is_gone_every_row_is_new(aws: Clients) -> None:
    learned = aws.has_accepted(aa=3, bb=4)
    aws.has_accepted(cc=1)
    aws.has_run(hours_ago=9, name="first", data=learned)
    assert aws.run({"trigger": "new data", "at_least_rows": 9})["reason"].startswith("8 accepted rows are new")
    wanted = {"PipelineName": "churn-prod", "CreatedAfter": NOW - MEMORY}
    aws.expect("sagemaker", "list_pipeline_executions", {"PipelineExecutionSummaries": []}, wanted)
    assert aws.run({"trigger": "new data", "at_least_rows": 9})["reason"].startswith("8 accepted rows are new")


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("by hand", "Executing", "a training run is under way"),
        ("by hand", "Stopping", "a training run is under way"),
        ("retrain-20261121-110000", "Succeeded", "cooling down"),
    ],
)
def test_new_data_that_a_passing_brake_holds_is_to_be_asked_for_again(
    aws: Clients, name: str, status: str, reason: str
) -> None:
    aws.has_accepted(aa=5)
    aws.has_run(hours_ago=1, name=name, data="data-other", status=status)
    answer = aws.run({"trigger": "new data", "at_least_rows": 1})
    assert (answer["action"], answer["reason"].startswith(reason)) == ("later", True)


def test_new_data_that_was_trained_on_is_held_for_good(aws: Clients) -> None:
    version = aws.has_accepted(aa=5)
    aws.has_run(hours_ago=1, name="retrain-20261121-110000", data=version)
    assert aws.run({"trigger": "new data", "at_least_rows": 1})["action"] == "held"


def test_a_run_takes_the_data_set_that_ingestion_has_published_by_the_same_recipe(aws: Clients) -> None:
    version = aws.has_accepted(aa=5)
    aws.has_made(version, "s3://processed/datasets/churn/1/2/")
    aws.has_run(hours_ago=9, name="first", data="data-other")
    aws.expects_start(version, data_set="s3://processed/datasets/churn/1/2/")
    aws.expect_notice("churn-prod: retraining started")
    assert aws.run({"trigger": "weekly schedule"})["action"] == "started"


def test_a_data_set_of_other_data_or_by_another_recipe_is_left(aws: Clients) -> None:
    version = aws.has_accepted(aa=5)
    aws.has_made(version, "s3://processed/datasets/churn/1/2/", recipe="0b")
    aws.has_made("data-other", "s3://processed/datasets/churn/3/4/")
    aws.has_run(hours_ago=9, name="first", data="data-other")
    aws.expects_start(version)
    aws.expect_notice("churn-prod: retraining started")
    assert aws.run({"trigger": "weekly schedule"})["action"] == "started"


def test_data_that_makes_no_data_set_starts_nothing_and_says_why(aws: Clients) -> None:
    version = aws.has_accepted(aa=5)
    aws.has_made(version, None, why="test has no rows")
    aws.has_run(hours_ago=9, name="first", data="data-other")
    held = {"action": "held", "reason": f"{version}: test has no rows"}
    assert aws.run({"trigger": "new data", "at_least_rows": 1}) == held


def test_only_automatic_runs_count_for_the_cool_down(aws: Clients) -> None:
    aws.has_accepted(aa=5)
    aws.has_run(hours_ago=1, name="retrain-20261121-110000", data="data-other")
    aws.expect_notice("churn-prod: no retraining")
    result = aws.run({"trigger": "weekly schedule"})
    assert result["action"] == "held"
    assert result["reason"].startswith("cooling down")


def test_an_alarm_that_is_over_asks_for_nothing(aws: Clients) -> None:
    message = (
        '{"AlarmName": "drift", "NewStateValue": "OK", "NewStateReason": "below", '
        '"StateChangeTime": "2026-11-21T11:00:00.000+0000"}'
    )
    assert aws.run({"Records": [{"Sns": {"Message": message}}]})["action"] == "ignored"


@pytest.mark.parametrize(("budget", "action"), [("4.79", "held"), ("4.80", "started")])
def test_a_month_of_automatic_runs_costs_what_their_jobs_took(aws: Clients, budget: str, action: str) -> None:
    """An hour of processing at 0.40 USD and two of training at 1 USD: 2.40, and as much for the run to come."""
    version = aws.has_accepted(aa=5)
    aws.has_run(hours_ago=9, name="retrain-20261121-030000", data="data-other")
    for _ in ("this month", "the run to come"):
        aws.has_taken(Prepare=45, Baseline=600, Train=120, Evaluate=15, Gate=600)
    if action == "started":
        aws.expects_start(version)
    aws.expect_notice(f"churn-prod: {'retraining started' if action == 'started' else 'no retraining'}")
    prices = json.dumps({"ProcessingJob": 0.4, "TrainingJob": 1.0})
    found = aws.run({"trigger": "weekly schedule"}, MONTHLY_BUDGET_USD=budget, USD_AN_HOUR=prices)
    assert found["action"] == action
    if action == "held":
        assert found["reason"] == (
            "automatic runs cost 2.40 USD this month, and another one would cost about 2.40; monthly_budget_usd is 4.79"
        )


RELEASE = "/mlplatform/prod/churn/live/release"


def test_a_run_goes_on_from_what_is_live_where_the_contract_says_so(aws: Clients) -> None:
    version = aws.has_accepted(aa=5)
    aws.has_run(hours_ago=9, name="retrain-20261121-030000", data="data-other")
    package = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-prod/7"
    released = Release(champion=package, who="me", why="good", when="2026-11-20T00:00:00Z", status=Status.LIVE)
    text = release.to_json(Record(releases=(released,)))
    aws.expect("ssm", "get_parameter", {"Parameter": {"Value": text}}, {"Name": RELEASE})
    model = {"Containers": [{"Image": "i", "ModelDataUrl": "s3://artifacts/runs/churn/7/model.tar.gz"}]}
    described = {
        "ModelPackageName": "churn-prod",
        "ModelPackageArn": package,
        "CreationTime": NOW,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "InferenceSpecification": model,
    }
    aws.expect("sagemaker", "describe_model_package", described, {"ModelPackageName": package})
    aws.expects_start(version, former="s3://artifacts/runs/churn/7/model.tar.gz")
    aws.expect_notice("churn-prod: retraining started")
    assert aws.run({"trigger": "weekly schedule"}, RELEASE_PARAMETER=RELEASE)["action"] == "started"


def test_before_the_first_release_there_is_nothing_to_go_on_from(aws: Clients) -> None:
    version = aws.has_accepted(aa=5)
    aws.has_run(hours_ago=9, name="retrain-20261121-030000", data="data-other")
    aws.stubs["ssm"].add_client_error("get_parameter", "ParameterNotFound")
    aws.expects_start(version)
    aws.expect_notice("churn-prod: retraining started")
    assert aws.run({"trigger": "weekly schedule"}, RELEASE_PARAMETER=RELEASE)["action"] == "started"


def test_a_state_machine_in_the_place_of_the_pipeline_is_asked_and_started(aws: Clients) -> None:
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:churn-prod-training"
    run = f"{arn.replace('stateMachine', 'execution')}:retrain-former"
    states: Any = boto3.client("stepfunctions", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    sagemaker = aws.clients["sagemaker"]
    version = aws.has_accepted(aa=5)
    started = NOW - timedelta(hours=9)
    listed = {"executionArn": run, "stateMachineArn": arn, "name": "retrain-former", "startDate": started}
    given = json.dumps({"parameters": {"DatasetVersion": "data-other"}})
    names = list[str]()

    def asked(params: Any, **_: Any) -> None:
        names.append(params["name"])
        assert json.loads(params["input"]) == {"parameters": {"DatasetVersion": version}, "why": "weekly schedule"}

    states.meta.events.register("provide-client-params.sfn.StartExecution", asked)
    with Stubber(states) as stubbed:
        stubbed.add_response("list_executions", {"executions": [{**listed, "status": "SUCCEEDED"}]})
        stubbed.add_response("describe_execution", {**listed, "status": "SUCCEEDED", "input": given})
        stubbed.add_response("start_execution", {"executionArn": f"{run}2", "startDate": NOW})
        aws.expect_notice("churn-prod: retraining started")
        found = retrain(
            {"trigger": "weekly schedule"},
            now=NOW,
            environment=ENVIRONMENT,
            s3=aws.s3,
            sagemaker=MachineRuns(states, sagemaker, pipeline="churn-prod", arn=arn),
            sns=aws.clients["sns"],
            ssm=aws.clients["ssm"],
        )
        assert (found["action"], found["execution"]) == ("started", f"{run}2")
    (name,) = names
    assert name.startswith("retrain-")


def test_whom_the_function_asks_follows_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:churn-prod-training"
    assert isinstance(trainer({**ENVIRONMENT, "MACHINE_ARN": arn}), MachineRuns)
    assert trainer(ENVIRONMENT).meta.service_model.service_name == "sagemaker"
