"""`{kind: fargate}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from contracts.architectures import X86_64, Architecture
from contracts.prices import price
from settings.endpoints.common import AnyKind, RequestAlarms, RollbackAlarm, overrun
from settings.faults import Fault, repeated
from settings.network import SecurityGroupId
from settings.rollouts import AllAtOnce, Canary, Linear, unwatched
from settings.schedules import Schedule, Timezone, crossed, highest, in_zone, meeting, too_many
from settings.section import Section, told

CertificateArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]+$",
        examples=["arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"],
    ),
]
_GB: Final = 1024
#: CPU units -> memory in MB (Amazon ECS developer guide, "Amazon ECS task definition parameters for Fargate", size of a
#: task; read 2026-11-29).
SIZES: Final[Mapping[int, Sequence[int]]] = {
    256: (512, _GB, 2 * _GB),
    512: range(_GB, 5 * _GB, _GB),
    1024: range(2 * _GB, 9 * _GB, _GB),
    2048: range(4 * _GB, 17 * _GB, _GB),
    4096: range(8 * _GB, 31 * _GB, _GB),
    8192: range(16 * _GB, 61 * _GB, 4 * _GB),
    16384: range(32 * _GB, 121 * _GB, 8 * _GB),
}
_SIZES: Final = "Amazon ECS developer guide, task definition parameters for Fargate, read 2026-11-29"
_TASK_USD: Final = 730 * (price("ecs", "fargate vCPU x86").usd + 2 * price("ecs", "fargate memory x86").usd)


class TaskSchedule(Schedule):
    """New limits of the tasks: `at` a time of every day, of `weekdays` or of a `day_of_month`; `once`; or by `cron`."""

    minimum: int = Field(ge=2, le=100)
    """Fewest tasks from then on: in two zones."""
    maximum: int = Field(ge=2, le=100)
    """Most tasks from then on."""


class TaskScaling(Section):
    """Target tracking on the tasks' CPU, and limits by the clock."""

    enabled: bool = Field(default=True, json_schema_extra=told(risk="`false` leaves the number of tasks to people"))
    """Whether the number of tasks follows the load."""
    minimum: int = Field(default=2, ge=2, le=100)
    """Fewest tasks: in two zones."""
    maximum: int = Field(default=10, ge=2, le=100, json_schema_extra=told(cost="the bound of what the load may cost"))
    """Most tasks, until a schedule says otherwise."""
    cpu_percent: int = Field(default=60, ge=10, le=90)
    """CPU of the tasks in percent, on average, to hold."""
    scale_out_cooldown_seconds: int = Field(default=60, ge=0, le=3600)
    """Pause after a scale-out."""
    scale_in_cooldown_seconds: int = Field(default=300, ge=0, le=3600)
    """Pause after a scale-in."""
    timezone: Timezone | None = None
    """The zone of the schedules' clock, where it is not the stack's."""
    schedules: tuple[TaskSchedule, ...] = ()
    """Limits by the clock."""

    @property
    def most(self) -> int | None:
        """Most tasks at any time, the schedules' limits included; None where people alone decide that."""
        return highest(self) if self.enabled else None

    def faults(self) -> Iterator[Fault]:
        """Limits that cross, and schedules that meet."""
        yield from crossed(self)
        yield from meeting(self)


class Fargate(AnyKind):
    """Tasks of ECS on Fargate behind an internal load balancer, which clients in the network ask by HTTPS.

    Releases take over blue/green, watched by alarms. One release serves: ECS has no shares of traffic that stay, and
    no copies of requests.
    """

    kind: Literal["fargate"]
    """The kind of endpoint."""
    certificate_arn: CertificateArn
    """Certificate of the load balancer, in ACM and in the stack's region: its name is the one that clients ask."""
    client_security_groups: tuple[SecurityGroupId, ...] = Field(
        min_length=1, max_length=20, json_schema_extra=told(risk="whoever is in one of them may ask the endpoint")
    )
    """Security groups of the clients, in the stack's VPC or one that is peered with it."""
    cpu: Literal[256, 512, 1024, 2048, 4096, 8192, 16384] = Field(
        default=1024,
        json_schema_extra=told(
            cost=f"a task of 1024 with 2048 MB {_TASK_USD:.0f} USD a month; arm64 a fifth less", source=_SIZES
        ),
    )
    """CPU units of a task: 1024 are one processor."""
    memory_mb: int = Field(default=2048, ge=512, le=122_880, json_schema_extra=told(source=_SIZES))
    """Memory of a task in MB."""
    architecture: Architecture = X86_64
    """Processor of the tasks; arm64 is Graviton, for which its packages need an image, which is checked."""
    task_count: int = Field(
        default=2,
        ge=2,
        le=100,
        json_schema_extra=told(cost="as many times the task; twice as many while a release rolls out"),
    )
    """Tasks at the first deployment, spread over the zones; later autoscaling sets the number."""
    spot_percent: int = Field(
        default=0,
        ge=0,
        le=100,
        json_schema_extra=told(
            cost="Spot is up to 70 % cheaper", risk="AWS may take such a task back with two minutes' notice"
        ),
    )
    """Share of the tasks beyond the first two that runs on Spot, in percent."""
    rollout: Annotated[AllAtOnce | Canary | Linear, Field(discriminator="kind")] = Canary()
    """How a new release takes over the traffic."""
    rollback_alarms: tuple[RollbackAlarm, ...] = Field(
        default=("server_errors", "latency"),
        json_schema_extra=told(
            risk="with none, only tasks that do not get healthy and requests that no task answers turn a release back"
        ),
    )
    """Alarms that turn a rollout back, beside that of requests that no task answers. `drift` also blocks the cure."""
    alarms: RequestAlarms = RequestAlarms()  # pyright: ignore[reportIncompatibleVariableOverride] - sections are frozen
    """When its alarms go off."""
    capture_percent: int = Field(
        default=100,
        ge=0,
        le=100,
        json_schema_extra=told(cost="storage of the requests in S3", risk="0 blinds every monitor: drift goes unseen"),
    )
    """Share of requests captured for monitoring, in percent, by the service itself."""
    autoscaling: TaskScaling = TaskScaling()
    """How the number of tasks follows the load."""

    @property
    def processor(self) -> Architecture:
        """That of its tasks."""
        return self.architecture

    @property
    def limits(self) -> Mapping[str, tuple[str, int]]:
        """Of the memory of what serves it."""
        return {"model_mb": ("memory_mb", self.memory_mb)}

    def in_zone(self, timezone: str) -> Mapping[str, Any]:
        """Its scaling, by the clock of the stack's zone."""
        return {"autoscaling": in_zone(self.autoscaling, timezone)}

    def faults(self) -> Iterator[Fault]:
        """A task of a size that Fargate does not have, more tasks than autoscaling may run, more requests
        than those could serve, a rollout too short, things named twice."""
        if self.memory_mb not in (sizes := SIZES[self.cpu]):
            allowed = ", ".join(map(str, sizes))
            if isinstance(sizes, range):
                allowed = f"{sizes[0]} to {sizes[-1]} in steps of {sizes.step}"
            yield Fault(
                "memory_mb", self.memory_mb, f"{allowed} with cpu {self.cpu}", "take a size that Fargate has", _SIZES
            )
        yield from too_many("task_count", self.task_count, self.autoscaling.most)
        if self.autoscaling.most is not None:
            yield from overrun(self.needs, self.autoscaling.most, self.cpu / 1024, of=f"tasks with cpu {self.cpu}")
        yield from unwatched(self.rollout, self.rollback_alarms)
        yield from repeated("rollback_alarms", self.rollback_alarms)
        yield from repeated("client_security_groups", self.client_security_groups)
