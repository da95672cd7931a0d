"""The adapter: Pulumi resources of the AWS provider as calls of the (emulated) AWS API."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jmespath

from local.adapter import invokes, provider, requests
from local.adapter.api import Api
from local.adapter.conventions import GENERIC_INPUTS
from local.adapter.errors import WAITING, ApiRefused, InvalidInput, UnknownType
from local.adapter.readings import READINGS
from local.adapter.requests import Prepared
from local.adapter.services import resource_type
from local.adapter.table import ABSENT, EVERYTHING, Autoname, ResourceType, Scope, Wait, evaluated, response, text
from local.adapter.tags import effective_tags
from local.adapter.values import UNKNOWN, changed_keys, contains_unknown, given, same, without
from shapes.check import Fault

_HASH_LENGTH = 7
_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A resource after a create or an update.

    `outputs` are its inputs and what the provider adds to them. `emulated` is False for a resource that was validated
    and recorded but not created, because the emulator lacks it.
    """

    id: str
    outputs: dict[str, Any]
    emulated: bool


class Adapter:
    """Carries out the provider's part of a deployment.

    Inputs and outputs are plain camelCase values as the engine passes them, assets are `pulumi.Asset` and
    `pulumi.Archive`.

    >>> adapter = Adapter("http://127.0.0.1:5000", "123456789012", "eu-west-1")
    >>> adapter.create("aws:sqs/queue:Queue", "jobs", {"delaySeconds": 5.0}).outputs["arn"]
    'arn:aws:sqs:eu-west-1:123456789012:jobs-5f2a9c1'
    """

    def __init__(self, endpoint_url: str, account_id: str, region: str):
        self.endpoint_url = endpoint_url
        self._api = Api(endpoint_url)
        self._account = account_id
        self._region = region

    def check(self, type_token: str, name: str, inputs: Mapping[str, Any], *, urn: str = "") -> dict[str, Any]:
        """The inputs after the provider's check: defaults filled in, and a name where the program gives none.

        This is what policies see. Raises UnknownType; faults are left to `validate`.
        """
        return self._checked(resource_type(type_token), name, inputs, {}, urn)

    def validate(self, type_token: str, name: str, inputs: Mapping[str, Any], *, urn: str = "") -> None:
        """Refuse inputs that the provider or the API would refuse; needs no server, unknown values are skipped.

        Raises InvalidInput with every fault: resource, input, the value found, what is allowed.
        """
        kind = resource_type(type_token)
        checked = self._checked(kind, name, inputs, {}, urn)
        self._validate(kind, self._scope(name, checked), inputs)

    def create(self, type_token: str, name: str, inputs: Mapping[str, Any], *, urn: str = "") -> Created:
        """Create a resource.

        Raises InvalidInput before any call, and ApiRefused where the emulator refuses a call; its `created_id` tells
        whether the resource exists all the same, as a failed endpoint does.
        """
        kind = resource_type(type_token)
        scope = self._scope(name, self._checked(kind, name, inputs, {}, urn))
        self._validate(kind, scope, inputs)
        _refuse_unknown(kind, name, inputs)
        if kind.recorded:
            return self._recorded(kind, scope, urn)
        for prepared in requests.on_create(kind, scope):
            scope = replace(scope, response=self._call(kind, scope, prepared))
        scope = replace(scope, id=identity(kind, scope))
        try:
            for prepared in requests.after_create(kind, scope):
                self._call(kind, scope, prepared)
            return self._finished(kind, scope)
        except ApiRefused as error:
            raise error.after_creation(scope.id) from error

    def imagine(self, type_token: str, name: str, inputs: Mapping[str, Any], *, urn: str = "") -> Created:
        """A resource with the id and the outputs that AWS would give it, as far as its table knows; needs no server.

        Raises InvalidInput.
        """
        kind = resource_type(type_token)
        scope = self._scope(name, self._checked(kind, name, inputs, {}, urn))
        self._validate(kind, scope, inputs)
        return self._recorded(kind, scope, urn)

    def update(
        self,
        type_token: str,
        id: str,  # noqa: A002 - the engine's word
        old_inputs: Mapping[str, Any],
        new_inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        *,
        name: str = "",
    ) -> Created:
        """Change a resource in place; makes no call where nothing has changed.

        Raises InvalidInput, also for a change that forces replacement, and ApiRefused. `name` serves messages only.
        """
        kind = resource_type(type_token)
        name = name or id
        before = self._checked(kind, name, old_inputs, outputs, "")
        inputs = self._checked(kind, name, new_inputs, outputs, "")
        changed = _changed(kind, before, inputs, outputs)
        scope = self._scope(name, inputs)
        if not changed and effective_tags(before) == effective_tags(inputs):
            return Created(id=id, outputs={**outputs, **_echo(inputs)}, emulated=not kind.recorded)
        self._validate(kind, scope, new_inputs)
        _refuse_unknown(kind, name, new_inputs)
        scope = replace(scope, before=before, outputs=outputs, id=id, changed=frozenset(changed))
        _refuse_in_place(kind, scope)
        if kind.recorded:
            return Created(id=id, outputs=_outputs(kind, scope), emulated=False)
        for prepared in requests.on_update(kind, scope):
            self._call(kind, scope, prepared)
        return self._finished(kind, scope)

    def read(
        self,
        type_token: str,
        id: str,  # noqa: A002
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
    ) -> dict[str, Any]:
        """What is live of a resource: the inputs that a refresh of its type reads, None for one that it has not.

        Raises UnknownType for a type that `readings` has not, and ApiRefused, which `is_gone` where the resource is.
        """
        reading, kind = READINGS.get(type_token), resource_type(type_token)
        if reading is None:
            raise UnknownType(f"{type_token}: a refresh does not read it; add it to local/adapter/readings.py")
        kind = replace(kind, read=reading.calls)
        scope = replace(self._scope(id, inputs), outputs=outputs, id=id)
        scope = replace(scope, live=self._read(kind, scope))
        if reading.there is not None and reading.there(scope) is ABSENT:
            operation = reading.calls[0].operation
            raise ApiRefused(f"{type_token} '{id}'", kind.service, operation, "NotFound", "it is gone")
        return reading.told(scope)

    def replaces(self, type_token: str, old_inputs: Mapping[str, Any], new_inputs: Mapping[str, Any]) -> list[str]:
        """The changed inputs that force a new resource; an unknown value counts as changed."""
        kind = resource_type(type_token)
        old, new = ({**kind.defaults, **given(inputs)} for inputs in (old_inputs, new_inputs))
        return _forcing(kind, old, new, changed_keys(old, new))

    def delete(self, type_token: str, id: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:  # noqa: A002
        """Delete a resource; one that is gone already counts as deleted, `skipDestroy` keeps it. Raises ApiRefused."""
        kind = resource_type(type_token)
        if kind.recorded or inputs.get("skipDestroy"):
            return
        scope = replace(self._scope(id, self._checked(kind, id, inputs, outputs, "")), outputs=outputs, id=id)
        for prepared in requests.on_delete(kind, scope):
            try:
                self._call(kind, scope, prepared)
            except ApiRefused as error:
                if not error.is_gone:
                    raise

    def invoke(self, token: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Call one of the provider's functions.

        Raises UnknownType for a function that is not in the table, and ApiRefused.
        """
        context = invokes.Context(api=self._api, account=self._account, region=args.get("region") or self._region)
        return invokes.invoke(token, given(args), context)

    def _scope(self, name: str, inputs: Mapping[str, Any]) -> Scope:
        return Scope(account=self._account, region=inputs.get("region") or self._region, name=name, inputs=inputs)

    def _checked(
        self, kind: ResourceType, name: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any], urn: str
    ) -> dict[str, Any]:
        checked = {**kind.defaults, **given(inputs)}
        if kind.autoname is not None and kind.autoname.key not in checked:
            key = kind.autoname.key
            checked[key] = outputs.get(key) or _generated(kind.autoname, name, urn, checked)
        return checked

    def _validate(self, kind: ResourceType, scope: Scope, written: Mapping[str, Any]) -> None:
        """All faults of a resource; the first one of each input path is kept."""
        found = list(provider.faults(kind.type, written))
        found += [
            Fault(path=key, found=written[key], allowed=f"is not carried out here; {remedy}")
            for key, remedy in kind.refused.items()
            if written.get(key) is not None
        ]
        for prepared in (*requests.on_create(kind, scope), *requests.after_create(kind, scope)):
            found += prepared.faults
        found += [fault for rule in kind.rules for fault in rule(scope.inputs)]
        first: dict[str, Fault] = {}
        for fault in found:
            first.setdefault(fault.path, fault)
        if first:
            raise InvalidInput(kind.type, scope.name, list(first.values()))

    def _recorded(self, kind: ResourceType, scope: Scope, urn: str) -> Created:
        """A resource that nothing was created for; what the service would make up follows from its URN."""
        scope = replace(scope, digest=hashlib.sha256((urn or scope.name).encode()).hexdigest())
        scope = replace(scope, id=identity(kind, scope))
        return Created(id=scope.id, outputs=_outputs(kind, scope), emulated=False)

    def _finished(self, kind: ResourceType, scope: Scope) -> Created:
        """Wait until the resource is ready, read it back, and put its outputs together."""
        scope = replace(scope, live=self._read(kind, scope))
        if kind.wait is not None:
            scope = self._ready(kind, kind.wait, scope)
        return Created(id=scope.id, outputs=_outputs(kind, scope), emulated=True)

    def _read(self, kind: ResourceType, scope: Scope) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for read in kind.read:
            answers |= self._call(kind, scope, requests.to_read(kind, read, scope))
        answers.pop("ResponseMetadata", None)
        return answers

    def _ready(self, kind: ResourceType, wait: Wait, scope: Scope) -> Scope:
        deadline = time.monotonic() + wait.seconds
        pause = _FIRST_PAUSE_SECONDS
        while True:
            state = jmespath.search(wait.path, dict(scope.live))
            if state in wait.ready:
                return scope
            subject = f"{kind.type} '{scope.name}'"
            if state in wait.failed:
                reason = jmespath.search(wait.reason, dict(scope.live)) if wait.reason else None
                raise ApiRefused(subject, kind.service, WAITING, str(state), str(reason or "no reason was given"))
            if time.monotonic() > deadline:
                wanted = " or ".join(wait.ready)
                raise ApiRefused(
                    subject, kind.service, WAITING, "Timeout", f"still {state} after {wait.seconds:.0f} s, not {wanted}"
                )
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            scope = replace(scope, live=self._read(kind, scope))

    def _call(self, kind: ResourceType, scope: Scope, prepared: Prepared) -> dict[str, Any]:
        subject = f"{kind.type} '{scope.name}'"
        if prepared.operation in kind.lacking:
            raise ApiRefused(subject, kind.service, prepared.operation, "NotEmulated", "the emulator lacks it")
        answer = self._api.call(subject, scope.region, kind.service, prepared.operation, prepared.parameters)
        failure = jmespath.search(prepared.failures, answer) if prepared.failures else None
        if failure:
            raise ApiRefused(subject, kind.service, prepared.operation, "Failed", str(failure))
        for following in prepared.then(answer) if prepared.then is not None else ():
            self._call(kind, scope, following)
        return answer


def identity(kind: ResourceType, scope: Scope) -> str:
    """The id: what the service made up, where it does and has answered, else its form in the table."""
    if kind.found and scope.response:
        found = response(kind.found)(scope)
    else:
        form = text(kind.arn)(scope)
        known = scope if form in (ABSENT, UNKNOWN) else replace(scope, outputs={"arn": form, **scope.outputs})
        found = evaluated(kind.id, known)
    if not isinstance(found, str) or not found or found == UNKNOWN:
        raise TypeError(f"{kind.type} '{scope.name}': its table gives no id from the answer {dict(scope.response)}")
    return found


def _changed(
    kind: ResourceType, before: Mapping[str, Any], inputs: Mapping[str, Any], outputs: Mapping[str, Any]
) -> list[str]:
    """The inputs that differ; an asset differs when the digest of its content is not the one that was deployed."""
    old, new = dict(before), dict(inputs)
    for key, (output, digest) in kind.digests.items():
        if key in old:
            old[key] = outputs.get(output)
        if key in new:
            new[key] = _digest(digest, new[key])
    return [key for key in changed_keys(old, new) if key not in ("tags", "tagsAll")]


def _digest(digest: Callable[[Any], str], asset: Any) -> str | None:
    """The digest of an asset, None for one that cannot be read; that counts as changed, and validation says why."""
    try:
        return digest(asset)
    except ValueError:
        return None


def _forcing(kind: ResourceType, old: Mapping[str, Any], new: Mapping[str, Any], changed: Iterable[str]) -> list[str]:
    """The changed inputs whose change makes a new resource."""
    everything = kind.replace == EVERYTHING
    prefix = {kind.autoname.prefix_key} if kind.autoname is not None else set[str]()
    in_place = {*GENERIC_INPUTS - {"region"}, *kind.provider_only, *kind.digests} - prefix
    return [
        key
        for key in changed
        if (key in kind.replace or key == "region" or (everything and key not in in_place))
        and not same(without(old, kind.changeable).get(key), without(new, kind.changeable).get(key))
    ]


def _refuse_in_place(kind: ResourceType, scope: Scope) -> None:
    """Changes that no update call makes: the provider would replace the resource, or the table has no call for them."""
    forced = _forcing(kind, scope.before, scope.inputs, scope.changed)
    found = [
        Fault(path=key, found=scope.inputs.get(key), allowed="forces a new resource; replace it") for key in forced
    ]
    if kind.replace != EVERYTHING:
        remedy = "cannot be changed in place here; the table in local/adapter/services has no update call that takes it"
        for key in requests.untaken(kind, scope.changed):
            found.append(Fault(path=key, found=scope.inputs.get(key), allowed=remedy))
    if found:
        raise InvalidInput(kind.type, scope.name, found)


def _refuse_unknown(kind: ResourceType, name: str, inputs: Mapping[str, Any]) -> None:
    unknown = [key for key, value in inputs.items() if contains_unknown(value)]
    if unknown:
        faults = [
            Fault(path=key, found=None, allowed="is not known yet; it must be before the resource is made")
            for key in unknown
        ]
        raise InvalidInput(kind.type, name, faults)


def _outputs(kind: ResourceType, scope: Scope) -> dict[str, Any]:
    """The inputs, the tags in effect, and the outputs of the table; without a new value the former one stays."""
    outputs = {key: scope.outputs[key] for key in kind.outputs if key in scope.outputs}
    generic = {"region": scope.region, "tagsAll": effective_tags(scope.inputs)}
    known = provider.outputs_of(kind.type)
    outputs |= _echo(scope.inputs) | {key: value for key, value in generic.items() if key in known}
    for key, source in kind.outputs.items():
        found = evaluated(source, replace(scope, outputs=outputs))
        if found is not ABSENT:
            outputs[key] = found
    for key, (output, digest) in kind.digests.items():
        if scope.inputs.get(key) is not None:
            outputs[output] = digest(scope.inputs[key])
    return outputs


def _echo(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if not key.startswith("__")}


def _generated(autoname: Autoname, name: str, urn: str, inputs: Mapping[str, Any]) -> str:
    """A name as the provider makes it, with a hash for the random letters: every run gives the same name."""
    digest = hashlib.sha1((urn or name).encode(), usedforsecurity=False).hexdigest()[:_HASH_LENGTH]
    prefix = inputs.get(autoname.prefix_key) if autoname.prefix_key else None
    suffix = autoname.suffix(inputs) if autoname.suffix is not None else ""
    stem = (prefix if prefix is not None else f"{name}-")[
        : autoname.longest - _HASH_LENGTH - len(suffix) - len(autoname.start)
    ]
    full = f"{autoname.start}{stem}{digest}{suffix}"
    return full.lower() if autoname.lower else full
