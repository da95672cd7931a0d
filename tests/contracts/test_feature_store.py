from __future__ import annotations

import dataclasses

from contracts import loader
from contracts.feature_store import feature_definitions, group_name, identity
from contracts.schema import Column, ColumnType, Contract, Feature, Pii, Task

CHURN = loader.load("contracts/churn.yaml")


def test_the_group_holds_what_a_request_may_leave_out() -> None:
    assert feature_definitions(CHURN) == {
        "customer_id": "String",
        "event_time": "String",
        "user_tenure_months": "Integral",
        "transaction_volume": "Fractional",
        "support_tickets": "Integral",
    }


def test_every_type_of_column_and_no_pii() -> None:
    contract = Contract(
        name="all",
        task=Task.BINARY_CLASSIFICATION,
        entity="id",
        event_time="at",
        label="label",
        columns=(
            Column(name="id", type=ColumnType.STRING),
            Column(name="at", type=ColumnType.TIMESTAMP),
            Column(name="label", type=ColumnType.INTEGER),
            Column(name="flag", type=ColumnType.BOOLEAN),
            Column(name="city", type=ColumnType.STRING),
            Column(name="phone", type=ColumnType.STRING, pii=Pii.HASH),
            Column(name="email", type=ColumnType.STRING, pii=Pii.DROP),
            Column(name="since", type=ColumnType.TIMESTAMP),
        ),
        features=(Feature(name="f", expression="flag"),),
    )
    assert feature_definitions(contract) == {
        "id": "String",
        "at": "String",
        "flag": "Integral",
        "city": "String",
        "since": "String",
    }


def test_another_entity_or_event_time_is_another_group_and_another_column_is_not() -> None:
    columns = (*CHURN.columns, Column(name="segment", type=ColumnType.STRING, nullable=True))
    assert identity(dataclasses.replace(CHURN, columns=columns, description="Others.")) == identity(CHURN)
    others = (
        dataclasses.replace(CHURN, columns=columns, entity="segment"),
        dataclasses.replace(
            CHURN,
            columns=tuple(
                dataclasses.replace(c, type=ColumnType.INTEGER) if c.name == CHURN.entity else c for c in CHURN.columns
            ),
        ),
        dataclasses.replace(
            CHURN,
            columns=tuple(
                dataclasses.replace(c, name="at") if c.name == CHURN.event_time else c for c in CHURN.columns
            ),
            event_time="at",
        ),
    )
    assert len({identity(contract) for contract in (CHURN, *others)}) == 4


def test_the_name_of_a_group_ends_with_its_identity() -> None:
    assert group_name("churn-staging", CHURN) == f"churn-staging-features-{identity(CHURN)}"


def test_an_entity_that_is_hashed_is_a_text_and_a_number_that_is_not_stays_one() -> None:
    def kind(pii: Pii | None) -> str:
        entity = Column(name=CHURN.entity, type=ColumnType.INTEGER, pii=pii)
        others = (c for c in CHURN.columns if c.name != CHURN.entity)
        return feature_definitions(dataclasses.replace(CHURN, columns=(entity, *others)))[CHURN.entity]

    assert (kind(Pii.HASH), kind(None)) == ("String", "Integral")
