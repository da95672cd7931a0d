"""The registries of SageMaker's own images, which the provider keeps as a table too.

Model Monitor: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-pre-built-container.html. Its image has no
version tag; the provider's default tag `1` names an image that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from local.adapter import regions
from local.adapter.errors import InvalidInput
from shapes.check import Fault

_TOKEN = "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage"  # noqa: S105 - a type token
_DEFAULT_TAG = "1"

_MODEL_MONITOR = {
    "af-south-1": "875698925577",
    "ap-east-1": "001633400207",
    "ap-northeast-1": "574779866223",
    "ap-northeast-2": "709848358524",
    "ap-northeast-3": "990339680094",
    "ap-south-1": "126357580389",
    "ap-southeast-1": "245545462676",
    "ap-southeast-2": "563025443158",
    "ap-southeast-3": "669540362728",
    "ca-central-1": "536280801234",
    "cn-north-1": "453000072557",
    "cn-northwest-1": "453252182341",
    "eu-central-1": "048819808253",
    "eu-central-2": "590183933784",
    "eu-north-1": "895015795356",
    "eu-south-1": "933208885752",
    "eu-south-2": "437450045455",
    "eu-west-1": "468650794304",
    "eu-west-2": "749857270468",
    "eu-west-3": "680080141114",
    "il-central-1": "843974653677",
    "me-central-1": "588750061953",
    "me-south-1": "607024016150",
    "sa-east-1": "539772159869",
    "us-east-1": "156813124566",
    "us-east-2": "777275614652",
    "us-west-1": "890145073186",
    "us-west-2": "159807026194",
}

#: Repository -> (region -> account, tags that exist).
_REPOSITORIES: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "sagemaker-model-monitor-analyzer": (_MODEL_MONITOR, ("latest",)),
}


def found(args: Mapping[str, Any], region: str) -> dict[str, Any]:
    """The answer of getPrebuiltEcrImage.

    Raises InvalidInput for a repository, region or tag that is not in the table.
    """
    repository, tag = args["repositoryName"], args.get("imageTag", _DEFAULT_TAG)
    if repository not in _REPOSITORIES:
        _refuse("repositoryName", repository, f"the recorded table knows {', '.join(_REPOSITORIES)}", repository)
    accounts, tags = _REPOSITORIES[repository]
    if region not in accounts:
        _refuse("region", region, f"the image is in {', '.join(accounts)}", repository)
    if tag not in tags:
        _refuse(
            "imageTag",
            tag,
            f"the repository has {', '.join(tags)}; the provider's default is {_DEFAULT_TAG}",
            repository,
        )
    suffix = args.get("dnsSuffix") or regions.partition(region)["dnsSuffix"]
    path = f"{accounts[region]}.dkr.ecr.{region}.{suffix}/{repository}:{tag}"
    return {
        "dnsSuffix": suffix,
        "id": accounts[region],
        "imageTag": tag,
        "region": region,
        "registryId": accounts[region],
        "registryPath": path,
        "repositoryName": repository,
    }


def _refuse(path: str, value: str, allowed: str, name: str) -> NoReturn:
    raise InvalidInput(_TOKEN, name, [Fault(path=path, found=value, allowed=allowed)])
