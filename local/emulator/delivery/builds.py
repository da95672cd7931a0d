"""CodeBuild: a project whose source and artifacts are CodePipeline's has no location of its own.

moto asks every project for one. Source: CodeBuild API reference, "ProjectSource" and "ProjectArtifacts" (location).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from moto.codebuild import responses

from local.emulator.extension import wrap

_PIPELINE: Final = "CODEPIPELINE"


def _located(validate: Callable[[Mapping[str, Any]], None], given: Mapping[str, Any]) -> None:
    validate({"location": _PIPELINE, **given} if given["type"] == _PIPELINE else given)


def install() -> None:
    """Correct what is asked of a project."""
    wrap(responses, "_validate_required_params_source", _located)
    wrap(responses, "_validate_required_params_artifacts", _located)
