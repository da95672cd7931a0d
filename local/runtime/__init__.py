"""The Pulumi program on this machine: run unchanged, judged by the policy pack, carried out in an emulated cloud."""

from local.runtime.errors import (
    ComponentInputError,
    ConfigError,
    DefaultProviderError,
    DuplicateUrnError,
    LocalRunError,
    PolicyViolationError,
    ProtectedError,
    RefusedError,
    StateError,
    StoppedError,
    UnsupportedError,
)
from local.runtime.model import Deployment, Event, Op, Preview
from local.runtime.stack import Stack

__all__ = [
    "ComponentInputError",
    "ConfigError",
    "DefaultProviderError",
    "Deployment",
    "DuplicateUrnError",
    "Event",
    "LocalRunError",
    "Op",
    "PolicyViolationError",
    "Preview",
    "ProtectedError",
    "RefusedError",
    "Stack",
    "StateError",
    "StoppedError",
    "UnsupportedError",
]
