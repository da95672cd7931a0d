"""The analyzer behind the process: policies indexed by type, and work that grows with what there is to judge."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb

from policies.guardrails import Guardrails
from policies.guardrails.server import Analyzer
from tests.policies.specimens import data, platform
from tests.policies.support import UNKNOWN, Specimen

SECONDS_FOR_200 = 3.0  # the bound that the pack is held to, for 200 resources on one core


def request(specimen: Specimen) -> pb.AnalyzeRequest:
    """A resource as the engine sends it."""
    return pb.AnalyzeRequest(
        type=specimen.token,
        name=specimen.name,
        urn=specimen.urn,
        properties=struct(specimen.properties),
        options=pb.AnalyzerResourceOptions(protect=specimen.protect),
    )


def struct(properties: dict[str, Any]) -> struct_pb2.Struct:
    """Properties in their wire form."""
    found = struct_pb2.Struct()
    found.update(properties)
    return found


def stack_request(specimens: list[Specimen]) -> pb.AnalyzeStackRequest:
    """A stack as the engine sends it."""
    urns = {specimen.name: specimen.urn for specimen in specimens}
    return pb.AnalyzeStackRequest(
        resources=[
            pb.AnalyzerResource(
                type=specimen.token,
                name=specimen.name,
                urn=specimen.urn,
                properties=struct(specimen.outputs),
                options=pb.AnalyzerResourceOptions(protect=specimen.protect),
                propertyDependencies={
                    key: pb.AnalyzerPropertyDependencies(urns=[urns[name] for name in names])
                    for key, names in specimen.needs.items()
                },
            )
            for specimen in specimens
        ]
    )


@pytest.fixture
def analyzer() -> Analyzer:
    return Analyzer(Guardrails(stack="prod"))


@pytest.fixture
def context() -> Mock:
    return Mock(spec=grpc.ServicerContext)


def test_it_says_what_the_sdk_says(analyzer: Analyzer, context: Mock) -> None:
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), context)
    assert (info.name, len(info.policies), info.supportsConfig) == ("ml-platform", 130, True)
    assert analyzer.GetPluginInfo(empty_pb2.Empty(), context).version


def test_a_configuration_holds_for_types_seen_before_and_after_it(analyzer: Analyzer, context: Mock) -> None:
    broken = request(data.KEY.put("enableKeyRotation", False))
    level = analyzer.Analyze(broken, context).diagnostics[0].enforcementLevel
    assert level == pb.MANDATORY
    configuration = pb.ConfigureAnalyzerRequest()
    configuration.policyConfig["kms-key-rotation"].enforcementLevel = pb.ADVISORY
    configuration.policyConfig["ecr-scan-on-push"].enforcementLevel = pb.ADVISORY
    analyzer.Configure(configuration, context)
    assert analyzer.Analyze(broken, context).diagnostics[0].enforcementLevel == pb.ADVISORY
    images = next(each for each in platform() if each.name == "images")
    unscanned = request(images.put("imageScanningConfiguration.scanOnPush", False))
    assert [each.enforcementLevel for each in analyzer.Analyze(unscanned, context).diagnostics] == [pb.ADVISORY]


def test_a_configuration_that_is_wrong_is_refused(analyzer: Analyzer, context: Mock) -> None:
    context.abort.side_effect = RuntimeError
    configuration = pb.ConfigureAnalyzerRequest()
    configuration.policyConfig["log-retention"].properties.update({"minimumDays": "many"})
    with pytest.raises(RuntimeError):
        analyzer.Configure(configuration, context)
    context.abort.assert_called_once_with(
        grpc.StatusCode.INVALID_ARGUMENT,
        "the configuration of the policy pack is wrong:\n"
        "  log-retention.minimumDays: found a value of type string; it must be of type number",
    )


def test_it_calls_itself_what_the_declaration_says(analyzer: Analyzer, context: Mock) -> None:
    """The SDK would say 0.0.1 where a value is not known yet, and the CLI another version beside it."""
    declared = (Path(__file__).parents[2] / "policies" / "PulumiPolicy.yaml").read_text().splitlines()
    version = next(line.removeprefix("version: ") for line in declared if line.startswith("version: "))
    assert analyzer.GetAnalyzerInfo(empty_pb2.Empty(), context).version == version
    (waiting,) = analyzer.Analyze(request(data.KEY.put("enableKeyRotation", UNKNOWN)), context).diagnostics
    assert waiting.policyPackVersion == version
    assert f"from policy pack 'ml-platform@v{version}' during preview: " in waiting.message


def test_levels_that_the_engine_sends_decide_whether_the_stack_is_explained(context: Mock) -> None:
    analyzer = Analyzer(Guardrails(stack="auto-dev"))
    logs = request(Specimen("cloudwatch/logGroup", "logs", {"retentionInDays": 7.0, "kmsKeyId": "key"}))
    (before,) = analyzer.Analyze(logs, context).diagnostics
    assert before.message.endswith("--policy-pack-config policies/config/dev.json judges it as dev.")
    configuration = pb.ConfigureAnalyzerRequest()
    configuration.policyConfig["log-retention"].enforcementLevel = pb.ADVISORY
    analyzer.Configure(configuration, context)
    (after,) = analyzer.Analyze(logs, context).diagnostics
    assert "auto-dev" not in after.message


# --- what `--target` leaves out ---


def without_properties(*specimens: Specimen) -> list[pb.AnalyzerResource]:
    """Resources as the engine hands them over when `--target` leaves them out and they are new."""
    return [pb.AnalyzerResource(type=each.token, name=each.name, urn=each.urn) for each in specimens]


def test_a_resource_that_is_left_out_violates_nothing(analyzer: Analyzer, context: Mock) -> None:
    for specimen in platform():
        hidden = pb.AnalyzeRequest(type=specimen.token, name=specimen.name, urn=specimen.urn)
        assert list(analyzer.Analyze(hidden, context).diagnostics) == []


def test_what_is_left_out_is_undecided_once_for_each_policy(analyzer: Analyzer, context: Mock) -> None:
    topics = [Specimen("sns/topic", f"topic-{i}") for i in range(5)]
    request = pb.AnalyzeStackRequest(resources=without_properties(*topics, data.KEY))
    said = {each.policyName: each for each in analyzer.AnalyzeStack(request, context).diagnostics}
    assert {each.enforcementLevel for each in said.values()} == {pb.ADVISORY}
    assert set(said) == {
        "kms-key-rotation",
        "sns-topic-kms",
        "resource-policy-no-wildcard-principal",
        "required-tags",
        "environment-tag-matches-stack",
        "cost-center-tag-format",
        "tag-keys-valid",
        "stateful-protected",
    }
    prefix = "can't run policy 'sns-topic-kms' from policy pack 'ml-platform@v0.1.0' during preview: "
    assert said["sns-topic-kms"].message == (
        f"{prefix}5 resources (sns/topic 'topic-0', sns/topic 'topic-1', sns/topic 'topic-2' and 2 more): "
        "it is left out of this update, so nothing of it is known"
    )
    assert said["required-tags"].message.partition("preview: ")[2].startswith("6 resources (")


def test_what_is_left_out_may_be_what_another_resource_needs(analyzer: Analyzer, context: Mock) -> None:
    """A bucket is updated alone: whether its versioning is right nobody knows, so nobody calls it wrong."""
    kept = [each for each in platform() if each.name in ("raw", "data-key")]
    hidden = [each for each in platform() if each.name.startswith("raw-") or each.token.endswith(":Trail")]
    request = pb.AnalyzeStackRequest(resources=[*stack_request(kept).resources, *without_properties(*hidden)])
    said = {each.policyName: each for each in analyzer.AnalyzeStack(request, context).diagnostics}
    assert said["s3-versioning"].enforcementLevel == pb.ADVISORY
    assert "left out of this update" in said["s3-versioning"].message
    assert {each.policyName for each in said.values() if each.enforcementLevel != pb.ADVISORY} == set()


def test_a_disabled_policy_says_nothing_of_what_is_left_out(analyzer: Analyzer, context: Mock) -> None:
    configuration = pb.ConfigureAnalyzerRequest()
    configuration.policyConfig["kms-key-rotation"].enforcementLevel = pb.DISABLED
    analyzer.Configure(configuration, context)
    request = pb.AnalyzeStackRequest(resources=without_properties(data.KEY))
    assert "kms-key-rotation" not in {each.policyName for each in analyzer.AnalyzeStack(request, context).diagnostics}


def test_a_type_that_no_policy_bears_on_costs_nothing(analyzer: Analyzer, context: Mock) -> None:
    lake = Specimen("mlplatform:lake:Lake", "lake")
    assert list(analyzer.Analyze(request(lake), context).diagnostics) == []
    assert list(analyzer.Remediate(request(lake), context).remediations) == []


def copies(count: int) -> list[Specimen]:
    """So many resources: the platform again and again under other names."""
    one = platform()
    named = [(f"{each.name}-{i // len(one)}", each) for i, each in enumerate((one * (count // len(one) + 1))[:count])]
    known = {name for name, _ in named}
    return [
        replace(
            each,
            name=name,
            needs={
                key: [other for need in needs if (other := f"{need}-{name.rpartition('-')[2]}") in known]
                for key, needs in each.needs.items()
            },
        )
        for name, each in named
    ]


def seconds(count: int, context: Mock) -> float:
    """CPU seconds to judge so many resources, one by one and as a stack."""
    analyzer = Analyzer(Guardrails(stack="prod"))
    specimens = copies(count)
    requests, whole = [request(each) for each in specimens], stack_request(specimens)
    start = time.process_time()
    for each in requests:
        analyzer.Analyze(each, context)
    analyzer.AnalyzeStack(whole, context)
    return time.process_time() - start


def test_judging_is_quick_and_grows_linearly(context: Mock) -> None:
    # The least of some, by turns: on a shared machine even CPU time doubles while a neighbour fills the caches.
    pairs = [(seconds(200, context), seconds(5000, context)) for _ in range(3)]
    small, large = (min(each) for each in zip(*pairs, strict=True))
    print(f"judging 200 resources: {small:.2f} s; 5,000: {large:.2f} s, {large / small:.0f} times as long")
    assert small < SECONDS_FOR_200
    assert large / small < 25 * 1.8, "25 times the resources must take about 25 times as long"
