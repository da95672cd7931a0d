"""What can stop a local deployment. Each message says what was found, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from local.judge.model import Violation


class LocalRunError(Exception):
    """Base of every error that the local runtime raises on purpose; its text is meant for people."""


class ConfigError(LocalRunError):
    """Pulumi.yaml or Pulumi.<stack>.yaml cannot be used. `faults` holds one line for each fault."""

    def __init__(self, faults: Sequence[str]):
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class UnsupportedError(LocalRunError):
    """The program uses something that this runtime would have to pretend. It refuses instead."""


class ComponentInputError(LocalRunError):
    """Inputs that a remote component refuses, each with the field, what was found and what is allowed."""

    def __init__(self, component: str, faults: Sequence[str]):
        super().__init__("\n".join(f"{component}: {fault}" for fault in faults))
        self.faults = tuple(faults)


class DefaultProviderError(LocalRunError):
    """A resource or data source names no provider, and `pulumi:disable-default-providers` forbids the default one."""


class DuplicateUrnError(LocalRunError):
    """Two resources of one program have the same type, name and parent types."""


class HookError(LocalRunError):
    """A resource hook of the program failed, or two have one name."""


class StateError(LocalRunError):
    """The state file does not belong to the cloud that it is used with."""


class ProtectedError(LocalRunError):
    """A protected resource would be deleted or replaced."""


class StoppedError(LocalRunError):
    """A resource was not touched because the deployment had failed before it."""


class RefusedError(LocalRunError):
    """The preview found inputs that the service's API refuses, or protected resources that would go.

    `faults` holds one message for each.
    """

    def __init__(self, faults: Sequence[str]):
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class PolicyViolationError(LocalRunError):
    """Mandatory policies refuse the deployment. `violations` names policy, resource and message of each."""

    def __init__(self, violations: Sequence[Violation], faults: Sequence[str] = ()):
        lines = [
            f"{violation.policy}: {violation.urn or 'the stack'}\n    {violation.message}" for violation in violations
        ]
        super().__init__("\n".join([*lines, *faults]))
        self.violations = tuple(violations)
        self.faults = tuple(faults)
