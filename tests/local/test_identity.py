from __future__ import annotations

from local.identity import CACHE, PROJECT_ROOT


def test_the_project_is_where_its_program_is() -> None:
    assert (PROJECT_ROOT / "Pulumi.yaml").is_file()
    assert (PROJECT_ROOT / "__main__.py").is_file()
    assert {"XDG_CACHE_HOME": str(PROJECT_ROOT / ".local" / "cache")} == CACHE
