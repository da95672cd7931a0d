"""What an API gives: pages to the end, the window of the pull, and one error for what cannot be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.servers import playing
from tests.workloads.pulling.api import Api, refusing
from workloads.job import PlatformError, UserError
from workloads.pulling import source
from workloads.pulling.source import rows

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


def row(key: str, hour: int = 1, **values: Any) -> dict[str, Any]:
    return {"key": key, "updated_at": f"2026-11-01T{hour:02d}:00:00Z", **values}


@pytest.fixture
def api() -> Iterator[Api]:
    with playing(Api([row(key, hour) for hour, key in enumerate("abcde")])) as played:
        yield played


def keys(api: Api, **changes: Any) -> list[str]:
    return [each["key"] for each in rows(api.source(**changes), SINCE, UNTIL)]


@pytest.mark.parametrize("by_cursor", [True, False])
def test_all_pages_are_asked_for_in_their_order(api: Api, by_cursor: bool) -> None:
    api.by_cursor = by_cursor
    assert keys(api) == list("abcde")
    asked = {"kind": "all", "updated_since": "2026-10-31T23:59:59Z"}
    assert api.asked == [
        asked,
        *({**asked, "page": f"2026-11-01T{hour:02d}:00:00Z {key}"} for hour, key in ((1, "b"), (3, "d"))),
    ]


@pytest.mark.parametrize("exclusive", [True, False])
def test_the_window_has_its_beginning_and_not_its_end_whatever_the_source_makes_of_them(exclusive: bool) -> None:
    moments = ["2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z", "2026-11-01T23:59:59.9Z", "2026-11-02T00:00:00Z"]
    with playing(Api([{"key": str(n), "updated_at": at} for n, at in enumerate(moments)], exclusive=exclusive)) as api:
        assert keys(api) == ["1", "2"]


def test_values_are_texts_as_the_source_wrote_them(api: Api) -> None:
    api.answers = [(200, b'{"data": [{"updated_at": "2026-11-01T02:00:00+01:00", "n": 12345678901234567890, "x": 1.10,'
                         b' "t": true, "z": null, "at": {"city": "K\\u00f6ln"}, "l": ["a", false]}]}')]  # fmt: skip
    assert list(rows(api.source(), SINCE, UNTIL)) == [
        {
            "updated_at": "2026-11-01T02:00:00+01:00",
            "n": "12345678901234567890",
            "x": "1.10",
            "t": "true",
            "z": "",
            "at.city": "Köln",
            "l": '["a",false]',
        }
    ]


def test_an_answer_may_be_the_list_itself(api: Api) -> None:
    api.answers = [(200, json.dumps([row("a")]).encode())]
    assert keys(api, rows="", next="") == ["a"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_source_that_is_busy_is_asked_again(api: Api, status: int) -> None:
    api.answers = refusing(status, 2)
    assert keys(api) == list("abcde")
    assert len(api.asked) == 2 + 3


def test_a_source_that_stays_busy_is_tried_another_time(api: Api) -> None:
    api.answers = refusing(503, 3)
    with pytest.raises(PlatformError, match=r"source 127\.0\.0\.1:\d+ answers 503 again and again; try again later"):
        keys(api)


def test_a_source_that_is_not_there_is_tried_another_time(api: Api) -> None:
    with playing(Api([])) as gone:
        address = gone.url
    with pytest.raises(PlatformError, match=r"does not answer \(MaxRetryError\); try again"):
        keys(api, url=address)


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (404, b"", "answers 404; allowed: 200; correct the address or the secret with the header"),
        (302, b"", "answers 302; allowed: 200"),
        (200, b"<html>", "answers with what is no JSON; give the address of an API"),
        (200, b'{"data": [{"updated_at": NaN}]}', "answers with what is no JSON"),
        (200, b"[" * 100_000, "answers with JSON that is nested too deeply to be rows; give the address of an API"),
        (
            200,
            b'{"data": [{"x": %b}]}' % (b'{"x":' * 32 + b"1" + b"}" * 32),
            "rows: row 0 of a page is nested too deeply; allowed: 32 objects within each other; correct the source",
        ),
        (
            200,
            b'{"data": [{"x": %b}]}' % (b'{"x":' * 31 + b"[[[1]]]" + b"}" * 31),
            "changed: row 0 of a page has no time at 'updated_at'",
        ),
        (200, b'{"items": []}', "rows: found no list at 'data' of a page; say where its rows are"),
        (200, b'{"data": [1]}', "rows: row 0 of a page is no object"),
        (200, b'{"data": [{"key": "a"}]}', "changed: row 0 of a page has no time at 'updated_at'"),
        (200, b'{"data": [{"updated_at": 1764547200}]}', "changed: row 0 of a page has no time at 'updated_at'"),
        (200, b'{"data": [], "paging": {"next": ["b"]}}', "next: found no text at 'paging.next'"),
        (200, b'{"data": [], "paging": {"next": "https://elsewhere.example/b"}}', "next: the next page is on another"),
        (200, b'{"data": [], "paging": {"next": "?kind=all&updated_since=2026-10-31T23%3A59%3A59Z"}}', "a page again"),
    ],
)
def test_what_cannot_be_read_is_one_error_that_says_what_to_do(
    api: Api, status: int, content: bytes, said: str
) -> None:
    api.answers = [(status, content)] * 2
    with pytest.raises(UserError, match=re.escape(said)):
        keys(api)


def test_a_wrong_credential_is_told_without_it(api: Api) -> None:
    with pytest.raises(UserError, match="answers 401") as caught:
        keys(api, headers={"Authorization": "Bearer wrong"})
    assert "wrong" not in str(caught.value)
    assert "Bearer" not in repr(api.source())


def test_a_page_has_its_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps({"data": [row("a")]}).encode()
    monkeypatch.setattr(source, "MAX_PAGE_BYTES", len(content))
    api.answers = [(200, content), (200, content + b" ")]
    assert keys(api) == ["a"]
    with pytest.raises(UserError, match="a page has more than 0 MiB; ask for smaller ones in the url"):
        keys(api)
