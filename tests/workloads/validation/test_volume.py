"""Whatever is wrong with a file that is read, the volume of a job holds what validation makes of it."""

from __future__ import annotations

import dataclasses
import random
import string
from pathlib import Path
from typing import Any

import pytest

from components.jobs import VOLUME_GB
from tests.workloads.validation.delivered import CHURN, HEADER, NOW
from workloads import unpacking
from workloads.validation import halves, passes, validate, written

ROWS = 20_000
LAX = dataclasses.replace(CHURN, ingestion=dataclasses.replace(CHURN.ingestion, max_bad_row_share=1.0))


def _faulty(path: Path, letters: int) -> Path:
    """Rows of faulty cells, each another one, and two kinds of line ends, for which the text is written anew."""
    chance = random.Random(letters)  # noqa: S311  no secret
    lines = [
        ",".join("x" + "".join(chance.choices(string.ascii_lowercase + string.digits, k=letters)) for _ in HEADER)
        for _ in range(ROWS)
    ]
    path.write_text(
        "\n".join([",".join(HEADER), *lines[: ROWS // 2]]) + "\n" + "\r\n".join(lines[ROWS // 2 :]), newline=""
    )
    return path


@pytest.mark.parametrize("letters", [2, 3, 4, 8])
def test_the_worst_file_that_is_read_fits_the_volume(
    letters: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halves, "LEAST", 0)
    path, held = _faulty(tmp_path / "rows.csv", letters), {"texts": 0, "judged": 0, "outcome": 0}

    def weigh(module: Any, name: str, what: str) -> None:
        function = getattr(module, name)

        def weighed(*given: Any, **options: Any) -> Any:
            found = function(*given, **options)
            held[what] = sum(each.stat().st_size for each in tmp_path.rglob("*") if each.is_file())
            return found

        monkeypatch.setattr(module, name, weighed)

    weigh(halves, "of", "texts")
    weigh(passes, "write", "judged")
    weigh(written, "write", "outcome")
    verdict = validate(path, LAX, output=tmp_path / "output", now=NOW, delivered=NOW)
    assert (verdict.rows_in, verdict.quarantined) == (ROWS, ROWS)
    size = path.stat().st_size
    assert 2.9 < held["texts"] / size < 3.1  # the file, its text with one kind of line ends, and both halves
    # judged rows are written while the texts lie there, which are gone when the outcome is
    most = max(held["texts"] + held["judged"] - size, held["outcome"])
    assert most / size * unpacking.MAX_BYTES < VOLUME_GB * 10**9, (held, size)
