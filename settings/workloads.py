"""Section `workloads.<name>`: one contract, its features, monitors, retraining and endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from contracts.advice import judge, targets
from contracts.instances import gpus
from contracts.kinds import KINDS
from contracts.kinds.kind import Host
from settings.catalog import Catalog
from settings.endpoints import Endpoint, Realtime
from settings.faults import Fault
from settings.features import Features
from settings.ingestion import Ingestion
from settings.monitoring import Monitoring
from settings.retraining import Retraining
from settings.section import Section, told
from settings.sources import HttpSource
from settings.tags import MAX_TAGS, Tags
from settings.training import Training
from settings.tuning import Tuning


class Workload(Section):
    """One workload. Its name is its key; what it leaves out of the shared sections is the stack's."""

    contract: str = Field(min_length=1, examples=["contracts/churn.yaml"])
    """Path of the data contract, relative to the project."""
    tags: Tags = Field(default={}, max_length=MAX_TAGS)
    """Tags of the workload's resources, beside those of the stack."""
    catalog: Catalog = Catalog()
    """What SQL finds of the data, where it differs from the stack's."""
    features: Features = Features()
    """The feature store, where it differs from the stack's."""
    ingestion: Ingestion = Ingestion()
    """What judges delivered objects, where it differs from the stack's."""
    monitoring: Monitoring = Monitoring()
    """The monitors, where they differ from the stack's."""
    retraining: Retraining = Retraining()
    """Automatic retraining, where it differs from the stack's."""
    orchestrator: Literal["sagemaker-pipelines", "step-functions"] = Field(
        default="sagemaker-pipelines",
        json_schema_extra=told(
            cost="the same jobs; a state machine needs an interface endpoint of `states`, and a run of it costs less "
            "than a hundredth of a USD in transitions",
            risk="a state machine caches no step, goes on from none, and keeps its runs for 90 days",
        ),
    )
    """What runs the steps of training: a pipeline of SageMaker, or a state machine of Step Functions."""
    training: Training = Training()
    """What the training jobs run on."""
    tuning: Tuning | None = None
    """A pipeline that searches hyper-parameters, beside the one that trains; `{}` for one with all defaults."""
    endpoints: dict[str, Endpoint] = Field(default_factory=lambda: {"live": Realtime()}, min_length=1)
    """The endpoints by name: a-z and 0-9, without hyphens."""
    sources: dict[str, HttpSource] = Field(default={})
    """APIs elsewhere whose rows are pulled on a schedule, by name: a-z and 0-9, up to 10, from a letter."""
    champion: str | None = Field(default=None, examples=["live"])
    """Name of the endpoint whose live model a new one must not lose to; with one endpoint that one."""

    @property
    def champion_endpoint(self) -> str:
        """The endpoint whose live model is the champion."""
        return self.champion or next(iter(self.endpoints))

    @property
    def joined(self) -> bool:
        """Whether training sets are joined with the offline store."""
        return self.features.training_set == "offline_store"

    @property
    def by_machine(self) -> bool:
        """Whether Step Functions trains."""
        return self.orchestrator == "step-functions"

    @property
    def elsewhere(self) -> dict[str, Host]:
        """The endpoints whose releases are no configurations of SageMaker's variants, by name: what runs them."""
        kinds = {name: KINDS[its.kind] for name, its in self.endpoints.items()}
        return {name: kind.host for name, kind in kinds.items() if kind.host != "sagemaker"}

    def faults(self) -> Iterator[Fault]:
        """A champion that is no endpoint, several and none named, a kind that cannot do what is asked of it."""
        if self.champion is not None and self.champion not in self.endpoints:
            yield Fault("champion", self.champion, ", ".join(self.endpoints), "name one of the workload's endpoints")
        if self.champion is None and len(self.endpoints) > 1:
            advice = "say which endpoint's live model the gate compares a new one with"
            yield Fault("champion", "nothing", ", ".join(self.endpoints), advice)
        if self.training.hosts > 1 and (on_gpu := [each for each in self._trained_on() if gpus(each)]):
            allowed = f"1 with jobs on {on_gpu[0]}"
            yield Fault("training.hosts", self.training.hosts, allowed, "a job learns on one host's GPU")
        for name, endpoint in self.endpoints.items():
            yield from (f._replace(path=f"endpoints.{name}.{f.path}") for f in _needs_faults(endpoint))

    def _trained_on(self) -> tuple[str, ...]:
        return (self.training.instance_type, *((self.tuning.instance_type,) if self.tuning else ()))

    def shared_faults(self) -> Iterator[Fault]:
        """What does not go together once the stack's sections are the workload's: two that make data sets, monitors
        that cannot see an endpoint."""
        if self.joined and self.ingestion.glue:
            advice = "a set that is joined is made by the training job, on one machine; drop one of the two"
            yield Fault("ingestion.glue", "a Spark job", "nothing with features.training_set: offline_store", advice)
        unseen = [name for name, its in self.endpoints.items() if not KINDS[its.kind].captures]
        if unseen and self.monitoring.engine == "sagemaker":
            advice = f"SageMaker captures nothing of {', '.join(unseen)}, so its monitor cannot run there"
            yield Fault("monitoring.engine", self.monitoring.engine, "platform", advice)


def _needs_faults(endpoint: Endpoint) -> Iterator[Fault]:
    """Needs that an endpoint cannot meet: by what its kind is able to do, or else by its own settings, which may be
    changed.
    """
    kind = targets()[endpoint.kind]
    refused = {
        (finding.need, finding.reason): (finding, target)
        for target in (kind.within(endpoint.limits), kind)  # what no setting can change is told as that
        for finding in judge(target, endpoint.needs)
        if finding.effect == "refuses"
    }
    for (need, _), (finding, target) in refused.items():
        change = f"change {target.own[need]} or " if need in target.own else ""
        advice = f"of kind {endpoint.kind} {finding.reason} ({finding.source}); {change}choose another kind"
        yield Fault(f"needs.{need}", finding.found, finding.allowed, advice)


def churn() -> dict[str, Workload]:
    """What a stack has that names no workloads."""
    return {"churn": Workload(contract="contracts/churn.yaml", endpoints={"live": Realtime(kind="realtime")})}
