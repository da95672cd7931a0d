"""A contract grows: what is added to the group in the emulator, what is refused, and what SageMaker does not do."""

from __future__ import annotations

import dataclasses
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from automation.operations import feature_store
from automation.operations.errors import DeploymentError, RefusedError
from contracts import loader
from contracts.feature_store import feature_definitions, group_name
from contracts.schema import Column, ColumnType, Contract
from tests.automation.conftest import Platform

CHURN = loader.load("contracts/churn.yaml")
GROUP = "churn-staging-features-0"


def grown(*names: str, nullable: bool = True) -> Contract:
    columns = (Column(name=name, type=ColumnType.INTEGER, nullable=nullable) for name in names)
    return dataclasses.replace(CHURN, columns=(*CHURN.columns, *columns))


def without(name: str) -> Contract:
    return dataclasses.replace(CHURN, columns=tuple(column for column in CHURN.columns if column.name != name))


def make(platform: Platform, contract: Contract = CHURN) -> str:
    """The group as the program makes it."""
    name = group_name(platform.names.of_its_workload.prefix, contract)
    platform.client("sagemaker").create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName=contract.entity,
        EventTimeFeatureName=contract.event_time,
        FeatureDefinitions=definitions(feature_definitions(contract)),
        OnlineStoreConfig={"EnableOnlineStore": True},
    )
    return name


def definitions(kinds: dict[str, str]) -> list[dict[str, str]]:
    return [{"FeatureName": name, "FeatureType": kind} for name, kind in kinds.items()]


def plan(platform: Platform, contract: Contract) -> feature_store.Evolution:
    return feature_store.plan(platform.names.of_its_workload, contract, sagemaker=platform.client("sagemaker"))


def refusal(platform: Platform, contract: Contract) -> list[str]:
    with pytest.raises(RefusedError) as caught:
        plan(platform, contract)
    return str(caught.value).splitlines()


def record(customer: str, at: str, **values: int) -> list[dict[str, str]]:
    features = {"customer_id": customer, "event_time": at, **values}
    return [{"FeatureName": name, "ValueAsString": str(value)} for name, value in features.items()]


def test_a_group_gets_what_it_lacks_and_keeps_its_records(platform: Platform) -> None:
    group, sagemaker = make(platform), platform.client("sagemaker")
    store = platform.client("sagemaker-featurestore-runtime")
    store.put_record(FeatureGroupName=group, Record=record("old", "2026-01-01T00:00:00Z", support_tickets=4))
    planned = plan(platform, grown("logins", "visits"))
    assert planned == feature_store.Evolution(group=group, additions={"logins": "Integral", "visits": "Integral"})
    feature_store.evolve(planned, sagemaker=sagemaker)
    assert plan(platform, grown("logins", "visits")).additions == {}
    found = sagemaker.describe_feature_group(FeatureGroupName=group)["FeatureDefinitions"]
    assert found == definitions(feature_definitions(grown("logins", "visits")))

    store.put_record(FeatureGroupName=group, Record=record("new", "2026-01-02T00:00:00Z", logins=9))
    values = {
        customer: store.get_record(FeatureGroupName=group, RecordIdentifierValueAsString=customer)["Record"]
        for customer in ("old", "new")
    }
    assert values["old"] == record("old", "2026-01-01T00:00:00Z", support_tickets=4)
    assert values["new"] == record("new", "2026-01-02T00:00:00Z", logins=9)

    # history of the column, delivered again: of the same entity and event time the last one counts
    again = record("old", "2026-01-01T00:00:00Z", support_tickets=4, logins=7)
    store.put_record(FeatureGroupName=group, Record=again)
    assert store.get_record(FeatureGroupName=group, RecordIdentifierValueAsString="old")["Record"] == again


def test_a_contract_that_lacks_a_column_of_the_group_is_refused_with_the_reason(platform: Platform) -> None:
    group = make(platform)
    assert refusal(platform, without("support_tickets")) == [
        f"feature group {group} cannot follow the contract",
        "  support_tickets: the group has it and the contract does not; SageMaker cannot remove a feature: leave the "
        "column in the contract (nullable, so that files may bring it empty; no feature has to use it)",
    ]


def test_every_reason_is_told_at_once_and_nothing_is_added(platform: Platform) -> None:
    group = make(platform, grown("logins"))
    contract = without("support_tickets")
    columns = (
        *contract.columns,
        Column(name="logins", type=ColumnType.STRING, nullable=True),
        Column(name="visits", type=ColumnType.INTEGER),
    )
    lines = refusal(platform, dataclasses.replace(contract, columns=columns))
    assert lines[1].startswith("  support_tickets: the group has it and the contract does not; ")
    assert lines[2:] == [
        "  logins: found Integral in the group and String by the contract; SageMaker cannot change a type: add a "
        "column of another name, which files bring beside logins, and leave logins nullable, so that they may bring it "
        "empty",
        "  columns.visits.nullable: found false; allowed: true, since records and files that are there have no value "
        "of a column that comes later",
    ]
    found = platform.client("sagemaker").describe_feature_group(FeatureGroupName=group)
    assert found["FeatureDefinitions"] == definitions(feature_definitions(grown("logins")))


def test_a_group_has_2500_columns_at_most(platform: Platform) -> None:
    make(platform)
    many = [f"column_{number}" for number in range(2500)]
    assert len(plan(platform, grown(*many[:2495])).additions) == 2495
    assert refusal(platform, grown(*many[:2496]))[1:] == ["  2501 columns; allowed: 2500 in a feature group"]


def test_without_a_group_it_says_what_makes_it(platform: Platform) -> None:
    group = group_name(platform.names.of_its_workload.prefix, CHURN)
    assert refusal(platform, CHURN) == [
        f"feature group {group} is not there: `up` makes it, with every column of the contract"
    ]


class SageMaker:
    """A client with prepared answers about one group, asked in order."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.client = boto3.client("sagemaker", region_name="eu-west-1", **keys)
        self.stub = Stubber(self.client)
        self.stub.activate()

    def describes(self, *columns: str, update: str = "Successful", status: str = "Created", reason: str = "") -> None:
        answer = {
            "FeatureGroupArn": "arn:aws:sagemaker:eu-west-1:123456789012:feature-group/x",
            "FeatureGroupName": GROUP,
            "RecordIdentifierFeatureName": "id",
            "EventTimeFeatureName": "at",
            "FeatureDefinitions": definitions(dict.fromkeys(columns, "Integral")),
            "CreationTime": 0,
            "FeatureGroupStatus": status,
            "LastUpdateStatus": {"Status": update, **({"FailureReason": reason} if reason else {})},
            "NextToken": "",
        }
        self.stub.add_response("describe_feature_group", answer, {"FeatureGroupName": GROUP})

    def adds(self, *columns: str) -> None:
        asked = {"FeatureGroupName": GROUP, "FeatureAdditions": definitions(dict.fromkeys(columns, "Integral"))}
        self.stub.add_response("update_feature_group", {"FeatureGroupArn": "arn:aws:x:::feature-group/x"}, asked)

    def evolves(self, *columns: str) -> list[float]:
        """Add columns; the seconds that were waited."""
        waited: list[float] = []
        evolution = feature_store.Evolution(group=GROUP, additions=dict.fromkeys(columns, "Integral"))
        try:
            feature_store.evolve(evolution, sagemaker=self.client, sleep=waited.append)
        finally:
            self.stub.assert_no_pending_responses()
        return waited


def test_an_update_under_way_is_waited_for_before_and_after() -> None:
    sagemaker = SageMaker()
    sagemaker.describes("id", update="InProgress")
    sagemaker.describes("id")
    sagemaker.adds("a")
    sagemaker.describes("id", update="InProgress")
    sagemaker.describes("id", "a")
    assert sagemaker.evolves("a") == [5.0, 5.0]


def test_what_an_update_under_way_adds_is_not_added_again() -> None:
    sagemaker = SageMaker()
    sagemaker.describes("id", update="InProgress")
    sagemaker.describes("id", "a")
    sagemaker.adds("b")
    sagemaker.describes("id", "a", "b")
    assert sagemaker.evolves("a", "b") == [5.0]
    sagemaker.describes("id", "a", "b")
    assert sagemaker.evolves("a", "b") == []


def test_more_than_100_columns_are_added_in_several_updates() -> None:
    columns = [f"c{number}" for number in range(205)]
    sagemaker = SageMaker()
    sagemaker.describes("id")
    for first in (0, 100, 200):
        sagemaker.adds(*columns[first : first + 100])
        sagemaker.describes("id", *columns[: first + 100])
    assert sagemaker.evolves(*columns) == []


def test_what_sagemaker_does_not_add_is_named_with_its_reason() -> None:
    columns = [f"c{number}" for number in range(101)]
    sagemaker = SageMaker()
    sagemaker.describes("id")
    sagemaker.adds(*columns[:100])
    sagemaker.describes("id", *columns[:100])
    sagemaker.adds("c100")
    sagemaker.describes("id", *columns[:100], update="Failed", reason="a quota")
    with pytest.raises(DeploymentError) as caught:
        sagemaker.evolves(*columns)
    assert str(caught.value) == (
        f"feature group {GROUP} did not get c100: a quota; the others are there, and nothing is lost: give the command "
        "again"
    )


def test_a_group_that_is_on_its_way_is_left_alone() -> None:
    sagemaker = SageMaker()
    sagemaker.describes("id", status="Deleting")
    with pytest.raises(RefusedError, match=f"feature group {GROUP} is Deleting; allowed: Created; wait, or look why"):
        sagemaker.evolves("a")


def test_an_update_without_an_end_is_no_success() -> None:
    sagemaker: Any = SageMaker()
    for _ in range(360):
        sagemaker.describes("id", update="InProgress")
    with pytest.raises(DeploymentError, match="is still being updated after 30 minutes; give the command again"):
        sagemaker.evolves("a")
