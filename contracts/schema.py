"""The data contract: what the rows of one workload look like and what a good model of them is.

A contract is written as YAML by a data scientist (`contracts/churn.yaml`), checked once by `contracts.loader`, and
travels from then on as compact JSON (`contract.json`), which containers, model packages and Lambdas read back with
`from_json`. Nothing else in the platform names a column, a feature or a threshold.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, get_args, get_type_hints

from contracts import formats


class Task(StrEnum):
    """What the model predicts: one of two values, one of several, or a number."""

    BINARY_CLASSIFICATION = "binary_classification"
    MULTICLASS_CLASSIFICATION = "multiclass_classification"
    REGRESSION = "regression"


class Loss(StrEnum):
    """What a regression minimises, and so what of the label it predicts.

    The mean (squared, and of counts, amounts and sums of both: poisson, gamma, tweedie), the median (absolute), or the
    value below which a share of the labels lies (quantile).
    """

    SQUARED = "squared"
    ABSOLUTE = "absolute"
    POISSON = "poisson"
    GAMMA = "gamma"
    TWEEDIE = "tweedie"
    QUANTILE = "quantile"


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The loss of a regression. `parameter` is the share of a quantile (0 to 1), or Tweedie's power (1 to 2)."""

    loss: Loss
    parameter: float | None = None


class ColumnType(StrEnum):
    """Logical type of a column. `integer` and `number` are 64 bit; `timestamp` is UTC, at least to the second."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"


class Pii(StrEnum):
    """What validation does with a column that identifies a person, before the row is stored anywhere else."""

    DROP = "drop"
    HASH = "hash"


#: Texts that stand for a missing value unless a contract says otherwise, compared without regard to case: what
#: spreadsheets, R, pandas, databases' dumps and public data sets write. Empty text is missing always.
MISSING_MARKS = ("NA", "N/A", "#N/A", "<NA>", "NaN", "NaT", "NULL", "None", "\\N", "?", "-")

#: Texts of one category: with more of them it is no category but a text, or a name.
MOST_TEXTS = 1000

Value = str | int | float | bool


class EventTime(StrEnum):
    """Where the event time of a row is from: its column, or the moment at which the row was delivered."""

    COLUMN = "column"
    DELIVERY = "delivery"


#: Keys of a column that say how its texts are written.
FORMS = ("decimal", "thousands", "format", "epoch", "timezone")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the raw data. `minimum` and `maximum` are inclusive; `allowed` lists the only legal values.

    `source` is how delivered files call the column, where they call it otherwise. `values` are delivered texts and what
    they mean, as pairs; `missing` are the texts that stand for no value (`contracts.texts` reads by both).
    `decimal` and `thousands` say how numbers are written where that is not as Python does (`contracts.numerals`),
    `format`, `epoch` and `timezone` how timestamps are where that is not ISO 8601 (`contracts.moments`).
    """

    name: str
    type: ColumnType
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[Value, ...] = ()
    source: str | None = None
    values: tuple[tuple[str, Value], ...] = ()
    missing: tuple[str, ...] = MISSING_MARKS
    pii: Pii | None = None
    description: str = ""
    decimal: str | None = None
    thousands: str | None = None
    format: str | None = None
    epoch: Literal["seconds", "milliseconds"] | None = None
    timezone: str | None = None


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One model input: a name and an expression over columns (language: `contracts.expression`)."""

    name: str
    expression: str


@dataclass(frozen=True, kw_only=True)
class Ingestion:
    """When delivered data is accepted.

    A row is quarantined for its own faults; a whole file is refused when more than `max_bad_row_share` of its rows are
    bad; a file that passes but is unlike the last accepted data is held for a person (`max_label_rate_jump`, absolute
    change of the positive rate, or of a class's share; `max_mean_jump`, change of a numeric column's mean in standard
    deviations, a regression's label among them).
    """

    max_bad_row_share: float = 0.05
    max_lateness_days: int = 400
    max_future_minutes: int = 5
    max_label_rate_jump: float = 0.2
    max_mean_jump: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Split:
    """Shares in percent of the entities (not rows) in each part; they add up to 100."""

    train: int = 70
    validation: int = 15
    test: int = 15


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a metric of the test set must keep within, both ends included, for the model to be registered.

    Which metrics there are, what they mean and the bounds of a contract that names none: `contracts.metrics`.
    """

    metric: str
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Live data has drifted when the drift score is above `max_score`, taken over at least `min_rows` rows.

    Of unchanged data a feature in ten bins scores above 0.15 by chance in 0.5 % of windows of 200 rows, and in 0.01 %
    of windows of 300 (simulated).
    """

    max_score: float = 0.15
    min_rows: int = 300


@dataclass(frozen=True, kw_only=True)
class Training:
    """Hyper-parameters of the XGBoost job (names as in XGBoost) and its early stopping."""

    num_round: int = 150
    eta: float = 0.05
    max_depth: int = 6
    min_child_weight: float = 1.0
    subsample: float = 1.0
    early_stopping_rounds: int = 20
    seed: int = 7


@dataclass(frozen=True, kw_only=True)
class Incremental:
    """How a retraining goes on from the champion: by so many rounds at most, on the rows that it has not seen and on a
    share of those that it has."""

    rounds: int = 50
    rehearsal: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a wrong decision costs, in any unit: to act where the label is negative, and not to where it is positive."""

    false_positive: float
    false_negative: float


@dataclass(frozen=True, kw_only=True)
class ClassWeights:
    """How much a training row of each class counts, in the order of the classes; none: as much as to balance them."""

    weights: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Monotone:
    """The features whose larger values never lower an answer, and those whose larger values never raise it."""

    increasing: tuple[str, ...] = ()
    decreasing: tuple[str, ...] = ()

    def direction(self, feature: str) -> int:
        """1, -1, or 0 of a feature that is free."""
        return (feature in self.increasing) - (feature in self.decreasing)


@dataclass(frozen=True, kw_only=True)
class FairnessLimit:
    """What a metric of `contracts.fairness` must keep within over the groups of a segment."""

    segment: str
    bounds: Bounds


@dataclass(frozen=True, kw_only=True)
class Fairness:
    """How unlike the groups of segments may be treated."""

    limits: tuple[FairnessLimit, ...]


#: How much harm a wrong answer does, in SageMaker's ratings ("Risk ratings", SageMaker developer guide).
Risk = Literal["low", "medium", "high", "unknown"]


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What people say of the contract's models, in the words of SageMaker's model cards; empty is not said."""

    owner: str = ""
    intended_uses: str = ""
    out_of_scope: str = ""
    risk_rating: Risk = "unknown"
    risk_explanation: str = ""
    ethical_considerations: str = ""
    limitations: str = ""


DEFAULT_QUALITY = (
    Bounds(metric="auc", min=0.75),
    Bounds(metric="accuracy", min=0.75),
    Bounds(metric="f1", min=0.70),
    Bounds(metric="calibration_error", max=0.10),
    Bounds(metric="auc_loss", max=0.01),
    Bounds(metric="latency_ms", max=50.0),
)


@dataclass(frozen=True, kw_only=True)
class Contract:
    """One workload. `segments` are expressions whose values split the fairness report; they are not model inputs.

    `objective` is of a regression; `threshold` of a binary classification, and `cost` too, by which training chooses
    the threshold instead; `class_weights` of any classification; `monotone` of what has one output;
    `invariant` are inputs that move no answer. `encoding` is that of delivered texts (`contracts.encodings`), None
    UTF-8.
    """

    name: str
    task: Task
    entity: str
    event_time: str
    label: str
    columns: tuple[Column, ...]
    features: tuple[Feature, ...]
    event_time_from: EventTime = EventTime.COLUMN
    encoding: str | None = None
    description: str = ""
    objective: Objective | None = None
    segments: tuple[Feature, ...] = ()
    threshold: float = 0.75
    cost: Cost | None = None
    class_weights: ClassWeights | None = None
    monotone: Monotone | None = None
    invariant: tuple[str, ...] | None = None
    fairness: Fairness | None = None
    ingestion: Ingestion = field(default_factory=Ingestion)
    split: Split = field(default_factory=Split)
    quality: tuple[Bounds, ...] = DEFAULT_QUALITY
    drift: Drift = field(default_factory=Drift)
    training: Training = field(default_factory=Training)
    retrain_after_rows: int | None = None
    incremental: Incremental | None = None
    model_card: ModelCard | None = None

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"contract {self.name!r} has no column {name!r}; it has {[c.name for c in self.columns]}")

    def bounds(self, metric: str) -> Bounds:
        """What `metric` must keep within; without ends if the contract leaves it free."""
        return next((bounds for bounds in self.quality if bounds.metric == metric), Bounds(metric=metric))

    @property
    def classes(self) -> tuple[Value, ...]:
        """What a multi-class model tells apart, in the order of its outputs; a data set has their positions."""
        return self.column(self.label).allowed

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the model inputs, in the order of the model matrix."""
        return tuple(feature.name for feature in self.features)

    @property
    def inputs(self) -> tuple[Column, ...]:
        """Columns a prediction request may carry and features may use: all but entity, event time, label and PII."""
        others = {self.entity, self.event_time, self.label}
        return tuple(c for c in self.columns if c.name not in others and c.pii is None)


def to_json(contract: Contract) -> str:
    """The compiled form: compact JSON, keys sorted, so that equal contracts are equal bytes."""
    document = {"format": formats.CURRENT, **plain(contract)}
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def plain(contract: Contract) -> dict[str, Any]:
    """The contract as plain values.

    A key at the top that is left out of the contract is left out here, and one of how a column's texts are written: one
    more that may be given changes no other contract.
    """
    given = {key: value for key, value in dataclasses.asdict(contract).items() if value is not None}
    for column in given["columns"]:
        for key in FORMS:
            if column[key] is None:
                del column[key]
    return given


def contract_sha(text: str) -> str:
    """The contract's address in the artifacts bucket: the first 16 hex digits of the SHA-256 of its compiled form."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def from_json(text: str | bytes) -> Contract:
    """Read the compiled form back, the present one or the one before: a champion's package carries its contract.

    It was checked when it was made, so a TypeError or ValueError means corruption, or a form that is newer than this
    code.
    """
    try:
        return _build(Contract, formats.upgraded(json.loads(text)))
    except KeyError as error:
        raise ValueError(f"the key {error} is lacking or unknown") from None


def _build(kind: Any, value: Any) -> Any:
    """`value` (plain JSON) as `kind`: a dataclass, an enum, a tuple of those, or a scalar."""
    if value is None:
        return None
    if dataclasses.is_dataclass(kind):
        types = get_type_hints(kind)
        return kind(**{name: _build(types[name], item) for name, item in value.items()})  # pyright: ignore[reportCallIssue]
    arguments = get_args(kind)
    if isinstance(value, list):
        return tuple(_build(arguments[0], item) for item in value)
    if arguments:  # an optional: the one member that is not None
        return _build(next(a for a in arguments if a is not type(None)), value) if type(None) in arguments else value
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    return value
