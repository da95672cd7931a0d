"""A batch endpoint as the release sees it (`live.Host`): a schedule, which names the model that its jobs score with.

What it starts jobs with is what serves. Its models are called `<endpoint>-<release id>-<hash of the content>`, as the
configurations of other endpoints are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from contracts.release.live import Configured, Deployed, Live, Started, release_of
from contracts.release.record import CHAMPION

#: What the schedule is called after its endpoint, and before its id each of its jobs.
BATCH: Final = "batch"


@dataclass(frozen=True)
class Schedule:
    """`scheduler` and `sagemaker` are clients of boto3."""

    endpoint: str
    scheduler: Any
    sagemaker: Any

    def observe(self) -> Live | None:
        """What GetSchedule says; None when there is no such schedule."""
        try:
            found = self.scheduler.get_schedule(Name=f"{self.endpoint}-{BATCH}")
        except self.scheduler.exceptions.ResourceNotFoundException:
            return None
        model = json.loads(found["Target"]["Input"])["ModelName"]
        return Live(
            endpoint=self.endpoint,
            status="InService",
            config=model,
            release=release_of(self.endpoint, model),
            counts={},
            weights={CHAMPION: 100.0},
            changed=found["LastModificationDate"],
            failure="",
            guarded=False,
            scheduled=True,
        )

    def configuration(self, release: str) -> str | None:
        """The model, where the schedule runs the release: it is never turned back, so no other was given it."""
        live = self.observe()
        return live.config if live and live.release == release else None

    def configured(self, live: Live) -> dict[str, Configured]:
        """The one model, as a variant that takes everything."""
        model = self.sagemaker.describe_model(ModelName=live.config)
        package = model["PrimaryContainer"].get("ModelPackageName")
        return {CHAMPION: Configured(package=package, weight=100.0, instances=None)}

    def started(self, config: str) -> dict[str, Started]:
        """Nothing: each run says its own number."""
        del config
        return {}

    def deployed(self) -> dict[str, Deployed]:
        """Between two runs nothing is there."""
        return {CHAMPION: Deployed(instances=None, desired=None, image="")}

    def guards(self) -> list[str]:
        """No alarm turns it back."""
        return []

    def move(self, config: str, live: Live, unguarded: Callable[[str], None]) -> bool:
        """Never: nobody waits for an answer, so the record is enough until the next `pulumi up`."""
        raise NotImplementedError(f"{live.endpoint} is a schedule: its record is rewritten, and `pulumi up` moves it")
