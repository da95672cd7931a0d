"""The analyzer that the Pulumi engine talks to, with the policies indexed by resource type.

The SDK's own server decodes a request once for each policy of the pack: with 128 policies that is 10 ms for a resource
and a minute for 5,000 (measured, pulumi-policy 1.21). This one holds one SDK servicer for each resource type, made of
the policies that bear on it, and hands every stack policy only the resources of the types it names, so the work grows
with what there is to judge. All judging, levels and messages stay the SDK's.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent import futures
from functools import cache
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel, Policy
from pulumi_policy.policy import _PolicyAnalyzerServicer as SdkServicer  # no public way to serve chosen policies

from .pack import ConfigurationError, Guardrails
from .reading import UNKNOWN
from .resource import Resource, properties

PACK_NAME = "ml-platform"
_DECLARATION = Path(__file__).parents[1] / "PulumiPolicy.yaml"
_MAX_MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """Answers the engine's calls for a pack; each goes to the SDK servicer of the policies that bear on it."""

    def __init__(self, pack: Guardrails) -> None:
        self._pack = pack
        self._policies = {policy.name: policy for policy in pack.policies()}
        self._whole = _servicer(list(self._policies.values()))
        self._stack_rules = [rule for rule in pack.rules if rule.needs_stack]
        self._by_stack_rule = {rule.name: _servicer([self._policies[rule.name]]) for rule in self._stack_rules}
        self._repairs = pack.repairs()
        self._judging: dict[str, SdkServicer | None] = {}
        self._repairing: dict[str, SdkServicer | None] = {}
        self._configuration: dict[str, Any] = {}
        self._lock = threading.Lock()

    def GetAnalyzerInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> pb.AnalyzerInfo:  # noqa: N802
        """Names, levels, schemas and metadata of the policies."""
        return self._whole.GetAnalyzerInfo(request, context)

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """The version of the SDK."""
        return self._whole.GetPluginInfo(request, context)

    def Configure(self, request: pb.ConfigureAnalyzerRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """Take levels and settings; refuses names and settings that the pack does not have."""
        try:
            self._pack.configure(_as_config(request))
        except ConfigurationError as refused:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(refused))
        return self._broadcast("Configure", request)

    def ConfigureStack(self, request: pb.AnalyzerStackConfigureRequest, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Take the stack's tags."""
        self._broadcast("ConfigureStack", request)
        return pb.AnalyzerStackConfigureResponse()

    def Analyze(self, request: pb.AnalyzeRequest, context: grpc.ServicerContext) -> pb.AnalyzeResponse:  # noqa: N802
        """Judge one resource by the policies that bear on its type.

        Of one that the update leaves out nothing is known; AnalyzeStack says so once for each policy.
        """
        servicer = self._judges(request.type) if _shown(request) else None
        return servicer.Analyze(request, context) if servicer else pb.AnalyzeResponse()

    def Remediate(self, request: pb.AnalyzeRequest, context: grpc.ServicerContext) -> pb.RemediateResponse:  # noqa: N802
        """Repair one resource by the policies of its type whose level is remediate."""
        servicer = self._repairers(request.type)
        return servicer.Remediate(request, context) if servicer else pb.RemediateResponse()

    def AnalyzeStack(self, request: pb.AnalyzeStackRequest, context: grpc.ServicerContext) -> pb.AnalyzeResponse:  # noqa: N802
        """Judge the stack; each policy sees the types that it names, and the components that tie them together."""
        response = pb.AnalyzeResponse()
        for rule in self._stack_rules:
            wanted = {*rule.types, *rule.reads}
            part = pb.AnalyzeStackRequest(
                resources=[
                    resource
                    for resource in request.resources
                    if resource.type in wanted or not resource.type.startswith("aws:")
                ]
            )
            response.MergeFrom(self._by_stack_rule[rule.name].AnalyzeStack(part, context))
        response.diagnostics.extend(self._left_out([each for each in request.resources if not _shown(each)]))
        return response

    def _left_out(self, hidden: Sequence[pb.AnalyzerResource]) -> Iterator[pb.AnalyzeDiagnostic]:
        """What the resource policies could not decide, in the SDK's form."""
        resources = [Resource(type=each.type, name=each.name, urn=each.urn, inputs=UNKNOWN) for each in hidden]
        for rule in self._pack.rules if resources else ():
            text = "" if rule.needs_stack else self._pack.left_out(rule, resources)
            if text and self._pack.in_force(rule):
                label = (
                    f"can't run policy '{rule.name}' from policy pack '{PACK_NAME}@v{pack_version()}' during preview"
                )
                yield pb.AnalyzeDiagnostic(
                    policyName=rule.name,
                    policyPackName=PACK_NAME,
                    policyPackVersion=pack_version(),
                    message=f"{label}: {text}",
                    description=rule.sentence,
                    enforcementLevel=pb.ADVISORY,
                )

    def _judges(self, type_: str) -> SdkServicer | None:
        rules = (rule for rule in self._pack.rules if rule.bears_on(type_) and not rule.needs_stack)
        return self._kept(self._judging, type_, (self._policies[rule.name] for rule in rules))

    def _repairers(self, type_: str) -> SdkServicer | None:
        rules = (rule for rule in self._pack.rules if rule.bears_on(type_) and rule.repair)
        return self._kept(self._repairing, type_, (self._repairs[rule.name] for rule in rules))

    def _kept(self, kept: dict[str, SdkServicer | None], type_: str, bearing: Iterator[Policy]) -> SdkServicer | None:
        """The servicer of a type, made and configured at the first request; None where no policy bears on it."""
        with self._lock:
            if type_ not in kept:
                policies = list(bearing)
                servicer = _servicer(policies) if policies else None
                for method, request in self._configuration.items() if servicer else ():
                    getattr(servicer, method)(request, None)
                kept[type_] = servicer
            return kept[type_]

    def _broadcast(self, method: str, request: Any) -> Any:
        with self._lock:
            self._configuration[method] = request
            servicers = [*self._judging.values(), *self._repairing.values(), *self._by_stack_rule.values()]
            for servicer in servicers:
                if servicer is not None:
                    getattr(servicer, method)(request, None)
            return getattr(self._whole, method)(request, None)


def _shown(resource: pb.AnalyzeRequest | pb.AnalyzerResource) -> bool:
    return properties(resource.type, resource.properties.fields) is not UNKNOWN


@cache
def pack_version() -> str:
    """The version that the CLI shows; the SDK would call every pack 0.0.1 where it says what it could not decide."""
    found = re.search(r"^version: *(\S+)$", _DECLARATION.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ConfigurationError([f"{_DECLARATION} has no line `version: <number>`"])
    return found[1]


def _servicer(policies: list[Policy]) -> SdkServicer:
    return SdkServicer(PACK_NAME, pack_version(), policies, EnforcementLevel.ADVISORY)


def _as_config(request: pb.ConfigureAnalyzerRequest) -> dict[str, Any]:
    """A Configure request in the form of `--policy-pack-config`."""
    return {
        name: {
            "enforcementLevel": pb.EnforcementLevel.Name(sent.enforcementLevel).lower(),
            **json_format.MessageToDict(sent.properties),
        }
        for name, sent in request.policyConfig.items()
    }


def serve(pack: Guardrails) -> None:
    """Serve the pack until the engine ends the process; the first line of standard output is the port."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4),
        options=[("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES)],
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(pack), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=None)
