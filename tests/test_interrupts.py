"""Ctrl-C while a command line still loads what it needs."""

from __future__ import annotations

import importlib.abc
import runpy
import sys
from collections.abc import Sequence

import pytest


class Interrupting(importlib.abc.MetaPathFinder):
    """Ctrl-C when the module is loaded."""

    def __init__(self, module: str) -> None:
        self.module = module

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> None:
        if fullname == self.module:
            raise KeyboardInterrupt
        return


@pytest.mark.parametrize("package", ["automation", "local"])
def test_ends_as_interrupted_without_a_trace(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = f"{package}.commands"
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(module), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(package, run_name="__main__")
    assert ended.value.code == 130
