"""What a month of serving costs by target: the target alone, without what a stack has anyway (`cost` has all of it)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Literal, NamedTuple

from automation.advisor.fleets import LEAST, Fleet
from automation.advisor.load import Load
from automation.cost.traffic import Traffic
from contracts.advice import Needs
from contracts.advice.capacity import MOST_INSTANCES
from contracts.advice.frameworks import core_ms
from contracts.advice.rules import COLD_MS, concurrent, memory_mb
from contracts.prices import HOURS_A_MONTH, price

_SECONDS: Final = 3600 * HOURS_A_MONTH
#: A job's start: its instance and its image.
_START_HOURS: Final = 5 / 60
#: Sizes of one task of Fargate that the service has (Amazon ECS developer guide, "Task definition parameters"): vCPU
#: and the least and most memory in GB.
_TASKS: Final = ((0.5, 1, 4), (1, 2, 8), (2, 4, 16), (4, 8, 30), (8, 16, 60), (16, 32, 120))
_BUSY: Final = 0.5
#: Billed time of a request beside its scoring, in seconds: what `cost` assumes, above all the writing of captures.
_BESIDE: Final = Traffic().serverless_ms / 1000


#: As prices of Lambda and Fargate are called.
Processor = Literal["x86", "arm"]


class Use(NamedTuple):
    """So much of one priced item in a month."""

    service: str
    item: str
    quantity: float


class Size(NamedTuple):
    """What a target needs for the load: in words, as uses of priced items, and the instances or tasks at most."""

    words: str
    uses: Sequence[Use]
    most: int = 1

    def usd(self, region: str) -> tuple[float, float]:
        """USD a month, and what of it rests on prices that nobody has seen."""
        found = [(use.quantity * (paid := price(use.service, use.item, region)).usd, paid.seen) for use in self.uses]
        return sum(usd for usd, _ in found), sum(usd for usd, seen in found if not seen)


def always(needs: Needs, load: Load, fleet: Fleet) -> Size:
    """Instances that wait for requests: for the peak in its hours (at all hours where it comes in bursts), one else."""
    most = fleet.count(load.peak_rps, LEAST)
    peak = HOURS_A_MONTH if needs.pattern == "spiky" else load.peak_hours
    hours = most * peak + fleet.count(load.other_rps) * (HOURS_A_MONTH - peak)
    return Size(f"{most} x {fleet.type}", [Use("sagemaker", f"instance {fleet.type}", hours)])


def to_zero(_: Needs, load: Load, fleet: Fleet) -> Size:
    """Instances in the hours that have requests, none in others."""
    most = fleet.count(load.peak_rps)
    hours = most * load.peak_hours + fleet.count(load.other_rps) * load.other_hours
    return Size(f"0 to {most} x {fleet.type}", [Use("sagemaker", f"instance {fleet.type}", hours)])


def by_run(_: Needs, load: Load, fleet: Fleet) -> Size:
    """One job a day over all that has come, which is over before the next one."""
    runs, most = HOURS_A_MONTH / 24, fleet.by_day(load)
    hours = load.requests / (fleet.takes_rps / _BUSY) / 3600 + runs * most * _START_HOURS
    return Size(f"{most} x {fleet.type} daily", [Use("sagemaker", f"instance {fleet.type}", hours)])


def serverless(needs: Needs, load: Load) -> Size:
    """Memory by the second of requests; kept warm where answers cannot wait for a start."""
    gigabytes = min(6, math.ceil(memory_mb(needs) / 1024))
    warm = _warm(needs)
    return Size(
        f"{gigabytes} GB" + (f", {warm} kept warm" if warm else ""),
        [
            Use("sagemaker", "serverless inference compute", gigabytes * load.requests * _billed(needs)),
            Use("sagemaker", "serverless provisioned concurrency", gigabytes * warm * _SECONDS),
        ],
    )


def functions(needs: Needs, load: Load, processor: Processor = "x86") -> Size:
    """As serverless, by Lambda's prices: at least 2 GB, for processors come with the memory."""
    gigabytes = max(2, math.ceil(memory_mb(needs) / 1024))
    warm = _warm(needs)
    return Size(
        f"{gigabytes} GB" + (f", {warm} kept warm" if warm else ""),
        [
            Use("lambda", "requests", load.requests / 1_000_000),
            Use("lambda", f"duration {processor}", gigabytes * load.requests * _billed(needs)),
            Use("lambda", f"provisioned concurrency {processor}", gigabytes * warm * _SECONDS),
        ],
    )


def tasks(needs: Needs, load: Load, processor: Processor = "x86") -> Size:
    """Tasks over two zones behind a load balancer: of the smallest size that has the memory, and of which no more are
    needed than a stack may name."""
    gigabytes = memory_mb(needs) / 1024
    sizes = [(cpu, max(least, math.ceil(gigabytes))) for cpu, least, most in _TASKS if gigabytes <= most]
    takes = {cpu: cpu * _BUSY * 1000 / core_ms(needs) for cpu, _ in sizes}
    vcpus, memory = next((size for size in sizes if load.peak_rps <= MOST_INSTANCES * takes[size[0]]), sizes[-1])
    most, few = (max(LEAST, math.ceil(rps / takes[vcpus])) for rps in (load.peak_rps, load.other_rps))
    peak = HOURS_A_MONTH if needs.pattern == "spiky" else load.peak_hours
    hours = most * peak + few * (HOURS_A_MONTH - peak)
    return Size(
        f"{most} x {vcpus:g} vCPU, {memory:g} GB",
        [
            Use("ecs", f"fargate vCPU {processor}", vcpus * hours),
            Use("ecs", f"fargate memory {processor}", memory * hours),
            Use("elasticloadbalancing", "application load balancer", HOURS_A_MONTH),
        ],
        most,
    )


def cluster(needs: Needs, load: Load) -> Size:
    """The same tasks in a cluster of Kubernetes, which costs by itself."""
    found = tasks(needs, load)
    return Size(found.words, [*found.uses, Use("eks", "cluster", HOURS_A_MONTH)])


def _billed(needs: Needs) -> float:
    return _BESIDE + core_ms(needs) / 1000


def _warm(needs: Needs) -> int:
    """Executions kept warm: for the peak, where answers cannot wait for a start."""
    return math.ceil(concurrent(needs) / _BUSY) if needs.p99_ms is not None and needs.p99_ms < COLD_MS else 0


#: How a target is sized and priced: on a fleet of instances, or without.
ON_FLEETS: Final[Mapping[str, Callable[[Needs, Load, Fleet], Size]]] = {
    "realtime": always,
    "inference_pipeline": always,
    "multi_model": always,
    "asynchronous": to_zero,
    "inference_component": to_zero,
    "batch": by_run,
}
WITHOUT: Final[Mapping[str, Callable[[Needs, Load], Size]]] = {
    "serverless": serverless,
    "lambda": functions,
    "fargate": tasks,
    "eks": cluster,
}
#: The same on Graviton, where a stack may say so.
ON_GRAVITON: Final[Mapping[str, Callable[[Needs, Load], Size]]] = {
    "lambda": partial(functions, processor="arm"),
    "fargate": partial(tasks, processor="arm"),
}
