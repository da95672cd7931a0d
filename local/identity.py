"""Names the emulator and its clients agree on. Free of other imports, so that a client need not load moto."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROJECT_ROOT = Path(__file__).resolve().parents[1]
# 20 letters and digits, so that moto recognises it, and no prefix of AWS's, so that nobody takes it for a key.
ACCESS_KEY = "EMULATED000000000000"
SECRET_KEY = "emulated"  # noqa: S105  not a secret: the emulator checks no signature
# What an image has ready and a process here makes for itself, once: the compiled predictor, the list of fonts.
CACHE = {"XDG_CACHE_HOME": str(PROJECT_ROOT / ".local" / "cache")}
# Keeps the host's own profiles and instance roles out of every process that talks to the emulator.
NO_HOST_SETTINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def environment(url: str, region: str) -> dict[str, str]:
    """What makes boto3, the AWS SDKs and the aws command talk to the emulator under a URL."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        **NO_HOST_SETTINGS,
        **CACHE,
    }


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whose code calls, as far as its way to AWS goes: its role, the subnets it runs in, and whether it is isolated.

    It travels as the session token of the process, which every AWS SDK sends along.
    """

    role_arn: str
    subnet_ids: tuple[str, ...] = ()
    isolated: bool = False

    @classmethod
    def of(cls, role_arn: str, vpc: Mapping[str, Any] | None, *, isolated: bool = False) -> Caller:
        """Of a role and a VPC configuration as SageMaker (`Subnets`) and Lambda (`SubnetIds`) spell it."""
        config = vpc or {}
        subnets = config.get("Subnets") or config.get("SubnetIds") or ()
        return cls(role_arn=role_arn, subnet_ids=tuple(subnets), isolated=isolated)

    def environment(self) -> dict[str, str]:
        """What makes the SDKs of a process send it."""
        return {"AWS_SESSION_TOKEN": base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()}


def caller(session_token: str) -> Caller | None:
    """Who sent a session token, None for one that the emulator has not given to a job, a function or a model."""
    try:
        told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(session_token.encode()))
        return Caller(role_arn=told["role_arn"], subnet_ids=tuple(told["subnet_ids"]), isolated=bool(told["isolated"]))
    except (ValueError, TypeError, KeyError):
        return None
