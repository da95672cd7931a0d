"""The whole config of a stack; each field is the config key `ml-platform:<name>`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, ValidationInfo, model_validator

from settings.access import Access
from settings.audit import Audit
from settings.catalog import Catalog
from settings.codepipeline import CodePipeline
from settings.cost import Cost
from settings.delivery import Delivery
from settings.endpoints import AnyKind
from settings.faults import Fault, SectionError, once
from settings.features import Features
from settings.images import Images
from settings.ingestion import Ingestion
from settings.keys import Keys
from settings.lake import Lake
from settings.lake_formation import LakeFormation
from settings.logs import Logs
from settings.monitoring import Monitoring
from settings.network import Network
from settings.notifications import Notifications
from settings.registry import Registry
from settings.retraining import Retraining
from settings.schedules import Timezone
from settings.section import FIELDS_ALONE, Section, told
from settings.tags import MAX_ENDPOINT_TAGS, MAX_TAGS, Tags, overlaid, tag_faults
from settings.workloads import Workload, churn

#: Sections of the stack that a workload may have its own values for.
SHARED = ("catalog", "features", "ingestion", "monitoring", "retraining")


class Settings(Section):
    """Everything a stack may configure.

    The sections of its workloads are the effective ones: the stack's values, and the workload's own in their place.
    Tags likewise, for workloads and endpoints.
    """

    stack: str = Field(default="", pattern=r"^[a-z0-9-]+$", examples=["prod"])
    """The stack's own name once more: a stack that was renamed, or a copy of another's file, is noticed by it."""
    workloads: dict[str, Workload] = Field(default_factory=churn, min_length=1)
    """The workloads by name: a-z and 0-9, with single hyphens in between. The name is part of every resource's name."""
    protect: bool = Field(
        default=False,
        json_schema_extra=told(
            risk="`false` lets `pulumi destroy` delete the keys of the data, which nobody can read 30 days later"
        ),
    )
    """Whether endpoints and what holds data refuse deletion."""
    require_policies: bool = Field(
        default=True,
        json_schema_extra=told(risk="`false` lets a bare `pulumi up` run unjudged"),
    )
    """Whether a stack with `protect` runs only where the environment has the policy pack judge it. Say false where a
    Pulumi organisation enforces the pack, which the program cannot see."""
    backend: str = Field(default="", pattern=r"^$|^(s3|gs|azblob|file|https)://\S+$", examples=["s3://state-bucket"])
    """Where Pulumi keeps the stack's state, such as https://api.pulumi.com. `.envrc` and `python -m automation` go
    there, whatever the shell says; without it, to where `pulumi login` or PULUMI_BACKEND_URL say."""
    tags: Tags = Field(default={}, max_length=MAX_TAGS)
    """Tags of every resource, beside Project, Environment and ManagedBy. The policy pack says which are required."""
    timezone: Timezone = "UTC"
    """The zone of the clock by which endpoints scale and batches start; an endpoint or a schedule may differ."""
    network: Network = Network()
    """Where the workloads run."""
    keys: Keys = Keys()
    """The keys that encrypt."""
    access: Access = Access()
    """Identity and access management."""
    delivery: Delivery = Delivery()
    """Who previews and deploys the stack from outside."""
    lake: Lake = Lake()
    """The buckets."""
    lake_formation: LakeFormation = LakeFormation()
    """Who reads which columns, where Lake Formation decides it; an account has one in a region."""
    audit: Audit = Audit()
    """The record of who did what."""
    images: Images = Images()
    """The container registry."""
    registry: Registry = Registry()
    """Models on their way from one stack to another."""
    logs: Logs = Logs()
    """Log groups."""
    notifications: Notifications = Notifications()
    """Who is told."""
    cost: Cost = Cost()
    """What the stack may cost."""
    catalog: Catalog = Catalog()
    """What SQL finds of the data; a workload may differ."""
    features: Features = Features()
    """The feature store; a workload may differ."""
    ingestion: Ingestion = Ingestion()
    """What judges delivered objects; a workload may differ."""
    monitoring: Monitoring = Monitoring()
    """The monitors; a workload may differ."""
    retraining: Retraining = Retraining()
    """Automatic retraining; a workload may differ."""

    def faults(self) -> Iterator[Fault]:
        """Tags, of the stack and as they add up below it; a pipeline that this stack cannot have."""
        yield from tag_faults(self.tags)
        if self.stack and (source := self.registry.source) and source.stack == self.stack:
            advice = "name the stack that models come from, or drop it"
            yield Fault("registry.source.stack", source.stack, "another stack", advice)
        yield from self._state_faults()
        if self.lake_formation.guards and not (
            self.catalog.tables or any(w.catalog.tables for w in self.workloads.values())
        ):
            yield Fault("lake_formation", "no tables", "catalog.tables: true", "Lake Formation guards tables alone")
        if not self.network.leads_out:
            for path in (f"workloads.{n}.sources.{s}" for n, w in self.workloads.items() for s in w.sources):
                allowed = "nothing, or a source with network.create.nat or network.existing.security_group_id"
                yield Fault(path, "a source", allowed, "give the network a way out, or have the source deliver to S3")
        if self.delivery.codepipeline:
            yield from self._pipeline_faults(self.delivery.codepipeline)
        for name, workload in self.workloads.items():
            path = f"workloads.{name}"
            tags = overlaid(self.tags, workload.tags)
            yield from _tags_added(path, tags, workload.tags, MAX_TAGS)
            for key, endpoint in workload.endpoints.items():
                added = overlaid(tags, endpoint.tags)
                yield from _tags_added(f"{path}.endpoints.{key}", added, endpoint.tags, MAX_ENDPOINT_TAGS)

    def _state_faults(self) -> Iterator[Fault]:
        """A bucket of the state that is not the one where the state is."""
        bucket, scheme = self.delivery.state_bucket, "s3://"
        if bucket and self.backend and self.backend.partition("?")[0].rstrip("/") != f"{scheme}{bucket}":
            advice = "the roles of delivery read the state there: name the backend's bucket, or drop one of the two"
            yield Fault("delivery.state_bucket", bucket, f"the bucket of backend {self.backend}", advice)

    def _pipeline_faults(self, pipeline: CodePipeline) -> Iterator[Fault]:
        path = "delivery.codepipeline"
        if self.stack and pipeline.production.stack == self.stack:
            advice = "declare the pipeline in the stack that is deployed before it, such as staging"
            yield Fault(f"{path}.production.stack", self.stack, "another stack than this one", advice)
        if pipeline.inside_vpc and not self.network.existing and self.network.created.nat == "none":
            allowed = "false, or true with network.create.nat or network.existing"
            yield Fault(f"{path}.inside_vpc", True, allowed, "leave builds outside, or give the network a way out")

    def hand_down(self) -> Iterator[Fault]:
        """Put the effective values into the sections of the workloads, and tell what does not go together then."""
        for name, workload in self.workloads.items():
            self.workloads[name] = effective = self._effective(workload)
            for section in SHARED:
                of_stack = {f: f"{section}.{f.path}" for f in getattr(self, section).faults()}
                for f in getattr(effective, section).faults():
                    yield f._replace(path=of_stack.get(f, f"workloads.{name}.{section}.{f.path}"))
            yield from (f._replace(path=f"workloads.{name}.{f.path}") for f in effective.shared_faults())
            for key, endpoint in effective.endpoints.items():
                for f in _in_the_stacks_zone(workload.endpoints[key], endpoint):
                    yield f._replace(path=f"workloads.{name}.endpoints.{key}.autoscaling.{f.path}")

    @model_validator(mode="after")
    def _refuse_handed_down(self, info: ValidationInfo) -> Self:
        if info.context != FIELDS_ALONE and (found := once(self.hand_down())):
            raise SectionError(tuple(found))
        return self

    def _effective(self, workload: Workload) -> Workload:
        changed: dict[str, Any] = {"tags": overlaid(self.tags, workload.tags)}
        for section in SHARED:
            changed[section] = getattr(self, section).overridden(getattr(workload, section))
        changed["endpoints"] = {
            key: endpoint.model_copy(
                update={"tags": overlaid(changed["tags"], endpoint.tags), **endpoint.in_zone(self.timezone)}
            )
            for key, endpoint in workload.endpoints.items()
        }
        changed["sources"] = {
            key: source.model_copy(update={"timezone": source.timezone or self.timezone})
            for key, source in workload.sources.items()
        }
        return workload.model_copy(update=changed)


def _in_the_stacks_zone(written: AnyKind, effective: AnyKind) -> Iterator[Fault]:
    """Faults of schedules that meet once those without a zone of their own read the stack's clock."""
    own, handed = (getattr(each, "autoscaling", None) for each in (written, effective))
    if own is not None and handed is not None:
        known = [*own.faults()]
        yield from (f for f in handed.faults() if f not in known)


def _tags_added(path: str, tags: Tags, own: Tags, most: int) -> Iterator[Fault]:
    """Faults that a level's own tags bring, alone or beside those of the levels above."""
    if not own:
        return
    yield from tag_faults(tags, f"{path}.tags")
    if len(tags) > most:
        yield Fault(f"{path}.tags", sorted(tags), f"at most {most} with those of the levels above", "remove some")
