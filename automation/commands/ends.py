"""Which exit code an error has."""

from __future__ import annotations

from typing import Final

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from automation.exits import Exit
from automation.operations.errors import (
    AccessError,
    DeploymentError,
    DiffersError,
    PolicyViolationError,
    RefusedError,
    StoppedError,
)
from contracts.names import NamesError
from contracts.prices import PriceError
from contracts.release import ReleaseError
from contracts.release.lock import BusyError
from contracts.release.rollback import NoConfigurationError

#: What a person can cause, and how a command ends by it. Anything else is a fault of the program and shows its trace.
ENDS: Final[dict[type[Exception], tuple[Exit, str]]] = {
    PolicyViolationError: (Exit.POLICY, "policy"),
    DeploymentError: (Exit.FAILED, "failed"),
    DiffersError: (Exit.DIFFERS, "differs"),
    StoppedError: (Exit.INTERRUPTED, "interrupted"),
    BusyError: (Exit.BUSY, "busy"),
    RefusedError: (Exit.REFUSED, "error"),
    ReleaseError: (Exit.REFUSED, "error"),
    NamesError: (Exit.REFUSED, "error"),
    NoConfigurationError: (Exit.REFUSED, "error"),
    PriceError: (Exit.REFUSED, "error"),
    AccessError: (Exit.AWS, "AWS"),
    ClientError: (Exit.AWS, "AWS"),
    BotoCoreError: (Exit.AWS, "AWS"),
    Boto3Error: (Exit.AWS, "AWS"),
}
