"""The reference of contracts, `docs/contract.md`, made of what the loader goes by, and the JSON Schema beside it.

`python -m contracts reference` writes both; a test keeps them current.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts import expression
from contracts.fairness import METRICS as FAIRNESS
from contracts.json_schema import schema
from contracts.metrics import DEFAULTS, METRICS
from contracts.schema import MISSING_MARKS, Task

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "contract.md"
SCHEMA = ROOT / "contracts" / "contract.schema.json"
#: Where a column stands in a contract, and the sections that have a table of their own.
_SECTIONS = ("ingestion", "split", "drift", "training", "incremental", "model_card")

_HEAD = """\
# The data contract

One YAML file a workload says what the rows of its data look like and what a good model of them is. Nothing else in the
platform names a column, a feature or a threshold. `python -m contracts check my.yaml` tells every fault of a contract
at once, with its line, what is allowed and what to do; with `--data my.csv` it judges a file by it as well. (This page
is written by `python -m contracts reference`.)

The least that a contract needs:

```yaml
# yaml-language-server: $schema=contract.schema.json
name: churn
task: binary_classification
entity: customer_id
event_time: {from: delivery}
label: left
columns:
  customer_id: {type: string}
  age:         {type: integer, nullable: true}
  left:        {type: integer, allowed: [0, 1]}
features:
  age: age
```

The first line makes an editor with the YAML language server complete and check the keys; the path is that of
[`contracts/contract.schema.json`](../contracts/contract.schema.json), seen from the contract.

A file that was made for something else needs no rewriting:

```yaml
name: income
task: binary_classification
entity: person
event_time: observed
label: income
missing: ["?", -999]
encoding: cp1252
decimal: ","
columns:
  person:   {type: integer, source: "Person Nr."}
  observed: {type: timestamp, format: "%d.%m.%Y %H:%M", timezone: Europe/Berlin}
  hours:    {type: number, nullable: true, source: hours-per-week, minimum: 0, maximum: 168}
  union:    {type: boolean, nullable: true, values: {ja: true, nein: false}}
  country:  {type: string, nullable: true, missing: ["?"]}
  income:   {type: integer, allowed: [0, 1], source: class, values: {"<=50K": 0, ">50K": 1}}
features:
  hours:     hours
  full_time: bucket(fill(hours, 0), 35)
  union:     union
  namibia:   equals(country, "NA")
quality: {f1: {min: 0.5}, recall: {min: 0.4}}
ingestion: {max_lateness_days: 20000}
```
"""

_TYPES = """\
## Types

| type | delivered as text (CSV, strings in Parquet) | delivered as (Parquet) | in a feature |
| --- | --- | --- | --- |
| `string` | any text | string, dictionary, integer | `equals` and `missing`, or alone: a category |
| `integer` | a whole number of 64 bits, also 7.0 | integer, float or decimal without fraction, boolean | a number |
| `number` | a finite number with a point (or what `decimal` says), also 1e3 | integer, float, decimal | a number |
| `boolean` | true, false, 1 or 0 in any case | boolean, or 0 and 1 as integer or float | 0 or 1 |
| `timestamp` | ISO 8601, or another form (below) | timestamp, date | `days_since`, `weekday`, `month`, `missing` |

A feature uses any columns but entity, event time, label and those that identify a person; those are what a prediction
request carries. It may have the name of a column only if it is that column and nothing more.

A string column that is a feature alone (`plan: plan`) is a category, by which a tree splits into any two groups of
texts. Its texts are those of the column's `allowed`, else those that the training part has, at most 1,000; the package
keeps them. A text that training has not met counts as missing, in a request as in the validation and the test part; one
that `allowed` does not have is refused. Drift has a bin for each of the ten commonest texts, and one for all others.

"""

_TEXTS = """\
## How delivered texts are read

One rule for validation, the inference service (JSON, CSV, Parquet), batch scoring and captured traffic:

1. Blanks at both ends are cut off.
2. A text among the column's `values` means what stands there. Other texts are read as they are; but where a text
   stands for one value and is the spelling of another (`{{1: 0, 2: 1}}`), only those listed are legal, and the column
   can be no model input.
3. A text among the marks of missing values, in any case, is no value: those of the column's `missing`, else those of
   the contract's, else {marks}. Empty text is missing always, and so is NaN in Parquet.
   A mark that is a number (-999) means that number in any spelling. What the column lists in `allowed` is a value and
   no mark. Validation warns of every mark that it met, with column and count.
4. The rest is read strictly by the column's type: 1.5 is no integer, 1_000 no number, a timestamp is ISO 8601 (without
   an offset it is UTC), a boolean is true, false, 1 or 0. Numbers and timestamps may have a form of their own (below).

In `values` a key needs no quotes: `{{Yes: 1, No: 0}}` and `{{1: 0, 2: 1}}` are taken as written. Elsewhere YAML 1.1
reads a bare Yes, No, on or off as a boolean and 12:30 as 750: a text that looks like one stands in quotes.

What no row can hold by these rules is refused in the contract, where it would only look like a condition: a text with
blanks at its ends, or a mark, in `allowed`, in `values` or in `equals(column, "text")`.

### Numbers

`decimal: ","` and `thousands: "."` say how numbers are written, for all columns of integers and numbers, at the top of
the contract; a column that says one of them itself says both. They hold for texts, in CSV, in Parquet and in requests;
numbers of Parquet and JSON are numbers. What separates thousands is one of `.` `,` `'` and a blank, which is also one
that breaks no line (U+00A0, U+2009, U+202F), as the apostrophe may be the typographic one. It may be left out, and
stands in groups of three: of 1.23 and 0.123 under `thousands: "."` nobody can tell what is meant, so they are wrong and
never a hundred times too large. The minus may stand behind, as SAP has it (1.234,50-). A number with its currency is no
number.

### Timestamps

`format: "%d.%m.%Y %H:%M"` says how a timestamp of a column is written, in these letters of strptime: `%Y` or `%y` (from
69 on the years of 19..), `%m`, `%b` or `%B` (English names, in any case), `%d`, `%H`, or `%I` and `%p`, `%M`, `%S`,
`%f` (up to nine digits), `%z`. A day of one digit is read where none follows on it. `epoch: seconds` or `milliseconds`
is a number of these since 1970, of Parquet and JSON too. `timezone: Europe/Berlin` is the place whose time it is in
texts that say no offset, in ISO 8601 too. There an hour that clocks skip in spring is no time, and of the one that they
show twice in autumn the later is meant, in standard time. A timestamp of Parquet without a zone is UTC all the same.
Whatever the form, ISO 8601 with time and offset is read as well, which is what requests had best send.

### Encoding

A CSV is UTF-8, or in the `encoding` that the contract says, wherever it comes: delivered, in a batch, in a request
(there `charset=utf-8` in the media type says otherwise). JSON is UTF-8 always. A byte order mark comes before all of
this, and validation tells where it says something else than the contract. A byte that the encoding does not have is
refused with its line; so that nothing is read wrongly without a word, validation also warns where all letters of a file
that is said to be in another encoding are UTF-8 too.

A column is found in a delivered file by its `source`, or by its own name. Requests and batch files may hold either.
"""

_TASKS = """\
## Tasks

| task | label | a prediction is | its own key |
| --- | --- | --- | --- |
| `binary_classification` | integer, `allowed: [0, 1]`, or boolean | `score`, `decision` | `threshold` or `cost` |
| `multiclass_classification` | string or integer, 3 to 100 `allowed` | `prediction`, `probabilities` | |
| `regression` | integer or number | `prediction` | `objective` |

A score is a probability, and the decision is whether it reaches the threshold; of several classes the prediction is the
likeliest. The objective of a regression says what of the label is predicted: its mean (`squared`; of counts `poisson`,
of amounts above 0 `gamma`, of amounts that are often 0 `tweedie`), its median (`absolute`), or the value below which a
share of the labels lies (`{quantile: 0.9}`). `poisson` and `tweedie` want a label with `minimum: 0` or more, `gamma`
one above 0. A label beyond 1e18 in either direction (of `gamma` also one below 1e-30) is quarantined, whatever the
column's bounds are: the loss of such a row is no number of float32.

With `cost: {false_positive: 1, false_negative: 5}` in place of `threshold` the training job chooses the threshold: the
one with the least cost on the validation part. The package keeps it; evaluation, service and batches decide at it, and
evaluation.json tells the cost of a row of the test set.

`class_weights: {0: 1, 1: 5}`, of both classifications, lets a training row of class 1 count five times; `balanced` lets
all classes count alike (a row has the weight rows / (classes * rows of its class)). Scores are then the probabilities
of a world with such shares, which `calibration_error` tells; a `cost` moves the decision and leaves the scores what
they are.

`monotone: {tickets: increasing}` is a promise about features: of two rows that differ in one of them alone, the one
with more of it never has the lower score (`decreasing`: the higher). Training keeps it (XGBoost's monotone
constraints), and the gate tries it on every candidate, those that others made among them. It is of binary
classification and of regression, but for the objectives `absolute` and `quantile`, whose leaves XGBoost sets without
regard to it.

`invariant: [region]` is a promise about inputs, features or not: a row with another value of one of them has the same
answer. The gate tries it on every candidate, with the values that test rows have, or that `allowed` lists. Training is
not told: what it should not learn from stays out of `features`. So it holds what features make of a column (of `age`
only whether it is there), and models that others made, who are told every input.

`incremental: {rounds: 50, rehearsal: 0.2}` has an automatic retraining go on from the champion instead of anew: it adds
at most so many rounds, learned on the rows later than all that the champion was trained on and on that share of the
others, each of which counts for those that are left out, so that it is not forgotten what they taught. Rounds are added
as long as the loss of the whole validation part falls, and the gate compares with the champion on the whole test part
as ever. A champion with other features, another task or made by others is not gone on from: that run trains anew and
its model's metadata say why. A model grows with each run; `python -m automation retrain` trains anew.

`model_card` is what people say of the contract's models: who answers for them, what they are for and what not, how much
harm a wrong answer does. Their card in the registry says it, beside what follows from the contract: what an answer is,
what the model learned from, the bounds of the gate in the task's metrics, and which groups were looked at. What is left
out the card calls unknown. It is SageMaker's form (`risk_rating` and the others are its words), and a draft until who
approves the package has read it.

"""

_GATE = """\
## The gate

`quality` bounds metrics of the test set. A metric that is named has the bounds that stand there, the others keep their
defaults; `{f1: {min: 0}}` frees one.

Of a segment evaluation.json and the report show the 100 groups with the most rows; the others are counted and named in
`segments_left_out`.

`most_wrong` has the ten test rows that the model gets most wrong (the surest wrong decisions, the largest errors):
label, answer, and of models trained here the features' values with their contributions (SHAP). A personal entity is
left out.

Every metric has a 95 % confidence interval, in evaluation.json, the report and the gate's words: DeLong's of the AUC,
sandwich variances of means, else 1,000 draws of entities (a seeded bootstrap). All know which rows belong to one
entity. The estimate decides, but for the comparison with the champion; where a limit lies within the interval, the
check says that the test rows are too few to tell.

`fairness: {region: {disparate_impact: {min: 0.8}, equal_opportunity_difference: {max: 0.1}}}` limits how unlike the
groups of a segment may be treated on the test set. Groups of fewer than 30 rows are left out; where fewer than two are
left, the limit does not hold. evaluation.json has all metrics of each segment. Of both classifications they are those
of decisions; of several classes the decision for one class is held against all others, the worst class counts, and
`fairness_by_class` has each:

"""
_NUMBERS = """
Of a regression they are differences of what is predicted, and how wrong it is:

"""
_HOLDS = """
A model is registered when all of this holds, and else rejected with every reason:

- every bound holds (ends belong to what is allowed), every limit of `fairness`, and every promise of `monotone` and
  `invariant`;
- it is not worse than the live champion, by `auc_loss` or `loss_increase` (not asked of the first model);
- its answers are what the task's are (probabilities, those of a row's classes adding up to 1, or finite numbers), the
  same for one row as in a batch, in any order of rows and when asked again, and a row of missing values is answered;
- the platform's own service, given the package (one in an image of others is asked by its image), answers test rows in
  JSON and CSV as the model scores them, answers what the contract allows at both ends of each input and missing,
  refuses what it forbids and broken bodies with a status of 4xx and a reason, and answers the same bytes when it is
  started again; with `memory_mb` and `rows_per_second` a process of it is measured.

`python -m workloads.model_tests --model model.tar.gz` runs the same list on any archive, as a suite of pytest: with
`--rows test/` (a test part of a data set) the bounds of metrics too, with `--contract c.yaml` by other bounds and
promises than those that the archive brings, with `--junit out.xml` as a report. Without rows some are made up from what
the contract allows.

A reason names what was found, at which threshold, what is allowed and the key that says so. Where a model is good
enough and only the interval of the comparison is too wide, it says "too few test rows", and about how many would do.

"""


def page() -> str:
    """The page as Markdown."""
    document = schema()
    properties = document["properties"]
    parts = [
        _HEAD,
        "## Keys\n",
        _table(properties, document["required"]),
        "## Columns\n",
        _table(properties["columns"]["additionalProperties"]["properties"], ["type"]),
        _TYPES + _TEXTS.format(marks=", ".join(f"`{mark}`" for mark in MISSING_MARKS)),
        "## Features and segments\n",
        _language(),
        _TASKS + _GATE + _fairness(Task.BINARY_CLASSIFICATION) + _NUMBERS + _fairness(Task.REGRESSION) + _HOLDS,
        _metrics(),
        *(f"## {_heading(name)}\n\n{_table(properties[name]['properties'], [])}" for name in _SECTIONS),
    ]
    return "\n".join(parts)


def _fairness(task: Task) -> str:
    return "".join(f"- `{name}`: {metric.meaning}\n" for name, metric in FAIRNESS[task].items())


def write() -> tuple[Path, ...]:
    """Write page and schema; returns where they are."""
    PAGE.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(json.dumps(schema(), indent=1) + "\n", encoding="utf-8")
    return PAGE, SCHEMA


def _table(properties: Mapping[str, Any], required: list[str]) -> str:
    rows = [
        f"| `{name}` | {_kind(item)} | {'required' if name in required else _default(item)} | {item['description']} |"
        for name, item in properties.items()
    ]
    return "\n".join(["| key | holds | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])


def _heading(section: str) -> str:
    return section.replace("_", " ").capitalize()


def _kind(item: Mapping[str, Any]) -> str:
    """What a key holds, in words."""
    if "enum" in item:
        return " or ".join(f"`{value}`" for value in item["enum"])
    if "anyOf" in item:
        first, other = item["anyOf"]
        mapping = "a parameter" if "maxProperties" in other else "a mapping"
        return f"{_kind(first)}, or {mapping}" if "enum" in first else "a name, or `{from: delivery}`"
    kind: str = item["type"]
    if kind == "array":
        return "list"
    if kind == "object":
        return "mapping" if "properties" not in item else "section"
    words = {"string": "text", "boolean": "true or false"}
    return " ".join([words.get(kind, kind), *_range(item)])


def _range(item: Mapping[str, Any]) -> Iterator[str]:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    yield from (f"{word} {item[key]:g}" for key, word in words.items() if key in item)
    if "maxLength" in item:
        yield f"of up to {item['maxLength']:,} letters"


def _default(item: Mapping[str, Any]) -> str:
    """The value that a key has when it is left out."""
    value = item.get("default")
    if isinstance(value, list) and value:
        return "the usual marks (below)"
    if value in (None, "", [], {}):
        return "as below" if "properties" in item else ""
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _metrics() -> str:
    return "\n".join(f"### {task}\n\n{_metrics_of(task)}" for task in METRICS)


def _metrics_of(task: Task) -> str:
    defaults = {bounds.metric: bounds for bounds in DEFAULTS[task]}
    rows: list[str] = []
    for name, metric in METRICS[task].items():
        bounds = defaults.get(name)
        ends = [("min", bounds.min), ("max", bounds.max)] if bounds else []
        default = ", ".join(f"{end} {value:g}" for end, value in ends if value is not None)
        rows.append(f"| `{name}` | {' and '.join(metric.ends)} | {default} | {metric.meaning} |")
    return "\n".join(["| metric | bounds | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])


def _language() -> str:
    """What the expression's own module says of it, without what is for its readers only."""
    text = expression.__doc__ or ""
    return text.partition("\n\n")[2].partition("\nThe grammar is")[0]
