"""Transforms: functions of the program that may change a resource's properties and options once all are known.

The SDK serves them over gRPC, where the engine calls them with each registration that names them; so does this. Of the
options a transform sees `ignore_changes` and `hooks` here, and may change no others.
"""

from __future__ import annotations

from typing import Final

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from local.runtime.errors import HookError, UnsupportedError

_SEEN: Final = ("ignore_changes", "hooks")


def transformed(request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceRequest:
    """The request as its transforms leave it, one after the other.

    Raises HookError with what one of them says, UnsupportedError for an option that it sets beyond those it sees.
    """
    for callback in request.transforms:
        request = _applied(request, _answer(request, callback))
    return request


def _answer(
    request: resource_pb2.RegisterResourceRequest, callback: callback_pb2.Callback
) -> resource_pb2.TransformResponse:
    asked = resource_pb2.TransformRequest(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        properties=request.object,
        options=resource_pb2.TransformResourceOptions(ignore_changes=request.ignoreChanges, hooks=request.hooks),
    )
    with grpc.insecure_channel(callback.target) as channel:
        invoked = callback_pb2.CallbackInvokeRequest(token=callback.token, request=asked.SerializeToString())
        try:
            response = callback_pb2_grpc.CallbacksStub(channel).Invoke(invoked).response
        except grpc.RpcError as error:
            raise HookError(f"{request.type} {request.name}: transform: {error.details()}") from error  # pyright: ignore[reportAttributeAccessIssue] - a call's error is a call
    return resource_pb2.TransformResponse.FromString(response)


def _applied(
    request: resource_pb2.RegisterResourceRequest, answer: resource_pb2.TransformResponse
) -> resource_pb2.RegisterResourceRequest:
    found = resource_pb2.RegisterResourceRequest()
    found.CopyFrom(request)
    found.object.CopyFrom(answer.properties or struct_pb2.Struct())
    if not answer.HasField("options"):
        return found
    others = [field.name for field, _ in answer.options.ListFields() if field.name not in _SEEN]
    if others:
        raise UnsupportedError(
            f"{request.type} {request.name}: a transform set {', '.join(others)}; in the local run it may change "
            f"properties, {' and '.join(_SEEN)}: set the others where the resource is declared"
        )
    del found.ignoreChanges[:]
    found.ignoreChanges.extend(answer.options.ignore_changes)
    found.hooks.CopyFrom(answer.options.hooks)
    return found
