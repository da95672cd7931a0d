"""Many small files: the verdicts of all that is new are read, several at a time."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

from workloads.retraining.new_data import _AT_ONCE, new_data


class Ledger:
    """S3 whose answers wait until as many are asked for as may be at once; one that nobody joins breaks the wait."""

    def __init__(self, verdicts: dict[str, int]) -> None:
        self.verdicts, self.meeting = verdicts, threading.Barrier(_AT_ONCE, timeout=60)

    def get_object(self, **of: str) -> dict[str, Any]:
        self.meeting.wait()
        accepted = self.verdicts[of["Key"].removeprefix("ledger/churn/").removesuffix(".json")]
        return {"Body": io.BytesIO(json.dumps({"accepted": accepted}).encode())}


def test_the_verdicts_of_new_objects_are_read_ten_at_a_time_and_each_counts() -> None:
    verdicts = {f"{number:064x}": number for number in range(20 * _AT_ONCE)}
    accepted = [f"accepted/churn/{name}.parquet" for name in verdicts]
    found = new_data(Ledger(verdicts), accepted, [], ledger="s3://processed/ledger/churn/", runs_uri="s3://a/runs/")
    assert (found.rows, found.shift) == (sum(verdicts.values()), None)
