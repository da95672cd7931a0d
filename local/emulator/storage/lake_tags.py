"""Lake Formation: columns that are tagged in one call have tags of their own each.

moto gives them one list, so that a tag which is taken from one column is gone from all, and the second fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.lakeformation.models import LakeFormationBackend

from local.emulator.extension import wrap


def add_lf_tags_to_resource(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
    """As moto does it, then a list for each column."""
    failures = original(self, *args, **kwargs)
    self.lf_columns_tags.update({column: list(kept) for column, kept in self.lf_columns_tags.items()})
    return failures


def install() -> None:
    """Correct the tags of columns."""
    wrap(LakeFormationBackend, "add_lf_tags_to_resource", add_lf_tags_to_resource)
