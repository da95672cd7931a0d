"""The handler against stubbed clients: botocore checks every request, and an unexpected call fails the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts import release
from tests.workloads.stubs import TOPIC_ARN, StubbedClients
from workloads.alarm import EventError
from workloads.rollback.handler import roll_back

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ENVIRONMENT = {
    "RELEASE_PARAMETER": "/mlplatform/prod/churn-prod/release",
    "ENDPOINT_NAME": "churn-prod",
    "TOPIC_ARN": TOPIC_ARN,
}


def package(version: int) -> str:
    return f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-prod/{version}"


FIRST = release.promote(None, package(1), who="ana", why="first", when="2026-11-20T00:00:00+00:00")
SECOND = release.promote(FIRST, package(2), who="ana", why="better", when="2026-11-21T11:00:00+00:00")


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
        super().__init__("ssm", "sagemaker", "sns")

    def has_record(self, record: release.Record) -> None:
        self.expect(
            "ssm",
            "get_parameter",
            {"Parameter": {"Value": release.to_json(record)}},
            {"Name": ENVIRONMENT["RELEASE_PARAMETER"]},
        )

    def has_configs(self, *names: str) -> None:
        wanted = {
            "NameContains": f"churn-prod-{FIRST.live.id}",
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            "MaxResults": 1,
        }
        found = [{"EndpointConfigName": n, "EndpointConfigArn": "a" * 20, "CreationTime": NOW} for n in names]
        self.expect("sagemaker", "list_endpoint_configs", {"EndpointConfigs": found}, wanted)

    def has_endpoint_on(self, config: str) -> None:
        answer = {
            "EndpointName": "churn-prod",
            "EndpointArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/churn-prod",
            "EndpointConfigName": config,
            "EndpointStatus": "InService",
            "CreationTime": NOW,
            "LastModifiedTime": NOW,
        }
        self.expect("sagemaker", "describe_endpoint", answer, {"EndpointName": "churn-prod"})

    def expects_update(self, config: str) -> None:
        self.expect(
            "sagemaker",
            "update_endpoint",
            {"EndpointArn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/churn-prod"},
            {
                "EndpointName": "churn-prod",
                "EndpointConfigName": config,
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [
                    {"VariantPropertyType": "DesiredWeight"},
                    {"VariantPropertyType": "DataCaptureConfig"},
                ],
            },
        )

    def expects_record(self, record: release.Record) -> None:
        wanted = {
            "Name": ENVIRONMENT["RELEASE_PARAMETER"],
            "Value": release.to_json(record),
            "Type": "String",
            "Overwrite": True,
        }
        self.expect("ssm", "put_parameter", {"Version": 2}, wanted)

    def run(self, event: dict[str, Any]) -> dict[str, str]:
        return roll_back(event, now=NOW, environment=ENVIRONMENT, **self.clients)


@pytest.fixture
def aws() -> Iterator[Clients]:
    clients = Clients()
    yield clients
    clients.all_called()


ROLLED_BACK = release.roll_back(
    SECOND, who="alarm churn-prod-5xx", why="Threshold Crossed: 12 > 10", when="2026-11-21T12:00:00+00:00"
)


def test_an_alarm_moves_the_endpoint_to_the_known_good_release(aws: Clients) -> None:
    aws.has_record(SECOND)
    aws.has_configs(f"churn-prod-{FIRST.live.id}-abc")
    aws.has_endpoint_on(f"churn-prod-{SECOND.live.id}-abc")
    aws.expects_update(f"churn-prod-{FIRST.live.id}-abc")
    aws.expects_record(ROLLED_BACK)
    aws.expect_notice("churn-prod rolled back")
    assert aws.run(alarm_event()) == {
        "action": "rolled-back",
        "reason": "Threshold Crossed: 12 > 10",
        "from": SECOND.live.id,
        "to": FIRST.live.id,
    }


def test_a_repeated_try_finishes_what_is_left(aws: Clients) -> None:
    aws.has_record(SECOND)
    aws.has_configs(f"churn-prod-{FIRST.live.id}-abc")
    aws.has_endpoint_on(f"churn-prod-{FIRST.live.id}-abc")
    aws.expects_record(ROLLED_BACK)
    aws.expect_notice("churn-prod rolled back")
    assert aws.run(alarm_event())["action"] == "rolled-back"


def test_an_alarm_about_an_earlier_release_is_ignored(aws: Clients) -> None:
    aws.has_record(SECOND)
    assert aws.run(alarm_event(changed="2026-11-21T10:00:00.000+0000")) == {
        "action": "ignored",
        "reason": f"release {SECOND.live.id} went live after 2026-11-21T10:00:00+00:00",
    }


def test_the_same_alarm_twice_rolls_back_once(aws: Clients) -> None:
    aws.has_record(ROLLED_BACK)
    assert aws.run(alarm_event())["action"] == "ignored"


def test_an_alarm_that_is_over_does_nothing(aws: Clients) -> None:
    assert aws.run(alarm_event(state="OK"))["action"] == "ignored"


def test_with_nothing_good_before_it_refuses_and_tells_people(aws: Clients) -> None:
    aws.has_record(FIRST)
    aws.expect_notice("Rollback of churn-prod refused")
    result = aws.run({"who": "ben", "why": "wrong scores"})
    assert result["action"] == "refused"
    assert "there is no known good release" in result["reason"]


def test_a_record_that_would_not_fit_leaves_the_endpoint_where_it_is(aws: Clients) -> None:
    aws.has_record(SECOND)
    aws.expect_notice("Rollback of churn-prod refused")
    result = aws.run({"who": "ben" * 100, "why": "\N{FIRE}" * 500})  # twelve bytes each in the record's JSON
    assert result == {
        "action": "refused",
        "reason": "the record takes 6574 bytes; allowed: 4096; shorten `why`",
        "from": SECOND.live.id,
    }


def test_a_missing_configuration_says_what_to_do(aws: Clients) -> None:
    aws.has_record(SECOND)
    aws.has_configs()
    with pytest.raises(LookupError, match=r"run `pulumi up`, which declares it"):
        aws.run(alarm_event())


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"Records": [{"Sns": {"Message": "no json"}}]}, {"who": "ben"}])
def test_anything_else_is_no_alarm(aws: Clients, event: dict[str, Any]) -> None:
    with pytest.raises(EventError, match="not an alarm notification"):
        aws.run(event)
