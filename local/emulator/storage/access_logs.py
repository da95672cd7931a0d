"""PutBucketLogging with a bucket policy for the log delivery.

moto looks for the permission in the target bucket's policy, but knows only statements whose Resource is one text; IAM
allows a list as well, and so does this correction.
"""

from __future__ import annotations

import fnmatch
import json

from moto.s3.models import FakeBucket

from local.emulator.extension import replace
from local.emulator.storage.bucket_policies import as_list

LOG_DELIVERY = "logging.s3.amazonaws.com"


def install() -> None:
    """Correct the check."""
    replace(FakeBucket, "_log_permissions_enabled_policy", staticmethod(_delivery_allowed))


def _delivery_allowed(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    written = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}x"
    policy = json.loads(target_bucket.policy or b"{}")
    return any(
        statement["Effect"] == "Allow"
        and LOG_DELIVERY in as_list(statement.get("Principal", {}).get("Service", []))
        and any(fnmatch.fnmatch("s3:PutObject", action) for action in as_list(statement.get("Action", [])))
        and any(fnmatch.fnmatch(written, resource) for resource in as_list(statement.get("Resource", [])))
        for statement in as_list(policy.get("Statement", []))
    )
