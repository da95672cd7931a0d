"""Promotions, rollbacks and what an emulated endpoint serves after them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from contracts import release
from contracts.release import Record
from contracts.release.rollback import Request, Rollback
from tests.contracts.release.records import package

if TYPE_CHECKING:
    from tests.contracts.release.conftest import Endpoint


def promote(endpoint: Endpoint, version: int, *, hours_ago: float = 2) -> Record:
    when = (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat()
    with endpoint.ledger().open(who="ana", doing="promote") as book:
        return book.write(
            release.promote(book.record, package(version), who="ana", why="better", when=when, counts=book.counts)
        )


def split(endpoint: Endpoint, version: int, percent: int, *, hours_ago: float = 2) -> Record:
    when = (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat()
    with endpoint.ledger().open(who="ana", doing="split") as book:
        assert book.record
        return book.write(
            release.split_traffic(
                book.record, package(version), percent, who="ana", why="A/B", when=when, counts=book.counts
            )
        )


def rollback(endpoint: Endpoint, told: list[str], **more: Any) -> Rollback:
    about = more.pop("about", datetime.now(UTC))
    request = Request(who=more.pop("who", "alarm 5xx"), why="12 > 10", about=about)
    settings: dict[str, Any] = {"patience_seconds": 60, "poll_seconds": 0.02} | more
    return Rollback(ledger=endpoint.ledger(), request=request, tell=lambda subject, _: told.append(subject), **settings)


def serves(endpoint: Endpoint) -> str:
    return endpoint.settled()["EndpointConfigName"]


def baking(seconds: int) -> dict[str, Any]:
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": seconds}
    return {"DeploymentConfig": {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}}
