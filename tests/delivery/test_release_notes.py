from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.delivery.blocks import ROOT

CHANGELOG = """# Changelog

## [Unreleased]

## [0.1.0] - 2026-12-01

### Added
- The platform.

## [0.1.0-rc.1] - 2026-11-30

- A candidate.
"""


def notes(home: Path, tag: str, *, changelog: str = CHANGELOG, version: str = "0.1.0") -> tuple[str, str]:
    (home / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "release-notes", home / ".ci")
    (home / "CHANGELOG.md").write_text(changelog)
    (home / "pyproject.toml").write_text(f'[project]\nname = "ml-platform"\nversion = "{version}"\n')
    done = subprocess.run([home / ".ci" / "release-notes", tag], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (done.stderr == "")
    return done.stdout, done.stderr


def test_the_notes_of_a_release_are_its_section_of_the_changelog(tmp_path: Path) -> None:
    assert notes(tmp_path, "v0.1.0") == ("\n### Added\n- The platform.\n", "")


def test_the_last_section_ends_with_the_file(tmp_path: Path) -> None:
    assert notes(tmp_path, "v0.1.0-rc.1", version="0.1.0-rc.1") == ("\n- A candidate.\n", "")


def test_a_tag_that_is_not_the_version_of_the_project_is_refused(tmp_path: Path) -> None:
    for number, tag in enumerate(("v0.2.0", "0.1.0")):
        home = tmp_path / str(number)
        home.mkdir()
        assert notes(home, tag) == (
            "",
            f"tag: found {tag}; allowed: v0.1.0, the version in pyproject.toml; change one of the two\n",
        )


def test_a_version_without_a_section_in_the_changelog_is_refused(tmp_path: Path) -> None:
    said = "CHANGELOG.md: found nothing under '## [0.1.0]'; allowed: what changed; rename '## [Unreleased]'\n"
    without, empty = tmp_path / "without", tmp_path / "empty"
    without.mkdir()
    empty.mkdir()
    assert notes(without, "v0.1.0", changelog="# Changelog\n\n## [Unreleased]\n\n- All.\n") == ("", said)
    assert notes(empty, "v0.1.0", changelog="# Changelog\n\n## [0.1.0]\n\n## [0.0.1]\n\n- Old.\n") == ("", said)
