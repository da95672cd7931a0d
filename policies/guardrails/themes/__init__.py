"""The policies, one module for each subject and family of services."""

from __future__ import annotations

from types import ModuleType

from ..rule import Rule
from . import encryption_sagemaker, encryption_services, encryption_storage
from .theme import THEMES

# Importing a module adds its policies to their theme.
MODULES: tuple[ModuleType, ...] = (encryption_storage, encryption_services, encryption_sagemaker)


def rules() -> list[Rule]:
    """Every policy of the pack, theme by theme."""
    return [rule for theme in THEMES for rule in theme.rules]
