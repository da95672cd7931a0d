"""Bucket policies with their conditions.

moto asks a bucket's policy before it touches an object, but takes a Deny for unconditional whatever its Condition says.
Here the condition decides, with these facts: the caller is the account's administrator (no signature is checked), the
emulator stands for S3's TLS endpoint, and `s3:x-amz-*` keys are the request's headers.
"""

from __future__ import annotations

from flask import has_request_context, request
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local.emulator.extension import replace
from local.emulator.policy_statements import Request, effects

_PREFIX = "s3:x-amz-"


def install() -> None:
    """Correct the check."""
    replace(FakeBucket, "get_permission", _permission)


def _permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    facts = _facts(self.account_id, self.partition)
    found = effects(self.policy.decode(), Request(action=action, resource=resource, facts=facts))
    if "Deny" in found:
        return PermissionResult.DENIED
    return PermissionResult.PERMITTED if "Allow" in found else PermissionResult.NEUTRAL


def _facts(account: str, partition: str) -> dict[str, str]:
    facts = {
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.3",
        "aws:PrincipalArn": f"arn:{partition}:iam::{account}:root",
        "aws:PrincipalAccount": account,
    }
    headers = request.headers if has_request_context() else {}
    return facts | {f"s3:{name.lower()}": value for name, value in headers.items() if _is_amz(name)}


def _is_amz(header: str) -> bool:
    return f"s3:{header.lower()}".startswith(_PREFIX)
