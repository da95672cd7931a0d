"""Section `workloads.<name>`: one contract, its features, monitors, retraining and endpoints."""

from __future__ import annotations

from pydantic import Field

from settings.endpoints import Endpoint, Realtime
from settings.features import Features
from settings.monitoring import Monitoring
from settings.retraining import Retraining
from settings.section import Section
from settings.tags import MAX_TAGS, Tags


class Workload(Section):
    """One workload. Its name is its key; what it leaves out of the shared sections is the stack's."""

    contract: str = Field(min_length=1, examples=["contracts/churn.yaml"])
    """Path of the data contract, relative to the project."""
    tags: Tags = Field(default={}, max_length=MAX_TAGS)
    """Tags of the workload's resources, beside those of the stack."""
    features: Features = Features()
    """The feature store, where it differs from the stack's."""
    monitoring: Monitoring = Monitoring()
    """The monitors, where they differ from the stack's."""
    retraining: Retraining = Retraining()
    """Automatic retraining, where it differs from the stack's."""
    endpoints: dict[str, Endpoint] = Field(default_factory=lambda: {"live": Realtime()}, min_length=1)
    """The endpoints by name: a-z and 0-9, without hyphens."""


def churn() -> dict[str, Workload]:
    """What a stack has that names no workloads."""
    return {"churn": Workload(contract="contracts/churn.yaml", endpoints={"live": Realtime(kind="realtime")})}
