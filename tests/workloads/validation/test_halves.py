"""A text judged in halves has the outcome of the whole, wherever it was cut."""

from __future__ import annotations

import csv
import dataclasses
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.workloads.validation.delivered import CHURN, HEADER, NOW, good_row
from workloads.validation import Verdict, halves, passes, validate

LAX = dataclasses.replace(CHURN, ingestion=dataclasses.replace(CHURN.ingestion, max_bad_row_share=0.9))
WHOLE = 1 << 40


class Cut:
    """Judges files in halves and whole, and knows of how many files the halves were good."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch, self.good = patch, 0
        of_halves = passes._of_halves

        def counted(*given: object) -> list[Path] | None:
            found = of_halves(*given)  # pyright: ignore[reportArgumentType]
            self.good += found is not None
            return found

        patch.setattr(passes, "_of_halves", counted)

    def judged(self, path: Path, least: int) -> tuple[Verdict, list[list[object]]]:
        self.patch.setattr(halves, "LEAST", least)
        output = path.parent / "output"
        verdict = validate(path, LAX, output=output, now=NOW, delivered=NOW)
        files = sorted(output.iterdir())
        # of two files duckdb does not know that no value is null, which it otherwise writes into the schema
        return verdict, [[file.name, pq.read_table(file).column_names, pq.read_table(file).columns] for file in files]

    def same(self, path: Path) -> Verdict:
        """The verdict, which is that of the whole; so are the rows. Sums of floats are of two sums here."""
        (whole, whole_files), (cut, cut_files) = self.judged(path, WHOLE), self.judged(path, 0)
        assert cut_files == whole_files
        if cut.summary is not None and whole.summary is not None:
            assert cut.summary.label_rate == pytest.approx(whole.summary.label_rate, rel=1e-12)
            for name, column in cut.summary.columns.items():
                expected = dataclasses.astuple(whole.summary.columns[name])
                assert dataclasses.astuple(column) == pytest.approx(expected, rel=1e-12)
        assert dataclasses.replace(cut, summary=None) == dataclasses.replace(whole, summary=None)
        return cut


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Cut:
    return Cut(monkeypatch)


def _write(path: Path, rows: list[list[object]], end: str = "\n") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator=end).writerows([HEADER, *rows])
    return path


def _rows(chance: random.Random, names: tuple[str, ...]) -> list[list[object]]:
    """Good rows, faulty ones, the same again far away, and ids with one of `names` in them."""
    rows = [list(good_row(number).values()) for number in range(chance.randint(3, 90))]
    for row in rows:
        row[0] = f"{row[0]}{chance.choice(names)}"
    rows += [chance.choice(rows) for _ in range(5)]
    rows += [[*chance.choice(rows)[:-1], chance.choice(["2", "no", "", "1"])] for _ in range(5)]
    return rows


@pytest.mark.parametrize("seed", range(8))
def test_rows_of_halves_are_those_of_the_whole(seed: int, tmp_path: Path, cut: Cut) -> None:
    chance = random.Random(seed)  # noqa: S311  no secret
    names = ("", "a,b", 'say "no"', "two\nlines", "\n\n", "three\r\nor\nmore\n", '"', ",\n", '"\n"')
    rows = _rows(chance, names[: 1 + seed])
    verdict = cut.same(_write(tmp_path / "rows.csv", rows, chance.choice(["\n", "\r\n"])))
    assert (verdict.rows_in, cut.good) == (len(rows), 1)


def test_blank_lines_a_mark_and_no_last_line_end_are_as_in_the_whole(tmp_path: Path, cut: Cut) -> None:
    path = _write(tmp_path / "rows.csv", [list(good_row(number).values()) for number in range(40)])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"\xef\xbb\xbf# of today\n" + b"\n\n".join([b"".join(lines[:20]), *lines[20:]]).rstrip())
    assert (cut.same(path).accepted, cut.good) == (40, 1)


def test_a_cut_in_a_quoted_text_is_found_and_the_whole_is_judged(tmp_path: Path, cut: Cut) -> None:
    """A quote that is a letter stands before the middle, so that the count of quotes is even within quotes."""
    rows = [",".join(map(str, good_row(number).values())) for number in range(20)]
    rows[3] = f'3" pipe{rows[3]}'
    rows[10:] = [f'"C9\n{number}"{row[5:]}' for number, row in enumerate(rows[10:])]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([",".join(HEADER), *rows]) + "\n")
    assert (cut.same(path).accepted, cut.good) == (20, 0)


@pytest.mark.parametrize("place", [5, 55])
def test_a_line_that_cannot_be_read_is_named_as_in_the_whole(place: int, tmp_path: Path, cut: Cut) -> None:
    rows = [list(good_row(number).values()) for number in range(60)]
    rows[place] = rows[place][:-1]
    verdict = cut.same(_write(tmp_path / "rows.csv", rows))
    assert f"line {place + 2} has 5 fields, the header has 6" in verdict.findings[0].text
    assert cut.good == 0


def test_what_fails_in_a_half_for_another_reason_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: Cut
) -> None:
    path = _write(tmp_path / "rows.csv", [list(good_row(number).values()) for number in range(60)])

    def fails(path: Path, scratch: Path) -> tuple[Path, Path]:
        found = real(path, scratch)
        assert found is not None
        found[1].unlink()
        found[1].mkdir()
        return found

    real = halves.of
    monkeypatch.setattr(halves, "of", fails)
    with pytest.raises(OSError, match="second"):
        cut.judged(path, 0)


def test_small_texts_and_those_without_a_row_end_are_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n")
    assert halves.of(path, tmp_path) is None
    monkeypatch.setattr(halves, "LEAST", 0)
    path.write_text("a,b\n1," + "2" * 100)
    assert halves.of(path, tmp_path) is None
    path.write_text("a,b\n1,2\n3,4\n5,6\n")
    found = halves.of(path, tmp_path)
    assert found is not None
    assert [half.read_text() for half in found] == ["a,b\n1,2\n3,4\n", "5,6\n"]
