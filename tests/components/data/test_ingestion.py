from __future__ import annotations

import dataclasses
import functools
import json

from components.data import ingestion, machine
from components.data.ingestion import Ingestion, IngestionArgs
from contracts import loader
from contracts.schema import Pii
from settings import Features, Glue
from settings import Ingestion as IngestionSettings
from tests.components.data.test_machine import CONTRACT, GROUP, IMAGE, QUEUE, RECIPE
from tests.components.engine import CHURN, LETTERS, Deployment, deploy, ground, permissions

CONTRACT_OF_CHURN = loader.load("contracts/churn.yaml")


@functools.cache
def deployed(salt_secret: str | None = None, feature_group: str | None = None, glue: bool = False) -> Deployment:
    return deploy(
        lambda: Ingestion(
            "churn-ingestion",
            IngestionArgs(
                ground=ground(),
                names=CHURN,
                settings=IngestionSettings(glue=Glue() if glue else None),
                image_uri=IMAGE,
                contract_uri=CONTRACT,
                recipe=RECIPE,
                feature_group=feature_group,
                asks=machine.NOTHING,
                salt_secret=salt_secret,
                dead_letters_arn=LETTERS,
                dead_letters_url=QUEUE,
                tags={"Environment": "staging"},
            ),
        )
    )


def test_the_machine_logs_its_errors_without_data_and_is_traced() -> None:
    machine = deployed().one("churn-ingestion-machine").inputs
    assert (machine["name"], machine["type"]) == ("churn-staging-ingestion", "STANDARD")
    assert machine["tracingConfiguration"] == {"enabled": True}
    logging = machine["loggingConfiguration"]
    assert (logging["level"], logging["includeExecutionData"]) == ("ERROR", False)
    assert logging["logDestination"].endswith("/aws/vendedlogs/states/churn-staging-ingestion:*")
    group = deployed().one("churn-ingestion-logs").inputs
    assert group["kmsKeyId"] == "arn:aws:kms:eu-west-1:123456789012:key/keys-logs"
    assert group["retentionInDays"] > 0


def test_the_rule_hands_over_the_detail_and_buries_what_cannot_be_started_for_a_day() -> None:
    target = deployed().one("churn-ingestion-target").inputs
    assert (target["inputPath"], target["deadLetterConfig"]) == ("$.detail", {"arn": LETTERS})
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 86_400, "maximumRetryAttempts": 185}
    rule = deployed().one("churn-ingestion-rule").inputs
    assert rule["name"] == "churn-staging-ingestion"
    assert json.loads(rule["eventPattern"])["detail"]["object"] == {"key": [{"prefix": "incoming/churn/"}]}


def test_the_roles_are_bound_to_the_account_and_that_of_the_rule_where_eventbridge_names_it() -> None:
    trusted = {
        part: json.loads(deployed().one(f"churn-ingestion-{part}-role").inputs["assumeRolePolicy"])["Statement"][0]
        for part in ("job-role", "preparation-role", "role", "rule-role")
    }
    account = {"aws:SourceAccount": "123456789012"}
    assert {part: (each["Principal"]["Service"], each["Condition"]) for part, each in trusted.items()} == {
        "job-role": ("sagemaker.amazonaws.com", {"StringEquals": account}),
        "preparation-role": ("sagemaker.amazonaws.com", {"StringEquals": account}),
        "role": ("states.amazonaws.com", {"StringEquals": account}),
        "rule-role": ("events.amazonaws.com", {"StringEqualsIfExists": account}),
    }


def test_what_the_rule_and_the_jobs_may_do() -> None:
    start = permissions(deployed(), "churn-ingestion-rule-role")
    assert [each["Action"] for each in start.values()] == [["states:StartExecution"]]
    job = permissions(deployed(), "churn-ingestion-job-role")
    assert job["ReadDelivered"]["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    raw = "arn:aws:s3:::123456789012-staging-ai-raw-data/incoming/churn/*"
    assert job["ReadDelivered"]["Resource"] == [raw]
    written = {r for each in job.values() if "s3:PutObject" in each["Action"] for r in each["Resource"]}
    processed = "arn:aws:s3:::123456789012-staging-ai-processed-data"
    assert written == {f"{processed}/{kind}/churn/*" for kind in ("accepted", "ledger", "quarantine")}
    assert "ReadSalt" not in job


def test_only_jobs_of_a_contract_that_hashes_columns_read_its_salt_and_call_the_secrets_manager() -> None:
    job = permissions(deployed("mlplatform/staging/churn/pii-salt"), "churn-ingestion-job-role")
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mlplatform/staging/churn/pii-salt-??????"
    assert job["ReadSalt"]["Resource"] == [secret]
    first, *rest = CONTRACT_OF_CHURN.columns
    hashing = dataclasses.replace(CONTRACT_OF_CHURN, columns=(dataclasses.replace(first, pii=Pii.HASH), *rest))
    quiet, writing = Features(), Features(ingest=True)
    alone, glue = IngestionSettings(), IngestionSettings(glue=Glue())
    assert ingestion.calls([(CONTRACT_OF_CHURN, quiet, alone)]) == {}
    assert ingestion.calls([(CONTRACT_OF_CHURN, quiet, alone), (hashing, writing, glue)]) == {
        "validation": frozenset({"secretsmanager"}),
        "preparation": frozenset({"sagemaker.featurestore-runtime"}),
        "spark": frozenset({"logs", "monitoring"}),
    }


def test_the_machine_runs_the_spark_job_where_there_is_one_and_no_other() -> None:
    def runs(of: Deployment) -> dict[str, list[str]]:
        found = permissions(of, "churn-ingestion-role").values()
        return {a: each["Resource"] for each in found for a in each["Action"] if a.startswith("glue:")}

    job = ["arn:aws:glue:eu-west-1:123456789012:job/churn-staging-spark"]
    verbs = ("BatchStopJobRun", "GetJobRun", "GetJobRuns", "StartJobRun")
    assert runs(deployed()) == {}
    assert runs(deployed(glue=True)) == {f"glue:{verb}": job for verb in verbs}


def test_preparation_reads_what_is_accepted_and_writes_records_where_there_is_a_group() -> None:
    def resources(of: Deployment, action: str) -> set[str]:
        found = permissions(of, "churn-ingestion-preparation-role").values()
        return {r for each in found if action in each["Action"] for r in each["Resource"]}

    processed = "arn:aws:s3:::123456789012-staging-ai-processed-data"
    assert resources(deployed(), "s3:PutObject") == {
        f"{processed}/datasets/churn/*",
        f"{processed}/ledger/churn/prepared/*",
        f"{processed}/ledger/churn/ingested/*",
    }
    read = resources(deployed(), "s3:GetObject")
    assert {arn for arn in read if "raw" in arn or "/ledger/churn/*" in arn} == set()
    assert f"{processed}/accepted/churn/*" in read
    assert resources(deployed(), "sagemaker:PutRecord") == set()
    group = f"arn:aws:sagemaker:eu-west-1:123456789012:feature-group/{GROUP}"
    assert resources(deployed(feature_group=GROUP), "sagemaker:BatchWriteRecord") == {group}


def test_one_execution_that_failed_raises_the_alarm() -> None:
    (alarm,) = ingestion.watch(CHURN).alarms
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:churn-staging-ingestion"
    assert (alarm.metric, alarm.threshold, alarm.dimensions) == ("ExecutionsFailed", 0, {"StateMachineArn": arn})


def test_an_execution_that_is_stopped_or_runs_out_of_time_lies_with_the_dead_letters() -> None:
    rule, target = (deployed().one(f"churn-ingestion-killed-{part}").inputs for part in ("rule", "target"))
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:churn-staging-ingestion"
    assert json.loads(rule["eventPattern"]) == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [arn], "status": ["ABORTED", "TIMED_OUT"]},
    }
    queue = deployed().one("churn-ingestion-target").inputs["deadLetterConfig"]["arn"]
    assert (target["arn"], target["inputPath"]) == (queue, "$.detail")
