"""The same entity and event time in several deliveries."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.workloads.etl.accepted import CHURN, SCHEMA, START, accepted_rows, delivered, write
from tests.workloads.etl.data_sets import OUTPUT_COLUMNS, changed, rows_of
from workloads.engine import connect
from workloads.etl.deliveries import read
from workloads.etl.embedded import run
from workloads.etl.sources import find_sources

YOUNGER = pa.field("logins", pa.int64())  # the files that have it come before and after those that do not


class TestSeveralDeliveries:
    """The same entity and event time in several files."""

    def values(self, output: Path, customer: str) -> list[dict[str, Any]]:
        return [row for rows in rows_of(output).values() for row in rows if row["customer_id"] == customer]

    def test_a_correction_of_old_events_wins_by_its_later_delivery(self, tmp_path: Path) -> None:
        rows = accepted_rows()
        came = START + timedelta(days=60)
        delivered(tmp_path / "in" / "b.parquet", rows, came)
        older = [changed(rows[5], support_tickets=99)]  # no event of its file is the newest
        delivered(tmp_path / "in" / "a.parquet", older, came + timedelta(seconds=1))
        manifest = run(tmp_path / "in", CHURN, tmp_path / "out")
        assert [row["support_tickets"] for row in self.values(tmp_path / "out", "C00005")] == [99]
        assert manifest["superseded"] == {"rows": 1, "conflicting": 1}
        assert [item["name"] for item in manifest["sources"]] == ["b.parquet", "a.parquet"]

    def test_of_deliveries_of_the_same_second_the_last_name_wins(self, tmp_path: Path) -> None:
        rows = accepted_rows()
        came = START + timedelta(days=60)
        delivered(tmp_path / "in" / "b.parquet", [changed(rows[5], support_tickets=2)], came)
        delivered(tmp_path / "in" / "a.parquet", rows, came)
        run(tmp_path / "in", CHURN, tmp_path / "out")
        assert [row["support_tickets"] for row in self.values(tmp_path / "out", "C00005")] == [2]

    def test_without_conflict_the_time_of_delivery_does_not_matter(self, source: Path, tmp_path: Path) -> None:
        rows = accepted_rows()
        version = run(source, CHURN, tmp_path / "out")["dataset_version"]
        delivered(source / "a.parquet", rows[:150], START + timedelta(days=61))
        delivered(source / "b.parquet", rows[100:], START + timedelta(days=60))
        assert run(source, CHURN, tmp_path / "out")["dataset_version"] == version
        assert [
            (field.name, field.type) for field in pq.read_schema(tmp_path / "out" / "train" / "part-00000.parquet")
        ] == OUTPUT_COLUMNS

    def test_where_no_time_was_noted_the_last_event_counts(self, source: Path, tmp_path: Path) -> None:
        first = accepted_rows()[5]
        later = START + timedelta(days=30)
        corrected = [changed(first, support_tickets=99), accepted_rows()[6], changed(first, event_time=later)]
        write(source / "0-sorts-first.parquet", corrected)
        manifest = run(source, CHURN, tmp_path / "out")
        assert [row["support_tickets"] for row in self.values(tmp_path / "out", "C00005")] == [99, 5]
        assert manifest["superseded"] == {"rows": 2, "conflicting": 1}
        assert [item["name"] for item in manifest["sources"]] == ["a.parquet", "0-sorts-first.parquet"]

    def test_of_deliveries_with_the_same_last_event_the_last_name_wins(self, tmp_path: Path) -> None:
        for name, tickets in (("b", 2), ("a", 1), ("c", 3)):
            rows = accepted_rows()
            rows[5]["support_tickets"] = tickets
            write(tmp_path / "in" / f"{name}.parquet", rows)
        manifest = run(tmp_path / "in", CHURN, tmp_path / "out")
        assert [row["support_tickets"] for row in self.values(tmp_path / "out", "C00005")] == [3]
        assert manifest["superseded"] == {"rows": 400, "conflicting": 1}

    def test_one_content_under_two_names_is_one_delivery(self, source: Path, tmp_path: Path) -> None:
        write(source / "again.parquet", accepted_rows())
        manifest = run(source, CHURN, tmp_path / "out")
        assert [item["name"] for item in manifest["sources"]] == ["a.parquet"]
        assert manifest["superseded"] == {"rows": 0, "conflicting": 0}

    def test_any_number_of_files_is_one_scan(self, tmp_path: Path) -> None:
        """A scan for each was planned in a time that grew with the square of their number: 5,000 files took minutes."""
        for index, row in enumerate(accepted_rows(60)):
            write(tmp_path / "in" / f"{index:02}.parquet", [row], SCHEMA.append(YOUNGER) if index % 2 else SCHEMA)
        with connect(tmp_path) as connection:
            files = find_sources(connection, tmp_path / "in", CHURN)
            rows = read(connection, files, CHURN)
            assert rows.explain().count("READ_PARQUET") == 1
            found = rows.project("customer_id, delivery_").order("delivery_").fetchall()
        assert found == [
            (pq.read_table(file.path)["customer_id"][0].as_py(), index) for index, file in enumerate(files)
        ]

    def test_an_entity_seen_at_many_times_is_in_one_part(self, tmp_path: Path) -> None:
        rows = [
            changed(row, event_time=row["event_time"] + timedelta(days=day), churn_label=day % 2)
            for row in accepted_rows(80)
            for day in range(4)
        ]
        run(write(tmp_path / "in" / "a.parquet", rows).parent, CHURN, tmp_path / "out")
        entities = [{row["customer_id"] for row in part_rows} for part_rows in rows_of(tmp_path / "out").values()]
        assert sum(map(len, entities)) == len(set.union(*entities)) == 80
