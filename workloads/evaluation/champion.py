"""The live champion: release record -> model package -> model archive. The only part that calls AWS."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contracts import release
from workloads.evaluation.model import Model, from_archive


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The package that serves now and its model."""

    package_arn: str
    model: Model


def find(parameter: str, *, ssm: Any, sagemaker: Any, s3: Any) -> Champion | None:
    """The champion named by the release record, or None before the first release."""
    try:
        text = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None
    arn = release.from_json(text).serving.champion
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    location = urlsplit(package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "model.tar.gz"
        s3.download_file(location.netloc, location.path.lstrip("/"), str(archive))
        return Champion(package_arn=arn, model=from_archive(archive, Path(scratch) / "model"))
