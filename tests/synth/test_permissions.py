"""What people may do, simulated on the rendered policies of a stack where everybody is named."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import pytest

from components.ground.keys import Domain
from contracts.names import DEAD_LETTERS
from local.emulator.policy_statements import Request, effects
from settings import Persona
from tests import iam
from tests.synth.matrix import ENDPOINT, INGESTION, LIVE, NAMES, PAGE, acts, answer, key, page, people, persona

DE, DS, MLE, OPS, CALL, AUDITOR = Persona
EVERYTHING = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"], "Principal": "*"}


def who(act: str, found: str = "yes") -> set[Persona]:
    return {each for each in Persona if answer(persona(each), act) == found}


def test_the_page_says_what_the_policies_do() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.synth.matrix`"


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        ("deliver raw data", {DE}),
        ("read raw data, with personal data", {DE}),
        ("read quarantined rows, with personal data", {DE}),
        ("add a column to the feature store", {DE}),
        ("read accepted data", {DE, DS}),
        ("read data sets", {DS}),
        ("publish a data set", set()),
        ("read captured traffic", {DS, MLE}),
        ("read models and reports of runs", {DS, MLE}),
        ("start training", {DS}),
        ("start training by Step Functions", {DS}),
        ("import a model that others made", {DS}),
        ("register a model", set()),
        ("approve a model", {MLE}),
        ("say in the registry what serves", {MLE}),
        ("archive a model", {MLE}),
        ("put a model into a stage that is not the platform's", set()),
        ("promote, split, shadow", {OPS}),
        ("promote to a multi-model endpoint", {OPS}),
        ("publish an image", {OPS}),
        ("see signatures of images", {OPS}),
        ("start a batch run", {OPS}),
        ("move an endpoint", {OPS}),
        ("end the scaling of a challenger", {OPS}),
        ("scale an endpoint", {OPS}),
        ("scale copies and tasks", {OPS}),
        ("set off a rollback", {OPS, CALL}),
        ("set off retraining", set()),
        ("halt a rollout", {OPS, CALL}),
        ("send dead letters and unjudged objects to ingestion again", {DE, CALL}),
        ("see releases and their history", set(Persona)),
        ("read logs", set(Persona) - {DE}),
        ("read who touched which object", {AUDITOR}),
        ("see roles and their policies", {AUDITOR}),
        ("change permissions", set()),
        ("destroy an endpoint", set()),
        ("destroy data", set()),
        ("destroy keys", set()),
    ],
)
def test_only_who_is_meant_to_may(act: str, allowed: set[Persona]) -> None:
    assert who(act) == allowed


def test_every_act_is_asked_for() -> None:
    (mark,) = (m for m in test_only_who_is_meant_to_may.pytestmark if m.name == "parametrize")  # type: ignore[attr-defined]
    assert [act for act, _ in mark.args[1]] == list(acts())


@pytest.mark.parametrize(
    "act",
    [
        "start training",
        "start training by Step Functions",
        "approve a model",
        "say in the registry what serves",
        "promote, split, shadow",
        "destroy data",
        "change permissions",
    ],
)
def test_what_is_guaranteed_is_denied_whatever_else_a_role_is_given(act: str) -> None:
    for each in set(Persona) - who(act):
        lifted = [*persona(each).statements, EVERYTHING]
        allowed = [iam.allows(lifted, None, action, resource, facts) for action, resource, facts in acts()[act]]
        assert not all(allowed), each


def test_an_auditor_who_is_given_everything_reads_no_data() -> None:
    lifted = [*persona(AUDITOR).statements, EVERYTHING]
    for act in (
        "raw data, with personal data",
        "quarantined rows, with personal data",
        "accepted data",
        "captured traffic",
    ):
        action, resource, facts = acts()[f"read {act}"][0]
        assert not iam.allows(lifted, None, action, resource, facts), act


@pytest.mark.parametrize(
    ("action", "endpoint"),
    [
        ("sagemaker:InvokeEndpoint", ENDPOINT),
        ("sagemaker:InvokeEndpointAsync", ENDPOINT),
        ("lambda:InvokeFunction", LIVE.arn("lambda", f"function:{LIVE.prefix}:live")),
    ],
)
def test_an_auditor_who_is_given_everything_asks_no_endpoint_of_any_kind(action: str, endpoint: str) -> None:
    lifted = [*persona(AUDITOR).statements, EVERYTHING]
    assert not iam.allows(lifted, None, action, endpoint, {})
    assert iam.allows([*persona(Persona.DATA_SCIENTIST).statements, EVERYTHING], None, action, endpoint, {})


@pytest.mark.parametrize(
    ("action", "endpoint"),
    [
        ("sagemaker:UpdateEndpoint", ENDPOINT),
        ("sagemaker:UpdateInferenceComponent", LIVE.arn("sagemaker", f"inference-component/{LIVE.prefix}")),
        ("ecs:UpdateService", LIVE.arn("ecs", f"service/{LIVE.prefix}/{LIVE.prefix}")),
        ("lambda:UpdateAlias", LIVE.arn("lambda", f"function:{LIVE.prefix}")),
    ],
)
def test_who_is_given_everything_moves_no_endpoint_of_any_host(action: str, endpoint: str) -> None:
    for each in Persona:
        lifted = [*persona(each).statements, EVERYTHING]
        assert iam.allows(lifted, None, action, endpoint, {}) is (each is Persona.MLOPS)


def test_whoever_trains_neither_approves_nor_promotes() -> None:
    holders = [who(act) for act in ("start training", "approve a model", "promote, split, shadow")]
    assert [len(each) for each in holders] == [1, 1, 1]
    assert len(set.union(*holders)) == 3


@pytest.mark.parametrize("each", list(Persona))
def test_no_persona_has_a_statement_outside_the_boundary_of_people(each: Persona) -> None:
    role = persona(each)
    assert role.boundary is not None
    allowed = [s for s in role.statements if s["Effect"] == "Allow"]
    outside = [
        f"{action} on {resource}"
        for action, resource, facts in chain.from_iterable(map(iam.asked, allowed))
        if not iam.allows(role.boundary, None, action, resource, facts)
    ]
    assert outside == []


def _raw_policy() -> str:
    (found,) = (
        r["inputs"]["policy"]
        for r in people()["resources"]
        if r["type"] == "aws:s3/bucketPolicy:BucketPolicy" and r["name"] == "lake-raw-policy"
    )
    return found


@pytest.mark.parametrize(
    ("role", "refused"),
    [("user-data-engineer", False), ("user-mlops", True), ("user-auditor", True), ("evaluation", True)],
)
def test_the_bucket_of_raw_data_takes_deliveries_of_data_engineers(role: str, refused: bool) -> None:
    facts = {
        "aws:PrincipalArn": NAMES.admin_role_arn(role) if role.startswith("user") else NAMES.role_arn(role),
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.3",
    }
    raw = NAMES.bucket_arn(NAMES.raw_bucket, "incoming/churn/new.csv")
    written = Request(action="s3:PutObject", resource=raw, facts=facts)
    deleted = Request(action="s3:DeleteObject", resource=raw, facts=facts)
    assert ("Deny" in effects(_raw_policy(), written)) == refused
    assert effects(_raw_policy(), deleted) == {"Deny"}


def _roles() -> list[dict[str, Any]]:
    names = {NAMES.resource(each.job) for each in Persona}
    inputs = [r["inputs"] for r in people()["resources"] if r["type"] == "aws:iam/role:Role"]
    return [each for each in inputs if each["name"] in names]


def test_roles_of_people_are_named_tagged_bounded_and_short() -> None:
    assert len(_roles()) == len(Persona)
    for role in _roles():
        which = (
            "user-data-boundary" if role["name"].endswith(("-data-engineer", "-data-scientist")) else "user-boundary"
        )
        assert role["permissionsBoundary"].endswith(f":policy/mlplatform-admin/prod/mlplatform-prod-{which}")
        assert role["maxSessionDuration"] == 3600
        assert {"Owner", "CostCenter", "DataClassification", "Environment"} <= set(role["tagsAll"])
        (trusted,) = json.loads(role["assumeRolePolicy"])["Statement"]
        assert trusted["Principal"] == {"AWS": ["arn:aws:iam::123456789012:root"]}


def test_who_is_on_call_sends_again_what_ingestion_gave_up_and_reads_nothing_of_it() -> None:
    """`resend` and `resend --missing` to the last call; neither another queue or machine, nor an object."""
    on_call, mine = persona(CALL), LIVE.of_its_workload
    queue = mine.arn("sqs", mine.resource(DEAD_LETTERS))
    assert on_call.actions_on(queue) == {
        f"sqs:{verb}" for verb in ("ChangeMessageVisibility", "DeleteMessage", "GetQueueUrl", "ReceiveMessage")
    }
    assert on_call.actions_on(mine.arn("sqs", mine.resource("alerts"))) == set()
    ingests = {f"states:{verb}Execution" for verb in ("Describe", "Start")} | {"states:ListExecutions"}
    assert on_call.actions_on(INGESTION) == ingests
    assert on_call.never("states:StartExecution", mine.training_machine_arn)
    for bucket, prefix, listed in (
        (mine.raw_bucket, mine.layout.incoming, {"s3:ListBucketVersions"}),
        (mine.processed_bucket, mine.layout.deliveries, {"s3:ListBucket"}),
        (mine.processed_bucket, mine.layout.quarantine, set[str]()),
        (mine.processed_bucket, mine.layout.accepted, set[str]()),
    ):
        assert on_call.actions_on(mine.bucket_arn(bucket), {"s3:prefix": prefix}) == listed
        assert on_call.actions_on(mine.bucket_arn(bucket, f"{prefix}object")) == set()
        assert on_call.never("s3:GetObject", mine.bucket_arn(bucket, f"{prefix}object"))
    assert {domain for domain in Domain if on_call.may("kms:Decrypt", key(domain))} == {Domain.MESSAGES}
    assert [domain for domain in Domain if on_call.may("kms:GenerateDataKey", key(domain))] == []


def test_of_the_alarms_of_a_stack_only_some_that_roll_back_can_be_set_off() -> None:
    alarms = [r["inputs"] for r in people()["resources"] if r["type"] == "aws:cloudwatch/metricAlarm:MetricAlarm"]
    on_call = persona(CALL)
    reached = {
        each["name"]: [action.rpartition("-")[2] for action in each["alarmActions"]]
        for each in alarms
        if on_call.may("cloudwatch:SetAlarmState", NAMES.arn("cloudwatch", f"alarm:{each['name']}"))
    }
    assert reached == {"churn-prod-live-champion-server-errors": ["alerts", "rollback"]}
    assert len(alarms) > len(reached)
