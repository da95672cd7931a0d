"""The steps of a SageMaker pipeline definition (schema version 2020-12-01), as policies walk them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..reading import Prop
from ..resource import Resource

_BRANCHES = ("IfSteps", "ElseSteps")


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: its Name.
        type: its Type, `Training`, `Processing`, `Condition` ...
        arguments: its Arguments; a reference such as {"Get": "Parameters.X"} counts as a value that is set.
        gated: whether it runs only in a branch of a condition.
    """

    name: str
    type: str
    arguments: Prop
    gated: bool

    @property
    def job(self) -> Prop:
        """The request of the job it starts; a tuning step holds that of its training jobs."""
        return self.arguments.prop("TrainingJobDefinition") if self.type == "Tuning" else self.arguments

    @property
    def cluster(self) -> Prop:
        """Where the instances of its job are described."""
        if self.type == "Tuning" and not self.job.prop("HyperParameterTuningResourceConfig").missing:
            return self.job.prop("HyperParameterTuningResourceConfig")
        return self.job.prop("ResourceConfig" if self.trains else "ProcessingResources.ClusterConfig")

    @property
    def network(self) -> Prop:
        """Where network isolation, VPC and traffic encryption of its job stand."""
        return self.job if self.trains else self.job.prop("NetworkConfig")

    @property
    def output(self) -> Prop:
        """Where the output of its job is described."""
        return self.job.prop("OutputDataConfig" if self.trains else "ProcessingOutputConfig")

    @property
    def trains(self) -> bool:
        """Whether its job is a training job rather than a processing job."""
        return self.type in ("Training", "Tuning")


def steps(pipeline: Resource) -> list[Step]:
    """Every step of the pipeline's inline definition, those in branches included.

    Raises:
        Undecided: the definition is not known yet.
        Malformed: it is no JSON.
    """
    return list(_walk(definition(pipeline), gated=False))


def definition(pipeline: Resource) -> Prop:
    """The parsed definition; raises like `steps`."""
    text = pipeline.prop("pipelineDefinition")
    return Prop(pipeline, "pipelineDefinition", text.parsed())


def _walk(parent: Prop, *, gated: bool, key: str = "Steps") -> Iterator[Step]:
    for prop in parent.props(f"{key}[]"):
        step = Step(prop.prop("Name").text, prop.prop("Type").text, prop.prop("Arguments"), gated)
        yield step
        for branch in _BRANCHES:
            yield from _walk(step.arguments, gated=True, key=branch)
