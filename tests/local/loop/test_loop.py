"""The whole of L1, as a person runs it: another data set, no change of code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def told(tumours: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What `up` printed for the second workload on prod, and its home directory."""
    contract, data = tumours
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "local", "up", "--stack", "prod", "--contract", str(contract), "--data", str(data)]
    done = subprocess.run(
        [*command, "--home", str(home)], cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout, home


@pytest.mark.loop
@pytest.mark.parametrize(
    "said",
    [
        r"\d+ resources created, \d+ recorded only",
        r"\d+ judged by \d+ policies",
        r"accepted: 398 rows in, 398 accepted, 0 quarantined",
        r"delivered a second time: duplicate",
        r"AUC 0\.9\d+ \[0\.\d+, [01]\.\d+\] on \d+ test rows",
        r"gate: register: all 15 checks hold; no champion to compare with",
        r"registered arn:aws:sagemaker:eu-west-1:123456789012:model-package/tumours-prod/1, PendingManualApproval",
        r"endpoint tumours-prod-live InService: http://127\.0\.0\.1:\d+/invocations",
        r"2000 of 2000 requests served in .* p50 \d+\.\d+ ms, p99 \d+\.\d+ ms",
        r"drift score 0\.0?\d+ \(limit 0\.15\): no drift",
        r"drift score \d\.\d+ \(limit 0\.15\): drifted, most \w+",
        r"drift alarm -> topic -> retraining function: started",
        r"against the champion: [+-]0\.\d+ \[[+-]0\.\d+, [+-]0\.\d+\]",
        r"report: .*report\.html",
    ],
)
def test_every_step_says_what_happened(told: tuple[str, Path], said: str) -> None:
    assert re.search(said, told[0]), f"{said!r} not in:\n{told[0]}"


@pytest.mark.loop
def test_the_report_opens_without_a_network(told: tuple[str, Path]) -> None:
    page = (told[1] / "report.html").read_text()
    assert page.count("&lt;svg") >= 1  # the plots of the jobs, inside their own pages
    assert page.count("<div style") == page.count("<h3>")  # the timeline: a bar for each step
    assert page.count("srcdoc=") >= 3
    assert re.findall(r"""(?:src|href|url)\s*[=(]\s*(?:["']|&#34;)?https?:""", page) == []


@pytest.mark.loop
def test_nothing_is_left_running(told: tuple[str, Path]) -> None:
    assert not (told[1] / "emulator.json").exists()
    assert not (told[1] / "state.json").exists()
