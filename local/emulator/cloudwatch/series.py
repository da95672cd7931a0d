"""Metric samples by metric identity, and the statistics CloudWatch computes from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from moto.cloudwatch.models import CloudWatchBackend, MetricAggregatedDatum, MetricDatum, MetricDatumBase

from local.emulator.extension import store

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What makes two samples belong to one metric: all three must be equal, dimensions in any order."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One published value, or a set of values published as statistics. `time` is wall time, seconds since the epoch."""

    time: float
    count: float
    total: float
    minimum: float
    maximum: float
    unit: str | None = None


def metric(namespace: str, name: str, dimensions: Iterable[Any]) -> Metric:
    """A metric from moto's dimension objects."""
    return Metric(namespace=namespace, name=name, dimensions=frozenset((d.name, d.value) for d in dimensions))


def sample(datum: MetricDatumBase) -> Sample:
    """A sample from what moto stores."""
    time = epoch(datum.timestamp)
    if isinstance(datum, MetricAggregatedDatum):
        return Sample(
            time=time, count=datum.sample_count, total=datum.sum, minimum=datum.min, maximum=datum.max, unit=datum.unit
        )
    if not isinstance(datum, MetricDatum):
        raise TypeError(f"{type(datum).__name__} is no metric datum this emulator knows")
    return Sample(time=time, count=1, total=datum.value, minimum=datum.value, maximum=datum.value, unit=datum.unit)


def epoch(moment: datetime) -> float:
    """Seconds since the epoch; a moment without zone is UTC, as everywhere in moto."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def remember(backend: CloudWatchBackend, data: Iterable[MetricDatumBase]) -> set[Metric]:
    """Add new data to the backend's index; the metrics they belong to."""
    index = store(backend, "series")
    touched: set[Metric] = set()
    for datum in data:
        key = metric(datum.namespace, datum.name, datum.dimensions)
        index.setdefault(key, []).append(sample(datum))
        touched.add(key)
    return touched


def samples(backend: CloudWatchBackend, key: Metric) -> list[Sample]:
    """All samples of a metric, in the order they were published."""
    return list(store(backend, "series").get(key, ()))


def percentile_of(name: str) -> float | None:
    """99.0 for `p99`; None when the name is no percentile."""
    found = _PERCENTILE.fullmatch(name)
    return float(found.group(1)) if found else None


def statistic(name: str, chosen: Sequence[Sample]) -> float | None:
    """`Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount` or a percentile (`p99.9`) of samples; None without any.

    A percentile of data published as statistics exists only where their minimum and maximum agree, as on CloudWatch.
    """
    if not chosen:
        return None
    count = sum(s.count for s in chosen)
    total = sum(s.total for s in chosen)
    simple = {
        "Average": total / count if count else None,
        "Sum": total,
        "Minimum": min(s.minimum for s in chosen),
        "Maximum": max(s.maximum for s in chosen),
        "SampleCount": count,
    }
    if name in simple:
        return simple[name]
    rank = percentile_of(name)
    if rank is None:
        raise ValueError(f"statistic is {name!r}, allowed are {', '.join(simple)} and percentiles such as p99")
    if any(s.minimum != s.maximum for s in chosen):
        return None
    return float(np.percentile([value for s in chosen for value in [s.minimum] * max(1, int(s.count))], rank))
