"""The embedded engine is set up the same way for whatever reads through it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from workloads.engine import connect


def test_a_cursor_has_the_time_zone_of_its_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The type of a column of times has the zone, and a data set's version has the types of its columns."""
    monkeypatch.setenv("TZ", "America/Lima")
    with connect(tmp_path) as connection, connection.cursor() as cursor:
        for one in (connection, cursor):
            table = one.sql("SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' AS time").to_arrow_table()
            assert table.schema.field("time").type == pa.timestamp("us", tz="UTC")
