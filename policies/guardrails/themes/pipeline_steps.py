"""What starts jobs and registers models: SageMaker pipelines, state machines and schedules, as policies walk them.

A SageMaker pipeline holds the API requests as its steps' Arguments (definition version 2020-12-01). A state machine
holds the same requests as Parameters or Arguments of its tasks (Step Functions Developer Guide, "Create and manage
Amazon SageMaker AI jobs"), where a key that ends in `.$` takes its value from the input. A schedule holds one, as the
input of a universal target (EventBridge Scheduler User Guide, "Using universal targets").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..finding import Findings, independently
from ..reading import UNKNOWN, Prop
from ..resource import Resource

PIPELINES = ("sagemaker/pipeline", "sfn/stateMachine", "scheduler/schedule")
_BRANCHES = ("IfSteps", "ElseSteps")
# The SageMaker calls of state machines and schedules, and the pipeline step of the same request.
_TASKS = {
    "createTrainingJob": "Training",
    "createProcessingJob": "Processing",
    "createHyperParameterTuningJob": "Tuning",
    "createModelPackage": "RegisterModel",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        name: its Name, or where it stands when that is not known yet; that of a schedule's job is the schedule's.
        kind: its Type, `Training`, `Processing`, `Condition` ...
        arguments: its Arguments; a reference such as {"Get": "Parameters.X"} counts as a value that is set.
        gated: whether it runs only in a branch of a condition; taken for granted outside of pipelines.
    """

    name: str
    kind: Prop
    arguments: Prop
    gated: bool

    @property
    def type(self) -> str:
        """Its Type; raises Undecided when that is not known yet."""
        return self.kind.text

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
    """Every step of a pipeline's inline definition or of a state machine, those in branches included, or a schedule's.

    A step that is not known yet is one of them; see `each_step`.

    Raises:
        Undecided: nothing of the definition is known yet.
        Malformed: it is no JSON.
    """
    if pipeline.type.endswith(":Schedule"):
        return list(_scheduled(pipeline))
    if pipeline.type.endswith(":StateMachine"):
        return list(_states(definition(pipeline)))
    return list(_walk(definition(pipeline), gated=False))


def each_step(pipeline: Resource, check: Callable[[Step], Findings]) -> Findings:
    """The findings of a check of every step; one that cannot be decided yet leaves the others judged."""
    yield from independently(*(check(step) for step in steps(pipeline)))


def definition(pipeline: Resource) -> Prop:
    """The parsed definition; raises like `steps`."""
    path = "definition" if pipeline.type.endswith(":StateMachine") else "pipelineDefinition"
    return Prop(pipeline, path, pipeline.prop(path).parsed())


def resolved(pipeline: Resource, prop: Prop) -> Prop:
    """A value of a definition, or the default of the parameter that it refers to: {"Get": "Parameters.X"}."""
    found = parameter(pipeline, prop)
    if found is None or found.unknown:
        return found or prop
    return found.prop("DefaultValue")


def parameter(pipeline: Resource, prop: Prop) -> Prop | None:
    """The parameter that a value of a definition refers to, or what is not known yet and may name it."""
    reference = cast(Mapping[str, Any], prop.raw).get("Get", "") if isinstance(prop.raw, Mapping) else ""
    if reference is UNKNOWN:
        return prop.prop("Get")
    name = str(reference).removeprefix("Parameters.")
    parameters = definition(pipeline).props("Parameters[]") if reference else []
    found = (each for each in parameters if each.prop("Name").raw == name)
    unnamed = (each.prop("Name") for each in parameters if each.prop("Name").unknown)
    return next(found, next(unnamed, None))


def _walk(parent: Prop, *, gated: bool, key: str = "Steps") -> Iterator[Step]:
    for prop in parent.props(f"{key}[]"):
        step = Step(_name(prop), prop.prop("Type"), prop.prop("Arguments"), gated)
        yield step
        if step.arguments.unknown and step.kind.raw == "Condition":
            # Whatever its branches hold.
            yield Step(f"{step.name}.Arguments", step.arguments, step.arguments, gated=True)
        for branch in _BRANCHES if not step.arguments.unknown else ():
            yield from _walk(step.arguments, gated=True, key=branch)


def _name(step: Prop) -> str:
    name = step.prop("Name")
    return step.path if name.unknown else name.text


def _scheduled(schedule: Resource) -> Iterator[Step]:
    arn = schedule.prop("target.arn")
    kind = _TASKS.get(arn.text.rpartition(":aws-sdk:sagemaker:")[2])
    if kind:
        request = Prop(schedule, "target.input", schedule.prop("target.input").parsed())
        yield Step(schedule.name, Prop(schedule, arn.path, kind), request, gated=True)


def _states(machine: Prop) -> Iterator[Step]:
    for name, state in machine.prop("States").entries():
        if state.unknown:
            yield Step(name, state, state, gated=True)
            continue
        resource = state.prop("Resource")
        call = "" if resource.unknown else resource.text.rpartition("sagemaker:")[2].partition(".")[0]
        if resource.unknown or call in _TASKS:
            request = state.prop("Arguments" if state.prop("Parameters").missing else "Parameters")
            kind = resource if resource.unknown else Prop(resource.owner, resource.path, _TASKS[call])
            yield Step(name, kind, Prop(request.owner, request.path, _without_paths(request.raw)), gated=True)
        for branch in (*state.props("Branches[]"), state.prop("ItemProcessor"), state.prop("Iterator")):
            if not branch.missing:
                yield from _states(branch)


def _without_paths(value: Any) -> Any:
    """A request whose keys are plain: `VolumeKmsKeyId.$` is set, to a value of the execution."""
    if isinstance(value, Mapping):
        mapping = cast(Mapping[str, Any], value)
        return {key.removesuffix(".$"): _without_paths(item) for key, item in mapping.items()}
    if isinstance(value, list):
        return [_without_paths(item) for item in cast(list[Any], value)]
    return value
