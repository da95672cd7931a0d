"""What keeping costs: buckets by storage class and age, images, keys, parameters, queries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from automation.cost.charge import Charge, Context, Rule
from automation.cost.document import Document, Resource
from automation.cost.rules.captured import captured, configurations
from automation.cost.rules.jobs import monitor_runs, training_runs
from automation.cost.traffic import DAYS_A_MONTH, KB_OF_GB, Traffic
from contracts.images import IMAGES
from contracts.layout import ASYNCHRONOUS, DATA_CAPTURE

_LIFECYCLE: Final = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
#: S3's storage classes, and their items of the price table.
_CLASSES: Final = {
    "STANDARD": "standard storage",
    "STANDARD_IA": "standard-IA storage",
    "GLACIER_IR": "glacier instant retrieval",
}
#: Accepted rows beside the delivered ones, and the offline store: columnar and compressed, half of the raw data each.
_PROCESSED: Final = 1.0
#: GB and objects that a training run leaves (data, model, reports), and objects that a monitoring job leaves.
_TRAINING_GB: Final = 0.05
_TRAINING_OBJECTS: Final = 40
_MONITOR_OBJECTS: Final = 2
_ACCESS_LOGS_GB: Final = 0.2
#: What else is written and read in a bucket, in requests a month.
_OTHER_REQUESTS: Final = 1_000
#: GB of an image, and of each further one in its repository: layers are kept once.
_IMAGE_GB: Final = 0.5
_NEXT_IMAGE_GB: Final = 0.05
_IMAGES_A_MONTH: Final = 4
#: Requests a month to a key: S3 asks once for many objects (bucket keys), queues and topics for each message.
_KEY_REQUESTS: Final = 10_000
#: TB a month that queries of people read.
_QUERIED_TB: Final = 0.01
_ADVANCED: Final = "Advanced"


def _bucket(resource: Resource, context: Context) -> Iterator[Charge]:
    """What has piled up by now, in the class of its age; and the requests that brought it."""
    name, puts = str(resource.inputs["bucket"]), 0.0
    stored: dict[str, float] = {}
    for prefix, gb, objects in _inflow(name, context):
        puts += objects
        for kind, kept in _kept(name, prefix, gb, context).items():
            stored[kind] = stored.get(kind, 0) + kept
    for kind, kept in stored.items():
        yield Charge("s3", _CLASSES.get(kind, kind), kept, traffic=True)
    yield Charge("s3", "PUT, COPY, POST, LIST", puts / 1_000, traffic=True)
    yield Charge("s3", "GET", 2 * puts / 1_000, traffic=True)


def _notification(resource: Resource, context: Context) -> Iterator[Charge]:
    """Events of S3 come to EventBridge for those who ask, at the price of custom ones (EventBridge pricing)."""
    if resource.inputs.get("eventbridge"):
        events = sum(objects for _, _, objects in _inflow(str(resource.inputs["bucket"]), context))
        yield Charge("events", "custom events", events / 1_000_000, traffic=True)


def _inflow(bucket: str, context: Context) -> Iterator[tuple[str, float, float]]:
    """Prefix, GB and objects of a month, by what a bucket is for (contracts/names.py)."""
    document, traffic = context
    delivered = document.workloads * traffic.delivered_rows * traffic.row_kb / KB_OF_GB
    if bucket.endswith("-raw-data"):
        yield "", delivered, _OTHER_REQUESTS
    elif bucket.endswith("-processed-data"):
        yield "", delivered * _PROCESSED, _OTHER_REQUESTS
        yield DATA_CAPTURE, *captured(document, traffic)
        yield ASYNCHRONOUS, *_queued(document, traffic)
    elif bucket.endswith("-artifacts"):
        trainings, monitors = training_runs(context), monitor_runs(context)
        objects = trainings * _TRAINING_OBJECTS + monitors * _MONITOR_OBJECTS
        yield "", trainings * _TRAINING_GB, _OTHER_REQUESTS + objects
    else:
        yield "", _ACCESS_LOGS_GB, _OTHER_REQUESTS


def _queued(document: Document, traffic: Traffic) -> tuple[float, float]:
    """GB and objects of asynchronous endpoints: each request is one, and so is its answer."""
    requests = traffic.served * sum("asyncInferenceConfig" in config.inputs for config in configurations(document))
    return requests * (traffic.request_kb + traffic.response_kb) / KB_OF_GB, 2 * requests


def _kept(bucket: str, prefix: str, gb: float, context: Context) -> dict[str, float]:
    """GB by storage class of what comes in evenly, given the bucket's lifecycle rules."""
    age = context.traffic.months * DAYS_A_MONTH
    moves = {0.0: "STANDARD"}
    for lifecycle in context.document.all(_LIFECYCLE, bucket=bucket):
        for rule in lifecycle.list("rules"):
            if rule["status"] != "Enabled" or not prefix.startswith((rule.get("filter") or {}).get("prefix") or ""):
                continue
            moves |= {float(move["days"]): move["storageClass"] for move in rule.get("transitions") or ()}
            age = min(age, (rule.get("expiration") or {}).get("days") or age)
    starts = sorted(day for day in moves if day < age)
    kept: dict[str, float] = {}
    for start, end in zip(starts, [*starts[1:], age], strict=True):
        kept[moves[start]] = kept.get(moves[start], 0) + gb * (end - start) / DAYS_A_MONTH
    return kept


def _repository(resource: Resource, context: Context) -> Iterator[Charge]:
    """As many images as its lifecycle policy keeps, once as many were pushed; one for each processor of a build."""
    policies = context.document.all("aws:ecr/lifecyclePolicy:LifecyclePolicy", repository=resource.inputs["name"])
    most = [
        rule["selection"]["countNumber"]
        for policy in policies
        for rule in json.loads(policy.inputs["policy"])["rules"]
        if rule["selection"]["countType"] == "imageCountMoreThan"
    ]
    ours = [image for image in IMAGES.values() if resource.inputs["name"].endswith(f"-{image.repository}")]
    together = max(len(ours), 1)
    images = min([context.traffic.months * _IMAGES_A_MONTH * together, *most])
    later = max(images - together, 0) * _NEXT_IMAGE_GB
    yield Charge("ecr", "storage", together * _IMAGE_GB + later, traffic=True)


def _key(resource: Resource, context: Context) -> Iterator[Charge]:
    """The first and the second rotation of a key add its price once more (AWS KMS pricing)."""
    rotations = min(max(context.traffic.months - 1, 0) // 12, 2) if resource.inputs.get("enableKeyRotation") else 0
    yield Charge("kms", "customer key", 1 + rotations)
    yield Charge("kms", "requests", _KEY_REQUESTS / 10_000, traffic=True)


def _parameter(resource: Resource, _: Context) -> Iterator[Charge]:
    """Standard parameters are free."""
    if resource.inputs.get("tier") == _ADVANCED:
        yield Charge("ssm", "advanced parameter", 1)


def _workgroup(_: Resource, __: Context) -> Iterator[Charge]:
    yield Charge("athena", "scanned", _QUERIED_TB, traffic=True)


RULES: Final[Mapping[str, Rule]] = {
    "aws:athena/workgroup:Workgroup": _workgroup,
    "aws:ecr/repository:Repository": _repository,
    "aws:kms/key:Key": _key,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketNotification:BucketNotification": _notification,
    "aws:ssm/parameter:Parameter": _parameter,
}

#: What costs nothing, or is counted with another resource.
FREE: Final = frozenset(
    {
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:glue/catalogDatabase:CatalogDatabase",
        "aws:glue/catalogTable:CatalogTable",  # the first million objects of the catalog are free
        "aws:glue/connection:Connection",
        "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings",
        "aws:glue/securityConfiguration:SecurityConfiguration",
        "aws:kms/alias:Alias",
        "aws:lakeformation/dataLakeSettings:DataLakeSettings",  # grants, tags and registered locations are free
        "aws:lakeformation/lfTag:LfTag",
        "aws:lakeformation/permissions:Permissions",
        "aws:lakeformation/resource:Resource",
        "aws:lakeformation/resourceLfTags:ResourceLfTags",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "aws:s3/bucketObjectv2:BucketObjectv2",  # kilobytes, which their bucket counts
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
    }
)
