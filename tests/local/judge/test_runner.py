"""The real pack in a process of its own, spoken to as the engine does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.judge.model import Judged
from local.judge.process import PolicyPackError
from local.judge.runner import PolicyRunner
from tests.policies.specimens import data, platform
from tests.policies.support import UNKNOWN, Specimen

PACK = Path(__file__).parents[3] / "policies"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"


def judged(specimen: Specimen) -> Judged:
    """A resource before it is created."""
    return Judged(
        urn=specimen.urn,
        type=specimen.token,
        name=specimen.name,
        parent="",
        properties=specimen.properties,
        options={"protect": True} if specimen.protect else {},
    )


def stack(specimens: list[Specimen]) -> list[Judged]:
    """The resources after they were created, with what their properties come from."""
    urns = {specimen.name: specimen.urn for specimen in specimens}
    return [
        replace(
            judged(specimen),
            properties=specimen.outputs,
            property_dependencies={
                key: [urns[name] for name in names if name in urns] for key, names in specimen.needs.items()
            },
        )
        for specimen in specimens
    ]


@pytest.fixture(scope="module")
def pack() -> Iterator[PolicyRunner]:
    with PolicyRunner(PACK, stack="prod", project="ml-platform") as runner:
        yield runner


def test_the_process_passes_a_valid_platform(pack: PolicyRunner) -> None:
    found = [violation for specimen in platform() for violation in pack.analyze(judged(specimen))]
    found += pack.analyze_stack(stack(platform()))
    assert found == []
    assert pack.exempt == []


def test_a_violation_arrives_with_level_message_and_urn(pack: PolicyRunner) -> None:
    (violation,) = pack.analyze(judged(data.KEY.put("enableKeyRotation", False)))
    assert violation.policy == "kms-key-rotation"
    assert violation.level == "mandatory"
    assert violation.urn == data.KEY.urn
    assert violation.message == (
        "kms/key 'data-key': enableKeyRotation is false; it must be true. "
        "Set enable_key_rotation=True, and leave the key enabled."
    )
    assert not violation.undecided


def test_what_is_not_known_yet_arrives_as_an_advisory_beside_what_is_decided(pack: PolicyRunner) -> None:
    found = pack.analyze(judged(data.KEY.put("enableKeyRotation", UNKNOWN).put("isEnabled", False)))
    assert [(each.undecided, each.level, each.message.partition(". ")[0]) for each in found] == [
        (False, "mandatory", "kms/key 'data-key': isEnabled is false; it must be true"),
        (True, "advisory", "kms/key 'data-key': enableKeyRotation is not known yet"),
    ]
    assert all(each.urn == data.KEY.urn for each in found)


def test_a_stack_violation_names_its_resource(pack: PolicyRunner) -> None:
    without = [specimen for specimen in platform() if specimen.name != "raw-versioning"]
    (violation,) = pack.analyze_stack(stack(without))
    assert (violation.policy, violation.urn.rpartition("::")[2]) == ("s3-versioning", "raw")


def test_secrets_are_read_and_never_shown_and_references_are_ids(pack: PolicyRunner) -> None:
    secret = {SIGNATURE: SECRET, "value": "hunter2"}
    function = next(each for each in platform() if each.name == "rollback")
    (violation,) = pack.analyze(judged(function.put("environment.variables.DB_PASSWORD", secret)))
    assert violation.policy == "no-plaintext-secrets"
    assert "hunter2" not in violation.message
    trail = next(each for each in platform() if each.name == "trail-logs")
    assert pack.analyze(judged(trail.put("kmsKeyId", {SIGNATURE: REFERENCE, "urn": "u", "id": "key-1"}))) == []
    (waiting,) = pack.analyze(judged(trail.put("kmsKeyId", {SIGNATURE: REFERENCE, "urn": "u", "id": ""})))
    assert waiting.undecided


def test_a_component_is_judged_by_nobody(pack: PolicyRunner) -> None:
    component = Judged(urn="urn:x", type="mlplatform:lake:Lake", name="lake", parent="", properties={})
    assert pack.analyze(component) == []


def test_the_policies_say_what_they_are(pack: PolicyRunner) -> None:
    assert pack.policy_count == len(pack.policies) == 130
    found = {policy.name: policy for policy in pack.policies}["kms-key-rotation"]
    assert found.description == "Customer-managed symmetric KMS keys are enabled and rotate every year."
    assert (found.level, found.kind, found.severity) == ("mandatory", "resource", "medium")
    assert {"checkov:CKV_AWS_7", "fsbp:KMS.4", "cis:3.6", "nist:SC-13", "type:aws:kms/key:Key"} <= set(found.tags)
    assert found.framework == "NIST SP 800-53 Rev. 5 SC-28(1) SC-13 AU-9(3) CP-9(8)"
    assert found.url == "https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html"
    assert found.remediation_steps == "Set enable_key_rotation=True, and leave the key enabled."


def test_every_policy_says_how_to_remedy_it_how_bad_it_is_and_where_that_is_written(pack: PolicyRunner) -> None:
    for policy in pack.policies:
        assert policy.remediation_steps.endswith("."), policy.name
        assert policy.severity in ("low", "medium", "high", "critical"), policy.name
        assert policy.url.startswith("https://docs.aws.amazon.com/"), policy.name
        assert policy.framework.startswith("NIST SP 800-53 Rev. 5"), policy.name


def test_a_configuration_sets_levels_settings_and_exemptions(tmp_path: Path) -> None:
    exemption = {"resource": "data-*", "reason": "rotated by hand", "owner": "security", "expires": "2999-12-31"}
    config = tmp_path / "levels.json"
    config.write_text(
        json.dumps(
            {
                "all": "advisory",
                "log-retention": {"enforcementLevel": "mandatory", "minimumDays": 400},
                "kms-key-rotation": {"enforcementLevel": "mandatory", "exemptions": [exemption]},
                "log-group-kms": "disabled",
            }
        )
    )
    trail = next(each for each in platform() if each.name == "trail-logs")
    with PolicyRunner(PACK, stack="prod", project="ml-platform", config_path=config) as runner:
        assert runner.policy_count == 129
        (violation,) = runner.analyze(judged(trail.drop("kmsKeyId")))
        assert violation.message.startswith("cloudwatch/logGroup 'trail-logs': retentionInDays is 365; it must be at ")
        assert violation.level == "mandatory"
        assert runner.analyze(judged(data.KEY.put("enableKeyRotation", False))) == []
        assert [(each.policy, each.urn, each.reason) for each in runner.exempt] == [
            (
                "kms-key-rotation",
                data.KEY.urn,
                "kms/key 'data-key': exempt until 2999-12-31 (security): rotated by hand",
            )
        ]


def test_a_remediation_changes_inputs_and_keeps_secrets_secret(tmp_path: Path) -> None:
    config = tmp_path / "repair.json"
    config.write_text(json.dumps({"kms-key-rotation": "remediate", "s3-public-access-block-complete": "remediate"}))
    secret = {SIGNATURE: SECRET, "value": "why this key is"}
    key = data.KEY.put("enableKeyRotation", False).put("description", secret)
    with PolicyRunner(PACK, stack="prod", project="ml-platform", config_path=config) as runner:
        repaired = runner.remediate(judged(key))
        assert repaired == {**key.properties, "enableKeyRotation": True}
        assert runner.remediate(judged(data.KEY)) is None


def test_a_configuration_that_names_no_policy_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "wrong.json"
    config.write_text(json.dumps({"kms-key-rotations": "mandatory", "log-retention": {"minimumDays": "many"}}))
    with (
        pytest.raises(PolicyPackError) as refused,
        PolicyRunner(PACK, stack="prod", project="ml-platform", config_path=config),
    ):
        pass
    assert str(refused.value) == (
        f"{config}: the configuration of the policy pack is wrong:\n"
        "  kms-key-rotations: no policy has this name; did you mean kms-key-rotation?\n"
        "  log-retention.minimumDays: found a value of type string; it must be of type number"
    )


def test_a_configuration_is_merged_as_the_cli_merges_it(tmp_path: Path) -> None:
    config = tmp_path / "levels.json"
    config.write_text(
        json.dumps(
            {"all": {"enforcementLevel": "advisory"}, "log-retention": {"minimumDays": 30}, "kms-key-rotation": {}}
        )
    )
    with PolicyRunner(PACK, stack="prod", project="ml-platform", config_path=config) as runner:
        policies = {policy.name: policy for policy in runner.policies}
    assert {policy.level for policy in policies.values()} == {"advisory"}
    assert policies["log-retention"].config["minimumDays"] == 30


@pytest.mark.parametrize(("text", "reason"), [("{", "the configuration cannot be read: "), ("[]", "must be a JSON")])
def test_a_configuration_that_is_no_object_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    config = tmp_path / "wrong.json"
    config.write_text(text)
    runner = PolicyRunner(PACK, stack="prod", project="ml-platform", config_path=config)
    with pytest.raises(PolicyPackError, match=reason), runner:
        pass


def test_levels_that_are_not_there_are_told_with_those_that_are(tmp_path: Path) -> None:
    for name in ("strict", "prod"):
        (tmp_path / f"{name}.json").write_text("{}")
    runner = PolicyRunner(PACK, stack="prod", project="ml-platform", config_path=tmp_path / "hard.json")
    with pytest.raises(PolicyPackError, match=r"levels: found no .*hard\.json; those there: prod, strict$"), runner:
        pass


def test_a_pack_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("raise RuntimeError('no such table')\n")
    with (
        pytest.raises(
            PolicyPackError, match=r"(?s)did not start: its first line must be a port and was ''.*no such table"
        ),
        PolicyRunner(tmp_path, stack="prod", project="ml-platform"),
    ):
        pass


def test_two_policies_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(
        "from pulumi_policy import PolicyPack, StackValidationPolicy\n"
        "twice = [StackValidationPolicy('same', 'd', lambda args, report: None) for _ in range(2)]\n"
        "PolicyPack('twins', twice)\n"
    )
    with (
        pytest.raises(PolicyPackError, match=r"^the policy pack has two policies named same$"),
        PolicyRunner(tmp_path, stack="prod", project="ml-platform"),
    ):
        pass


def test_a_runner_that_was_not_entered_says_so() -> None:
    with pytest.raises(PolicyPackError, match="use PolicyRunner as a context manager"):
        PolicyRunner(PACK, stack="prod", project="ml-platform").analyze(judged(data.KEY))


def test_the_stack_decides_the_levels() -> None:
    with PolicyRunner(PACK, stack="dev", project="ml-platform") as runner:
        levels = {policy.name: policy.level for policy in runner.policies}
    assert levels["log-retention"] == "advisory"
    assert levels["kms-key-rotation"] == "mandatory"
