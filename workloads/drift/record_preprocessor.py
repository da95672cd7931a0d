"""The record preprocessor of SageMaker's data-quality monitor: a captured record to flat rows, an answer with each.

The monitor's analyzer takes tables and flat JSON only, so that requests as the service takes them, a list of rows under
`instances` or CSV under a header, need a script: its `preprocess_handler` is called with each record (SageMaker
developer guide, "Preprocessing and Postprocessing"; API reference, DataQualityAppSpecification, of which the job
definition names the script; both read 2026-11-30). What it returns is sorted by key before it is compared, position by
position, with the baseline; so rows and the baseline's files have their columns in that order, under the same names.

The file runs alone in a container of AWS: on the standard library of Python 3.7 or later, with nothing of ours to
import and with the facts of the contract that `monitor_files.preprocessor` adds at its end. A record that it cannot
read is left out with a word in the log; the platform's own drift job counts such records.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import logging
from typing import Any

#: Of the contract; see `monitor_files.preprocessor`.
FACTS: dict[str, Any] = {}
_log = logging.getLogger(__name__)


def preprocess_handler(inference_record: Any) -> list[dict[str, Any]]:
    """The rows of one captured record, as dictionaries with all inputs and the answer, sorted by name."""
    try:
        rows = _rows(*_part(inference_record.endpoint_input))
        answered = inference_record.endpoint_output
        answers = _answers(*_part(answered)) if answered else [None] * len(rows)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, csv.Error) as error:
        _log.warning("a record is left out: %s", type(error).__name__)  # its values may be anybody's
        return []
    if len(rows) != len(answers):
        _log.warning("a record is left out: %d rows, %d answers", len(rows), len(answers))
        return []
    flat: list[dict[str, Any]] = []
    for row, answer in zip(rows, answers):  # noqa: B905 - strict came with Python 3.10
        row[FACTS["answer"]] = answer
        flat.append({name: row[name] for name in sorted(row)})
    return flat


def _part(part: Any) -> tuple[str, bool, bool | None]:
    """Text, whether it is CSV, and what its content type says of a header, of one side of a record."""
    kind, _, settings = (part.observedContentType or "").lower().replace(" ", "").partition(";")
    text = part.data
    if part.encoding == "BASE64":
        plain = "utf-8" if "charset" in settings or kind != "text/csv" else FACTS["encoding"]
        text = base64.b64decode(text, validate=True).decode(plain)
    settings = settings.split(";")
    header = True if "header=present" in settings else False if "header=absent" in settings else None
    return text.lstrip("\ufeff"), part.encoding == "CSV" or kind == "text/csv", header


# ---- requests ----


def _rows(text: str, is_csv: bool, header: bool | None) -> list[dict[str, Any]]:
    """Rows of a request: of all inputs, None where nothing is given."""
    if is_csv:
        return _table(text.rstrip("\r\n"), header)
    document = json.loads(text)
    if isinstance(document, dict):
        document = document.get("instances", [document])
    sources = FACTS["sources"]
    named = [{sources.get(name, name): value for name, value in row.items()} for row in document]
    return [{column["name"]: _value(column, row.get(column["name"])) for column in FACTS["columns"]} for row in named]


def _table(text: str, header: bool | None) -> list[dict[str, Any]]:
    """Rows of a CSV: the inputs in the contract's order, or by the names of a first line."""
    columns = FACTS["columns"]
    names, delimiter = _header(text, header)
    order = names or [column["name"] for column in columns]
    rows: list[dict[str, Any]] = []
    for cells in list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))[bool(names) :]:
        if not cells and len(order) > 1:
            continue
        if names and not any(cells[len(order) :]):
            cells = cells[: len(order)]  # delimiters behind the last cell
        if len(cells) != len(order):
            raise ValueError("a line has another number of cells")
        given = dict(zip(order, cells))  # noqa: B905 - strict came with Python 3.10
        rows.append({column["name"]: _value(column, given.get(column["name"])) for column in columns})
    return rows


def _header(text: str, header: bool | None) -> tuple[list[str], str]:
    """The names in the first line, none where it is no header, and the delimiter."""
    for delimiter in FACTS["delimiters"] if header is not False else ():
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        names = [FACTS["sources"].get(cell.strip(), cell.strip()) for cell in first]
        known = set(names) & set(FACTS["known"])
        if len(known) > 1 or (known and known == set(names)):
            return names, delimiter
    return [], ","


def _value(column: dict[str, Any], value: Any) -> Any:
    """A value by the column's type. A text that is none of it stays as it is: to find that is the analyzer's task."""
    if isinstance(value, str):
        text = value.strip(FACTS["blanks"])
        if text in column["values"]:
            return column["values"][text]
        if text.lower() in column["marks"]:
            return None
        if column["type"] == "boolean":
            return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
        if column["type"] == "string":
            return text
        try:
            value = float(_plain(column, text))
        except ValueError:
            return text
    if value is None or column["type"] not in ("integer", "number"):
        return value
    if value in column["missing_numbers"]:
        return None
    return int(value) if column["type"] == "integer" and value == int(value) else float(value)


def _plain(column: dict[str, Any], text: str) -> str:
    """A number as Python reads it, of one with a decimal comma, separators of thousands or the minus behind."""
    point, separators = column["signs"][0], column["signs"][1:]
    plain = "".join(letter for letter in text if letter not in separators).replace(point, ".")
    return "-" + plain[:-1] if plain.endswith("-") else plain


# ---- answers ----


def _answers(text: str, is_csv: bool, _: bool | None) -> list[Any]:
    """What was answered to each row: the number, or of many classes the class."""
    if is_csv:
        found = [cells[0] for cells in csv.reader(io.StringIO(text, newline="")) if cells]
    else:
        document = json.loads(text)
        found = [item[FACTS["field"]] for item in document.get("predictions", [document])]
    return [FACTS["classes"].get(str(answer), answer) if FACTS["classes"] else float(answer) for answer in found]
