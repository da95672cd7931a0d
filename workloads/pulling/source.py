"""What an HTTP API gives: pages of rows as JSON, each row with the time when it was last changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import urllib3

from workloads.inputs import moment
from workloads.job import PlatformError, UserError

#: Again after 1, 2, 4 ... seconds with a random part, or when the source says (Retry-After).
RETRIES: Final = urllib3.Retry(
    total=6,
    backoff_factor=1.0,
    backoff_jitter=1.0,
    backoff_max=60,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("GET",),
    redirect=0,  # the credential is for the source and nobody else
    raise_on_status=False,
    raise_on_redirect=False,
)
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=120)
#: A page lies in memory as a whole.
MAX_PAGE_BYTES: Final = 64 * 1024**2
MAX_DEPTH: Final = 32  # objects within each other, each of which gives a part of a column's name
_OK, _BUSY = 200, 429

Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Source:
    """An API, and the words that it has for things.

    `rows` is where the rows of a page are, `next` where the way to the next page is, both names in the answer with dots
    between them: "" is the answer itself, and no further page. With `cursor`, the name of a parameter, that way is its
    value, else an address. `since` is the parameter that asks for rows changed from a moment on, `changed` what says of
    a row when it was. `headers` go along with every request.
    """

    url: str
    changed: str
    since: str
    rows: str = ""
    next: str = ""
    cursor: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    retries: urllib3.Retry = RETRIES


def rows(source: Source, since: datetime, until: datetime) -> Iterator[Row]:
    """Rows that were changed from `since` on and before `until`, whatever else the source gives.

    A row is a mapping of texts: numbers with the digits that the source wrote, an object within it by names with dots,
    a list as JSON. UserError for what the source refuses, or answers in another form; PlatformError where it does not
    answer.
    """
    a_second_earlier = since - timedelta(seconds=1)
    asked = _with(source.url, source.since, a_second_earlier.strftime("%Y-%m-%dT%H:%M:%SZ"))
    seen: set[str] = set()
    with urllib3.PoolManager(retries=source.retries, timeout=_TIMEOUT) as pool:
        while asked:
            if asked in seen:
                raise UserError(f"{source.next}: the source names a page again that it gave before; correct the source")
            seen.add(asked)
            page = _page(pool, source, asked)
            for number, row in enumerate(_list(source, page)):
                if since <= _changed(source, row, number) < until:
                    yield row
            asked = _following(source, asked, page)


def _page(pool: urllib3.PoolManager, source: Source, url: str) -> Any:
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip", **source.headers}
    try:
        answer = pool.request("GET", url, headers=headers, preload_content=False)
        try:
            content = answer.read(MAX_PAGE_BYTES + 1, decode_content=True)
        finally:
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        # The address may hold a value of the source's, and its words are in the log alone.
        raise PlatformError(f"{_place(source)} does not answer ({type(error).__name__}); try again") from error
    if answer.status == _BUSY or answer.status >= 500:
        raise PlatformError(f"{_place(source)} answers {answer.status} again and again; try again later")
    if answer.status != _OK:
        raise UserError(
            f"{_place(source)} answers {answer.status}; allowed: 200; correct the address or the secret with the header"
        )
    if len(content) > MAX_PAGE_BYTES:
        raise UserError(
            f"{_place(source)}: a page has more than {MAX_PAGE_BYTES // 1024**2} MiB; ask for smaller ones in the url"
        )
    try:
        return json.loads(content, parse_float=str, parse_int=str, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:  # without its text: what the source sent may be a person's
        what = "JSON that is nested too deeply to be rows" if isinstance(error, RecursionError) else "what is no JSON"
        raise UserError(f"{_place(source)} answers with {what}; give the address of an API") from error


def _no_number(text: str) -> str:
    raise ValueError(text)


def _list(source: Source, page: Any) -> Iterator[Row]:
    found = _at(page, source.rows)
    if not isinstance(found, list):
        raise UserError(
            f"rows: found no list at {source.rows or 'the answer itself'!r} of a page; say where its rows are"
        )
    for number, row in enumerate(cast("list[Any]", found)):
        if not isinstance(row, dict):
            raise UserError(f"rows: row {number} of a page is no object; allowed: objects with a value for each column")
        try:
            yield dict(_flat(cast("dict[str, Any]", row)))
        except RecursionError as error:
            raise UserError(
                f"rows: row {number} of a page is nested too deeply; allowed: {MAX_DEPTH} objects within each other; "
                "correct the source"
            ) from error


def _flat(row: Mapping[str, Any], above: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    """The values of a row by their names with dots. RecursionError beyond MAX_DEPTH."""
    if depth > MAX_DEPTH:
        raise RecursionError(above)
    for name, value in row.items():
        match value:
            case dict():
                yield from _flat(cast("dict[str, Any]", value), f"{above}{name}.", depth + 1)
            case str():
                yield above + name, value
            case None:
                yield above + name, ""
            case _:  # true, false, a list
                yield above + name, json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _changed(source: Source, row: Row, number: int) -> datetime:
    found = row.get(source.changed, "")
    try:
        return moment(found)
    except ValueError as error:
        raise UserError(
            f"changed: row {number} of a page has no time at {source.changed!r}; allowed: ISO 8601 such as "
            "2026-01-31T12:00:00Z; name the field that says when a row was changed"
        ) from error


def _following(source: Source, asked: str, page: Any) -> str:
    way = _at(page, source.next) if source.next else None
    if way is None or way == "":
        return ""
    if not isinstance(way, str):
        raise UserError(f"next: found no text at {source.next!r}; name where the way to the next page is")
    if source.cursor is not None:
        return _with(asked, source.cursor, way)
    address = urljoin(asked, way)
    if _origin(address) != _origin(source.url):
        raise UserError("next: the next page is on another host, which is not given the credential; correct the source")
    return address


def _at(page: Any, path: str) -> Any:
    found = page
    for name in path.split(".") if path else ():
        found = cast("dict[str, Any]", found).get(name) if isinstance(found, dict) else None
    return found


def _with(url: str, parameter: str, value: str) -> str:
    """The address with this value of the parameter and no other."""
    parts = urlsplit(url)
    kept = [(name, text) for name, text in parse_qsl(parts.query, keep_blank_values=True) if name != parameter]
    return parts._replace(query=urlencode([*kept, (parameter, value)])).geturl()


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _place(source: Source) -> str:
    return f"source {urlsplit(source.url).netloc}"
