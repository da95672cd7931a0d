"""Stacks: what a template says is made, changed or turned back while the stack says so.

moto's own is not there: it needs parsers of OpenAPI and of templates, and carries a template out within the request.
Played here are three types of SageMaker, by the emulator's own API. CloudFormation user guide, "Stack
update behaviors" and "Stack failure options": what cannot be created is deleted with OnFailure DELETE, what cannot be
updated goes back to the former template.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError
from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.models import sagemaker_backends
from werkzeug.wrappers import Response

from local.emulator.context import Context
from local.emulator.errors import AwsError
from local.emulator.extension import store
from local.emulator.guard import signing_name

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICE = "cloudformation"
_POLL_SECONDS = 0.05
_MOST_SECONDS = 3600.0
_logger = logging.getLogger(__name__)


class FailedError(RuntimeError):
    """A resource could not be made or changed; the message is its reason."""


@dataclass(kw_only=True)
class Stack:
    """A stack. `made` are the properties of what it has, by the names of its template."""

    name: str
    id: str
    region: str
    body: str
    tags: list[dict[str, str]]
    status: str = "CREATE_IN_PROGRESS"
    reason: str | None = None
    created: datetime = field(default_factory=utcnow)
    updated: datetime | None = None
    made: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    arns: dict[str, str] = field(default_factory=dict[str, str])

    def enter(self, status: str, reason: str | None = None) -> None:
        """Change the status."""
        self.status, self.reason, self.updated = status, reason, utcnow()

    def describe(self) -> dict[str, Any]:
        """One of DescribeStacks."""
        outputs = json.loads(self.body).get("Outputs", {})
        whole = self.status.endswith("_COMPLETE") and not self.status.startswith("DELETE")
        described = {
            "StackId": self.id,
            "StackName": self.name,
            "CreationTime": self.created,
            "LastUpdatedTime": self.updated,
            "StackStatus": self.status,
            "StackStatusReason": self.reason,
            "Tags": self.tags,
            "Outputs": [{"OutputKey": key, "OutputValue": self.value(its["Value"])} for key, its in outputs.items()]
            if whole
            else None,
        }
        return {key: value for key, value in described.items() if value is not None}

    def value(self, said: Any) -> Any:
        """What a template says, with references in place of what they lead to."""
        if isinstance(said, Mapping):
            if "Ref" in said:
                return self.arns[said["Ref"]]
            if "Fn::GetAtt" in said:
                resource, attribute = said["Fn::GetAtt"]
                return self.made[resource][attribute]
            return {key: self.value(each) for key, each in said.items()}
        return [self.value(each) for each in said] if isinstance(said, list) else said


class _Config:
    """AWS::SageMaker::EndpointConfig: another one takes its place, before the former goes."""

    replaced = True

    @staticmethod
    def create(sagemaker: Any, its: dict[str, Any]) -> str:
        return sagemaker.create_endpoint_config(**its)["EndpointConfigArn"]

    @staticmethod
    def delete(sagemaker: Any, its: Mapping[str, Any]) -> None:
        sagemaker.delete_endpoint_config(EndpointConfigName=its["EndpointConfigName"])


class _Endpoint:
    """AWS::SageMaker::Endpoint."""

    replaced = False

    @staticmethod
    def create(sagemaker: Any, its: dict[str, Any]) -> str:
        made = sagemaker.create_endpoint(**its)["EndpointArn"]
        _until(lambda: sagemaker.describe_endpoint(EndpointName=its["EndpointName"]), "EndpointStatus")
        return made

    @staticmethod
    def update(sagemaker: Any, its: dict[str, Any]) -> None:
        named = {"EndpointName": its["EndpointName"]}
        sagemaker.update_endpoint(**named, EndpointConfigName=its["EndpointConfigName"])
        _until(lambda: sagemaker.describe_endpoint(**named), "EndpointStatus")

    @staticmethod
    def delete(sagemaker: Any, its: Mapping[str, Any]) -> None:
        sagemaker.delete_endpoint(EndpointName=its["EndpointName"])


class _Component:
    """AWS::SageMaker::InferenceComponent; how it is updated is nothing to create it with."""

    replaced = False

    @staticmethod
    def create(sagemaker: Any, its: dict[str, Any]) -> str:
        given = {key: value for key, value in its.items() if key != "DeploymentConfig"}
        made = sagemaker.create_inference_component(**given)["InferenceComponentArn"]
        _Component._until(sagemaker, its)
        return made

    @staticmethod
    def update(sagemaker: Any, its: dict[str, Any]) -> None:
        changed = ("InferenceComponentName", "Specification", "RuntimeConfig", "DeploymentConfig")
        sagemaker.update_inference_component(**{key: its[key] for key in changed if key in its})
        _Component._until(sagemaker, its)

    @staticmethod
    def delete(sagemaker: Any, its: Mapping[str, Any]) -> None:
        named = {"InferenceComponentName": its["InferenceComponentName"]}
        _over(lambda: sagemaker.describe_inference_component(**named), "InferenceComponentStatus")
        sagemaker.delete_inference_component(**named)

    @staticmethod
    def _until(sagemaker: Any, its: Mapping[str, Any]) -> None:
        named = {"InferenceComponentName": its["InferenceComponentName"]}
        _until(lambda: sagemaker.describe_inference_component(**named), "InferenceComponentStatus")


_TYPES: Mapping[str, Any] = {
    "AWS::SageMaker::EndpointConfig": _Config,
    "AWS::SageMaker::Endpoint": _Endpoint,
    "AWS::SageMaker::InferenceComponent": _Component,
}


def _over(describe: Callable[[], dict[str, Any]], status: str) -> dict[str, Any]:
    """What is described once it does not change any more."""
    deadline = time.monotonic() + _MOST_SECONDS
    while (found := describe())[status] not in ("InService", "Failed"):
        if time.monotonic() > deadline:
            raise FailedError(f"it is still {found[status]} after {_MOST_SECONDS:g} s")
        time.sleep(_POLL_SECONDS)
    return found


def _until(describe: Callable[[], dict[str, Any]], status: str) -> None:
    found = _over(describe, status)
    if found[status] == "Failed" or found.get("FailureReason"):
        raise FailedError(found.get("FailureReason", f"it is {found[status]}"))


def _refused(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def _checked(body: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)["Resources"]
    if unknown := sorted({its["Type"] for its in found.values()} - set(_TYPES)):
        raise _refused(f"Template format error: the emulator plays {', '.join(sorted(_TYPES))}, found {unknown}")
    return dict(_ordered(found))


def _ordered(resources: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each resource after those that it refers to."""
    left = dict(resources)
    while left:
        ready = [name for name, its in left.items() if not _named(its) & left.keys()]
        if not ready:
            raise _refused(f"Circular dependency between resources: {sorted(left)}")
        for name in ready:
            yield name, left.pop(name)


def _named(said: Any) -> set[str]:
    """The resources that a part of a template refers to."""
    if isinstance(said, Mapping):
        if "Fn::GetAtt" in said:
            return {said["Fn::GetAtt"][0]}
        return {said["Ref"]} if "Ref" in said else set[str]().union(*(_named(each) for each in said.values()))
    return set[str]().union(*(_named(each) for each in said)) if isinstance(said, list) else set()


def _make(context: Context, stack: Stack) -> None:
    sagemaker = context.client("sagemaker", stack.region)
    resource = ""
    try:
        for resource, its in _checked(stack.body).items():
            properties = stack.value(its["Properties"])
            tagged = properties | {"Tags": stack.tags}
            stack.made[resource] = properties
            stack.arns[resource] = _TYPES[its["Type"]].create(sagemaker, tagged)
    except (FailedError, ClientError) as error:
        _unmake(sagemaker, stack)
        stack.enter("DELETE_COMPLETE", f"{resource}: {error}")
        return
    except Exception:
        _logger.exception("stack %s could not be made", stack.name)
        stack.enter("CREATE_FAILED", "the emulator failed; see its log")
        return
    stack.enter("CREATE_COMPLETE")


def _unmake(sagemaker: Any, stack: Stack) -> None:
    types = {resource: its["Type"] for resource, its in _checked(stack.body).items()}
    for resource in reversed(list(stack.made)):
        try:
            _TYPES[types[resource]].delete(sagemaker, stack.made.pop(resource))
        except ClientError as error:
            if "Could not find" not in str(error):
                raise


def _delete(context: Context, stack: Stack) -> None:
    _unmake(context.client("sagemaker", stack.region), stack)
    stack.enter("DELETE_COMPLETE")


def _change(context: Context, stack: Stack, body: str) -> None:
    """Each resource whose properties differ, in the order of the template; back again where one fails."""
    sagemaker, before, former = context.client("sagemaker", stack.region), stack.body, dict(stack.made)
    stack.body, resource, leaves = body, "", list[tuple[Any, Mapping[str, Any]]]()
    try:
        for resource, its in _checked(body).items():
            kind, properties = _TYPES[its["Type"]], stack.value(its["Properties"])
            if properties == former[resource]:
                continue
            stack.made[resource] = properties
            if kind.replaced:
                stack.arns[resource] = kind.create(sagemaker, properties | {"Tags": stack.tags})
                leaves.append((kind, former[resource]))
            else:
                kind.update(sagemaker, properties)
    except (FailedError, ClientError) as error:
        stack.body, stack.made = before, former
        stack.enter("UPDATE_ROLLBACK_COMPLETE", f"{resource}: {error}")
        return
    except Exception:
        _logger.exception("stack %s could not be changed", stack.name)
        stack.body, stack.made = before, former
        stack.enter("UPDATE_ROLLBACK_FAILED", "the emulator failed; see its log")
        return
    for kind, properties in leaves:
        kind.delete(sagemaker, properties)
    stack.enter("UPDATE_COMPLETE")


class StackResponse(BaseResponse):
    """The operations of CloudFormation."""

    context: ClassVar[Context]

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)
        self.automated_parameter_parsing = True

    @property
    def _stacks(self) -> dict[str, Stack]:
        """By id. They stand beside what they make, and are reset with it."""
        return store(sagemaker_backends[self.current_account][self.region], "stacks")

    def _find(self) -> Stack:
        """By id, also of one that is deleted, or by name."""
        named = self._get_param("StackName")
        there = (each for each in self._stacks.values() if each.name == named and each.status != "DELETE_COMPLETE")
        found = self._stacks.get(named) or next(there, None)
        if found is None:
            raise _refused(f"Stack with id {named} does not exist")
        return found

    def create_stack(self) -> ActionResult:
        """CreateStack."""
        name, body = self._get_param("StackName"), self._get_param("TemplateBody")
        if any(each.name == name and each.status != "DELETE_COMPLETE" for each in self._stacks.values()):
            raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
        _checked(body)
        where = f"arn:{self.partition}:cloudformation:{self.region}:{self.current_account}"
        stack = Stack(
            name=name,
            id=f"{where}:stack/{name}/{uuid.uuid4()}",
            region=self.region,
            body=body,
            tags=self._get_param("Tags", []),
        )
        self._stacks[stack.id] = stack
        self.context.background.detach(_make, self.context, stack)
        return ActionResult({"StackId": stack.id})

    def update_stack(self) -> ActionResult:
        """UpdateStack."""
        stack = self._find()
        if stack.status.endswith("IN_PROGRESS"):
            raise _refused(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        body = stack.body if self._get_param("UsePreviousTemplate") else self._get_param("TemplateBody")
        _checked(body)
        stack.tags = self._get_param("Tags", stack.tags)
        stack.enter("UPDATE_IN_PROGRESS")
        self.context.background.detach(_change, self.context, stack, body)
        return ActionResult({"StackId": stack.id})

    def delete_stack(self) -> EmptyResult:
        """DeleteStack."""
        stack = self._find()
        stack.enter("DELETE_IN_PROGRESS")
        self.context.background.detach(_delete, self.context, stack)
        return EmptyResult()

    def describe_stacks(self) -> ActionResult:
        """DescribeStacks."""
        found = [self._find()] if self._get_param("StackName") else list(self._stacks.values())
        return ActionResult({"Stacks": [each.describe() for each in found]})

    def get_template(self) -> ActionResult:
        """GetTemplate."""
        return ActionResult({"TemplateBody": self._find().body})


class _Request(Request):
    """As moto reads it."""

    from_wsgi_server = True


class Stacks:
    """A WSGI application that serves CloudFormation."""

    def __init__(self, context: Context) -> None:
        StackResponse.context = context

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = _Request(environ)
        status, headers, body = StackResponse.dispatch(request, request.url, request.headers)
        return Response(body, status=status, headers=headers)(environ, start_response)


def asked(environ: WSGIEnvironment) -> bool:
    """Whether a request is for CloudFormation, by the scope of its signature."""
    return signing_name(environ) == SERVICE
