"""Stack files checked where they lie."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from settings.__main__ import main
from settings.files import check

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_projects_own_files_have_no_faults(stack: str) -> None:
    assert check(ROOT / f"Pulumi.{stack}.yaml").stack == stack


def test_faults_are_those_of_the_running_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Pulumi.qa.yaml"
    path.write_text("config: {'ml-platform:stack': qa, 'ml-platform:network': {create: {zones: 9}}, 'aws:region': x}")
    with pytest.raises(pulumi.RunError) as caught:
        check(path)
    head, *lines = str(caught.value).splitlines()
    assert head == "the config of stack qa (Pulumi.qa.yaml) has faults:"
    assert len(lines) == 1
    assert lines[0].startswith("  ml-platform:network.create.zones: found 9; allowed: ")
    good = tmp_path / "Pulumi.dev.yaml"
    good.write_text("config: {'ml-platform:stack': dev}")
    assert main(["check", str(good), str(path)]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.strip()) == (f"{good}: no faults\n", str(caught.value))
    assert main(["check", str(good)]) == 0


def test_a_date_without_quotes_is_told_as_one_key_by_key(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.qa.yaml"
    path.write_text(
        "config:\n  ml-platform:stack: qa\n  ml-platform:tags: {Expires: 2027-01-01, Since: '2026-01-01'}\n"
        "  ml-platform:workloads: {churn: {contract: contracts/churn.yaml, endpoints: {live: {kind: realtime, "
        "autoscaling: {schedules: [{once: 2027-11-26T08:00:00+01:00, minimum: 1, maximum: 2}]}}}}}\n"
    )
    with pytest.raises(pulumi.RunError) as caught:
        check(path)
    assert str(caught.value).splitlines()[1:] == [
        "  ml-platform:workloads.churn.endpoints.live.autoscaling.schedules[0].once: "
        'found "2027-11-26 07:00:00 +0000 UTC"; allowed: text like 2027-11-26T08:00; '
        'YAML reads a bare date so: write it in quotes, as in "2027-11-26T07:00:00"',
    ]
    path.write_text(path.read_text().replace("2027-11-26T08:00:00+01:00", "2027-11-26T08:00"))
    with pytest.raises(pulumi.RunError) as caught:
        check(path)
    assert str(caught.value).splitlines()[1:] == [
        '  ml-platform:tags.Expires: found "2027-01-01 00:00:00 +0000 UTC"; allowed: text; '
        'YAML reads a bare date so: write it in quotes, as in "2027-01-01"',
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config: [", "is not YAML"),
        ("config: [1, 2]", "config: found list; write a mapping"),
        ("hello", "found str; write a mapping"),
        ("config: {'ml-platform:stack': {secure: abc}}", "ml-platform:stack: found a secret"),
        ("config: {5: a}", "ml-platform:stack: found nothing"),
        ("{}", "ml-platform:stack: found nothing"),
    ],
)
def test_a_file_that_says_nothing_readable_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "Pulumi.qa.yaml"
    path.write_text(text)
    with pytest.raises(pulumi.RunError, match=message):
        check(path)


def test_a_file_that_is_not_utf_8_or_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    latin, missing = tmp_path / "Pulumi.qa.yaml", tmp_path / "Pulumi.dev.yaml"
    latin.write_bytes("owner: Jürgen".encode("latin-1"))
    assert main(["check", str(latin), str(missing)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{latin} is not UTF-8 (invalid start byte at byte 8); save it as UTF-8",
        f"{missing}: No such file or directory",
    ]
