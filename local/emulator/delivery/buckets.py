"""S3's notifications to EventBridge: sent in AWS's form, and shown by GetBucketNotificationConfiguration.

Source: Amazon S3 user guide, "EventBridge event message structure".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import xmltodict
from moto.s3 import notifications
from moto.s3.models import FakeBucket, FakeKey, s3_backends
from moto.s3.responses import S3Response
from moto.utilities.utils import get_partition

from local.emulator.context import Context
from local.emulator.delivery import events
from local.emulator.extension import replace, wrap

_REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
    "s3:ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}


def detail(bucket: FakeBucket, key: FakeKey, event_name: str, account: str) -> dict[str, Any]:
    """The detail of an event about an object."""
    described = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": {
            "key": key.name,
            "size": key.size,
            "etag": key.etag.replace('"', ""),
            "version-id": key.version_id,
            "sequencer": f"{int(key.last_modified.timestamp() * 1e6):018X}",
        },
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": account,
        "source-ip-address": "127.0.0.1",
    }
    reason = _REASONS.get(event_name)
    return described | ({"reason": reason} if reason else {})


def install(context: Context) -> None:
    """Send and describe notifications."""

    def send(account_id: str, bucket: FakeBucket, event_name: str, key: FakeKey) -> None:
        name = str(getattr(event_name, "value", event_name))
        if name == "s3:ObjectTagging:Put" and not _tagged(account_id, bucket, key):
            return  # moto reports tagging for every new object; S3 only where tags are set
        events.emit(
            context,
            account_id,
            bucket.region_name,
            source="aws.s3",
            detail_type=notifications._detail_type(name),
            resources=[bucket.arn],
            detail=detail(bucket, key, name, account_id),
        )

    replace(notifications, "_send_event_bridge_message", send)
    wrap(S3Response, "get_bucket_notification", _describing)


def _tagged(account: str, bucket: FakeBucket, key: FakeKey) -> bool:
    backend = s3_backends[account][get_partition(bucket.region_name)]
    return bool(backend.tagger.get_tag_dict_for_resource(key.arn))


def _describing(original: Callable[..., Any], self: S3Response) -> Any:
    status, headers, body = original(self)
    configuration = self.backend.get_bucket_notification_configuration(self.bucket_name)
    if configuration is not None and configuration.event_bridge is not None:
        document = xmltodict.parse(body)
        document["NotificationConfiguration"]["EventBridgeConfiguration"] = None
        body = xmltodict.unparse(document)
    return status, headers, body
