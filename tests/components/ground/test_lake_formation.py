from __future__ import annotations

import dataclasses
import functools

import pulumi
import pytest

from components.data.catalog import Catalog, CatalogArgs
from components.delivery import lake
from components.ground.keys import Domain
from components.ground.lake_formation import LakeFormation, LakeFormationArgs, grant, lending_statements
from components.personas.grants import GRANTS
from contracts import loader
from contracts.schema import Pii
from contracts.tables import tables
from settings import LakeFormation as LakeFormationSettings
from settings import Persona
from tests.components.engine import BOUNDARY, CHURN, Declared, Deployment, deploy, ground

ADMIN = "arn:aws:iam::123456789012:role/lake-administrator"
SCIENTIST = "arn:aws:iam::123456789012:role/data-scientist"
CONTRACT = loader.load("contracts/churn.yaml")
HASHED = dataclasses.replace(
    CONTRACT, columns=(dataclasses.replace(CONTRACT.columns[0], pii=Pii.HASH), *CONTRACT.columns[1:])
)
TABLES = tables(HASHED, CHURN.layout, ["churn-staging-live"])
TAG = "mlplatform-staging-sensitivity"


def program() -> None:
    laid = ground()
    guard = LakeFormation(
        "lake-formation",
        LakeFormationArgs(
            names=laid.names,
            keys=laid.keys,
            settings=LakeFormationSettings(administrators=(ADMIN,)),
            bucket="arn:aws:s3:::123456789012-staging-ai-processed-data",
            permissions_boundary=BOUNDARY,
        ),
    )
    guarded = dataclasses.replace(laid, lake_formation=guard)
    Catalog("churn-catalog", CatalogArgs(ground=guarded, names=CHURN, tables=TABLES))
    roles = pulumi.ComponentResource("test:roles", "roles")
    grant(guard, "people", SCIENTIST, GRANTS[Persona.DATA_SCIENTIST], roles)
    lake.granted(guard, "delivery-lake", "arn:aws:iam::123456789012:role/deploy", roles)


@functools.cache
def declared() -> Deployment:
    return deploy(program)


def one(name: str) -> Declared:
    return declared().one(name)


def test_nothing_new_is_left_to_iam_and_the_settings_outlive_the_stack() -> None:
    settings = one("lake-formation-settings")
    assert (settings.inputs, settings.retain_on_delete) == ({"admins": [ADMIN]}, True)


def test_the_bucket_is_lent_after_the_settings_are_made() -> None:
    bucket = one("lake-formation-bucket")
    assert bucket.inputs["arn"] == "arn:aws:s3:::123456789012-staging-ai-processed-data"
    assert "lake-formation-settings" in bucket.dependencies
    assert one("lake-formation-tag").inputs == {"key": TAG, "values": ["open", "personal"]}
    assert "lake-formation-settings" in one("lake-formation-tag").dependencies


def test_what_is_lent_is_reading_the_files_of_tables() -> None:
    read, find, key = lending_statements(CHURN, "arn:key")
    bucket = "arn:aws:s3:::123456789012-staging-ai-processed-data"
    assert (read.actions, read.resources) == (
        ("s3:GetObject",),
        tuple(f"{bucket}/{kind}/*/*" for kind in ("accepted", "quarantine", "datasets", "data-capture")),
    )
    assert (find.actions, find.resources) == (("s3:ListBucket",), (bucket,))
    assert (key.actions, key.resources) == (("kms:Decrypt", "kms:DescribeKey"), ("arn:key",))


def test_a_database_is_closed_and_columns_are_opened_one_by_one() -> None:
    assert one("churn-catalog-closed").inputs == {
        "database": {"name": "churn_staging"},
        "lfTags": [{"key": TAG, "value": "personal"}],
    }
    accepted = one("churn-catalog-accepted-open").inputs
    assert accepted["lfTags"] == [{"key": TAG, "value": "open"}]
    assert accepted["tableWithColumns"] == {
        "databaseName": "churn_staging",
        "name": "accepted",
        "columnNames": [
            "churn_label",
            "delivered_",
            "event_time",
            "support_tickets",
            "transaction_volume",
            "user_tenure_months",
        ],
    }
    captures = one("churn-catalog-captures-open").inputs["tableWithColumns"]["columnNames"]
    assert captures == ["endpoint", "eventmetadata", "eventversion", "hour", "variant"]
    assert "churn-catalog-quarantine-open" not in declared().names("aws:lakeformation/resourceLfTags:ResourceLfTags")


def test_what_was_made_before_is_made_anew_for_what_iam_opened_stays_open() -> None:
    tables = declared().all("aws:glue/catalogTable:CatalogTable")
    assert len(tables) == 4
    assert {each.replacement_trigger for each in (one("churn-catalog-database"), *tables)} == {"lake-formation"}
    unguarded = deploy(lambda: Catalog("c", CatalogArgs(ground=ground(), names=CHURN, tables=TABLES)))
    made = [each for each in unguarded.resources if each.type.startswith("aws:glue/catalog")]
    assert {each.replacement_trigger for each in made} == {"iam"}


def test_people_are_granted_by_tag_and_hand_nothing_on() -> None:
    (finds, reads) = (one(f"people-{each}").inputs for each in ("finds", "reads"))
    assert finds == {
        "principal": SCIENTIST,
        "permissions": ["DESCRIBE"],
        "lfTagPolicy": {"resourceType": "DATABASE", "expressions": [{"key": TAG, "values": ["open", "personal"]}]},
    }
    assert reads == {
        "principal": SCIENTIST,
        "permissions": ["DESCRIBE", "SELECT"],
        "lfTagPolicy": {"resourceType": "TABLE", "expressions": [{"key": TAG, "values": ["open"]}]},
    }


@pytest.mark.parametrize("persona", sorted(set(Persona) - {Persona.DATA_SCIENTIST}))
def test_nobody_else_is_granted_anything(persona: Persona) -> None:
    assert GRANTS.get(persona) is None


def test_who_deploys_makes_tables_and_reads_none() -> None:
    grants = declared().all("aws:lakeformation/permissions:Permissions")
    found = {each.name: each.inputs["permissions"] for each in grants if each.name.startswith("delivery")}
    assert found == {
        "delivery-lake-catalog": ["CREATE_DATABASE"],
        "delivery-lake-databases": ["ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"],
        "delivery-lake-tables": ["ALTER", "DESCRIBE", "DROP"],
        "delivery-lake-tag": ["ASSOCIATE"],
    }
    assert one("delivery-lake-catalog").inputs["catalogResource"] is True
    assert one("delivery-lake-tag").inputs["lfTag"] == {"key": TAG, "values": ["open", "personal"]}


def test_the_key_of_tables_is_that_of_processed_data() -> None:
    policy = one("lake-formation-role-keys").inputs["policy"]
    assert f"keys-{Domain.PROCESSED}" in policy
