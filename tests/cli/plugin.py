"""The AWS and awsx plugins of the Pulumi CLI, played by the sample cloud: the real engine with no account.

    python -m tests.cli.plugin aws prod steady     # package, stack, state; the engine reads the port

Inputs are checked as in the local run, outputs are made up, nothing is created. So a test with it says that program,
pack and engine agree with each other, not that AWS would take the resources. In the state `bootstrap` there is neither
image nor release, in `steady` there are both, and in `turned-back` SageMaker turns every rollout of an endpoint back:
it serves the configuration that it served before.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import signal
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, resource_pb2, resource_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

from local import values
from local.adapter import Adapter
from local.adapter.values import changed_keys
from local.runtime import registration, sdk
from local.runtime.answers import ACCOUNT
from local.runtime.awsx import Component, expand
from local.runtime.monitor import Registered
from local.runtime.registration import Options, Registration
from local.runtime.sample import SampleCloud

REGION = "eu-west-1"
_AWS_VERSION = importlib.metadata.version("pulumi-aws")
_MAX_MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit


def _told(method: Callable[..., Any]) -> Callable[..., Any]:
    """The engine shows the text of an exception; without this it would show `Exception calling application` alone."""

    @functools.wraps(method)
    def call(self: Plugin, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except Exception as error:  # noqa: BLE001 - whatever it is, the engine must see it
            context.abort(grpc.StatusCode.UNKNOWN, f"{type(error).__name__}: {error}")

    return call


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """One provider process. The sample cloud loads service models as it goes, so it serves one call at a time."""

    def __init__(self, package: str, cloud: SampleCloud, *, turns_back: bool) -> None:
        self._package, self._cloud, self._lock = package, cloud, threading.Lock()
        self._turns_back = turns_back
        self._adapter = Adapter(cloud.endpoint_url, ACCOUNT, REGION)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=importlib.metadata.version(f"pulumi-{self._package}"))

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.GetSchemaResponse(schema=json.dumps({"name": self._package, "version": _AWS_VERSION}))

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        changed = pb.DiffResponse.DIFF_SOME if request.news != request.olds else pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(changes=changed)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    @_told
    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        given = values.from_struct(request.news)
        with self._lock:
            kind, name = _type(request.urn), registration.urn_name(request.urn)
            checked = self._cloud.check(kind, name, values.plain(given), urn=request.urn)
        filled_in = {key: value for key, value in checked.items() if key not in given}
        return pb.CheckResponse(inputs=values.to_struct(given | filled_in))

    @_told
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        # The state keeps the hash of an asset and not its content: masked, both sides have the hash.
        old, new = (values.masked(values.from_struct(inputs)) for inputs in (request.old_inputs, request.news))
        old |= _served(request.olds)  # the provider compares with what it read
        changed = sorted(set(changed_keys(old, new)) - set(request.ignoreChanges))
        with self._lock:
            forcing = self._adapter.replaces(_type(request.urn), old, new)
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[key for key in forcing if key in changed],
        )

    @_told
    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        given, kind = values.from_struct(request.properties), _type(request.urn)
        if request.preview:
            unknown = dict.fromkeys(sdk.declared_outputs(kind), values.UNKNOWN)
            return pb.CreateResponse(properties=values.to_struct(unknown | given))
        with self._lock:
            made = self._cloud.create(kind, registration.urn_name(request.urn), values.plain(given), urn=request.urn)
        return pb.CreateResponse(id=made.id, properties=values.to_struct({**made.outputs, **given}))

    @_told
    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        given, before = values.from_struct(request.news), values.from_struct(request.old_inputs)
        kept = {key: value for key, value in values.from_struct(request.olds).items() if key not in before}
        served = _served(request.olds) if self._turns_back else {}
        return pb.UpdateResponse(properties=values.to_struct(kept | given | served))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    @_told
    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self._lock:
            answer = self._cloud.invoke(request.tok, values.plain(values.from_struct(request.args)))
        response = pb.InvokeResponse()
        getattr(response, "return").CopyFrom(values.to_struct(answer))
        return response

    @_told
    def Construct(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Register a remote component and, through the engine, the children that awsx would."""
        monitor = resource_pb2_grpc.ResourceMonitorStub(grpc.insecure_channel(request.monitorEndpoint))
        registered = monitor.RegisterResource(
            resource_pb2.RegisterResourceRequest(
                type=request.type, name=request.name, parent=request.parent, protect=request.protect
            )
        )
        component = Registration(
            urn=registered.urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=False,
            inputs=values.from_struct(request.inputs),
            providers=dict(request.providers),
            options=Options(protect=request.protect),
        )
        expansion = expand(Component(resource=component, register=functools.partial(_register, monitor)))
        outputs = values.to_struct(expansion.outputs)
        monitor.RegisterResourceOutputs(
            resource_pb2.RegisterResourceOutputsRequest(urn=registered.urn, outputs=outputs)
        )
        response = pb.ConstructResponse(urn=registered.urn, state=outputs)
        for key, urns in expansion.property_dependencies.items():
            response.stateDependencies[key].urns.extend(urns)
        return response


def _register(monitor: resource_pb2_grpc.ResourceMonitorStub, child: Registration) -> Registered:
    request = resource_pb2.RegisterResourceRequest(
        type=child.type,
        name=child.name,
        parent=child.parent,
        custom=True,
        object=values.to_struct(child.inputs),
        dependencies=child.dependencies,
        provider=child.provider,
        protect=child.options.protect,
        version=_AWS_VERSION,
        acceptSecrets=True,
        acceptResources=True,
    )
    for key, urns in child.property_dependencies.items():
        request.propertyDependencies[key].urns.extend(urns)
    answer = monitor.RegisterResource(request)
    return Registered(urn=answer.urn, id=answer.id, outputs=values.from_struct(answer.object))


def _served(outputs: Any) -> dict[str, Any]:
    """Of an endpoint, the configuration that the provider read last."""
    return {k: v for k, v in values.from_struct(outputs).items() if k == "endpointConfigName"}


def _type(urn: str) -> str:
    return registration.qualified_type(urn).split("$")[-1]


def main(package: str, stack: str, state: str) -> None:
    """Serve until the engine ends the process."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16), options=[("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES)]
    )
    cloud = SampleCloud(stack, REGION, bootstrap=state == "bootstrap")
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(
        Plugin(package, cloud, turns_back=state == "turned-back"), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    signal.signal(signal.SIGINT, lambda *_: server.stop(grace=None))
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:4])
