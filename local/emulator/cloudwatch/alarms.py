"""Metric alarms that act: evaluated when data arrive and as time passes, their actions carried out.

moto stores alarms and never evaluates them. Here an alarm starts in INSUFFICIENT_DATA, is evaluated on every matching
PutMetricData and once a minute of the emulator's clock, keeps its state when its definition is updated, and on a change
notifies its actions and EventBridge. Periods end now instead of at a full minute, so that a datum counts at once.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from local.emulator.cloudwatch import expressions, series
from local.emulator.cloudwatch.actions import notify
from local.emulator.cloudwatch.evaluation import EXTRA_DATAPOINTS, Datapoint, Missing, Rule, State, Verdict, evaluate
from local.emulator.cloudwatch.messages import StateRecord
from local.emulator.cloudwatch.sources import NotEvaluated, Source, source
from local.emulator.context import Context
from local.emulator.extension import store, wrap

EVALUATION_SECONDS = 60.0  # CloudWatch evaluates standard alarms once a minute
_STEPPED_SECONDS = 3600.0
_TICK_SECONDS = 0.05
_MEDIAN = 50.0


class Alarms:
    """Evaluation and state of the alarms of all accounts and regions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._evaluated_at = context.clock.emulated()
        self._lock = threading.RLock()
        self._gauges: list[Callable[[], None]] = []

    def published(self, backend: CloudWatchBackend, publish: Callable[[], None]) -> None:
        """Let `publish` add data to the backend and evaluate the alarms that read them."""
        with self._lock:
            known = len(backend.metric_data)
            publish()
            touched = series.remember(backend, backend.metric_data[known:])
        for alarm in list(backend.alarms.values()):
            if _reads(alarm, touched):
                self.evaluate(backend, alarm)

    def evaluate(self, backend: CloudWatchBackend, alarm: Alarm) -> None:
        """Bring one alarm to the state its data demand."""
        try:
            read = source(alarm)
        except NotEvaluated:
            return
        with self._lock:
            if alarm.evaluate_low_sample_count_percentile == "ignore" and self._few_samples(backend, alarm, read):
                return
            rule = _rule(alarm)
            current = State(alarm.state_value)
            verdict = evaluate(rule, list(self._datapoints(backend, read, rule.evaluation_periods)), current)
            if verdict.state is not current:
                alarm.update_state(verdict.reason, _reason_data(alarm, read, verdict), verdict.state.value)

    def each_minute(self, publish: Callable[[], None]) -> None:
        """Have `publish` called each minute of the emulator's clock, before alarms are evaluated."""
        self._gauges.append(publish)

    def evaluate_all(self) -> None:
        """Publish what is published each minute, and evaluate every alarm there is."""
        self._evaluated_at = self._context.clock.emulated()
        for publish in self._gauges:
            publish()
        for account in list(cloudwatch_backends.values()):
            for backend in list(account.values()):
                for alarm in list(backend.alarms.values()):
                    self.evaluate(backend, alarm)

    def reading(self, backend: CloudWatchBackend, alarm: Alarm) -> float | None:
        """The newest value of what an alarm reads, within the periods that it looks at; None without any."""
        try:
            read = source(alarm)
        except NotEvaluated:
            return None
        points = self._datapoints(backend, read, int(alarm.evaluation_periods))
        return next((point.value for point in points if point.value is not None), None)

    def advance(self, seconds: float) -> None:
        """Let time pass: the last hour minute by minute, each with its data and alarms; what lies before at once."""
        if seconds > _STEPPED_SECONDS:
            self._context.clock.advance(seconds - _STEPPED_SECONDS)
            seconds = _STEPPED_SECONDS
        for passed in range(0, max(math.ceil(seconds), 1), round(EVALUATION_SECONDS)):
            self._context.clock.advance(min(seconds - passed, EVALUATION_SECONDS))
            self.evaluate_all()

    def tick(self) -> None:
        """Evaluate every alarm when a minute of the emulator's clock has passed since the last time."""
        if self._context.clock.emulated() - self._evaluated_at >= EVALUATION_SECONDS:
            self.evaluate_all()

    def changed(self, alarm: Alarm, old: StateRecord) -> None:
        """Carry out what the change from `old` to the alarm's state of now demands."""
        new = StateRecord.of(alarm)
        backend = _backend(alarm)
        if new.value == State.ALARM:
            store(backend, "last alarm")[alarm.name] = time.time()
        if new.value != old.value:
            notify(self._context, backend, alarm, old, new)

    def _datapoints(self, backend: CloudWatchBackend, read: Source, evaluation_periods: int) -> Iterator[Datapoint]:
        """The last periods, newest first, placed so that the newest ends now by the wall, as API timestamps are."""
        emulated = self._context.clock.emulated
        tree = expressions.parse(read.expression)
        periods = evaluation_periods + EXTRA_DATAPOINTS
        # Emulated time never passes slower than wall time, so what is too old by the wall is too old.
        earliest = time.time() - periods * read.period
        aged = {
            name: [
                (emulated(sample.time), sample)
                for sample in series.samples(backend, stat.metric)
                if sample.time >= earliest and stat.unit in (None, sample.unit)
            ]
            for name, stat in read.statistics.items()
        }
        now, wall = emulated(), time.time()
        for age in range(periods):
            start, end = now - (age + 1) * read.period, now - age * read.period
            values = {
                name: series.statistic(stat.name, [s for moment, s in aged[name] if start < moment <= end])
                for name, stat in read.statistics.items()
            }
            yield Datapoint(start=start - (now - wall), value=expressions.evaluate(tree, values))

    def _few_samples(self, backend: CloudWatchBackend, alarm: Alarm, read: Source) -> bool:
        """Fewer samples than a percentile can rest on: 10 / (1 - p) above the median, 10 / p below it."""
        rank = series.percentile_of(alarm.extended_statistic or "")
        if not rank:
            return False
        rarer = 100 - rank if rank >= _MEDIAN else rank  # in percent: the numbers stay exact
        emulated = self._context.clock.emulated
        start = emulated() - read.period * int(alarm.evaluation_periods)
        seen = sum(s.count for s in series.samples(backend, read.statistics["m"].metric) if emulated(s.time) > start)
        return seen * rarer < 10 * 100


def alarmed_since(backend: CloudWatchBackend, names: list[str], since: float) -> list[str]:
    """Which of `names` are in ALARM now or entered it at some time after `since` (wall time)."""
    in_alarm = {name for name, alarm in backend.alarms.items() if alarm.state_value == State.ALARM}
    return [name for name in names if name in in_alarm or store(backend, "last alarm").get(name, 0.0) >= since]


def _backend(alarm: Alarm) -> CloudWatchBackend:
    return cloudwatch_backends[alarm.alarm_arn.split(":")[4]][alarm.region_name]


def _reads(alarm: Alarm, touched: set[series.Metric]) -> bool:
    try:
        return any(stat.metric in touched for stat in source(alarm).statistics.values())
    except NotEvaluated:
        return False


def _rule(alarm: Alarm) -> Rule:
    return Rule(
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        evaluation_periods=int(alarm.evaluation_periods),
        datapoints_to_alarm=int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        missing=Missing(alarm.treat_missing_data or Missing.MISSING),
    )


def _reason_data(alarm: Alarm, read: Source, verdict: Verdict) -> str:
    data: dict[str, Any] = {"version": "1.0", "queryDate": _iso(time.time())}
    if verdict.datapoints:
        data["startDate"] = _iso(verdict.datapoints[-1].start)
    if not alarm.metric_data_queries:
        data["statistic"] = alarm.extended_statistic or alarm.statistic
    data |= {
        "period": int(read.period),
        "recentDatapoints": [point.value for point in reversed(verdict.datapoints)],
        "threshold": alarm.threshold,
        "evaluatedDatapoints": [{"timestamp": _iso(p.start), "value": p.value} for p in verdict.datapoints],
    }
    return json.dumps(data)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def install(context: Context) -> Alarms:
    """Make alarms act."""
    alarms = Alarms(context)

    def put_metric_alarm(original: Callable[..., Alarm], self: CloudWatchBackend, *args: Any, **kwargs: Any) -> Alarm:
        before = self.alarms.get(kwargs["name"])
        alarm = original(self, *args, **kwargs)
        if before is None:
            alarm.state_value = State.INSUFFICIENT_DATA.value
        else:  # an update changes the definition, not the state
            alarm.state_value, alarm.state_reason = before.state_value, before.state_reason
            alarm.state_reason_data, alarm.history = before.state_reason_data, before.history
            alarm.state_updated_timestamp = before.state_updated_timestamp
        alarms.evaluate(self, alarm)
        return alarm

    def update_state(
        original: Callable[..., None], self: Alarm, reason: str, reason_data: str, state_value: str
    ) -> None:
        old = StateRecord.of(self)
        original(self, reason, reason_data, state_value)
        alarms.changed(self, old)

    def put_metric_data(
        original: Callable[..., None], self: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]
    ) -> None:
        alarms.published(self, lambda: original(self, namespace, metric_data))

    def describe_alarms(original: Callable[..., ActionResult], self: CloudWatchResponse) -> ActionResult:
        """moto heeds one filter alone, and a state last."""
        found: Any = original(self).result
        state = self._get_param("StateValue")
        return ActionResult(
            {kind: [each for each in its if state in (None, each.state_value)] for kind, its in found.items()}
        )

    wrap(CloudWatchBackend, "put_metric_alarm", put_metric_alarm)
    wrap(CloudWatchResponse, "describe_alarms", describe_alarms)
    wrap(CloudWatchBackend, "put_metric_data", put_metric_data)
    wrap(Alarm, "update_state", update_state)
    context.ticker.every(_TICK_SECONDS, alarms.tick)
    return alarms
