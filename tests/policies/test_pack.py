"""The pack: levels, configuration, exemptions, bugs and remediations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, Severity
from pulumi_policy.secret import secrets_preserving_proxy

from policies.guardrails import ConfigurationError, Guardrails
from policies.guardrails.finding import Findings
from policies.guardrails.levels import EVERYWHERE, FROM_STAGING, Environment, environment_of
from policies.guardrails.resource import Resource
from policies.guardrails.rule import Rule, Theme
from policies.guardrails.themes import rules
from tests.policies.mutation import Mutation
from tests.policies.mutations import MUTATIONS
from tests.policies.specimens import data, platform
from tests.policies.support import TAGS, TODAY, UNKNOWN, Specimen, judge, resource_args

KEY = data.KEY.put("enableKeyRotation", False)


def exemption(resource: str = "data-key", expires: str = "2026-12-31") -> dict[str, Any]:
    entry = {"resource": resource, "reason": "rotated by hand", "owner": "security", "expires": expires}
    return {"kms-key-rotation": {"enforcementLevel": "mandatory", "exemptions": [entry]}}


def remedied(name: str, specimen: Specimen, config: dict[str, Any] | None = None) -> Any:
    args = resource_args(specimen, secrets_preserving_proxy, config)
    policy = Guardrails(stack="prod", today=TODAY).repairs()[name]
    assert isinstance(policy, ResourceValidationPolicy)
    return policy.remediate(args)


# --- levels ---


@pytest.mark.parametrize(
    ("stack", "environment"),
    [
        ("dev", Environment.DEV),
        ("dev-alice", Environment.DEV),
        ("pr-12", Environment.DEV),
        ("staging", Environment.STAGING),
        ("org/project/staging-eu", Environment.STAGING),
        ("prod", Environment.PROD),
        ("develop", Environment.PROD),
        ("anything", Environment.PROD),
    ],
)
def test_a_stack_that_is_not_known_for_less_is_judged_as_production(stack: str, environment: Environment) -> None:
    assert environment_of(stack) is environment


def test_levels_follow_the_environment_and_the_configuration_lies_over_them() -> None:
    rule = next(rule for rule in rules() if rule.name == "log-retention")
    assert rule.levels == FROM_STAGING
    assert Guardrails(stack="dev").level(rule) is EnforcementLevel.ADVISORY
    assert Guardrails(stack="prod").level(rule) is EnforcementLevel.MANDATORY
    assert Guardrails({"all": "disabled"}, stack="prod").level(rule) is EnforcementLevel.DISABLED
    assert Guardrails({"all": "disabled", "log-retention": "remediate"}, stack="prod").level(rule) == (
        EnforcementLevel.REMEDIATE
    )


JUDGED_AS = (
    " Stack 'auto-dev' is judged as production, since its name begins with none of dev-, pr-, staging- and prod-; "
    "--policy-pack-config policies/config/dev.json judges it as dev."
)


@pytest.mark.parametrize(
    ("stack", "added"),
    [("auto-dev", JUDGED_AS), ("prod", ""), ("prod-eu", ""), ("org/project/production", ""), ("dev-alice", "")],
)
def test_a_stack_whose_name_says_nothing_is_told_why_it_is_judged_as_production(stack: str, added: str) -> None:
    logs = Specimen("cloudwatch/logGroup", "logs", {"retentionInDays": 7.0})
    (said,) = judge([logs], stack=stack, only=["log-retention"]).violations
    assert said.message.partition(" for ever.")[2] == added


def test_a_policy_that_is_mandatory_everywhere_or_was_set_by_hand_says_nothing_of_the_stack() -> None:
    (said,) = judge([KEY], stack="auto-dev", only=["kms-key-rotation"]).violations
    assert "judged as" not in said.message
    logs = Specimen("cloudwatch/logGroup", "logs", {"retentionInDays": 7.0})
    (said,) = judge([logs], stack="auto-dev", only=["log-retention"], config={"log-retention": "advisory"}).violations
    assert "judged as" not in said.message


# --- configuration ---


def test_every_fault_of_the_configuration_is_reported_at_once() -> None:
    config = {
        "kms-key-rotations": "mandatory",
        "log-group-kms": "must",
        "log-retention": {"enforcementLevel": "mandatory", "minimumDays": 0, "days": 3},
        "all": {"minimumDays": 30},
        "alb-internal": 3,
        "required-tags": {"enforcementLevel": "mandatory", "values": {"Owner": 3}},
    }
    with pytest.raises(ConfigurationError) as refused:
        Guardrails(config, stack="prod")
    assert refused.value.faults == [
        "kms-key-rotations: no policy has this name; did you mean kms-key-rotation?",
        "log-group-kms: level 'must' is unknown; give advisory, mandatory, remediate, disabled",
        "log-retention.minimumDays: found 0; it must be at least 1",
        "log-retention.days: there is no such setting",
        "all.minimumDays: there is no such setting",
        "alb-internal: found a value of type number; give a level (advisory, mandatory, remediate, disabled) "
        "or an object with one",
        "required-tags.values.Owner: found a value of type number; it must be of type string",
    ]


def test_an_exemption_needs_a_reason_an_owner_and_a_date() -> None:
    entry = {"resource": "raw", "reason": "because", "expires": "tomorrow", "until": "2027"}
    with pytest.raises(ConfigurationError) as refused:
        Guardrails({"s3-versioning": {"enforcementLevel": "mandatory", "exemptions": [entry]}}, stack="prod")
    assert refused.value.faults == [
        "s3-versioning.exemptions[0].owner: is not set",
        "s3-versioning.exemptions[0].reason: found 'because'; it must have at least 10 characters",
        r"s3-versioning.exemptions[0].expires: found 'tomorrow'; it must match ^\d{4}-\d{2}-\d{2}$",
        "s3-versioning.exemptions[0].until: there is no such setting",
    ]


@pytest.mark.parametrize("day", ["2026-13-01", "2026-02-30", "0000-01-01"])
def test_a_day_that_the_calendar_does_not_have_is_refused_by_policy_and_entry(day: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Guardrails(exemption(expires=day), stack="prod")
    (fault,) = refused.value.faults
    assert fault.startswith(
        f"kms-key-rotation.exemptions[0].expires: found '{day}'; it must be a day of the calendar: "
    )


def test_a_pattern_that_is_none_is_refused_by_policy_and_setting() -> None:
    with pytest.raises(ConfigurationError) as refused:
        Guardrails({"cost-center-tag-format": {"pattern": "CC-(["}, "resource-name-pattern": {"pattern": "*"}})
    assert [fault.partition(": un")[0].partition(": no")[0] for fault in refused.value.faults] == [
        "cost-center-tag-format.pattern: found 'CC-(['; it must be a regular expression",
        "resource-name-pattern.pattern: found '*'; it must be a regular expression",
    ]


def test_a_level_may_stand_in_an_object_and_settings_may_stand_without_one() -> None:
    config = {"all": {"enforcementLevel": "advisory"}, "log-retention": {"minimumDays": 30}}
    pack = Guardrails(config, stack="prod")
    rule = pack.by_name["log-retention"]
    assert pack.level(rule) is EnforcementLevel.ADVISORY
    assert pack.settings(rule, {})["minimumDays"] == 30
    alone = Guardrails({"log-retention": {"minimumDays": 30}}, stack="prod")
    assert alone.level(rule) is EnforcementLevel.MANDATORY


def test_the_defaults_that_the_engine_fills_in_are_those_of_the_constructor() -> None:
    """The CLI sends every default of the schema as if it had been configured."""
    pack = Guardrails({"log-retention": {"enforcementLevel": "mandatory", "minimumDays": 30}}, stack="prod")
    policies = {policy.name: policy for policy in pack.policies()}
    schema = policies["log-retention"].config_schema
    assert schema is not None
    sent = {key: value["default"] for key, value in schema.properties.items()}
    assert pack.settings(pack.by_name["log-retention"], sent)["minimumDays"] == 30
    assert pack.by_name["log-retention"].schema["minimumDays"]["default"] == 365


def test_settings_have_defaults_the_constructor_lies_over_them_and_the_engine_over_both() -> None:
    pack = Guardrails({"log-retention": {"enforcementLevel": "mandatory", "minimumDays": 30}}, stack="prod")
    rule = pack.by_name["log-retention"]
    assert Guardrails(stack="prod").settings(rule, {})["minimumDays"] == 365
    assert pack.settings(rule, {})["minimumDays"] == 30
    assert pack.settings(rule, {"minimumDays": 60.0})["minimumDays"] == 60


def test_two_policies_of_one_name_are_refused() -> None:
    one = rules()[0]
    with pytest.raises(ValueError, match=r"^these policy names are used twice: s3-bucket-kms-encryption$"):
        Guardrails(stack="prod", rules=[one, one])


# --- exemptions ---


@pytest.mark.parametrize("pattern", ["data-key", "data-*", "urn:pulumi:prod::*"])
def test_an_exempt_resource_is_left_alone_and_said_to_be(pattern: str) -> None:
    verdict = judge([KEY], only=["kms-key-rotation"], config=exemption(pattern))
    assert verdict.violations == []
    assert [said.message for said in verdict.exempt] == [
        "kms/key 'data-key': exempt until 2026-12-31 (security): rotated by hand"
    ]


def test_an_expired_exemption_is_a_violation_that_says_so() -> None:
    verdict = judge([KEY], only=["kms-key-rotation"], config=exemption(expires="2026-11-20"))
    assert [said.message for said in verdict.violations] == [
        "kms/key 'data-key': enableKeyRotation is false; it must be true; its exemption of security expired on "
        "2026-11-20. Set enable_key_rotation=True, and leave the key enabled."
    ]


def test_an_exemption_holds_on_its_last_day_and_for_its_resource_only() -> None:
    assert judge([KEY], only=["kms-key-rotation"], config=exemption(expires="2026-11-21")).violations == []
    assert judge([KEY], only=["kms-key-rotation"], config=exemption("other")).violations != []


def test_an_exemption_of_a_stack_policy_leaves_the_other_resources_judged() -> None:
    buckets = [Specimen("s3/bucket", name, {"bucket": name}, protect=True) for name in ("one", "two")]
    entry = {"resource": "one", "reason": "written once, never changed", "owner": "data", "expires": "2027-01-31"}
    config = {"s3-versioning": {"enforcementLevel": "mandatory", "exemptions": [entry]}}
    verdict = judge(buckets, only=["s3-versioning"], config=config)
    assert [said.resource for said in verdict.violations] == ["two"]
    assert [said.message for said in verdict.exempt] == [
        "s3/bucket 'one': exempt until 2027-01-31 (data): written once, never changed"
    ]


def test_what_is_not_protected_is_said_once() -> None:
    buckets = [Specimen("s3/bucket", name, {"bucket": name}) for name in ("one", "two")]
    (said,) = judge([*buckets, data.KEY], only=["stateful-protected"]).violations
    assert said.message.partition(". ")[0] == (
        "2 resources (s3/bucket 'one', s3/bucket 'two'): the resource option protect is off"
    )


# --- bugs ---


def broken_rule() -> Rule:
    theme = Theme("test", "Test")

    @theme.policy(on="kms/key", mandatory=EVERYWHERE, severity=Severity.LOW, remedy="None.", url="https://example.com")
    def faulty(key: Resource) -> Findings:
        """A rule with a fault."""
        yield from key.prop("enableKeyRotation").must_be(True)
        yield key.violation({}["secret-value"])

    return faulty


def test_a_fault_in_a_policy_is_a_violation_that_names_it_and_keeps_what_was_found() -> None:
    pack = Guardrails(stack="prod", rules=[broken_rule()])
    said: list[tuple[str, str | None]] = []
    (policy,) = pack.policies()
    assert isinstance(policy, ResourceValidationPolicy)
    policy.validate(resource_args(KEY), lambda message, urn=None: said.append((message, urn)))
    assert said[0][0] == "kms/key 'data-key': enableKeyRotation is false; it must be true. None."
    text, urn = said[1]
    assert text.startswith("kms/key 'data-key': the policy faulty itself failed with KeyError at test_pack.py:")
    assert text.endswith("Report the fault to the owner of the pack; set the policy to disabled to go on without it.")
    assert "secret-value" not in text
    assert urn == KEY.urn


def test_a_policy_needs_a_sentence() -> None:
    theme = Theme("test", "Test")

    def silent(_: Resource) -> Iterator[Any]:
        return iter(())

    register = theme.policy(on="kms/key", mandatory=EVERYWHERE, severity=Severity.LOW, remedy="", url="")
    with pytest.raises(ValueError, match=r"^silent: a policy needs a docstring, it is the policy's sentence$"):
        register(silent)


# --- remediations ---


def test_a_remediation_repairs_a_violation_and_touches_nothing_else() -> None:
    found = remedied("kms-key-rotation", KEY)
    assert found == {**KEY.properties, "enableKeyRotation": True}


def test_a_remediation_leaves_alone_what_is_right_unknown_or_exempt() -> None:
    assert remedied("kms-key-rotation", data.KEY) is None
    assert remedied("kms-key-rotation", KEY.put("enableKeyRotation", UNKNOWN)) is None
    config = {"exemptions": exemption()["kms-key-rotation"]["exemptions"]}
    assert remedied("kms-key-rotation", KEY, config) is None


def test_a_remediation_writes_over_no_value_that_is_not_known_yet() -> None:
    """In Remediate an unknown is a plain sentinel string, which looks like a value that is set."""
    block = Specimen(
        "s3/bucketPublicAccessBlock",
        "block",
        {
            "blockPublicAcls": False,
            "blockPublicPolicy": UNKNOWN,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
    )
    found = remedied("s3-public-access-block-complete", block)
    assert found["blockPublicAcls"] is True
    assert found["blockPublicPolicy"] == UNKNOWN


def test_a_remediation_that_needs_a_key_does_nothing_without_one() -> None:
    group = Specimen("cloudwatch/logGroup", "logs", {"retentionInDays": 365.0})
    assert remedied("log-group-kms", group) is None
    assert remedied("log-group-kms", group, {"kmsKeyArn": "arn:aws:kms:key"})["kmsKeyId"] == "arn:aws:kms:key"


@pytest.mark.parametrize(
    ("policy", "name", "cluster", "output"),
    [
        (
            "sagemaker-monitoring-kms",
            "data-quality",
            "jobResources.clusterConfig",
            "dataQualityJobOutputConfig.kmsKeyId",
        ),
        ("sagemaker-training-kms", "one-off-training", "resourceConfig", "outputDataConfig.kmsKeyId"),
    ],
)
@pytest.mark.parametrize(("instance_type", "takes"), [("ml.g5.xlarge", False), ("ml.m5.xlarge", True)])
def test_a_remediation_gives_a_volume_its_key_where_it_takes_one(
    policy: str, name: str, cluster: str, output: str, instance_type: str, *, takes: bool
) -> None:
    """SageMaker refuses one for disks of the instance, so that a repaired job would fail."""
    bare = VALID[name].put(f"{cluster}.instanceType", instance_type).drop(f"{cluster}.volumeKmsKeyId").drop(output)
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"
    found = remedied(policy, bare, {"kmsKeyArn": key})
    whole = bare.put(output, key)
    assert found == (whole.put(f"{cluster}.volumeKmsKeyId", key) if takes else whole).properties


BY_NAME = {rule.name: rule for rule in rules()}
VALID = {specimen.name: specimen for specimen in platform()}
# Breaks that a person has to repair, and why.
LEFT_TO_PEOPLE = {
    ("cloudtrail-hardened", "cloudWatchLogsGroupArn"): "the log group has to be made first",
    ("kms-key-rotation", "isEnabled"): "somebody switched the key off for a reason",
    ("launch-template-ebs-encrypted", "blockDeviceMappings.0.ebs.kmsKeyId"): "which key depends on the nodes",
    ("codepipeline-codebuild-cmk", "artifactStores.0.encryptionKey"): "the key's policy has to admit the stages",
    ("codebuild-not-public", "environment.privilegedMode"): "an image build needs it",
    ("ecs-service-resilient", "desiredCount"): "more tasks cost money",
}
NEEDS_CONFIG: dict[str, Any] = {
    "values": TAGS,
    "kmsKeyArn": data.KEY.arn,
    "boundaryArn": "arn:aws:iam::111122223333:policy/boundary",
}


@pytest.mark.parametrize(
    "mutation",
    [each for each in MUTATIONS if any(BY_NAME[name].repair for name in each.caught)],
    ids=lambda each: f"{'+'.join(each.caught)}-{each.change.resource}",
)
def test_a_repaired_resource_passes_the_policy(mutation: Mutation) -> None:
    """Every remediation, on every break of its policy: what it returns has no violation that it could have repaired."""
    specimen = mutation.change.apply(VALID).get(mutation.change.resource)
    for rule in (BY_NAME[name] for name in mutation.caught):
        if specimen is None or rule.repair is None or not rule.bears_on(specimen.token):
            continue
        settings = {key: NEEDS_CONFIG[key] for key in rule.settings if key in NEEDS_CONFIG}
        found = remedied(rule.name, specimen, settings)
        if (rule.name, mutation.change.path) in LEFT_TO_PEOPLE:
            continue
        assert found is not None, rule.name
        repaired = Specimen(specimen.type, specimen.name, found, protect=specimen.protect)
        assert judge([repaired], only=[rule.name]).violations == []


def test_every_remediation_was_tried() -> None:
    tried = {name for each in MUTATIONS for name in each.caught if BY_NAME[name].repair}
    assert tried == {rule.name for rule in rules() if rule.repair}
