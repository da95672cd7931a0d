"""PutBucketLogging with a bucket policy for the log delivery.

moto looks for the permission in the target bucket's policy, but knows only statements whose Resource is one text, and
no conditions; here the policy is read as IAM reads it.
"""

from __future__ import annotations

from moto.s3.models import FakeBucket

from local.emulator.extension import replace
from local.emulator.policy_statements import Request, allows

LOG_DELIVERY = "logging.s3.amazonaws.com"


def install() -> None:
    """Correct the check."""
    replace(FakeBucket, "_log_permissions_enabled_policy", _delivery_allowed)


def _delivery_allowed(self: FakeBucket, target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Whether the logs of this bucket may be written to the target (moto's static function is called on a bucket)."""
    policy = target_bucket.policy.decode() if target_bucket.policy else None
    written = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}x"
    facts = {"aws:SecureTransport": "true", "aws:SourceAccount": self.account_id, "aws:SourceArn": self.arn}
    request = Request(action="s3:PutObject", resource=written, service=LOG_DELIVERY, facts=facts)
    return allows(policy, request)
