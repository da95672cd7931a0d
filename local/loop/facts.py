"""What a run of the loop found, for its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.loop.traffic import Answers
from local.runtime import Deployment


@dataclass(kw_only=True)
class Facts:
    """Figures and files."""

    deployments: list[Deployment] = field(default_factory=list[Deployment])
    verdicts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    evaluations: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    latency: Answers | None = None
    drift: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    reports: dict[str, Path] = field(default_factory=dict[str, Path])
