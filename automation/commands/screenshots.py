"""`python -m automation.commands.screenshots`: the pictures of docs/automation.md.

The status is of a stack that is made up, the cost that of prod.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Final

from rich.console import Console, RenderableType
from rich.text import Text

from automation.commands.screen import rendered
from automation.cost import Document, estimate
from automation.cost.text import by_component
from automation.operations.status import Alarm, Drift, EndpointStatus, Run, Status
from automation.operations.verification import Verdict
from automation.stacks import local
from contracts.prices import REFERENCE
from contracts.release import Release
from contracts.release import Status as ReleaseStatus

PROJECT: Final = Path(__file__).parents[2]
IMAGES: Final = PROJECT / "docs" / "images"
_GROUP: Final = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-prod"


def status() -> str:
    """status.svg."""
    return svg("python -m automation status --stack prod", rendered(_status()))


def cost(prod: Document) -> str:
    """cost.svg, of prod in the region that the documentation has its prices of."""
    return svg("python -m automation cost --stack prod", Text(by_component(estimate(prod))))


def svg(title: str, shown: RenderableType) -> str:
    """What a terminal of 110 columns shows. The fonts are the reader's own: a picture loads nothing from elsewhere."""
    console = Console(record=True, width=110, file=io.StringIO(), color_system="truecolor")
    console.print(shown)
    drawn = console.export_svg(title=title, unique_id="terminal")
    return re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")


def _status() -> Status:
    release = Release(
        champion=f"{_GROUP}/7",
        challenger=f"{_GROUP}/8",
        challenger_percent=10,
        status=ReleaseStatus.LIVE,
        who="assumed-role/mlops/ana",
        why="A/B test",
        when="2026-11-28T09:12:00+00:00",
    )
    verdict = Verdict(
        workload="churn",
        endpoint="live",
        name="churn-prod-live",
        wanted=release.id,
        live=release.id,
        status="InService",
    )
    endpoint = EndpointStatus(
        verdict=verdict,
        instances={"champion": 3, "challenger": 1},
        weights={"champion": 90.0, "challenger": 10.0},
        release=release,
        drift=Drift(score=0.231, when="2026-11-28T11:00:00+00:00"),
    )
    alarm = Alarm(
        name="churn-prod-live-drift",
        since="2026-11-28T11:00:00+00:00",
        reason="Threshold Crossed: 1 datapoint was greater than the threshold (0.15).",
    )
    runs = [
        Run(workload="churn", name="by-alarm-20261128-1100", status="Executing", started="2026-11-28T11:00:41+00:00"),
        Run(workload="churn", name="by-hand-20261127-0905", status="Succeeded", started="2026-11-27T09:05:12+00:00"),
    ]
    return Status(
        stack="prod",
        account="123456789012",
        region="eu-west-1",
        endpoints=[endpoint],
        alarms=[alarm],
        quiet=11,
        runs=runs,
        models={
            "churn": {
                "Development/PendingApproval": [9],
                "Production/Approved": [8, 7],
                "Production/OnHold": [5],
                "Archived/Retired": [6, 4, 3, 2, 1],
            }
        },
        waiting=[f"{_GROUP}/9"],
    )


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    synthesised = Document.of(local.synth("prod", PROJECT, config=[f"aws:region={REFERENCE}"]))
    for name, drawn in {"status.svg": status(), "cost.svg": cost(synthesised)}.items():
        (IMAGES / name).write_text(drawn, encoding="utf-8")
