"""The live champion: release record -> model package -> model archive. The only part that calls AWS."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contracts import release
from workloads.evaluation.model import Contained, Model, from_archive


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The package that serves now, its model, and where the archive of that lies."""

    package_arn: str
    model: Model
    model_data: str = ""


def find(parameter: str, *, ssm: Any, sagemaker: Any, s3: Any) -> Champion | None:
    """The champion named by the release record, or None before the first release."""
    try:
        text = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None
    arn = release.from_json(text).serving.champion
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    container = package["InferenceSpecification"]["Containers"][0]
    location = urlsplit(container["ModelDataUrl"])
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "model.tar.gz"
        s3.download_file(location.netloc, location.path.lstrip("/"), str(archive))
        model = from_archive(archive, Path(scratch) / "model")
    if isinstance(model, Contained):  # where it was taken over, its archive names the image of another stack
        model = replace(model, image=container["Image"])
    return Champion(package_arn=arn, model=model, model_data=container["ModelDataUrl"])
