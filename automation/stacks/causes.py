"""What the CLI says when it fails, and what a person does about it."""

from __future__ import annotations

import re
from typing import Final

from pulumi import automation as auto

from automation.operations.errors import AccessError, DeploymentError, RefusedError
from contracts.release.lock import BusyError

#: What the CLI and the AWS provider print, the kind of error, and the advice. The first that is found holds.
_CAUSES: Final[tuple[tuple[str, type[RuntimeError], str], ...]] = (
    (
        r"incorrect passphrase",
        RefusedError,
        "the passphrase is not the one that the stack's secrets were encrypted with: set PULUMI_CONFIG_PASSPHRASE or "
        "PULUMI_CONFIG_PASSPHRASE_FILE to that one",
    ),
    (
        r"passphrase must be set",
        RefusedError,
        "the stack's secrets need a passphrase: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
    ),
    (
        r"PULUMI_ACCESS_TOKEN must be set|not logged in|no credentials for current backend",
        RefusedError,
        "nobody is logged in to a backend: `pulumi login s3://<state-bucket>`, or set PULUMI_BACKEND_URL or "
        "PULUMI_ACCESS_TOKEN",
    ),
    (
        r"does not support environments|environments are not supported",
        RefusedError,
        "the stack's file names an `environment` of Pulumi ESC, which only Pulumi Cloud keeps: take it out, or set "
        "ml-platform:backend to https://api.pulumi.com",
    ),
    (
        r"No valid credential sources|NoCredentialProviders|failed to refresh cached credentials|no EC2 IMDS role found"
        r"|get credentials: |unable to validate AWS credentials",
        AccessError,
        "there are no AWS credentials: log in (`aws sso login`), or set AWS_PROFILE or aws:profile of the stack",
    ),
    (
        r"ExpiredToken|InvalidClientTokenId|security token included in the request is (?:expired|invalid)",
        AccessError,
        "the AWS credentials are no longer valid: log in anew (`aws sso login`)",
    ),
    (
        r"because it is protected|is protected, it cannot|cannot be deleted",
        RefusedError,
        "the stack is protected: set ml-platform:protect to false and run `up` first (docs/stacks.md)",
    ),
    (
        r"no resource plugin|could not find plugin|failed to load plugin|No module named",
        RefusedError,
        "a plugin or package is missing: `make setup`, then `pulumi install`",
    ),
)
#: Colour directives of the engine's messages.
_COLOUR: Final = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    """A message of the engine without its colours."""
    return _COLOUR.sub("", text).strip()


def cause(error: auto.CommandError, stack: str, *, errors: str = "") -> RuntimeError:
    """The error that a failed CLI command stands for. `errors` is what the engine said of resources."""
    said = plain(str(error))
    line = errors or _last(said)
    if isinstance(error, auto.StackNotFoundError):
        return RefusedError(
            f"stack {stack} is not in the backend: make it, `pulumi stack init {stack} --no-select --secrets-provider "
            "awskms://alias/<state-key>`, or log in to the backend that has it, `pulumi login s3://<state-bucket>`"
        )
    if isinstance(error, auto.ConcurrentUpdateError):
        return BusyError(
            f"stack {stack} is locked by another update ({line}); wait for it, or where nobody runs one any more, "
            f"`python -m automation cancel --stack {stack}`"
        )
    for pattern, kind, advice in _CAUSES:
        if re.search(pattern, f"{said}\n{errors}"):
            return kind(f"{advice} ({line})")
    return DeploymentError(line)


def _last(said: str) -> str:
    """What the CLI wrote on standard error, on one line: its last error, or all of it."""
    text = said.partition("stderr:")[2] or said
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [line for line in lines if line.startswith("error:")] or lines[-3:] or ["it said nothing"]
    return "; ".join(line.removeprefix("error:").strip() for line in found)
