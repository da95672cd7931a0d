"""The preview: what an update would do. Nothing is created, and what only a creation can tell stays unknown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from local import values
from local.adapter.errors import AdapterError
from local.judge.model import Violation
from local.runtime import sdk
from local.runtime.diff import Difference
from local.runtime.engine import Engine
from local.runtime.errors import PolicyViolationError, RefusedError
from local.runtime.model import Op
from local.runtime.monitor import Registered
from local.runtime.registration import PROVIDER_PREFIX, Registration
from local.runtime.state import Entry


class PreviewPass(Engine):
    """Collects every violation and every invalid input, so that `finish` can report them together."""

    phase = "preview"
    dry_run = True

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.faults: list[str] = []

    def finish(self) -> None:
        """Judge the stack, foresee deletions, and raise what stops the deployment.

        Raises PolicyViolationError when a mandatory policy is violated and RefusedError when only the API's
        model or a protected resource stands against it; either names all findings of the preview.
        """
        for entry in self.state.deletions(self.kept_urns()):
            if entry.protect:
                self.faults.append(
                    f"{entry.urn}: would be deleted and is protected; set protect=False and run `up` first"
                )
            if not entry.pending_deletion:
                self._done(Op.DELETE, entry.urn, entry.parent)
        self.judge_stack()
        faults = sorted(set(self.faults))
        if violations := self.mandatory():
            raise PolicyViolationError(violations, faults)
        if faults:
            raise RefusedError(faults)

    def _admit(self, old: Entry | None, step: Difference, found: Iterable[Violation]) -> None:
        """A preview goes on, and tells all of it in the end."""

    def _carry_out(self, resource: Registration, old: Entry | None, step: Difference) -> Registered:
        if step.op is Op.REPLACE and old is not None and old.protect:
            changed = ", ".join(step.changed)
            self.faults.append(
                f"{resource.urn}: would be replaced ({changed}) and is protected; set protect=False first"
            )
        provider = resource.type.startswith(PROVIDER_PREFIX)
        if resource.custom and not provider and step.op is not Op.SAME:
            try:
                self.cloud.validate(resource.type, resource.name, values.plain(resource.inputs))
            except AdapterError as error:
                self.faults.append(str(error))
        known = old is not None and step.op in (Op.SAME, Op.UPDATE)
        outputs = dict(old.outputs) | resource.inputs if known and old else dict(resource.inputs)
        if step.op is Op.SAME and old is not None:
            outputs = old.outputs
        if resource.custom and not known and not provider:
            outputs = dict.fromkeys(sdk.declared_outputs(resource.type), values.UNKNOWN) | outputs
        return Registered(urn=resource.urn, id=old.id if known and old else "", outputs=outputs)

    def _generated(self, resource: Registration, inputs: values.Properties, seed: str) -> values.Properties:
        try:
            return super()._generated(resource, inputs, seed)
        except AdapterError as error:
            self.faults.append(str(error))
            return {}

    def _keep_outputs(self, resource: Registration, answer: Registered) -> None:
        """A preview keeps nothing beyond its own run."""
