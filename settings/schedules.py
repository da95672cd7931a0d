"""Limits of autoscaling, and when they change: every day, on days of the week or month, once, or by cron."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Annotated, Any, Final, Literal, Protocol, Self, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

from contracts.cron import Cron, CronError, parse
from settings.faults import Fault, SectionError, repeated
from settings.section import Section

#: What EventBridge Scheduler takes, but for `at(...)`, which is once. Its user guide ("Schedule types") names the units
#: in the plural alone, for 1 as well, and its API reference (CreateSchedule) both forms for any number (read
#: 2026-11-30). That 1 takes the singular, and more the plural, is so of rules of EventBridge, which nothing here is.
EXPRESSION: Final = r"^(cron\(\S+ \S+ \S+ \S+ \S+ \S+\)|rate\([1-9]\d* (minute|hour|day)s?\))$"
#: Actions of one target come in the order of their times; of two at one time the page says nothing.
_IN_ORDER: Final = (
    "https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-policy-overview.html, "
    "read 2026-11-30"
)
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"])]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
#: Minutes, hours, day of month, month, day of week, year; one of the two days is a question mark (Application Auto
#: Scaling user guide, "Cron expressions").
_CRON: Final = r"^[0-9*,/-]+ [0-9*,/-]+ ([0-9*,/LW-]+ [0-9A-Z*,/-]+ \?|\? [0-9A-Z*,/-]+ [0-9A-Z*,/#L-]+) [0-9*,/-]+$"


def _known(timezone: str) -> str:
    """A machine without the database of zones takes any name: Application Auto Scaling judges it there."""
    if timezone != "UTC" and (zones := available_timezones()) and timezone not in zones:
        allowed = "a name of the IANA database, like Europe/Berlin"
        raise SectionError((Fault("", timezone, allowed, "name the zone, not its offset"),))
    return timezone


#: A zone in which clocks are read; summer time comes and goes by itself.
Timezone = Annotated[str, Field(min_length=1, examples=["Europe/Berlin"]), AfterValidator(_known)]


class Limits(Protocol):
    """Between which something scales."""

    @property
    def minimum(self) -> int:
        """The fewest."""
        ...

    @property
    def maximum(self) -> int:
        """The most."""
        ...


def crossed(limits: Limits) -> Iterator[Fault]:
    """A fault for limits that leave nothing between them."""
    if limits.minimum > limits.maximum:
        yield Fault("minimum", limits.minimum, f"at most the maximum ({limits.maximum})", "exchange them")


class Schedule(Section):
    """New limits: `at` a time of every day, of `weekdays` or of a `day_of_month`; `once`; or by `cron`."""

    at: TimeOfDay | None = None
    """Time of day, as HH:MM."""
    weekdays: tuple[Weekday, ...] = ()
    """Days of the week; none are all of them."""
    day_of_month: int | None = Field(default=None, ge=1, le=31)
    """Day of the month, in place of `weekdays`; a month without it is left out."""
    once: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$", examples=["2027-11-26T08:00"])
    """One moment."""
    cron: str | None = Field(default=None, pattern=_CRON, examples=["0 8 ? * 2#1 *"])
    """Minutes, hours, day of month, month, day of week and year, as Application Auto Scaling reads them."""
    timezone: Timezone | None = None
    """The zone of its clock, where it is not that of `autoscaling`."""
    minimum: int = Field(ge=1, le=100)
    """Fewest instances from then on."""
    maximum: int = Field(ge=1, le=100)
    """Most instances from then on."""

    @property
    def said(self) -> str:
        """When, as the stack config says it."""
        day = f"day {self.day_of_month}" if self.day_of_month else ", ".join(self.weekdays)
        return " ".join(filter(None, (self.at, day))) if self.at else self.once or self.cron or ""

    @property
    def as_cron(self) -> str | None:
        """When, as six fields of cron; None for `once`, which is no recurrence."""
        if self.at is None:
            return self.cron
        hour, minute = (int(part) for part in self.at.split(":"))
        if self.weekdays:
            return f"{minute} {hour} ? * {','.join(day[:3].upper() for day in self.weekdays)} *"
        return f"{minute} {hour} {self.day_of_month or '*'} * ? *"

    def meets(self, other: Schedule) -> bool:
        """Whether there is a minute in which both change the limits, on clocks of one zone."""
        match self._moments, other._moments:
            case Cron() as every, Cron() as others:
                return every.meets(others)
            case (Cron() as every, datetime() as one) | (datetime() as one, Cron() as every):
                return every.fires(one)
            case one, another:
                return one == another

    @property
    def _moments(self) -> Cron | datetime:
        return datetime.fromisoformat(str(self.once)) if self.as_cron is None else parse(self.as_cron)

    def is_over(self, now: datetime) -> bool:
        """Whether its one moment is past, on the clock of its zone; nothing refuses it then, or a stack could not be
        deployed any more from that moment on."""
        if not self.once:
            return False
        zone = ZoneInfo(self.timezone) if self.timezone in available_timezones() else UTC
        return datetime.fromisoformat(self.once) < now.astimezone(zone).replace(tzinfo=None)

    def faults(self) -> Iterator[Fault]:
        """No moment or several, days of two kinds, a day that no calendar has, limits that cross."""
        given = [name for name in ("at", "once", "cron") if getattr(self, name) is not None]
        if len(given) != 1:
            yield Fault("at", given or "nothing", "one of at, once and cron", "say once when the limits change")
        elif given != ["at"] and (self.weekdays or self.day_of_month):
            days = list(self.weekdays) or self.day_of_month
            yield Fault(given[0], days, "days beside `at` alone", f"drop weekdays and day_of_month: {given[0]} says it")
        if self.weekdays and self.day_of_month:
            yield Fault("day_of_month", self.day_of_month, "nothing beside weekdays", "choose one of the two")
        yield from repeated("weekdays", self.weekdays)
        if self.once and not _is_moment(self.once):
            yield Fault("once", self.once, "a day and time of the calendar", "correct it")
        if self.cron:
            yield from cron_faults("cron", self.cron)
        yield from crossed(self)


class Clocked(Protocol):
    """Scaling with schedules, and the zone in which they read the clock."""

    @property
    def timezone(self) -> str | None:
        """The zone of its own; None for the stack's."""
        ...

    @property
    def schedules(self) -> Sequence[Schedule]:
        """Limits by the clock."""
        ...

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same with other values."""
        ...


class Scheduled(Limits, Protocol):
    """Limits that schedules replace by the clock."""

    @property
    def schedules(self) -> Sequence[Schedule]:
        """Limits by the clock."""
        ...


C = TypeVar("C", bound=Clocked)


def in_zone(scaling: C, timezone: str) -> C:
    """With the zone of every schedule's clock: its own, else that of the scaling, else `timezone`."""
    zone = scaling.timezone or timezone
    schedules = tuple(each.model_copy(update={"timezone": each.timezone or zone}) for each in scaling.schedules)
    return scaling.model_copy(update={"timezone": zone, "schedules": schedules})


def lowest(scaling: Scheduled) -> int:
    """The fewest at any time, the schedules' limits included."""
    return min([scaling.minimum, *(each.minimum for each in scaling.schedules)])


def highest(scaling: Scheduled) -> int:
    """The most at any time, the schedules' limits included."""
    return max([scaling.maximum, *(each.maximum for each in scaling.schedules)])


def meeting(scaling: Clocked) -> Iterator[Fault]:
    """Faults for moments that are named twice, and for schedules of other limits that come in one minute: which of them
    holds from then on, nobody could say."""
    zones = [schedule.timezone or scaling.timezone for schedule in scaling.schedules]
    named = Counter(zip((schedule.said for schedule in scaling.schedules), zones, strict=True))
    if twice := sorted({said for (said, _), times in named.items() if times > 1}):
        yield Fault("schedules", twice, "each once", "remove the repetition")
    for (first, one), (second, other) in combinations(enumerate(scaling.schedules), 2):
        if zones[first] != zones[second] or one.said == other.said:
            continue
        if (one.minimum, one.maximum) != (other.minimum, other.maximum) and one.meets(other):
            yield Fault(
                f"schedules[{second}]",
                other.said,
                f"no minute of schedules[{first}] ({one.said}), which has other limits",
                "AWS does not say which of the two it takes last: put the one that is to hold a minute later, or take "
                "its days out of the other",
                _IN_ORDER,
            )


def too_many(path: str, count: int, limit: int | None) -> Iterator[Fault]:
    """A fault for more to start with than the highest maximum, if there is one: scaling would end some at once."""
    if limit is not None and count > limit:
        allowed, advice = f"at most the highest maximum of autoscaling ({limit})", "lower the count or raise that"
        yield Fault(path, count, allowed, advice)


def expression_faults(path: str, expression: str) -> Iterator[Fault]:
    """Faults of a schedule of EventBridge's whose form is right: days named twice or not at all, or that never come."""
    if not expression.startswith("cron("):
        return
    fields = expression.removeprefix("cron(").removesuffix(")")
    if [fields.split()[2], fields.split()[4]].count("?") != 1:
        allowed = "`?` for the day of the month or for the day of the week, and for one of them"
        yield Fault(path, expression, allowed, "write it as in cron(0 3 * * ? *)")
    yield from cron_faults(path, fields)


def cron_faults(path: str, expression: str) -> Iterator[Fault]:
    """A fault for fields that AWS would refuse with the first deployment, and for a day that never comes."""
    try:
        found = parse(expression)
    except CronError as error:
        yield Fault(path, error.found, error.allowed, "correct it")
        return
    if found.longest_gap() is None:
        yield Fault(path, expression, "a day that its months have", "correct it: as it is, it never comes")


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
