"""An API as a source may be: rows by the time of their change, in pages of two, for who has the credential."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.servers import Server
from workloads.pulling.source import RETRIES, Source

TOKEN = "Bearer of-crm"
PAGE = 2
Row = dict[str, Any]


class Api(Server):
    """It gives what was changed at `updated_since` or later; `exclusive`, what was changed later.

    `asked` are the queries in their order, `answers` what it says before it gives pages: statuses, or whole contents.
    `key` tells rows apart. `meanwhile` is called before each page.
    """

    def __init__(self, rows: list[Row], *, exclusive: bool = False, key: str = "key") -> None:
        super().__init__(_Handler)
        self.rows, self.exclusive, self.key, self.by_cursor = rows, exclusive, key, False
        self.asked: list[dict[str, str]] = []
        self.answers: list[tuple[int, bytes]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def source(self, **changes: Any) -> Source:
        fields: dict[str, Any] = {
            "url": f"{self.url}/customers?kind=all",
            "changed": "updated_at",
            "since": "updated_since",
            "rows": "data",
            "next": "paging.next",
            "cursor": "page" if self.by_cursor else None,
            "headers": {"Authorization": TOKEN},
            "retries": RETRIES.new(backoff_factor=0, backoff_jitter=0, respect_retry_after_header=False, total=2),
        }
        return Source(**fields | changes)

    def page(self, query: dict[str, str]) -> Any:
        """What comes behind the row that the way names, so that a row that moves meanwhile pushes no other aside."""
        since, behind = query["updated_since"], query.get("page", "")
        found = sorted((row["updated_at"], str(row[self.key]), row) for row in self.rows)
        found = [each for each in found if (each[0] > since if self.exclusive else each[0] >= since)]
        found = [each for each in found if f"{each[0]} {each[1]}" > behind]
        way: str | None = None
        if len(found) > PAGE:
            way = " ".join(found[PAGE - 1][:2])
            if not self.by_cursor:
                way = "/customers?" + urlencode({"kind": "all", "updated_since": since, "page": way})
        return {"data": [row for _, _, row in found[:PAGE]], "paging": {"next": way}}


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query))
        self.server.asked.append(query)
        self.server.meanwhile()
        status, content = 200, b""
        if self.server.answers:
            status, content = self.server.answers.pop(0)
        elif self.headers["Authorization"] != TOKEN:
            status = 401
        else:
            content = json.dumps(self.server.page(query)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


def refusing(status: int, times: int) -> list[tuple[int, bytes]]:
    return [(status, b"")] * times
