"""What a refresh reads: each reading against the provider's schema and the API's model, and the forms it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name

from local.adapter import Adapter, provider, requests
from local.adapter.errors import ApiRefused, UnknownType
from local.adapter.readings import READINGS
from local.adapter.services import resource_type
from local.adapter.table import ABSENT, Scope, evaluated

_TARGET = {
    "resourceId": "service/c/n",
    "serviceNamespace": "ecs",
    "scalableDimension": "ecs:service:DesiredCount",
}
_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model/n"
NAMES = {"arn": _ARN, "name": "n", "cluster": "c", "functionName": "f"} | _TARGET
TYPES = sorted(READINGS)


def told(type_token: str, live: dict[str, Any], **inputs: Any) -> dict[str, Any]:
    return READINGS[type_token].told(Scope(account="1", region="r", name="n", inputs=inputs, live=live))


@pytest.mark.parametrize("type_token", TYPES)
def test_it_reads_inputs_of_the_provider_by_calls_that_the_api_takes(type_token: str) -> None:
    reading, kind = READINGS[type_token], resource_type(type_token)
    assert set(reading.inputs) <= {*provider.inputs_of(type_token), "tagsAll"}
    assert "tagsAll" not in reading.inputs or "tagsAll" in provider.outputs_of(type_token)
    scope = Scope(account="1", region="r", name="n", inputs=NAMES, outputs=NAMES, id="id")
    for call in reading.calls:
        prepared = requests.to_read(kind, call, scope)
        assert (prepared.faults, bool(prepared.parameters)) == ((), True), xform_name(call.operation)


@pytest.mark.parametrize("type_token", TYPES)
def test_what_the_answers_do_not_tell_the_resource_has_not(type_token: str) -> None:
    assert told(type_token, {"Other": 1}) == dict.fromkeys(READINGS[type_token].inputs)


def test_an_endpoint_is_told_how_its_last_update_moved_traffic_and_without_tags_of_services() -> None:
    live = {
        "EndpointConfigName": "two",
        "LastDeploymentConfig": {
            "BlueGreenUpdatePolicy": {"TerminationWaitInSeconds": 0},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "halt"}]},
        },
        "Tags": [{"Key": "team", "Value": "a"}, {"Key": "aws:cloudformation:stack-name", "Value": "s"}],
    }
    assert told("aws:sagemaker/endpoint:Endpoint", live) == {
        "endpointConfigName": "two",
        "deploymentConfig": {
            "blueGreenUpdatePolicy": {"terminationWaitInSeconds": 0},
            "autoRollbackConfiguration": {"alarms": [{"alarmName": "halt"}]},
        },
        "tagsAll": {"team": "a"},
    }


def test_a_service_has_its_minutes_as_texts_and_of_its_configuration_only_what_the_provider_keeps_there() -> None:
    config = {
        "strategy": "CANARY",
        "maximumPercent": 200,
        "bakeTimeInMinutes": 5,
        "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5},
    }
    service = {"taskDefinition": "arn:t:2", "desiredCount": 3, "deploymentConfiguration": config, "status": "ACTIVE"}
    assert told("aws:ecs/service:Service", {"services": [service]}) == {
        "taskDefinition": "arn:t:2",
        "desiredCount": 3,
        "deploymentConfiguration": {
            "strategy": "CANARY",
            "bakeTimeInMinutes": "5",
            "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": "5"},
        },
        "tagsAll": None,
    }


@pytest.mark.parametrize(
    ("routing", "expected"),
    [
        ({}, None),
        ({"RoutingConfig": {}}, None),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}, {"additionalVersionWeights": {"2": 0.1}}),
    ],
)
def test_an_alias_has_a_routing_while_another_version_has_a_share(routing: dict[str, Any], expected: Any) -> None:
    found = told("aws:lambda/alias:Alias", {"FunctionVersion": "1", **routing})
    assert found == {"functionVersion": "1", "routingConfig": expected}


STACK = "aws:cloudformation/stack:Stack"


def test_a_stack_has_its_template_as_the_program_writes_it() -> None:
    live = {"Stacks": [{"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}], "TemplateBody": {"b": 1, "a": [2]}}
    assert told(STACK, live) == {"templateBody": '{"a":[2],"b":1}', "tagsAll": None}


@pytest.mark.parametrize(("status", "is_there"), [("UPDATE_ROLLBACK_COMPLETE", True), ("DELETE_COMPLETE", False)])
def test_a_stack_that_was_deleted_is_still_described_and_is_gone(status: str, is_there: bool) -> None:
    there = READINGS[STACK].there
    assert there is not None
    found = evaluated(
        there, Scope(account="1", region="r", name="n", inputs={}, live={"Stacks": [{"StackStatus": status}]})
    )
    assert (found is not ABSENT) is is_there


@pytest.mark.parametrize("key", ["value", "insecureValue"])
def test_a_parameter_is_read_back_under_the_input_that_it_was_given_by(key: str) -> None:
    found = told("aws:ssm/parameter:Parameter", {"Parameter": {"Value": "new"}}, **{key: "old"})
    assert {name: each for name, each in found.items() if each is not None} == {key: "new"}


class TestOnTheEmulatedApi:
    PARAMETER = "aws:ssm/parameter:Parameter"

    def test_what_others_have_changed_is_read(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        inputs = {"name": "/a", "type": "String", "value": "one", "tags": {"team": "a"}}
        made = adapter.create(self.PARAMETER, "a", inputs)
        assert adapter.read(self.PARAMETER, made.id, inputs, made.outputs)["value"] == "one"
        aws("ssm").put_parameter(Name="/a", Value="two", Overwrite=True)
        named = {"ResourceType": "Parameter", "ResourceId": "/a"}
        aws("ssm").add_tags_to_resource(**named, Tags=[{"Key": "by", "Value": "hand"}])
        assert adapter.read(self.PARAMETER, made.id, inputs, made.outputs) == {
            "value": "two",
            "insecureValue": None,
            "tagsAll": {"team": "a", "by": "hand"},
        }

    @pytest.mark.parametrize(
        ("type_token", "inputs"),
        [
            (PARAMETER, {"name": "/gone"}),
            ("aws:sagemaker/endpoint:Endpoint", {"name": "gone"}),
            ("aws:sagemaker/endpointConfiguration:EndpointConfiguration", {"name": "gone"}),
            ("aws:sagemaker/model:Model", {"name": "gone"}),
            ("aws:lambda/alias:Alias", {"name": "gone", "functionName": "gone"}),
            ("aws:appautoscaling/target:Target", _TARGET),
            ("aws:appautoscaling/policy:Policy", {"name": "gone"} | _TARGET),
            ("aws:appautoscaling/scheduledAction:ScheduledAction", {"name": "gone"} | _TARGET),
            ("aws:ecs/service:Service", {"cluster": "gone", "name": "gone"}),
        ],
    )
    def test_what_is_gone_is_refused_as_gone(self, adapter: Adapter, type_token: str, inputs: dict[str, Any]) -> None:
        with pytest.raises(ApiRefused) as refused:
            adapter.read(type_token, inputs.get("name", "gone"), inputs, {"arn": "arn:gone"})
        assert refused.value.is_gone

    def test_a_service_that_was_deleted_is_gone_from_a_cluster_that_stands(
        self, adapter: Adapter, aws: Callable[[str], Any]
    ) -> None:
        aws("ecs").create_cluster(clusterName="c")
        with pytest.raises(ApiRefused, match=r"answered NotFound: it is gone$"):
            adapter.read("aws:ecs/service:Service", "s", {"cluster": "c", "name": "s"}, {})

    def test_a_type_without_a_reading_is_unknown(self, adapter: Adapter) -> None:
        with pytest.raises(UnknownType, match=r"^aws:sqs/queue:Queue: a refresh does not read it; add it to "):
            adapter.read("aws:sqs/queue:Queue", "q", {}, {})
