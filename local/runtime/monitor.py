"""The resource monitor that the program's SDK talks to, and the run of the program on it.

The SDK's own test runtime (`pulumi.runtime.mocks`) calls a monitor object in process where a deployment would call
the engine over gRPC. This one reads every request in full and hands it to a `Handler`, which plays the engine.
"""

from __future__ import annotations

import asyncio
import logging
import os
import runpy
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import mocks, settings, stack
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import resource_pb2

from components.ground import judged
from local import values
from local.adapter import ApiRefused, InvalidInput
from local.process import trace_no_resources
from local.runtime import registration
from local.runtime.errors import UnsupportedError
from local.runtime.hooks import Hook
from local.runtime.transforms import transformed

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Registered:
    """The answer to a registration. An empty id and absent outputs are not known yet (preview)."""

    urn: str
    id: str = ""
    outputs: values.Properties
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class DataSourceError(grpc.RpcError):
    """A data source without an answer, as the engine tells the SDK: the program may catch what the SDK makes of it."""

    def code(self) -> grpc.StatusCode:
        """The engine has no finer one."""
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        """What the provider said."""
        return str(self)


class Handler(Protocol):
    """What stands in for the engine."""

    def register(self, resource: registration.Registration) -> Registered:
        """Carry out, or foresee, the registration of a resource."""
        ...

    def set_outputs(self, urn: str, outputs: values.Properties) -> None:
        """Take the outputs that a component or the stack registers at its end."""
        ...

    def invoke(self, token: str, args: values.Properties, provider: str) -> Mapping[str, Any]:
        """Answer a data source; `provider` is the reference of the one it names, empty for the default one."""
        ...

    def add_hook(self, hook: Hook) -> None:
        """Take a hook, which registrations name later."""
        ...

    def find(self, urn: str) -> Registered | None:
        """A resource that is registered already."""
        ...


class _NoMocks(mocks.Mocks):
    """Stands where the test runtime wants mocks; this monitor answers every request itself."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise UnsupportedError(f"{args.token}: not supported in the local run")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise UnsupportedError(f"{args.typ} {args.name}: not supported in the local run")


class Monitor(mocks.MockMonitor):
    """Answers the SDK's requests through a handler; its method names are those of the engine's gRPC service."""

    def __init__(self, handler: Handler, stack_name: str, project: str):
        super().__init__(_NoMocks())
        self._handler = handler
        self._stack = stack_name
        self._project = project

    def RegisterResource(self, request: Any) -> resource_pb2.RegisterResourceResponse:  # noqa: N802
        """Register one resource of the program."""
        answer = self._handler.register(registration.from_request(transformed(request), self._stack, self._project))
        response = resource_pb2.RegisterResourceResponse(
            urn=answer.urn, id=answer.id, object=values.to_struct(answer.outputs)
        )
        for key, urns in answer.property_dependencies.items():
            response.propertyDependencies[key].urns.extend(urns)
        return response

    def RegisterResourceOutputs(self, request: Any) -> empty_pb2.Empty:  # noqa: N802
        """Take a component's outputs."""
        self._handler.set_outputs(request.urn, values.from_struct(request.outputs))
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Answer a data source, or the state of a resource that a reference points to."""
        args = values.from_struct(request.args)
        if request.tok == "pulumi:pulumi:getResource":
            found = self._handler.find(args["urn"])
            if found is None:
                raise UnsupportedError(f"{args['urn']}: referred to, but not registered in this program")
            result: Mapping[str, Any] = {"urn": found.urn, "id": found.id, "state": found.outputs}
        else:
            try:
                result = self._handler.invoke(request.tok, args, request.provider)
            except (ApiRefused, InvalidInput) as error:
                raise DataSourceError(str(error)) from error
        return resource_pb2.ResourceInvokeResponse(**{"return": values.to_struct(result)})  # pyright: ignore[reportArgumentType] - a keyword of Python

    def ReadResource(self, request: Any) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        """Refuse `Resource.get`: what the program did not create does not exist in the emulated cloud."""
        raise UnsupportedError(
            f"{request.type} {request.name}: Resource.get is not supported in the local run; use the type's data source"
        )

    def RegisterStackTransform(self, request: Any) -> empty_pb2.Empty:  # noqa: N802
        """Refuse transforms, which the engine would run."""
        raise UnsupportedError(f"pulumi.runtime.register_resource_transform: {registration.NO_TRANSFORMS}")

    def RegisterStackInvokeTransform(self, request: Any) -> empty_pb2.Empty:  # noqa: N802
        """Refuse transforms of data sources."""
        raise UnsupportedError(
            "pulumi.runtime.register_invoke_transform: not supported in the local run; change the call"
        )

    def RegisterResourceHook(self, request: Any) -> empty_pb2.Empty:  # noqa: N802
        """Take a resource hook."""
        self._handler.add_hook(request)
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> empty_pb2.Empty:  # noqa: N802
        """Take a hook of errors."""
        self._handler.add_hook(request)
        return empty_pb2.Empty()


def run_program(
    program: Path, handler: Handler, *, stack_name: str, project: str, config: Mapping[str, str], preview: bool
) -> None:
    """Run a Pulumi program in this process as `pulumi up` would: working directory, import path, config, stack.

    Returns when every registration is answered. Raises what the program or the handler raises.
    """
    monitor = Monitor(handler, stack_name, project)
    trace_no_resources()

    def main() -> None:
        runpy.run_path(str(program), run_name="__main__")

    async def run() -> None:
        set_all_config(dict(config))
        settings.configure(
            mocks.MockSettings(
                monitor=monitor,
                monitor_features=set(monitor.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures),
                engine=mocks.MockEngine(_LOG),
                project=project,
                stack=stack_name,
                dry_run=preview,
                organization="organization",
                root_directory=str(program.parent),
                callbacks=None,
                package_refs={},
                base_providers_by_ref={},
                outputs=set(),  # else those that a failed run left in this process
            )
        )
        settings.set_root_resource(None)  # pyright: ignore[reportArgumentType]
        await stack.run_in_stack(main)

    with _program_environment(program.parent, stack_name), asyncio.Runner() as runner:
        # After a failure the SDK leaves outputs that nobody awaits; the first error is raised, these only repeat it.
        runner.get_loop().set_exception_handler(
            lambda _, context: _LOG.debug("after a failure: %s", context["message"])
        )
        runner.run(run())


@contextmanager
def _program_environment(directory: Path, stack_name: str) -> Generator[None]:
    """What the language host gives a program: its directory as working directory and first on the import path.

    The project's policies are in its environment, as `.envrc` puts them there: `local.policy` has them judge, and
    `synth` changes nothing.
    """
    before, variables = Path.cwd(), os.environ.copy()
    sys.path.insert(0, str(directory))
    os.chdir(directory)
    os.environ |= {name: str(path) for name, path in judged.variables(stack_name, directory).items()}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= variables
        os.chdir(before)
        sys.path.remove(str(directory))
