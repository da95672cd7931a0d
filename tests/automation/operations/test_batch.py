"""A batch endpoint, as operators see it: the schedule stands where others have an endpoint."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from automation.operations import releases, scoring
from automation.operations.errors import DeploymentError, RefusedError
from automation.operations.releases import By
from automation.operations.status import endpoint_status
from automation.operations.verification import verify
from contracts.release import Record, Status
from tests.automation.conftest import Platform
from tests.local.emulator import conftest as stand_ins

BY = By(who="ana", why="better")


def up(platform: Platform, record: Record) -> str:
    """What `pulumi up` does of a record: a model for each release, and the schedule on the wanted one's."""
    names, sagemaker, scheduler = platform.names, platform.client("sagemaker"), platform.client("scheduler")
    there = {each["ModelName"] for each in sagemaker.list_models()["Models"]}
    for release in record.releases:
        if platform.config(release.id) not in there:
            package = {"ModelPackageName": release.champion}
            sagemaker.create_model(
                ModelName=platform.config(release.id), ExecutionRoleArn=stand_ins.ROLE, PrimaryContainer=package
            )
    schedule: dict[str, Any] = {
        "Name": names.resource("batch"),
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createTransformJob",
            "RoleArn": stand_ins.ROLE,
            "Input": json.dumps(request(platform, record)),
        },
    }
    known = [each["Name"] for each in scheduler.list_schedules(NamePrefix=schedule["Name"])["Schedules"]]
    (scheduler.update_schedule if known else scheduler.create_schedule)(**schedule)
    return platform.config(record.wanted.id)


def request(platform: Platform, record: Record) -> dict[str, Any]:
    """The request of CreateTransformJob that the schedule has, as the component writes it."""
    place = f"s3://{platform.names.processed_bucket}/{platform.names.batch}"
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{place}requests/"}}
    return {
        "TransformJobName": f"{platform.names.resource('batch')}-<aws.scheduler.execution-id>",
        "ModelName": platform.config(record.wanted.id),
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {
            "S3OutputPath": f"{place}predictions/<aws.scheduler.scheduled-time>/",
            "Accept": "application/x-echo",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input"},
    }


def promote(platform: Platform, package: str) -> Record:
    return releases.promote(platform.names, package, by=BY, clients=platform.clients)


def follow(platform: Platform) -> Record:
    return releases.follow(platform.names, who="ana", clients=platform.clients, patience_seconds=60).record


def test_what_the_schedule_starts_jobs_with_is_what_serves(platform: Platform) -> None:
    platform.register()
    record = promote(platform, "1")
    assert platform.clients.host(platform.names).observe() is None
    with pytest.raises(RefusedError, match="is not there yet: run `pulumi up`"):
        follow(platform)
    model = up(platform, record)
    live = platform.clients.host(platform.names).observe()
    assert live is not None
    assert (live.config, live.release, live.scheduled) == (model, record.wanted.id, True)
    assert follow(platform).live == follow(platform).wanted
    assert verify(platform.names, platform.clients).differences == ()
    assert endpoint_status(platform.names, platform.clients).weights == {"champion": 100.0}


def test_a_release_that_the_schedule_was_not_given_is_not_deployed(platform: Platform) -> None:
    platform.register()
    platform.register()
    first = promote(platform, "1")
    up(platform, first)
    follow(platform)
    second = promote(platform, "2")
    assert verify(platform.names, platform.clients).differences == (
        f"it serves release {first.wanted.id}; wanted is {second.wanted.id}: run `up`, or `rollback`",
    )
    with pytest.raises(RefusedError, match="is promoted and not deployed: run `pulumi up`"):
        follow(platform)


def test_a_rollback_rewrites_the_record_and_the_next_up_gives_the_schedule_the_release_before(
    platform: Platform,
) -> None:
    platform.register()
    platform.register()
    first = promote(platform, "1")
    up(platform, first)
    second = promote(platform, "2")
    up(platform, second)
    follow(platform)
    told: list[str] = []
    outcome = releases.roll_back(
        platform.names,
        by=By(who="ben", why="wrong scores"),
        clients=platform.clients,
        tell=lambda subject, _: told.append(subject),
        patience_seconds=60,
    )
    assert (outcome.action, outcome.live, outcome.failed) == ("recorded", first.wanted.id, second.wanted.id)
    record = releases.read(platform.names, platform.clients)
    assert record is not None
    assert [release.status for release in record.releases] == [Status.CANDIDATE, Status.FAILED]
    up(platform, record)
    found = follow(platform)
    assert (found.wanted.id, found.wanted.status) == (first.wanted.id, Status.LIVE)


def test_a_lost_record_is_rebuilt_from_the_model_of_the_schedule(platform: Platform) -> None:
    package = platform.register()
    record = promote(platform, "1")
    up(platform, record)
    platform.client("ssm").delete_parameter(Name=platform.names.release_parameter)
    found = follow(platform).wanted
    assert (found.id, found.champion, found.instances) == (record.wanted.id, package, {})


NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


def start(platform: Platform) -> scoring.Run:
    scheduler, sagemaker = platform.client("scheduler"), platform.client("sagemaker")
    return scoring.start(platform.names, now=NOW, scheduler=scheduler, sagemaker=sagemaker)


def scheduled(platform: Platform) -> None:
    platform.register()
    up(platform, promote(platform, "1"))


def wait(platform: Platform, run: scoring.Run) -> None:
    scoring.wait(run, sagemaker=platform.client("sagemaker"), poll_seconds=0.05)


def test_without_a_schedule_nothing_is_started_and_it_says_what_to_do(platform: Platform) -> None:
    with pytest.raises(RefusedError, match=r"has no schedule: .* `promote`, then `up`"):
        start(platform)


def test_a_run_by_hand_is_the_schedules_own_with_its_time(platform: Platform) -> None:
    scheduled(platform)
    names, s3 = platform.names, platform.client("s3")
    s3.put_object(Bucket=names.processed_bucket, Key=f"{names.batch}requests/a.csv", Body=b"ann,1\nben,2\n")
    run = start(platform)
    assert run.predictions == f"s3://{names.processed_bucket}/{names.batch}predictions/2026-11-29T03:00:00Z/"
    assert re.fullmatch(rf"{names.prefix}-batch-[0-9a-f]{{16}}", run.job)
    assert start(platform).job != run.job
    wait(platform, run)
    key = f"{names.batch}predictions/2026-11-29T03:00:00Z/a.csv.out"
    assert s3.get_object(Bucket=names.processed_bucket, Key=key)["Body"].read() == b"ann,1,1\nben,2,2\n"


def test_a_run_that_fails_says_why(platform: Platform) -> None:
    scheduled(platform)
    run = start(platform)
    with pytest.raises(DeploymentError, match=f"{run.job} Failed: ClientError: No S3 objects found"):
        wait(platform, run)
