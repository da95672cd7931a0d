"""The update: the cloud is brought to what the program declares, step by step, each written to the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pulumi

from local import values
from local.adapter.errors import ApiRefused
from local.judge.model import Violation
from local.runtime.diff import Difference
from local.runtime.engine import Engine
from local.runtime.errors import PolicyViolationError, ProtectedError
from local.runtime.model import Cloud, Created, Op
from local.runtime.monitor import Registered
from local.runtime.registration import PROVIDER_PREFIX, Registration
from local.runtime.state import Entry, State


class UpdatePass(Engine):
    """Carries every step out. A mandatory violation stops its resource before it is touched, and with it the run."""

    phase = "update"
    dry_run = False

    def finish(self) -> None:
        """Delete what is no longer declared and judge the stack. Raises PolicyViolationError, ProtectedError."""
        gone = self.state.deletions(self.kept_urns())
        refuse_protected(gone)
        delete(gone, self.cloud, self.state, self._deleted)
        self.state.set_outputs(values.plain(self.stack_outputs))
        self.judge_stack()
        if violations := self.mandatory():
            raise PolicyViolationError(violations)

    def _admit(self, old: Entry | None, step: Difference, found: Iterable[Violation]) -> None:
        if mandatory := [violation for violation in found if violation.level == "mandatory"]:
            raise PolicyViolationError(mandatory)
        if step.op is Op.REPLACE and old is not None:
            refuse_protected([old])

    def _carry_out(self, resource: Registration, old: Entry | None, step: Difference) -> Registered:
        if step.op is Op.REPLACE and old is not None and not step.delete_first and resource.generated:
            written = {key: value for key, value in resource.inputs.items() if key not in resource.generated}
            anew = self._generated(resource, written, f"{resource.urn}#{old.id}")
            resource = replace(resource, inputs=written | anew)
        entry = _entry(resource, old if step.op in (Op.SAME, Op.UPDATE) else None)
        if step.op is Op.SAME and old is not None:
            entry = replace(entry, outputs=old.outputs)
        elif resource.custom and not resource.type.startswith(PROVIDER_PREFIX):
            try:
                answer = self._call(resource, old, step)
            except ApiRefused as error:
                if step.op is Op.UPDATE and old is not None and error.in_part:
                    # What was asked for, which the provider does not read again once it has failed to wait for it.
                    self.state.put(replace(entry, outputs={**old.outputs, **entry.inputs}))
                self._keep_incomplete(entry, error.created_id, old, step)
                raise
            entry = _with_answer(entry, resource, answer)
        else:
            entry = replace(entry, id=_provider_id(resource), outputs=resource.inputs)
        if step.op is Op.REPLACE and old is not None and not step.delete_first:
            self.state.supersede(old, entry)
        else:
            self.state.put(entry, former_urn=old.urn if old else None)
        return Registered(urn=entry.urn, id=entry.id, outputs=entry.outputs)

    def _keep_incomplete(self, entry: Entry, created_id: str, old: Entry | None, step: Difference) -> None:
        """Note what a failed creation left, so that the next update finds it and not its name taken."""
        if not created_id:
            return
        left = replace(entry, id=created_id, outputs=entry.inputs, protect=False, incomplete=True)
        if step.op is Op.REPLACE and old is not None and not step.delete_first:
            self.state.supersede(old, left)
        else:
            self.state.put(left)

    def _call(self, resource: Registration, old: Entry | None, step: Difference) -> Created:
        inputs = values.plain(resource.inputs)
        if old is not None and step.op is Op.UPDATE:
            before, outputs = values.plain(old.found), values.plain(old.outputs)
            return self.cloud.update(resource.type, old.id, before, inputs, outputs)
        if old is not None and step.op is Op.REPLACE and step.delete_first:
            delete([old], self.cloud, self.state)
        return self.cloud.create(resource.type, resource.name, inputs, urn=resource.urn)

    def _deleted(self, entry: Entry) -> None:
        if not entry.pending_deletion:
            self._done(Op.DELETE, entry.urn, entry.parent)

    def _keep_outputs(self, resource: Registration, answer: Registered) -> None:
        entry = self.state.get(resource.urn)
        if entry is not None:
            self.state.put(replace(entry, outputs=answer.outputs))


def delete(entries: list[Entry], cloud: Cloud, state: State, deleted: Callable[[Entry], None] | None = None) -> None:
    """Delete resources in the given order and forget each in the state; `deleted` is told of each when it is gone.

    `retain_on_delete` leaves the resource and forgets it.
    """
    for entry in entries:
        stands = entry.custom and not entry.type.startswith(PROVIDER_PREFIX)
        if stands and not entry.retain_on_delete:
            cloud.delete(entry.type, entry.id, values.plain(entry.inputs), values.plain(entry.outputs))
        state.drop(entry)
        if deleted is not None:
            deleted(entry)


def refuse_protected(entries: Iterable[Entry]) -> None:
    """Raise ProtectedError that names every protected resource among those that would go."""
    protected = [entry.urn for entry in entries if entry.protect]
    if protected:
        listed = "\n  ".join(protected)
        raise ProtectedError(
            f"protected, so neither deleted nor replaced; set protect=False and run `up` first:\n  {listed}"
        )


def _entry(resource: Registration, old: Entry | None) -> Entry:
    return Entry(
        urn=resource.urn,
        type=resource.type,
        custom=resource.custom,
        id=old.id if old else "",
        parent=resource.parent,
        inputs=resource.inputs,
        generated=resource.generated,
        dependencies=resource.dependencies,
        provider=resource.provider,
        protect=resource.options.protect,
        retain_on_delete=resource.options.retain_on_delete,
        emulated=old.emulated if old else True,
        replacement_trigger=resource.options.replacement_trigger,
    )


def _with_answer(entry: Entry, resource: Registration, created: Created) -> Entry:
    outputs = resource.inputs | _outputs(resource, created.outputs)
    return replace(entry, id=created.id, outputs=outputs, emulated=created.emulated)


def _outputs(resource: Registration, answered: Mapping[str, Any]) -> values.Properties:
    """The cloud's outputs, secret where the input of the same name or `additional_secret_outputs` says so."""
    outputs: values.Properties = {}
    for key, value in answered.items():
        if value is None or isinstance(value, pulumi.Asset | pulumi.Archive):
            continue
        hidden = key in resource.options.additional_secret_outputs or values.has_secret(resource.inputs.get(key))
        outputs[key] = values.secret(value) if hidden else value
    return outputs


def _provider_id(resource: Registration) -> str:
    """An id for a provider, which has none of its own; components have no id."""
    return sha256(resource.urn.encode()).hexdigest()[:16] if resource.custom else ""
