"""The Pulumi program on this machine: run unchanged, judged by the policy pack, carried out in an emulated cloud."""

from local.runtime.errors import (
    ComponentInputError,
    ConfigError,
    DuplicateUrnError,
    InvalidInputsError,
    LocalRunError,
    PolicyViolationError,
    ProtectedError,
    StateError,
    StoppedError,
    UnsupportedError,
)
from local.runtime.model import Deployment, Event, Judged, Op, Preview, Violation
from local.runtime.stack import Stack

__all__ = [
    "ComponentInputError",
    "ConfigError",
    "Deployment",
    "DuplicateUrnError",
    "Event",
    "InvalidInputsError",
    "Judged",
    "LocalRunError",
    "Op",
    "PolicyViolationError",
    "Preview",
    "ProtectedError",
    "Stack",
    "StateError",
    "StoppedError",
    "UnsupportedError",
    "Violation",
]
