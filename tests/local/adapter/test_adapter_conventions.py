"""What tables leave out: the calls, names and tags that the models tell, and what they do not tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from local.adapter import requests
from local.adapter.conventions import completed
from local.adapter.services import resource_type
from local.adapter.table import ACCOUNT, EVERYTHING, ID, Call, ResourceType, Scope, evaluated

SCOPE = Scope(account="123456789012", region="eu-west-1", name="x", inputs={"name": "n"}, digest="0123456789abcdef" * 4)


def made(token: str, service: str, **said: Any) -> ResourceType:
    return completed(ResourceType(token, service=service, **said))


def operations(kind: ResourceType) -> list[list[str]]:
    steps = (kind.create, kind.update, kind.delete, kind.read)
    return [[step.operation for step in found if isinstance(step, Call)] for found in steps]


def test_a_type_of_which_the_table_says_nothing_has_all_its_calls() -> None:
    kind = made("aws:cloudwatch/eventBus:EventBus", "events")
    assert operations(kind) == [["CreateEventBus"], ["UpdateEventBus"], ["DeleteEventBus"], []]
    assert kind.update[0].takes == ("deadLetterConfig", "description", "kmsKeyIdentifier", "logConfig", "name")
    assert kind.replace == ("eventSourceName", "name")
    assert kind.autoname is not None
    assert (kind.autoname.key, kind.autoname.prefix_key, kind.autoname.longest) == ("name", "", 256)
    assert evaluated(kind.id, SCOPE) == "n"
    assert kind.arn == "arn:{partition}:events:{region}:{account}:event-bus/{id}"
    assert kind.tags is not None
    assert (kind.tags.create, kind.tags.tag, kind.tags.untag) == ("Tags", "TagResource", "UntagResource")
    assert (kind.tags.member, kind.tags.keys, list(kind.tags.given)) == ("Tags", "TagKeys", ["ResourceARN"])


def test_a_type_that_is_put_is_changed_by_the_same_call() -> None:
    kind = made("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "lambda")
    put = "PutFunctionEventInvokeConfig"  # UpdateFunctionEventInvokeConfig would keep what is not given
    assert operations(kind) == [[put], [put], ["DeleteFunctionEventInvokeConfig"], []]
    assert kind.replace == ("functionName", "qualifier")


def test_a_type_without_an_update_is_replaced() -> None:
    kind = made("aws:sagemaker/modelPackageGroup:ModelPackageGroup", "sagemaker")
    assert operations(kind) == [["CreateModelPackageGroup"], [], ["DeleteModelPackageGroup"], []]
    assert kind.replace == EVERYTHING


def test_an_id_that_the_service_makes_up_is_found_in_the_answer_and_names_the_resource_afterwards() -> None:
    kind = made("aws:ec2/routeTable:RouteTable", "ec2", id="rtb-{hex:.17}")
    assert kind.found == "RouteTable.RouteTableId"
    assert evaluated(kind.id, SCOPE) == "rtb-0123456789abcdef0"
    (delete,) = kind.delete
    assert isinstance(delete, Call)
    assert delete.given == {"RouteTableId": ID}


def test_a_list_of_names_gets_one() -> None:
    kind = resource_type("aws:cloudwatch/dashboard:Dashboard")
    (delete,) = kind.delete
    assert isinstance(delete, Call)
    given = {
        path: evaluated(source, replace(SCOPE, inputs={"dashboardName": "d"})) for path, source in delete.given.items()
    }
    assert given == {"DashboardNames[]": "d"}


def test_a_member_called_after_the_type_takes_its_name() -> None:
    """Athena creates a workgroup by its `Name` and deletes it as `WorkGroup`."""
    kind = made("aws:athena/workgroup:Workgroup", "athena", noun="WorkGroup", provider_only=("forceDestroy",))
    (delete,) = kind.delete
    assert isinstance(delete, Call)
    assert {path: evaluated(source, SCOPE) for path, source in delete.given.items()} == {"WorkGroup": "n"}
    assert (evaluated(kind.id, SCOPE), kind.replace) == ("n", ("name",))


def test_an_arn_is_what_the_service_told_last_and_its_form_where_it_told_none() -> None:
    arn = resource_type("aws:sqs/queue:Queue").outputs["arn"]
    assert evaluated(arn, SCOPE) == "arn:aws:sqs:eu-west-1:123456789012:n"
    told = resource_type("aws:cloudwatch/eventBus:EventBus").outputs["arn"]
    scope = replace(SCOPE, outputs={"arn": "former"})
    assert evaluated(told, scope) == "former"
    answered = replace(scope, response={"EventBusArn": "new"})
    assert evaluated(told, answered) == "new"


@pytest.mark.parametrize(
    ("token", "service", "said", "error"),
    [
        (
            "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
            "sagemaker",
            {},
            "sagemaker has no CreateEndpointConfiguration or PutEndpointConfiguration or SetEndpointConfiguration or "
            "RegisterEndpointConfiguration; say `create` or `noun` in its table",
        ),
        (
            "aws:lambda/permission:Permission",
            "lambda",
            {"create": (Call("AddPermission"),)},
            "lambda has no DeletePermission or DeregisterPermission; say `delete` or `noun` in its table",
        ),
        (
            "aws:glue/catalogTable:CatalogTable",
            "glue",
            {"noun": "Table"},
            "several inputs name it, or none; say the form of its `id` in its table",
        ),
        (
            "aws:ec2/routeTable:RouteTable",
            "ec2",
            {},
            "several inputs name it, or none; say the form of its `id` in its table",
        ),
        (
            "aws:secretsmanager/secret:Secret",
            "secretsmanager",
            {"id": ACCOUNT, "outputs": {"version": None}, "wait": object()},
            "",
        ),
    ],
)
def test_what_the_models_do_not_tell_the_table_must_say(
    token: str, service: str, said: dict[str, Any], error: str
) -> None:
    if not error:
        assert operations(made(token, service, **said))[3] == ["DescribeSecret"]
        return
    with pytest.raises(TypeError) as refused:
        made(token, service, **said)
    assert str(refused.value) == f"{token}: {error}"


def test_an_input_that_nothing_takes_stays_refused() -> None:
    """By convention an input is left to the call that creates; without a member there it is named."""
    kind = made("aws:cloudwatch/eventBus:EventBus", "events")
    (prepared,) = requests.on_create(kind, replace(SCOPE, inputs={"name": "n", "shape": "round"}))
    assert [str(fault)[:68] for fault in prepared.faults] == [
        "shape = 'round': is an input that no member of the API takes; it kno"
    ]
    assert requests.untaken(kind, ["shape", "description", "name"]) == ["shape"]
