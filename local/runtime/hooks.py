"""Resource hooks: functions of the program that run before and after a resource is created or updated, or when that
fails.

The SDK serves them over gRPC, where the engine calls them; so does this. Hooks of deletions are refused by name
(`local.runtime.registration`): they need `pulumi destroy --run-program`.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from automation.operations.counting import ON_PAPER
from local import values
from local.adapter.errors import ApiRefused
from local.identity import ACCESS_KEY, SECRET_KEY, environment
from local.runtime.errors import HookError
from local.runtime.model import Op
from local.runtime.registration import Registration

_LOG = logging.getLogger(__name__)
#: The hooks of a step; a replacement creates.
_OPERATIONS = {Op.CREATE: "create", Op.REPLACE: "create", Op.UPDATE: "update"}
#: How often the engine lets hooks of errors try an operation (pulumi, `maxErrorHookRetries`).
_MOST_ATTEMPTS = 100
Hook = resource_pb2.RegisterResourceHookRequest | resource_pb2.RegisterErrorHookRequest
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A resource before or after its step; what is not there yet, or was not there, is None."""

    id: str = ""
    old_inputs: values.Properties | None = None
    old_outputs: values.Properties | None = None
    new_outputs: values.Properties | None = None


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Where and as whom the program acts on AWS by itself: what it would take of the stack's `aws:` config leads to the
    emulator. A cloud on paper has no `url`: there nobody can be asked.
    """

    url: str | None
    region: str
    profile: str

    @contextmanager
    def acting(self) -> Generator[None]:
        """As long as the program or a hook of it runs, this process has its environment."""
        with tempfile.TemporaryDirectory() as directory:
            credentials = Path(directory) / "credentials"
            keys = f"aws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
            credentials.write_text(f"[{self.profile}]\n{keys}")
            own = {ON_PAPER: "yes"}
            if self.url:
                own = environment(self.url, self.region) | {"AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
            before = {name: os.environ[name] for name in own if name in os.environ}
            os.environ.update(own)
            try:
                yield
            finally:
                for name in own.keys() - before.keys():
                    del os.environ[name]
                os.environ.update(before)


class Hooks:
    """The hooks that a program has registered, by name."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._registered: dict[str, resource_pb2.RegisterResourceHookRequest] = {}
        self._of_errors: dict[str, resource_pb2.RegisterErrorHookRequest] = {}

    def register(self, request: Hook) -> None:
        """Take a hook. Raises HookError for a second one of a name, as the engine does."""
        if request.name in self._registered or request.name in self._of_errors:
            raise HookError(f"resource hook {request.name!r}: registered twice; give one of the two another name")
        if isinstance(request, resource_pb2.RegisterErrorHookRequest):
            self._of_errors[request.name] = request
        else:
            self._registered[request.name] = request

    def run(self, when: str, op: Op, resource: Registration, moment: Moment, *, dry_run: bool) -> None:
        """Run the resource's hooks of a step: `when` is `before` or `after`. In a preview, those alone that ask for it.

        Raises HookError with what a hook says, unless it was registered to be ignored.
        """
        for name in self._bound(when, op, resource):
            hook = self._registered[name]
            if dry_run and not hook.on_dry_run:
                continue
            error = resource_pb2.ResourceHookResponse.FromString(self._called(hook, _request(resource, moment))).error
            if error:
                if not hook.ignore_errors:
                    raise HookError(f"{resource.urn}: hook {name!r}: {error}")
                _LOG.warning("%s: hook %r: %s; ignored, as it was registered to be", resource.urn, name, error)

    def carried_out(self, op: Op, resource: Registration, moment: Moment, operation: Callable[[], _T]) -> _T:
        """The result of an operation, tried again as long as a hook of errors asks for it.

        A hook's own error takes the place of the cloud's, but for an operation that was carried out in part: then the
        engine tells the cloud's, and what a hook has to say it has to log.
        """
        errors = list[str]()
        while True:
            try:
                return operation()
            except ApiRefused as refused:
                errors.insert(0, str(refused))
                if len(errors) == _MOST_ATTEMPTS:
                    raise HookError(f"{resource.urn}: maximum number of error hook retries reached") from refused
                try:
                    again = self._again(op, resource, moment, errors)
                except HookError as own:
                    raise (refused if refused.in_part else own) from None
                if not again:
                    raise

    def _again(self, op: Op, resource: Registration, moment: Moment, errors: Sequence[str]) -> bool:
        """Whether a hook of errors wants another try. Raises HookError with what one of them says."""
        again = False
        for name in resource.options.hooks.get("on_error", ()):
            told = resource_pb2.ErrorHookResponse.FromString(
                self._called(self._of_errors[name], _failed(op, resource, moment, errors))
            )
            if told.error:
                raise HookError(f"{resource.urn}: error hook {name!r}: {told.error}")
            again = again or told.retry
        return again

    def _called(self, hook: Hook, request: resource_pb2.ResourceHookRequest | resource_pb2.ErrorHookRequest) -> bytes:
        with self._operator.acting(), grpc.insecure_channel(hook.callback.target) as channel:
            return (
                callback_pb2_grpc.CallbacksStub(channel)
                .Invoke(
                    callback_pb2.CallbackInvokeRequest(token=hook.callback.token, request=request.SerializeToString())
                )
                .response
            )

    def _bound(self, when: str, op: Op, resource: Registration) -> Sequence[str]:
        operation = _OPERATIONS.get(op)
        return resource.options.hooks.get(f"{when}_{operation}", ()) if operation else ()


def _request(resource: Registration, moment: Moment) -> resource_pb2.ResourceHookRequest:
    return resource_pb2.ResourceHookRequest(
        urn=resource.urn,
        id=moment.id,
        name=resource.name,
        type=resource.type,
        new_inputs=values.to_struct(resource.inputs),
        old_inputs=_struct(moment.old_inputs),
        old_outputs=_struct(moment.old_outputs),
        new_outputs=_struct(moment.new_outputs),
    )


def _failed(op: Op, resource: Registration, moment: Moment, errors: Sequence[str]) -> resource_pb2.ErrorHookRequest:
    """What the engine tells a hook of errors, the newest error first."""
    return resource_pb2.ErrorHookRequest(
        urn=resource.urn,
        id=moment.id,
        name=resource.name,
        type=resource.type,
        new_inputs=values.to_struct(resource.inputs),
        old_inputs=_struct(moment.old_inputs),
        old_outputs=_struct(moment.old_outputs),
        failed_operation=_OPERATIONS[op],
        errors=errors,
    )


def _struct(properties: values.Properties | None) -> struct_pb2.Struct | None:
    return None if properties is None else values.to_struct(properties)
