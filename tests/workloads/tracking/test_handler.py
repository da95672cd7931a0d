from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.workloads.tracking.conftest import ARN, Faulty
from tests.workloads.tracking.files import BUCKET, EVALUATED, report
from workloads.tracking.handler import track
from workloads.tracking.server import TrackingServer

EVENT = {"bucket": {"name": BUCKET}, "object": {"key": EVALUATED, "size": 10}}


class Bucket:
    """S3 with one object."""

    def get_object(self, **asked: str) -> dict[str, Any]:
        assert asked == {"Bucket": BUCKET, "Key": EVALUATED}
        return {"Body": io.BytesIO(report()), "LastModified": datetime(2026, 11, 30, tzinfo=UTC)}


@pytest.mark.parametrize("event", [EVENT, {"source": "aws.s3", "detail": EVENT}], ids=["detail", "letter"])
def test_an_object_is_logged_with_its_own_time(faulty: Faulty, event: dict[str, Any], experiment: str) -> None:
    server = TrackingServer(ARN)
    said = track(event, environment={"EXPERIMENT": experiment}, s3=Bucket(), server=server)
    assert said == {"action": "logged", "run": said["run"], "key": EVALUATED}
    info = server._get("runs/get", {"run_id": said["run"]})["run"]["info"]
    assert (info["status"], info["end_time"]) == ("FINISHED", 1_795_996_800_000)
    named = server._get("experiments/get-by-name", {"experiment_name": experiment})["experiment"]
    assert named["experiment_id"] == info["experiment_id"]
    assert faulty.asked.count("runs/create") == 1
