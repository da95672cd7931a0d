"""All tests of a model, in the order in which they are told: the gate runs the list, and so does the suite."""

from __future__ import annotations

from collections.abc import Iterator

from workloads.model_tests import behaviour, footprint, perturbation, promises, service
from workloads.model_tests.trial import ModelTest, Subject, Trial


def trials(subject: Subject) -> Iterator[Trial]:
    """Those that can be run on `subject`; each has a bound that it can fail."""
    for part in (behaviour, promises, perturbation, service, footprint):
        yield from part.trials(subject)


def run(subject: Subject) -> tuple[ModelTest, ...]:
    """What all of them find."""
    return tuple(trial.run() for trial in trials(subject))
