"""A day of traffic against each way of scaling an endpoint: how many instances there are, what they cost, who waits.

    python -m examples.scaling.day        # writes day.svg and the table of README.md beside this file

What is known of Application Auto Scaling is the emulator's (`local.emulator.scaling`) and its user guide's, "Target
tracking scaling policies": targets are left for three minutes before instances come (one by high-resolution metrics),
all that are asked for, and for fifteen before they go, one at a time. The endpoint is a
queue: an instance takes `PER_INSTANCE` requests a minute, and a request takes the longer the fuller it is. The same
minutes come to the same figures, whoever runs it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from components.serving.clock import expression
from contracts.prices import price
from local.emulator.scaling.arithmetic import stepped, tracked
from settings import Autoscaling, Schedule, Steps

HERE: Final = Path(__file__).parent
DAY: Final = 24 * 60
INSTANCE: Final = "ml.m5.large"
#: Requests a minute at which an instance has nothing left, ms of a request on an idle one, minutes until one serves.
PER_INSTANCE: Final = 2000
IDLE_MS: Final = 40.0
START_MINUTES: Final = 4
MOST: Final = 8
_SLOWEST_MS: Final = 2000.0
_HIGH, _FAST, _LOW, _LOW_SHARE = 3, 1, 15, 0.9
_BLUE, _GREY, _RED = "#1f6feb", "#c9d1d9", "#cf222e"


def traffic(minute: int) -> float:
    """Requests a minute: a night, a working day with its two hills, and a newsletter at 14:00 that doubles it."""
    hour = minute / 60
    hills = math.exp(-(((hour - 10.5) / 2.2) ** 2)) + 0.9 * math.exp(-(((hour - 16) / 2.6) ** 2))
    newsletter = 5000 * math.exp(-(hour - 14) / 0.4) if hour >= 14 else 0
    return 300 + 6500 * hills + newsletter


def ways() -> dict[str, Autoscaling]:
    """Each way of scaling, as a stack file says it."""
    none: dict[str, object] = {"minimum": 1, "maximum": MOST, "invocations_per_instance": None, "schedules": ()}

    def only(**said: object) -> Autoscaling:
        return Autoscaling.model_validate({**none, **said})

    steps = Steps.model_validate(
        {
            "metric": "invocations_per_instance",
            "scale_out": ({"above": 1200, "add": 1}, {"above": 1600, "add": 3}),
            "scale_in": ({"below": 600, "remove": 1},),
        }
    )
    clock = (
        Schedule(at="07:30", minimum=6, maximum=MOST),
        Schedule(at="13:45", minimum=MOST, maximum=MOST),
        Schedule(at="15:00", minimum=6, maximum=MOST),
        Schedule(at="19:00", minimum=1, maximum=MOST),
    )
    return {
        f"fixed, {MOST} instances": only(enabled=False, minimum=MOST),
        "invocations_per_instance: 1200": only(invocations_per_instance=1200),
        "concurrent_requests: 2": only(concurrent_requests=2),
        "cpu_percent: 60": only(cpu_percent=60),
        "latency_ms: 100": only(latency_ms=100),
        "steps at 1200 and 1600": only(steps=steps),
        "invocations and schedules": only(invocations_per_instance=1200, schedules=clock),
    }


@dataclass(frozen=True, kw_only=True)
class Minute:
    """What an instance sees in a minute, by the name of the setting that tracks it; `late` found no room."""

    instances: int
    seen: Mapping[str, float]
    late: float


@dataclass(kw_only=True)
class Fleet:
    """Instances that serve and that start, and what the alarms of a way of scaling have seen."""

    way: Autoscaling
    serving: int
    starting: list[int] = field(default_factory=list[int])
    passed: list[Minute] = field(default_factory=list[Minute])
    cooled: int = 0

    def run(self) -> Sequence[Minute]:
        """The day, minute by minute."""
        limits = {_minute(schedule): schedule for schedule in self.way.schedules}
        least, most = self.way.minimum, self.way.maximum
        for minute in range(DAY):
            self.serving += sum(at == minute for at in self.starting)
            self.starting = [at for at in self.starting if at > minute]
            if minute in limits:
                least, most = limits[minute].minimum, limits[minute].maximum
            self.passed.append(_seen(minute, self.serving))
            if self.way.enabled:
                self._change(minute, min(max(self._wanted(), least), most))
        return self.passed

    def _change(self, minute: int, wanted: int) -> None:
        now = self.serving + len(self.starting)
        if wanted > now:
            self.starting += [minute + START_MINUTES] * (wanted - now)
            self.cooled = minute + self.way.scale_in_cooldown_seconds // 60
        elif wanted < now and minute >= self.cooled and not self.starting:
            self.serving = wanted
            self.cooled = minute + self.way.scale_in_cooldown_seconds // 60

    def _wanted(self) -> int:
        now = self.serving + len(self.starting)
        targets = {name: getattr(self.way, name) for name in self.passed[-1].seen}
        asked = [self._tracked(name, target) for name, target in targets.items() if target is not None]
        if self.way.steps:
            asked.append(self._stepped(self.way.steps))
        return max(asked, default=now)

    def _tracked(self, name: str, target: float) -> int:
        now, seen = self.serving + len(self.starting), [each.seen[name] for each in self.passed]
        high = seen[-_FAST if name == "concurrent_requests" else -_HIGH :]
        wanted = tracked(value=seen[-1], target=target, capacity=self.serving)
        if min(high) > target:
            return max(wanted, now)
        low = len(seen) >= _LOW and max(seen[-_LOW:]) < target * _LOW_SHARE
        return now - 1 if low and wanted < now else now  # it scales in "more gradually" (the same guide)

    def _stepped(self, steps: Steps) -> int:
        now, seen = self.serving + len(self.starting), [each.seen[steps.metric] for each in self.passed]
        bound = steps.scale_out[0].above
        if min(seen[-steps.scale_out_minutes :]) > bound and not self.starting:
            edges = [each.above - bound for each in steps.scale_out]
            taken = [
                {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high, "ScalingAdjustment": each.add}
                for low, high, each in zip(edges, [*edges[1:], None], steps.scale_out, strict=True)
            ]
            policy = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": taken}
            return stepped(policy, above_threshold=seen[-1] - bound, capacity=now)
        if steps.scale_in and max(seen[-steps.scale_in_minutes :]) < steps.scale_in[0].below:
            return now - steps.scale_in[0].remove
        return now


def _minute(schedule: Schedule) -> int:
    minute, hour = expression(schedule).removeprefix("cron(").split()[:2]
    return int(hour) * 60 + int(minute)


def _seen(minute: int, instances: int) -> Minute:
    asked, room = traffic(minute), instances * PER_INSTANCE
    full = min(asked / room, 1.0)
    latency = min(IDLE_MS / (1 - full), _SLOWEST_MS) if full < 1 else _SLOWEST_MS
    answered = min(asked, room)
    seen = {
        "invocations_per_instance": answered / instances,
        "concurrent_requests": answered / instances / 60 * latency / 1000,
        "latency_ms": latency,
        "cpu_percent": 100 * full,
    }
    return Minute(instances=instances, seen=seen, late=asked - answered)


def days() -> dict[str, Sequence[Minute]]:
    """The day of every way, from the instances that midnight asks for."""
    return {name: Fleet(way=way, serving=way.minimum).run() for name, way in ways().items()}


def table(found: Mapping[str, Sequence[Minute]]) -> str:
    """Instance hours, USD a day, fewest to most instances, requests that found no room, and minutes that were slow."""
    usd = price("sagemaker", f"instance {INSTANCE}").usd
    lines = ["| scales by | instance hours | USD a day | instances | late requests | minutes above 200 ms |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    asked = sum(traffic(minute) for minute in range(DAY))
    for name, minutes in found.items():
        counts = [minute.instances for minute in minutes]
        hours, late = sum(counts) / 60, sum(minute.late for minute in minutes) / asked
        slow = sum(minute.seen["latency_ms"] > 200 for minute in minutes)
        lines.append(
            f"| `{name}` | {hours:.1f} | {hours * usd:.2f} | {min(counts)} to {max(counts)} | {late:.2%} | {slow} |"
        )
    return "\n".join(lines)


def picture(found: Mapping[str, Sequence[Minute]]) -> str:
    """A band for each way: grey is what the traffic needs, blue what there is, red what it lacks."""
    width, height, top, left = 720, 64, 24, 20
    size = f'width="{width + 2 * left}" height="{len(found) * (height + top) + 24}"'
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]

    def x(minute: int) -> str:
        return f"{left + minute * width / DAY:.1f}"

    for row, (name, minutes) in enumerate(found.items()):
        base = (row + 1) * (height + top)

        def y(instances: float, base: int = base) -> str:
            return f"{base - instances * height / MOST:.1f}"

        needed = [traffic(minute) / PER_INSTANCE for minute in range(DAY)]
        area = " ".join(f"{x(minute)},{y(min(each, MOST))}" for minute, each in enumerate(needed) if minute % 5 == 0)
        drawn.append(f'<text x="{left}" y="{base - height - 6}">{name}</text>')
        drawn.append(f'<polygon fill="{_GREY}" points="{x(0)},{base} {area} {x(DAY)},{base}"/>')
        lacks = [minute for minute in range(DAY) if minutes[minute].instances < needed[minute]]
        drawn += [f'<rect fill="{_RED}" x="{x(minute)}" y="{base}" width="1" height="4"/>' for minute in lacks]
        line = [f"M{x(0)},{y(minutes[0].instances)}"]
        for minute in range(1, DAY):
            if minutes[minute].instances != minutes[minute - 1].instances:
                line.append(f"H{x(minute)}V{y(minutes[minute].instances)}")
        drawn.append(f'<path fill="none" stroke="{_BLUE}" stroke-width="1.5" d="{"".join(line)}H{x(DAY)}"/>')
    floor = len(found) * (height + top) + 18
    drawn += [f'<text x="{x(60 * hour)}" y="{floor}">{hour:02}:00</text>' for hour in range(0, 24, 3)]
    return "\n".join([*drawn, "</svg>", ""])


def files() -> dict[Path, str]:
    """What is written: the picture, and the README with its table."""
    found, readme = days(), HERE / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition("<!-- day -->\n")
    after = rest.partition("<!-- /day -->")[2]
    return {
        HERE / "day.svg": picture(found),
        readme: f"{before}<!-- day -->\n{table(found)}\n<!-- /day -->{after}",
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
