"""The handler against stubbed clients: what it asks for, what it tells people, what it hands to Lambda.

How a rollback goes is told in tests/contracts/release/test_rollback.py.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY

from contracts import release
from contracts.release import emergency
from contracts.release.component import Component
from contracts.release.ecs import Ecs
from contracts.release.lambda_ import Function
from contracts.release.lock import BusyError
from contracts.release.sagemaker import SageMaker
from tests.workloads.stubs import TOPIC_ARN, StubbedClients
from workloads.alarm import EventError
from workloads.rollback.handler import host, roll_back

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ENDPOINT = "churn-prod-live"
ENVIRONMENT = {
    "RELEASE_PARAMETER": "/mlplatform/prod/churn/live/release",
    "ENDPOINT_NAME": ENDPOINT,
    "LOCK_BUCKET": "artifacts",
    "LOCK_KEY": "locks/churn/live",
    "TOPIC_ARN": TOPIC_ARN,
}


def package(version: int) -> str:
    return f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-prod/{version}"


def live(record: release.Record) -> release.Record:
    return release.settle(record, record.wanted.id)


FIRST = live(release.promote(None, package(1), who="ana", why="first", when="2026-11-20T00:00:00+00:00"))
SECOND = live(release.promote(FIRST, package(2), who="ana", why="better", when="2026-11-21T11:00:00+00:00"))


def alarm_event(state: str = "ALARM", changed: str = "2026-11-21T11:59:00.000+0000") -> dict[str, Any]:
    message = {
        "AlarmName": "churn-prod-5xx",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed: 12 > 10",
        "StateChangeTime": changed,
    }
    return {"Records": [{"Sns": {"Message": json.dumps(message)}}]}


class Clients(StubbedClients):
    """What the platform has, and what the handler is expected to do with it."""

    def __init__(self) -> None:
        super().__init__("s3", "ssm", "sagemaker", "sns")

    def has_endpoint_on(self, record: release.Record, *, status: str = "InService") -> None:
        answer = {
            "EndpointName": ENDPOINT,
            "EndpointArn": f"arn:aws:sagemaker:eu-west-1:123456789012:endpoint/{ENDPOINT}",
            "EndpointConfigName": f"{ENDPOINT}-{record.wanted.id}-0123abcd",
            "EndpointStatus": status,
            "CreationTime": NOW,
            "LastModifiedTime": NOW,
        }
        self.expect("sagemaker", "describe_endpoint", answer, {"EndpointName": ENDPOINT})

    def looks(self, record: release.Record) -> None:
        """One look at record and endpoint, under the lock."""
        lock = {"Bucket": "artifacts", "Key": "locks/churn/live"}
        self.has_endpoint_on(record)
        self.expect("s3", "put_object", {"ETag": '"e"'}, {**lock, "Body": ANY, "IfNoneMatch": "*"})
        answer = {"Parameter": {"Value": release.to_json(record), "Version": 7}}
        self.expect("ssm", "get_parameter", answer, {"Name": ENVIRONMENT["RELEASE_PARAMETER"]})
        self.has_endpoint_on(record)
        self.expect("s3", "delete_object", {}, {**lock, "IfMatch": '"e"'})

    def finds_configuration(self, record: release.Record) -> None:
        name = f"{ENDPOINT}-{record.wanted.id}-0123abcd"
        found = [{"EndpointConfigName": name, "EndpointConfigArn": "a" * 20, "CreationTime": NOW}]
        wanted = {
            "NameContains": f"{ENDPOINT}-{record.wanted.id}",
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            "MaxResults": 1,
        }
        self.expect("sagemaker", "list_endpoint_configs", {"EndpointConfigs": found}, wanted)

    def run(self, event: dict[str, Any], *, patience_seconds: float = 0) -> dict[str, str]:
        return roll_back(
            event,
            environment=ENVIRONMENT,
            patience_seconds=patience_seconds,
            now=lambda: NOW,
            host=SageMaker(ENDPOINT, self.clients["sagemaker"]),
            **{name: client for name, client in self.clients.items() if name != "sagemaker"},
        )


@pytest.fixture
def aws() -> Iterator[Clients]:
    clients = Clients()
    yield clients
    clients.all_called()


def test_an_alarm_moves_the_endpoint_to_the_known_good_release(aws: Clients) -> None:
    when = "2026-11-21T12:00:00.000+00:00"
    asked = release.roll_back(SECOND, who="alarm churn-prod-5xx", why="Threshold Crossed: 12 > 10", when=when)
    rolled = release.begin(asked, FIRST.wanted.id, when=when)
    aws.looks(SECOND)
    aws.finds_configuration(FIRST)
    aws.expect(
        "sagemaker",
        "update_endpoint",
        {"EndpointArn": f"arn:aws:sagemaker:eu-west-1:123456789012:endpoint/{ENDPOINT}"},
        {
            "EndpointName": ENDPOINT,
            "EndpointConfigName": f"{ENDPOINT}-{FIRST.wanted.id}-0123abcd",
            "DeploymentConfig": emergency.deployment_config(ENDPOINT),
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [
                {"VariantPropertyType": "DesiredWeight"},
                {"VariantPropertyType": "DataCaptureConfig"},
            ],
        },
    )
    written = {"Name": ENVIRONMENT["RELEASE_PARAMETER"], "Type": "String", "Overwrite": True}
    aws.expect("ssm", "put_parameter", {"Version": 8}, {**written, "Value": release.to_json(rolled)})
    aws.looks(rolled)
    done = dataclasses.replace(live(rolled), config=f"{ENDPOINT}-{FIRST.wanted.id}-0123abcd")
    aws.expect("ssm", "put_parameter", {"Version": 8}, {**written, "Value": release.to_json(done)})
    aws.expect_notice(f"{ENDPOINT} rolled back")
    assert aws.run(alarm_event(), patience_seconds=60) == {
        "action": "rolled-back",
        "reason": "Threshold Crossed: 12 > 10",
        "failed": SECOND.wanted.id,
        "live": FIRST.wanted.id,
    }


def test_an_endpoint_that_stays_on_its_way_is_told_and_tried_again_by_lambda(aws: Clients) -> None:
    aws.has_endpoint_on(FIRST, status="Updating")
    aws.expect_notice(f"Rollback of {ENDPOINT} waits")
    aws.expect_notice(f"Rollback of {ENDPOINT} has not happened")
    with pytest.raises(BusyError, match="is still Updating after 0 s, so it is not rolled back yet"):
        aws.run(alarm_event())


def test_an_error_of_aws_is_told_and_raised(aws: Clients) -> None:
    aws.stubs["sagemaker"].add_client_error("describe_endpoint", "ThrottlingException", "Rate exceeded")
    aws.expect_notice(f"Rollback of {ENDPOINT} has not happened")
    with pytest.raises(ClientError, match="Rate exceeded"):
        aws.run(alarm_event())


def test_with_nothing_good_before_it_refuses_and_tells_people(aws: Clients) -> None:
    aws.looks(FIRST)
    aws.expect_notice(f"Rollback of {ENDPOINT} refused")
    result = aws.run({"who": "ben", "why": "wrong scores"})
    assert result == {
        "action": "refused",
        "reason": f"there is no known good release before {FIRST.wanted.id}: promote a package by hand",
    }


def test_an_alarm_about_an_earlier_release_is_ignored_and_told(aws: Clients) -> None:
    aws.looks(SECOND)
    aws.expect_notice(f"No rollback of {ENDPOINT}")
    assert aws.run(alarm_event(changed="2026-11-21T10:00:00.000+0000")) == {
        "action": "ignored",
        "reason": f"release {SECOND.wanted.id} was promoted after 2026-11-21T10:00:00+00:00",
        "live": SECOND.wanted.id,
    }


def test_an_alarm_that_is_over_does_nothing(aws: Clients) -> None:
    assert aws.run(alarm_event(state="OK")) == {"action": "ignored", "reason": "the alarm is not in state ALARM"}


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"Records": [{"Sns": {"Message": "no json"}}]}, {"who": "ben"}])
def test_anything_else_is_no_alarm(aws: Clients, event: dict[str, Any]) -> None:
    with pytest.raises(EventError, match="not an alarm notification"):
        aws.run(event)


def test_an_endpoint_is_moved_by_what_runs_it() -> None:
    asked: list[str] = []

    def client(service: str) -> str:
        asked.append(service)
        return service

    assert host({"ENDPOINT_NAME": ENDPOINT, "HOST": "ecs"}, client) == Ecs(ENDPOINT, "ecs")
    assert host({"ENDPOINT_NAME": ENDPOINT, "HOST": "component"}, client) == Component(ENDPOINT, "sagemaker")
    assert host({"ENDPOINT_NAME": ENDPOINT, "HOST": "lambda"}, client) == Function(ENDPOINT, "lambda", "codedeploy")
    assert host({"ENDPOINT_NAME": ENDPOINT}, client) == SageMaker(ENDPOINT, "sagemaker")
    assert asked == ["ecs", "sagemaker", "lambda", "codedeploy", "sagemaker"]
    scaled = host({"ENDPOINT_NAME": ENDPOINT, "SCALED": "true"}, client)
    assert scaled == SageMaker(ENDPOINT, "sagemaker", "application-autoscaling")
