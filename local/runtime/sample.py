"""A cloud that exists on paper: fixed answers and made-up outputs, the same on every run.

`synth` runs the program against it, with no emulator and no account. It shows a stack in its steady state, with
images built and a model live, or in bootstrap, with neither. Ids and ARNs have the forms that the adapter's tables
state, so that IAM documents read as they will on AWS.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from local.adapter import Adapter, Created
from local.adapter.conventions import kebab
from local.runtime import sdk
from local.runtime.answers import ACCOUNT, Answers
from local.runtime.errors import UnsupportedError

#: Data sources that the provider itself answers, without a call.
OFFLINE = {
    "aws:ec2/getVpcEndpointService:getVpcEndpointService",
    "aws:index/getPartition:getPartition",
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage",
}
#: Kinds of endpoints by workload and name, of a stack whose config names none.
DEFAULT_ENDPOINTS: Mapping[str, Mapping[str, str]] = MappingProxyType({"churn": {"live": "realtime"}})


class SampleCloud:
    """Answers as AWS would for a stack `stack` in `region`; `bootstrap` leaves out images and live releases.

    `endpoints` are the kinds of the stack's, by workload and name: each serves a model.

    Inputs are checked and validated by the adapter, which needs no server for either.
    """

    endpoint_url = "sample"

    def __init__(
        self,
        stack: str,
        region: str,
        *,
        endpoints: Mapping[str, Mapping[str, str]] = DEFAULT_ENDPOINTS,
        bootstrap: bool = False,
        account: str = ACCOUNT,
    ):
        self.region = region
        self._provider = Adapter("http://sample.invalid", account, region)
        self._answers = Answers(stack=stack, region=region, endpoints=endpoints, bootstrap=bootstrap)

    def check(self, type_token: str, name: str, inputs: dict[str, Any], /, *, urn: str) -> dict[str, Any]:
        """The inputs with defaults and a generated name."""
        return self._provider.check(type_token, name, inputs, urn=urn)

    def validate(self, type_token: str, name: str, inputs: dict[str, Any], /) -> None:
        """Refuse what the API's own model refuses."""
        self._provider.validate(type_token, name, inputs)

    def create(self, type_token: str, name: str, inputs: dict[str, Any], /, *, urn: str) -> Created:
        """The id and outputs that the type's table tells, the others by their declaration in the SDK.

        Raises InvalidInput.
        """
        made = self._provider.imagine(type_token, name, inputs, urn=urn)
        missing = {key: of for key, of in sdk.declared_outputs(type_token).items() if key not in made.outputs}
        outputs = {key: _made_up(key, of, made.id) for key, of in missing.items()} | made.outputs
        return Created(id=made.id, outputs={k: v for k, v in outputs.items() if v is not None}, emulated=False)

    def update(
        self,
        type_token: str,
        resource_id: str,
        old_inputs: dict[str, Any],
        new_inputs: dict[str, Any],
        outputs: dict[str, Any],
        /,
    ) -> Created:
        """Nothing is ever updated on paper: every synth starts from nothing."""
        raise UnsupportedError(f"{type_token} {resource_id}: the sample cloud keeps nothing that could be updated")

    def read(
        self, type_token: str, resource_id: str, inputs: dict[str, Any], outputs: dict[str, Any], /
    ) -> Mapping[str, Any]:
        """Nothing is ever read on paper."""
        raise UnsupportedError(f"{type_token} {resource_id}: the sample cloud keeps nothing that could be read")

    def replaces(self, type_token: str, old_inputs: dict[str, Any], new_inputs: dict[str, Any], /) -> list[str]:
        """No change can force a replacement where nothing exists."""
        del type_token, old_inputs, new_inputs
        return []

    def delete(self, type_token: str, resource_id: str, inputs: dict[str, Any], outputs: dict[str, Any], /) -> None:
        """Nothing is ever deleted on paper."""
        raise UnsupportedError(f"{type_token} {resource_id}: the sample cloud keeps nothing that could be deleted")

    def invoke(self, token: str, args: dict[str, Any], /) -> dict[str, Any]:
        """Answer a data source. Raises UnsupportedError for one that has no sample."""
        return self._provider.invoke(token, args) if token in OFFLINE else self._answers.answer(token, args)


def _made_up(key: str, declared: Any, name: str) -> Any:
    """A value of the declared type; an object's members cannot be made up, so it stays away."""
    if key in ("accountId", "ownerId", "registryId"):
        return ACCOUNT
    simple: dict[Any, Any] = {str: f"{name}-{kebab(key)}", bool: False, int: 0, float: 0}
    if declared in simple:
        return simple[declared]
    origin = typing.get_origin(declared)
    if origin is None:
        return None
    return {} if issubclass(origin, Mapping) else []
