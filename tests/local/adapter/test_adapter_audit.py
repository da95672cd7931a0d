"""Trails on a real moto."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.adapter import Adapter

TRAIL = "aws:cloudtrail/trail:Trail"
ARN = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/audit"
SELECTORS = [{"name": "all", "fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}]}]
INPUTS = {
    "name": "audit",
    "s3BucketName": "files",
    "enableLogFileValidation": True,
    "isMultiRegionTrail": True,
    "advancedEventSelectors": SELECTORS,
    "tags": {"a": "b"},
}


def test_a_trail_records_what_it_is_told_to_until_it_is_stopped_or_deleted(
    adapter: Adapter, aws: Callable[[str], Any], calls: list[str]
) -> None:
    adapter.create("aws:s3/bucket:Bucket", "files", {"bucket": "files"})
    calls.clear()
    trail = adapter.create(TRAIL, "audit", INPUTS)
    assert calls == ["CreateTrail", "PutEventSelectors", "StartLogging"]
    assert (trail.id, trail.outputs["arn"], trail.outputs["homeRegion"]) == (ARN, ARN, "eu-west-1")
    cloudtrail = aws("cloudtrail")
    assert cloudtrail.get_trail_status(Name="audit")["IsLogging"]
    assert cloudtrail.get_event_selectors(TrailName="audit")["AdvancedEventSelectors"] == [
        {"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
    ]

    stopped = {**INPUTS, "enableLogging": False, "tags": {"c": "d"}}
    calls.clear()
    updated = adapter.update(TRAIL, trail.id, INPUTS, stopped, trail.outputs)
    assert calls == ["StopLogging", "RemoveTags", "AddTags"]
    assert not cloudtrail.get_trail_status(Name="audit")["IsLogging"]
    (tags,) = cloudtrail.list_tags(ResourceIdList=[ARN])["ResourceTagList"]
    assert tags["TagsList"] == [{"Key": "c", "Value": "d"}]

    adapter.delete(TRAIL, trail.id, stopped, updated.outputs)
    assert cloudtrail.list_trails()["Trails"] == []
