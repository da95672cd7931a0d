"""Damage that a format lets one see is seen: no file is accepted with rows that are not its own, and none raises."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from tests.workloads.validation import shapes
from tests.workloads.validation.delivered import good_rows, read_rows
from workloads.validation import Status

GUARDED = {
    "gzip": gzip.compress(shapes.PLAIN, mtime=0),
    "Parquet": shapes.parquet(write_page_checksum=True, compression="none"),
    "Parquet in version 2": shapes.parquet(write_page_checksum=True, data_page_version="2.0", compression="zstd"),
}


@pytest.mark.parametrize("content", GUARDED.values(), ids=list(GUARDED))
def test_of_files_with_one_bit_turned_over_none_is_accepted_with_other_rows(tmp_path: Path, content: bytes) -> None:
    dice = random.Random(7)  # noqa: S311 - damage, no secret
    refused = 0
    for _ in range(40):
        damaged = bytearray(content)
        damaged[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        verdict = shapes.judged(bytes(damaged), tmp_path)
        refused += verdict.status is Status.REFUSED
        if verdict.status is not Status.REFUSED:  # a bit that says nothing of the rows, as the time in a gzip header
            assert read_rows(tmp_path / "output" / "accepted.parquet") == good_rows(30)
    assert refused >= 20


def test_damage_at_random_is_always_a_verdict(tmp_path: Path) -> None:
    dice = random.Random(11)  # noqa: S311 - damage, no secret
    for content in (shapes.PLAIN, *GUARDED.values(), shapes.parquet()):
        for _ in range(20):
            damaged = bytearray(content)
            at = dice.randrange(len(content))
            match dice.randrange(4):
                case 0:
                    damaged[at : at + dice.randrange(1, 200)] = dice.randbytes(dice.randrange(0, 200))
                case 1:
                    del damaged[at:]
                case 2:
                    damaged[at:at] = dice.choice([b"\r", b'"', b"\0", b"\n", b"\xff", b",", content[:50]])
                case _:
                    damaged[at] = dice.randrange(256)
            verdict = shapes.judged(bytes(damaged), tmp_path)
            assert verdict.rows_in == verdict.accepted + verdict.quarantined
            assert verdict.status is Status.ACCEPTED or verdict.findings
