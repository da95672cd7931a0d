"""The goals of the benchmark, whether they were reached, and docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workloads.measuring import Goal

PEERS = ("flask+gunicorn", "litserve", "bentoml", "mlserver")


def goals(results: Any, environment: Path) -> list[Goal]:
    """What the service is held to, on these results. `environment` has the image's packages alone."""
    single = results.loads["single"]
    best = max((p for p in PEERS if p in single), key=lambda p: statistics.median(r["per_second"] for r in single[p]))
    cold, memory = (
        {name: statistics.median(values) for name, values in measured.items()}
        for measured in (results.cold, results.memory)
    )
    neighbour = results.loads["neighbour"]
    p99 = {name: statistics.median(r["p99_us"] for r in rounds) for name, rounds in neighbour.items()}
    size = sum(f.stat().st_size for f in environment.rglob("*") if f.is_file() and not f.is_symlink()) / 1e6
    return [
        Goal("one row, 16 connections: requests/s, x naive", results.ratio("single", "ours", "naive"), 20, True),
        Goal("the same: p99, x naive", results.ratio("single", "ours", "naive", "p99_us"), 1 / 30, False),
        Goal(f"the same: requests/s, x best peer ({best})", results.ratio("single", "ours", best), 18, True),
        Goal("two workers: requests/s, x naive", results.ratio("two workers", "ours/2 workers", "naive"), 30, True),
        Goal("1,000 rows of CSV: x naive with one thread", results.ratio("batch", "ours", "naive/omp1"), 1.7, True),
        Goal("the same, two workers: x naive", results.ratio("batch", "ours/2 workers", "naive"), 2.5, True),
        Goal("start to first prediction, x naive", cold["ours"] / cold["naive"], 1 / 8, False),
        Goal("memory (PSS), x naive", memory["ours"] / memory["naive"], 1 / 4, False),
        Goal("installed size of the environment, MB", size, 80, False),
        Goal(_endured(results.endurance), results.endurance["other"] + results.endurance["broken"], 0, False),
        Goal("p99 beside a busy neighbour, x quiet", p99["busy"] / p99["quiet"], 2, False),
    ]


def _endured(found: dict[str, Any]) -> str:
    disturbed = f"{found['reloads']} reloads and {found['workers stopped']} stopped workers"
    return f"requests lost of {found['good']:,} in {found['seconds']:.0f} s with {disturbed}"


def markdown(results: Any, reached: list[Goal], seconds: float, rounds: int) -> str:
    """The page."""
    lines = [
        "# Benchmarks of the inference service",
        "",
        "Written by `make bench-serve` (`workloads/inference/benchmark`); do not edit. Figures are ratios of one",
        "interleaved run: every server of a table is up at once and loaded in turn, each round gives one ratio, and",
        "the table has the median. `naive` is FastAPI, pydantic, joblib and `predict_proba`; `omp1` gives XGBoost one",
        "thread. Peers run with one thread and one worker, as their documentation has it. The model has 150 trees of",
        "depth 6 over three columns.",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}, Python {platform.python_version()}; {rounds} rounds of",
        f"{seconds:g} s; load average at the end {os.getloadavg()[0]:.1f} (the benchmark itself is about 2).",
        "",
        "## Goals",
        "",
        "| goal | found | bound | |",
        "| --- | --- | --- | --- |",
    ]
    for g in reached:
        lines.append(
            f"| {g.text} | {g.found:.3g} | {g.sign} {g.bound:.3g} | {'reached' if g.reached else '**missed**'} |"
        )
    for name in results.loads:
        lines += _table(results, name)
    lines += ["", "## Start and memory", "", "| server | s to the first prediction | MB (PSS) |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {statistics.median(results.cold[name]):.2f} | {statistics.median(results.memory[name]):.0f} |"
        for name in results.cold
    ]
    if results.left_out:
        lines += ["", "Left out because they did not start here: " + ", ".join(results.left_out) + "."]
    return "\n".join(lines) + "\n"


def _table(results: Any, name: str) -> list[str]:
    servers = results.loads[name]
    first = next(iter(servers))
    lines = ["", f"## {name.capitalize()}", ""]
    lines += [
        f"| server | x {first} | requests/s | p50 us | p99 us | CPU us a request |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for server, found in servers.items():
        middle = {key: statistics.median(r[key] for r in found) for key in ("per_second", "p50_us", "p99_us", "cpu_us")}
        figures = " | ".join(f"{value:,.0f}" for value in middle.values())
        lines.append(f"| {server} | {results.ratio(name, server, first):.2f} | {figures} |")
    return lines


def _machine() -> str:
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return f"{len(os.sched_getaffinity(0))} cores of {names[0] if names else platform.machine()}"
